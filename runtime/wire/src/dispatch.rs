//! Who may send an element and to whom it speaks. Data only: the mux that enforces it lives above this crate.

use crate::{AnyElement, DecodeError, ElementRef, Payload};

/// A payload that a specification lets travel in requests (`[[iq]]`). Generated for every one; a payload of
/// your own says so with `impl InIq for Mine {}`.
#[diagnostic::on_unimplemented(
    message = "no specification lets `{Self}` travel in an iq",
    label = "`{Self}` is no request",
    note = "a request is declared with `[[iq]]` in the `spec.toml` of its specification; for a payload of your own \
            write `impl InIq for ... {{}}`"
)]
pub trait InIq: Payload {}

/// A payload that a specification lets travel in messages (`[[message]]`). Generated for every one; a payload
/// of your own says so with `impl InMessage for Mine {}`.
#[diagnostic::on_unimplemented(
    message = "no specification lets `{Self}` travel in a message",
    label = "`{Self}` is no payload of messages",
    note = "it is declared with `[[message]]` in the `spec.toml` of its specification; for a payload of your own \
            write `impl InMessage for ... {{}}`"
)]
pub trait InMessage: Payload {}

/// A payload that a specification lets travel in presences (`[[presence]]`). Generated for every one; a payload
/// of your own says so with `impl InPresence for Mine {}`.
#[diagnostic::on_unimplemented(
    message = "no specification lets `{Self}` travel in a presence",
    label = "`{Self}` is no payload of presences",
    note = "it is declared with `[[presence]]` in the `spec.toml` of its specification; for a payload of your own \
            write `impl InPresence for ... {{}}`"
)]
pub trait InPresence: Payload {}

/// A payload that a specification lets travel as an item of a PubSub node (`[[pubsub-item]]`, XEP-0060). Generated
/// for every one.
#[diagnostic::on_unimplemented(
    message = "no specification lets `{Self}` travel as an item of a node",
    label = "`{Self}` is no item",
    note = "it is declared with `[[pubsub-item]]` in the `spec.toml` of its specification"
)]
pub trait InItem: Payload {
    /// The node that holds such items.
    const NODE: &'static str;
    /// Whose items are heeded.
    const SENDERS: &'static [Sender];
    /// How the node is to be when somebody publishes there: fields of `pubsub#node_config`, without `pubsub#`
    /// (XEP-0060 §7.1.5).
    const OPTIONS: &'static [(&'static str, &'static str)];
}

/// A payload that a specification lets travel inside an element of another (`inside` of `[[child]]`). Generated for
/// every one; one of your own says so with `impl Inside<Parent> for Mine {}`.
#[diagnostic::on_unimplemented(
    message = "no specification lets `{Self}` travel inside `{Parent}`",
    label = "`{Self}` does not extend `{Parent}`",
    note = "it is declared with `[[child]]` and `inside` in the `spec.toml` of its specification; for a payload of \
            your own write `impl Inside<...> for ... {{}}`"
)]
pub trait Inside<Parent>: Payload {}

/// An element that others may extend: what its own schema does not know is kept, and looked at by those who do.
pub trait Extensible: Sized {
    /// The children that the schema does not know or leaves open, in the order they came.
    fn unknown(&self) -> impl Iterator<Item = &AnyElement>;

    /// Adds a child behind those.
    fn add(&mut self, child: AnyElement);

    /// The first extension of a type.
    fn extension<T: Inside<Self>>(&self) -> Option<Result<T, DecodeError>> {
        self.unknown()
            .find(|child| T::matches(child.root()))
            .map(|child| T::read(child.root()))
    }

    /// Adds an extension.
    fn extend<T: Inside<Self>>(&mut self, extension: &T) {
        self.add(extension.to_any());
    }
}

/// The addressee a handler speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// The server itself: its domain.
    Host,
    /// The sender's own account: its bare JID, or no `to` at all (RFC 6120 §10.3.3).
    OwnAccount,
    /// The bare JID of an account that is not the sender's.
    OtherAccount,
    /// A named service of the host, such as a room service; `*` is every one, for what has no handler of its own there.
    Service(&'static str),
    /// A client: what arrives at a full JID on our side of the stream.
    Client,
}

/// Which of the payloads of one name a handler takes, where several handlers share them: those for one node, or
/// with a form of one type. One that names neither takes what no other does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Only {
    /// The `node` of the payload, or of the first of its children that has one (XEP-0030, XEP-0060).
    pub node: Option<&'static str>,
    /// The `FORM_TYPE` of the data form in it (XEP-0068), where there is one.
    pub form: Option<&'static str>,
}

impl Only {
    /// Whatever the node, and whatever the form.
    pub const ANY: Only = Only {
        node: None,
        form: None,
    };

    /// Whether it takes this payload.
    pub fn takes(&self, payload: ElementRef<'_>) -> bool {
        let node = self.node.is_none_or(|wanted| {
            let own = payload.attr("node");
            let found = own.or_else(|| payload.children().find_map(|child| child.attr("node")));
            found.as_deref() == Some(wanted)
        });
        node && self.form.is_none_or(|wanted| form_type(payload, wanted))
    }

    /// How much it asks for: the handler that asks for more is the one that is meant.
    pub const fn weight(&self) -> u8 {
        self.node.is_some() as u8 + self.form.is_some() as u8
    }
}

/// Whether the payload is a data form of this type, or holds one as a child or a child's child.
fn form_type(payload: ElementRef<'_>, wanted: &str) -> bool {
    let is = |form: ElementRef<'_>| {
        form.is("x", FORMS)
            && form.children().any(|field| {
                field.is("field", FORMS)
                    && field.attr("var").as_deref() == Some("FORM_TYPE")
                    && field
                        .child("value", FORMS)
                        .is_some_and(|value| value.text() == wanted)
            })
    };
    is(payload)
        || payload
            .children()
            .any(|child| is(child) || child.children().any(is))
}

/// Namespace of data forms (XEP-0004).
const FORMS: &str = "jabber:x:data";

/// Who may send an element. Dispatch refuses or strips what anyone else sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sender {
    /// Whoever can reach us.
    Anyone,
    /// The account itself, from any of its resources, or its server on its behalf (RFC 6121 §2.1.6).
    OwnAccount,
    /// Our own server.
    Server,
    /// Somebody who may see the account's presence (RFC 6121 §3).
    Contact,
    /// A room the receiver is in (XEP-0045).
    Room,
    /// The owner of the node (XEP-0060).
    NodeOwner,
}

/// Where service discovery announces something (XEP-0030).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// On the server's domain.
    Host,
    /// On an account's bare JID.
    Account,
    /// On a client's full JID.
    Client,
    /// On the domain of a service of the server, by its name; `*` is every one.
    Service(&'static str),
}

/// A disco feature that a specification announces (XEP-0030 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiscoFeature {
    /// The `var` of the feature.
    pub var: &'static str,
    /// Where it is announced.
    pub on: &'static [Place],
}

/// A disco identity that a specification announces (XEP-0030 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiscoIdentity {
    /// The `category` of the identity.
    pub category: &'static str,
    /// The `type` of the identity.
    pub type_: &'static str,
    /// Where it is announced.
    pub on: &'static [Place],
}

/// What a specification says of itself; service discovery and the documentation read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpecInfo {
    /// The folder's name, e.g. `xep-0199`.
    pub id: &'static str,
    /// The official number, e.g. `XEP-0199`.
    pub number: &'static str,
    /// The title.
    pub title: &'static str,
    /// The version that was implemented.
    pub version: &'static str,
    /// The status of that version, e.g. `Final`.
    pub status: &'static str,
    /// One sentence on what it is for.
    pub summary: &'static str,
    /// Ids of the specifications it needs.
    pub depends: &'static [&'static str],
    /// Disco features it announces.
    pub features: &'static [DiscoFeature],
    /// Disco identities it announces.
    pub identities: &'static [DiscoIdentity],
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Frame;

    fn takes(only: Only, xml: &str) -> bool {
        only.takes(Frame::parse(xml).unwrap().root())
    }

    #[test]
    fn a_handler_takes_one_node_or_one_type_of_form() {
        let node = Only {
            node: Some("urn:a"),
            ..Only::ANY
        };
        assert!(takes(Only::ANY, "<q xmlns='urn:q'/>"));
        assert!(takes(node, "<q xmlns='urn:q' node='urn:a'/>"));
        assert!(takes(node, "<q xmlns='urn:q'><items node='urn:a'/></q>"));
        assert!(!takes(
            node,
            "<q xmlns='urn:q' node='urn:b'><items node='urn:a'/></q>"
        ));
        assert!(!takes(node, "<q xmlns='urn:q'/>"));
        let form = Only {
            form: Some("urn:f"),
            ..Only::ANY
        };
        let x = "<x xmlns='jabber:x:data' type='submit'><field var='a'><value>urn:f</value></field>\
                 <field var='FORM_TYPE'><value>urn:f</value></field></x>";
        assert!(takes(form, x));
        assert!(takes(form, &format!("<q xmlns='urn:q'>{x}</q>")));
        assert!(takes(form, &format!("<q xmlns='urn:q'><c>{x}</c></q>")));
        assert!(!takes(
            form,
            &format!("<q xmlns='urn:q'>{}</q>", x.replace("FORM_TYPE", "b"))
        ));
        let both = Only {
            node: Some("urn:a"),
            form: Some("urn:f"),
        };
        assert!(takes(
            both,
            &format!("<q xmlns='urn:q' node='urn:a'>{x}</q>")
        ));
        assert!(!takes(both, "<q xmlns='urn:q' node='urn:a'/>"));
        assert_eq!(
            (Only::ANY.weight(), node.weight(), both.weight()),
            (0, 1, 2)
        );
    }
}
