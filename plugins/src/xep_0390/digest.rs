//! What is hashed (§4.1), with what (§4.2), and the nodes that stand for it (§4.3).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sestina_types::xep_0030::info::Query;
use sestina_types::xep_0300::HashElement;
use sestina_types::xep_0390::Caps;
use sestina_wire::{AnyElement, ElementRef, Text};
use sha2::{Digest as _, Sha256, Sha512};
use sha3::{Sha3_256, Sha3_512};

/// Data forms, by which an answer may be extended (XEP-0128).
const FORMS: &str = "jabber:x:data";
/// What the nodes of digests begin with (§4.3).
const PREFIX: &str = "urn:xmpp:caps#";
/// Digests that are read of one announcement: nobody needs more functions than there are.
const MOST: usize = 8;

/// The separators, none of which XML can hold (§4.1).
const AFTER_TEXT: u8 = 0x1f;
const AFTER_ENTRY: u8 = 0x1e;
const AFTER_FORM: u8 = 0x1d;
const AFTER_SECTION: u8 = 0x1c;

/// An answer that has no digest (§4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unhashable {
    /// It holds something else than identities, features and forms.
    #[error("there is more than identities, features and forms")]
    Element,
    /// A form with a table.
    #[error("a form has a table")]
    Table,
    /// A form that does not say of which type it is (XEP-0068).
    #[error("a form does not say of which type it is")]
    FormType,
}

/// A hash function that digests may have here, by its name (XEP-0300).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Sha256,
    Sha512,
    Sha3With256,
    Sha3With512,
}

impl Function {
    /// Those that servers have to know (XEP-0300 §4) and that every client has; offered in this order.
    pub(super) const OFFERED: [Self; 2] = [Self::Sha256, Self::Sha3With256];

    fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha-256",
            Self::Sha512 => "sha-512",
            Self::Sha3With256 => "sha3-256",
            Self::Sha3With512 => "sha3-512",
        }
    }

    pub(super) fn of(name: &str) -> Option<Self> {
        let all = [
            Self::Sha256,
            Self::Sha512,
            Self::Sha3With256,
            Self::Sha3With512,
        ];
        all.into_iter().find(|function| function.name() == name)
    }

    pub(super) fn digest(self, input: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(input).to_vec(),
            Self::Sha512 => Sha512::digest(input).to_vec(),
            Self::Sha3With256 => Sha3_256::digest(input).to_vec(),
            Self::Sha3With512 => Sha3_512::digest(input).to_vec(),
        }
    }
}

/// A digest that somebody announced, of a function that is known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Announced {
    pub(super) function: Function,
    pub(super) digest: Vec<u8>,
    /// The node of this digest, which is its name in every cache.
    pub(super) node: Text,
}

/// The node that stands for a digest (§4.3).
#[must_use]
pub fn node(function: &str, digest: &[u8]) -> String {
    format!("{PREFIX}{function}.{}", BASE64_STANDARD.encode(digest))
}

/// Whether a node is one of a digest.
pub(super) fn is_node(node: &str) -> bool {
    node.starts_with(PREFIX)
}

/// The digests of an announcement that can be checked here.
pub(super) fn announced(caps: &Caps) -> impl Iterator<Item = Announced> {
    caps.hashes.iter().take(MOST).filter_map(|hash| {
        let function = Function::of(&hash.algo)?;
        let digest = hash.text.as_ref().to_vec();
        Some(Announced {
            function,
            node: node(&hash.algo, &digest).into(),
            digest,
        })
    })
}

/// The announcement of what this answer says (§4.2).
///
/// # Errors
/// [`Unhashable`] when it has no digest.
pub fn digests(info: &Query) -> Result<Caps, Unhashable> {
    let input = input(info)?;
    let hashes = Function::OFFERED.map(|function| {
        let name = Text::from_static(function.name());
        HashElement::new(name, function.digest(&input).into())
    });
    Ok(Caps {
        hashes: hashes.into(),
        ..Caps::default()
    })
}

/// What is hashed (§4.1).
pub(super) fn input(info: &Query) -> Result<Vec<u8>, Unhashable> {
    if !info.extra.children().is_empty() {
        return Err(Unhashable::Element);
    }
    let features = info.features.iter().map(|feature| text(&feature.var));
    let mut out = section(features.collect());
    let identities = info.identities.iter().map(|identity| {
        let parts = [
            Some(&identity.category),
            Some(&identity.type_),
            identity.lang.as_ref(),
            identity.name.as_ref(),
        ];
        let mut entry: Vec<u8> = parts
            .into_iter()
            .flat_map(|part| text(part.map_or("", |part| part.as_str())))
            .collect();
        entry.push(AFTER_ENTRY);
        entry
    });
    out.extend(section(identities.collect()));
    let forms = info.any.iter().map(form).collect::<Result<_, _>>()?;
    out.extend(section(forms));
    Ok(out)
}

fn text(text: &str) -> Vec<u8> {
    let mut out = text.as_bytes().to_vec();
    out.push(AFTER_TEXT);
    out
}

fn joined(mut parts: Vec<Vec<u8>>) -> Vec<u8> {
    parts.sort();
    parts.concat()
}

fn section(parts: Vec<Vec<u8>>) -> Vec<u8> {
    let mut out = joined(parts);
    out.push(AFTER_SECTION);
    out
}

fn form(element: &AnyElement) -> Result<Vec<u8>, Unhashable> {
    if !element.is("x", FORMS) {
        return Err(Unhashable::Element);
    }
    let root = element.root();
    let is_table = |child: ElementRef<'_>| child.is("reported", FORMS) || child.is("item", FORMS);
    if root.children().any(is_table) {
        return Err(Unhashable::Table);
    }
    let fields = || root.children().filter(|child| child.is("field", FORMS));
    let says_its_type = |field: ElementRef<'_>| {
        field.attr("var").as_deref() == Some("FORM_TYPE")
            && field.attr("type").as_deref() == Some("hidden")
            && values(field).count() == 1
    };
    if fields().filter(|field| says_its_type(*field)).count() != 1 {
        return Err(Unhashable::FormType);
    }
    let fields = fields().map(|field| {
        let mut entry = text(&field.attr("var").unwrap_or_default());
        entry.extend(joined(values(field).map(|value| text(&value)).collect()));
        entry.push(AFTER_ENTRY);
        entry
    });
    let mut out = joined(fields.collect());
    out.push(AFTER_FORM);
    Ok(out)
}

fn values(field: ElementRef<'_>) -> impl Iterator<Item = Text> + '_ {
    let values = field.children().filter(|child| child.is("value", FORMS));
    values.map(|value| value.text())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sestina_wire::{Content as _, Frame};

    fn answer(inside: &str) -> Query {
        let xml = format!("<query xmlns='http://jabber.org/protocol/disco#info'>{inside}</query>");
        Query::decode(Frame::parse(xml).unwrap().root()).unwrap()
    }

    fn features(vars: &[&str]) -> String {
        vars.iter()
            .map(|var| format!("<feature var='{var}'/>"))
            .collect()
    }

    fn hashes(info: &Query) -> Vec<String> {
        let caps = digests(info).unwrap();
        let encode = |hash: &HashElement| BASE64_STANDARD.encode(hash.text.as_ref());
        caps.hashes.iter().map(encode).collect()
    }

    /// The first worked example of the specification (§4.5.1).
    #[test]
    fn simple_example() {
        let info = answer(&format!(
            "<identity category='client' name='BombusMod' type='mobile'/>{}",
            features(&[
                "http://jabber.org/protocol/si",
                "http://jabber.org/protocol/bytestreams",
                "http://jabber.org/protocol/chatstates",
                "http://jabber.org/protocol/disco#info",
                "http://jabber.org/protocol/disco#items",
                "urn:xmpp:ping",
                "jabber:iq:time",
                "jabber:iq:privacy",
                "jabber:iq:version",
                "http://jabber.org/protocol/rosterx",
                "urn:xmpp:time",
                "jabber:x:oob",
                "http://jabber.org/protocol/ibb",
                "http://jabber.org/protocol/si/profile/file-transfer",
                "urn:xmpp:receipts",
                "jabber:iq:roster",
                "jabber:iq:last",
            ])
        ));
        assert_eq!(
            hashes(&info),
            [
                "kzBZbkqJ3ADrj7v08reD1qcWUwNGHaidNUgD7nHpiw8=",
                "79mdYAfU9rEdTOcWDO7UEAt6E56SUzk/g6TnqUeuD9Q="
            ]
        );
    }

    /// The second one, with a form and two languages (§4.5.2).
    #[test]
    fn complex_example() {
        let info = answer(&format!(
            "<identity category='client' name='Tkabber' type='pc' xml:lang='en'/>\
             <identity category='client' name='Ткаббер' type='pc' xml:lang='ru'/>{}\
             <x xmlns='jabber:x:data' type='result'>\
             <field type='hidden' var='FORM_TYPE'><value>urn:xmpp:dataforms:softwareinfo</value></field>\
             <field var='software'><value>Tkabber</value></field>\
             <field var='software_version'><value>0.11.1-svn-20111216-mod (Tcl/Tk 8.6b2)</value></field>\
             <field var='os'><value>Windows</value></field>\
             <field var='os_version'><value>XP</value></field></x>",
            features(&[
                "games:board",
                "http://jabber.org/protocol/activity",
                "http://jabber.org/protocol/activity+notify",
                "http://jabber.org/protocol/bytestreams",
                "http://jabber.org/protocol/chatstates",
                "http://jabber.org/protocol/commands",
                "http://jabber.org/protocol/disco#info",
                "http://jabber.org/protocol/disco#items",
                "http://jabber.org/protocol/evil",
                "http://jabber.org/protocol/feature-neg",
                "http://jabber.org/protocol/geoloc",
                "http://jabber.org/protocol/geoloc+notify",
                "http://jabber.org/protocol/ibb",
                "http://jabber.org/protocol/iqibb",
                "http://jabber.org/protocol/mood",
                "http://jabber.org/protocol/mood+notify",
                "http://jabber.org/protocol/rosterx",
                "http://jabber.org/protocol/si",
                "http://jabber.org/protocol/si/profile/file-transfer",
                "http://jabber.org/protocol/tune",
                "http://www.facebook.com/xmpp/messages",
                "http://www.xmpp.org/extensions/xep-0084.html#ns-metadata+notify",
                "jabber:iq:avatar",
                "jabber:iq:browse",
                "jabber:iq:dtcp",
                "jabber:iq:filexfer",
                "jabber:iq:ibb",
                "jabber:iq:inband",
                "jabber:iq:jidlink",
                "jabber:iq:last",
                "jabber:iq:oob",
                "jabber:iq:privacy",
                "jabber:iq:roster",
                "jabber:iq:time",
                "jabber:iq:version",
                "jabber:x:data",
                "jabber:x:event",
                "jabber:x:oob",
                "urn:xmpp:avatar:metadata+notify",
                "urn:xmpp:ping",
                "urn:xmpp:receipts",
                "urn:xmpp:time",
            ])
        ));
        assert_eq!(
            hashes(&info),
            [
                "u79ZroNJbdSWhdSp311mddz44oHHPsEBntQ5b1jqBSY=",
                "XpUJzLAc93258sMECZ3FJpebkzuyNXDzRNwQog8eycg="
            ]
        );
    }

    #[test]
    fn what_has_no_digest_is_refused() {
        let other = "<something xmlns='urn:other'/>";
        assert_eq!(digests(&answer(other)), Err(Unhashable::Element));
        let unknown = "<unknown/>";
        assert_eq!(digests(&answer(unknown)), Err(Unhashable::Element));
        let table = "<x xmlns='jabber:x:data'><reported/></x>";
        assert_eq!(digests(&answer(table)), Err(Unhashable::Table));
        let nameless = "<x xmlns='jabber:x:data'><field var='a'><value>t</value></field></x>";
        assert_eq!(digests(&answer(nameless)), Err(Unhashable::FormType));
    }
}
