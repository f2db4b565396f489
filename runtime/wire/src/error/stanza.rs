//! Errors in answer to a stanza (RFC 6120 §8.3).

use std::fmt;

use super::named;
use crate::{
    AnyElement, Content, DecodeError, ElementRef, FromText, Jid, Payload, Text, Writer, ns,
};

named! {
    /// What went wrong with a stanza (RFC 6120 §8.3.3).
    Condition {
        /// It is malformed or cannot be processed.
        BadRequest = "bad-request",
        /// A resource or session with that name exists already.
        Conflict = "conflict",
        /// The feature is not there.
        FeatureNotImplemented = "feature-not-implemented",
        /// The sender may not do that.
        Forbidden = "forbidden",
        /// The addressee has moved for good.
        Gone = "gone",
        /// The server failed.
        InternalServerError = "internal-server-error",
        /// The addressed thing does not exist.
        ItemNotFound = "item-not-found",
        /// The address is malformed.
        JidMalformed = "jid-malformed",
        /// It does not meet the addressee's conditions.
        NotAcceptable = "not-acceptable",
        /// Nobody may do that.
        NotAllowed = "not-allowed",
        /// The sender has to log in first.
        NotAuthorized = "not-authorized",
        /// It violates local policy.
        PolicyViolation = "policy-violation",
        /// The addressee cannot be reached for now.
        RecipientUnavailable = "recipient-unavailable",
        /// The sender should go to another address for now.
        Redirect = "redirect",
        /// The sender has to register first.
        RegistrationRequired = "registration-required",
        /// The remote server does not exist.
        RemoteServerNotFound = "remote-server-not-found",
        /// The remote server does not answer.
        RemoteServerTimeout = "remote-server-timeout",
        /// The server lacks the means for now.
        ResourceConstraint = "resource-constraint",
        /// The addressee offers no such service.
        ServiceUnavailable = "service-unavailable",
        /// The sender has to subscribe first.
        SubscriptionRequired = "subscription-required",
        /// None of these; the application's element says what.
        UndefinedCondition = "undefined-condition",
        /// The request came at the wrong time.
        UnexpectedRequest = "unexpected-request",
    }
}

impl Condition {
    /// The type that RFC 6120 §8.3.3 connects with it.
    pub const fn default_kind(self) -> ErrorKind {
        match self {
            Self::BadRequest
            | Self::JidMalformed
            | Self::NotAcceptable
            | Self::PolicyViolation
            | Self::Redirect => ErrorKind::Modify,
            Self::Forbidden
            | Self::NotAuthorized
            | Self::RegistrationRequired
            | Self::SubscriptionRequired => ErrorKind::Auth,
            Self::RecipientUnavailable
            | Self::RemoteServerTimeout
            | Self::ResourceConstraint
            | Self::UnexpectedRequest => ErrorKind::Wait,
            Self::Conflict
            | Self::FeatureNotImplemented
            | Self::Gone
            | Self::InternalServerError
            | Self::ItemNotFound
            | Self::NotAllowed
            | Self::RemoteServerNotFound
            | Self::ServiceUnavailable
            | Self::UndefinedCondition => ErrorKind::Cancel,
        }
    }
}

named! {
    /// What the sender may do about an error (RFC 6120 §8.3.2).
    ErrorKind {
        /// Retry after logging in.
        Auth = "auth",
        /// Do not retry.
        Cancel = "cancel",
        /// Go on: it was only a warning.
        Continue = "continue",
        /// Retry after changing the request.
        Modify = "modify",
        /// Retry later.
        Wait = "wait",
    }
}

/// The error in a stanza of type `error` (RFC 6120 §8.3.2).
#[derive(Debug, Clone, PartialEq)]
pub struct StanzaError {
    /// What went wrong.
    pub condition: Condition,
    /// What the sender may do about it.
    pub kind: ErrorKind,
    /// The reason in words.
    pub text: Option<Text>,
    /// Who says so, where it is not the addressee itself.
    pub by: Option<Jid>,
    /// Where the addressee went: the text of `gone` and `redirect`.
    pub address: Option<Text>,
    /// The application's own element beside the condition (RFC 6120 §8.3.4).
    pub application: Option<AnyElement>,
    /// What stands in the answer before the error (RFC 6120 §8.3.1): the part of a request that it is about.
    pub about: Option<Box<AnyElement>>,
}

impl StanzaError {
    /// The condition with the type that RFC 6120 §8.3.3 gives it.
    pub const fn new(condition: Condition) -> Self {
        Self {
            condition,
            kind: condition.default_kind(),
            text: None,
            by: None,
            address: None,
            application: None,
            about: None,
        }
    }

    /// Sets the type.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.kind = kind;
        self
    }

    /// Sets the reason in words.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<Text>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Sets who says so.
    #[must_use]
    pub fn with_by(mut self, by: Jid) -> Self {
        self.by = Some(by);
        self
    }

    /// Adds the application's own element.
    #[must_use]
    pub fn with_application(mut self, element: &impl Payload) -> Self {
        self.application = Some(element.to_any());
        self
    }

    /// Says what part of a request it is about. It is sent beside the error, in the answer that [`Stanza::error`] makes.
    ///
    /// [`Stanza::error`]: crate::Stanza::error
    #[must_use]
    pub fn with_about(mut self, element: &impl Payload) -> Self {
        self.about = Some(Box::new(element.to_any()));
        self
    }
}

impl From<Condition> for StanzaError {
    fn from(condition: Condition) -> Self {
        Self::new(condition)
    }
}

impl fmt::Display for StanzaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => write!(f, "{}: {text}", self.condition),
            None => self.condition.fmt(f),
        }
    }
}

impl std::error::Error for StanzaError {}

impl Content for StanzaError {
    /// Takes what peers really send: an unknown condition is `undefined-condition`, and an unknown or missing
    /// type is the condition's own.
    fn decode(el: ElementRef<'_>) -> Result<Self, DecodeError> {
        let mut error = Self::new(Condition::UndefinedCondition);
        let mut seen = false;
        for child in el.children() {
            match (child.ns(), child.name()) {
                (ns::STANZAS, "text") => {
                    if error.text.is_none() {
                        error.text = Some(child.text());
                    }
                }
                (ns::STANZAS, name) => {
                    if !seen {
                        seen = true;
                        error.condition =
                            Condition::from_name(name).unwrap_or(Condition::UndefinedCondition);
                        let text = child.text();
                        error.address = (!text.is_empty()).then_some(text);
                    }
                }
                _ => {
                    if error.application.is_none() {
                        error.application = Some(child.to_any());
                    }
                }
            }
        }
        error.kind = el
            .attr_str("type")
            .and_then(|kind| ErrorKind::from_name(&kind))
            .unwrap_or(error.condition.default_kind());
        error.by = el.attr("by").and_then(|by| Jid::from_text(by).ok());
        Ok(error)
    }

    fn encode(&self, w: &mut Writer<'_>, name: &str, namespace: &str) {
        w.start(name, namespace);
        w.attr_opt("by", self.by.as_ref());
        w.attr("type", self.kind.as_str());
        w.start(self.condition.as_str(), ns::STANZAS);
        if let Some(address) = &self.address {
            w.text(address);
        }
        w.end(self.condition.as_str());
        if let Some(text) = &self.text {
            w.start("text", ns::STANZAS);
            w.text(text);
            w.end("text");
        }
        if let Some(application) = &self.application {
            w.any(application);
        }
        w.end(name);
    }
}

impl Payload for StanzaError {
    const NAME: &'static str = "error";
    const NS: &'static str = ns::CLIENT;
}
