//! The commands that make invitations (§4.1, §4.4).

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sestina_session::host::Host;
use sestina_session::mux::IqContext;
use sestina_types::xep_0004::{Field, FieldType, Form, FormType};
use sestina_types::xep_0401::forms::Invitation;
use sestina_wire::{BareJid, Condition, DateTime, Jid, StanzaError, Text};

use super::Server;
use super::book::Purpose;
use crate::xep_0050::{Answers, Command, Done, Question, Step, Trouble, called, only_if};
use crate::{xep_0077, xep_0133};

/// Whoever is invited becomes a contact.
pub(super) struct Invite(pub(super) Arc<Server>);

/// Whoever is invited makes an account.
pub(super) struct CreateAccount(pub(super) Arc<Server>);

impl Command for Invite {
    called!("urn:xmpp:invite#invite", "Invite somebody");

    fn permits(&self, cx: &IqContext) -> Result<(), StanzaError> {
        only_if(is_account(&cx.host, &cx.from))
    }

    fn step<'a>(
        &'a self,
        cx: &'a IqContext,
        _: Answers<'a>,
    ) -> BoxFuture<'a, Result<Step, Trouble>> {
        Box::pin(async move {
            let inviter = cx.from.to_bare();
            let register = self.0.may_give_accounts(&cx.host, &cx.from);
            let purpose = Purpose {
                inviter: inviter.clone(),
                subscribe: true,
                register,
                username: None,
            };
            let link = move |token: &str| {
                let more = if register { ";ibr=y" } else { "" };
                format!("xmpp:{}?roster;preauth={token}{more}", escaped(&inviter))
            };
            self.0.invite(cx, purpose, link).await
        })
    }
}

impl Command for CreateAccount {
    called!(
        "urn:xmpp:invite#create-account",
        "Invite somebody to make an account"
    );

    fn permits(&self, cx: &IqContext) -> Result<(), StanzaError> {
        only_if(self.0.may_give_accounts(&cx.host, &cx.from))
    }

    fn step<'a>(
        &'a self,
        cx: &'a IqContext,
        answers: Answers<'a>,
    ) -> BoxFuture<'a, Result<Step, Trouble>> {
        Box::pin(async move {
            let Some(form) = answers.first() else {
                return Ok(Step::Ask(Question::last(asked())));
            };
            let given = |var: &str| {
                let mut fields = form.fields.iter();
                let field = fields.find(|field| field.var.as_deref() == Some(var))?;
                field.values.first().filter(|value| !value.is_empty())
            };
            let account = match given("username") {
                Some(name) => Some(self.0.free(cx, name).await?),
                None => None,
            };
            let subscribe = given("roster-subscription").map(|value| &**value);
            let to = account.clone().unwrap_or_else(|| cx.host.domain().clone());
            let purpose = Purpose {
                inviter: cx.from.to_bare(),
                subscribe: is_account(&cx.host, &cx.from)
                    && matches!(subscribe, Some("1" | "true")),
                register: true,
                username: account.and_then(|account| account.local().map(str::to_owned)),
            };
            let link = |token: &str| format!("xmpp:{}?register;preauth={token}", escaped(&to));
            self.0.invite(cx, purpose, link).await
        })
    }
}

impl Server {
    /// Whether somebody may let others make accounts, and others can.
    fn may_give_accounts(&self, host: &Host, who: &Jid) -> bool {
        xep_0077::Invitations::of(host).is_some()
            && (xep_0133::is_administrator(host, who)
                || (self.settings.anyone && is_account(host, who)))
    }

    /// The account of a name that nobody has.
    async fn free(&self, cx: &IqContext, name: &str) -> Result<BareJid, Trouble> {
        let account = BareJid::new(Some(name), cx.host.domain().domain())
            .map_err(|error| Trouble::Payload(Text::from(error.to_string())))?;
        let taken = cx.host.account_exists(&account).await?
            || self
                .book
                .is_reserved(&cx.host, account.local().unwrap_or_default())
                .await?;
        if taken {
            return Err(Trouble::Payload("this name is taken".into()));
        }
        Ok(account)
    }

    /// Makes the invitation, where there may be another one.
    async fn invite(
        &self,
        cx: &IqContext,
        purpose: Purpose,
        link: impl FnOnce(&str) -> String,
    ) -> Result<Step, Trouble> {
        let most = usize::try_from(self.settings.max_open).unwrap_or_default();
        if self.book.count(&cx.host, &purpose.inviter).await? >= most {
            return Err(Trouble::Refused(
                StanzaError::new(Condition::ResourceConstraint).with_text(format!(
                    "{most} invitations of yours are open, as many as may; wait until one is used or ends"
                )),
            ));
        }
        let (token, expires) = self.book.make(&cx.host, purpose).await?;
        let uri = link(&token);
        let landing = Some(&self.settings.landing).filter(|landing| !landing.is_empty());
        let form = Invitation {
            landing_url: landing.map(|landing| Text::from(format!("{landing}#{uri}"))),
            uri: Some(Text::from(uri)),
            expire: Some(DateTime::from_timestamp(expires)),
            ..Invitation::default()
        };
        Ok(Step::Done(
            Done::default().with(form.write(FormType::Result)),
        ))
    }
}

/// Whether somebody has an account of the host.
fn is_account(host: &Host, who: &Jid) -> bool {
    host.serves(who)
        && who.local().is_some()
        && host
            .resources(&who.to_bare())
            .iter()
            .any(|session| !session.is_anonymous())
}

/// What an account invitation asks for.
fn asked() -> Form {
    let field = |var, label, type_| Field {
        var: Some(Text::from_static(var)),
        label: Some(Text::from_static(label)),
        type_: Some(type_),
        ..Field::default()
    };
    Form {
        title: Some(Text::from_static("Invite somebody to make an account")),
        fields: vec![
            Field {
                desc: Some(Text::from_static(
                    "Kept for the invited; empty where they choose themselves.",
                )),
                ..field("username", "User name", FieldType::TextSingle)
            },
            field("roster-subscription", "Become contacts", FieldType::Boolean),
        ],
        ..Form::new(FormType::Form)
    }
}

/// An address as it stands in a link (RFC 5122 §2.2).
fn escaped(address: &BareJid) -> String {
    let mut out = String::new();
    for octet in address.as_str().bytes() {
        match octet {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b'@'
            | b':'
            | b'['
            | b']' => {
                out.push(char::from(octet));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_a_link_is_escaped() {
        let address = BareJid::parse("d'artagnan;x=é@a.example");
        let address = address.unwrap_or_else(|_| BareJid::parse("x;y=é@a.example").unwrap());
        let link = escaped(&address);
        assert!(
            link.ends_with("%C3%A9@a.example") && !link.contains(';'),
            "{link}"
        );
    }
}
