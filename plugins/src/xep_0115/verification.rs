//! The verification string (§5).

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sestina_types::xep_0030::info::Query;
use sestina_types::xep_0115::Caps;
use sestina_wire::{AnyElement, ElementRef, Text};
use sha1::{Digest as _, Sha1};

/// Data forms, by which an answer may be extended (XEP-0128).
const FORMS: &str = "jabber:x:data";

/// An answer from which no verification string can be made (§5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IllFormed {
    /// Two identities are equal in everything but their name.
    #[error("an identity occurs twice")]
    Identity,
    /// A feature occurs twice.
    #[error("a feature occurs twice")]
    Feature,
    /// Two forms are of one type, or one form is of two.
    #[error("a form type occurs twice")]
    Form,
    /// A `<` in a value. It separates the parts of what is hashed: with one inside a part, two different
    /// answers have the same hash, and one can be passed off as the other (§8.3).
    #[error("a value holds the character that separates values")]
    Separator,
    /// What was received does not have the hash that was announced.
    #[error("the hash is that of another answer")]
    Mismatch,
    /// The hash is not SHA-1, or the old format without a hash: nothing can be verified.
    #[error("the hash function is not known")]
    Unsupported,
}

/// The verification string of an answer: SHA-1 over its parts in a fixed order, in base64 (§5.1).
///
/// # Errors
/// [`IllFormed`] when there is none.
pub fn verification(info: &Query) -> Result<String, IllFormed> {
    let hash = Sha1::digest(hashed(info)?);
    Ok(BASE64_STANDARD.encode(hash))
}

/// Checks that an answer is the one whose hash was announced; only then it may be used for everybody who
/// announces the same (§5.4).
///
/// # Errors
/// [`IllFormed`] when it is not, or cannot be checked.
pub fn verify(info: &Query, caps: &Caps) -> Result<(), IllFormed> {
    match caps.hash.as_deref() {
        Some("sha-1") if verification(info)? == caps.ver.as_str() => Ok(()),
        Some("sha-1") => Err(IllFormed::Mismatch),
        _ => Err(IllFormed::Unsupported),
    }
}

/// What is hashed. Byte order throughout, which is that of `str`.
fn hashed(info: &Query) -> Result<String, IllFormed> {
    let mut out = Parts::default();

    let mut identities: Vec<_> = info.identities.iter().collect();
    let key = |identity: &&sestina_types::xep_0030::info::Identity| {
        (
            identity.category.clone(),
            identity.type_.clone(),
            identity.lang.clone().unwrap_or_default(),
        )
    };
    identities.sort_by_key(key);
    if identities
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if key(a) == key(b) && a.name == b.name))
    {
        return Err(IllFormed::Identity);
    }
    for identity in identities {
        let optional = |text: &Option<Text>| text.clone().unwrap_or_default();
        let (lang, name) = (optional(&identity.lang), optional(&identity.name));
        out.add(&format!(
            "{}/{}/{lang}/{name}",
            identity.category, identity.type_
        ))?;
    }

    let features: BTreeSet<&str> = info
        .features
        .iter()
        .map(|feature| feature.var.as_str())
        .collect();
    if features.len() != info.features.len() {
        return Err(IllFormed::Feature);
    }
    for feature in features {
        out.add(feature)?;
    }

    let mut forms = Vec::new();
    for form in info
        .any
        .iter()
        .filter(|any| any.name() == "x" && any.ns() == FORMS)
    {
        forms.extend(Form::read(form)?);
    }
    forms.sort();
    if forms
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a.form_type == b.form_type))
    {
        return Err(IllFormed::Form);
    }
    for form in forms {
        out.add(&form.form_type)?;
        for (var, values) in form.fields {
            out.add(&var)?;
            for value in values {
                out.add(&value)?;
            }
        }
    }
    Ok(out.0)
}

/// Parts, each followed by the separator.
#[derive(Default)]
struct Parts(String);

impl Parts {
    fn add(&mut self, part: &str) -> Result<(), IllFormed> {
        if part.contains('<') {
            return Err(IllFormed::Separator);
        }
        self.0.push_str(part);
        self.0.push('<');
        Ok(())
    }
}

/// A data form as it is hashed: the field that names its type apart, the others sorted.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Form {
    form_type: Text,
    fields: Vec<(Text, Vec<Text>)>,
}

impl Form {
    /// Reads a form; none when it does not say, hidden from the user, of which type it is (§5.4).
    fn read(form: &AnyElement) -> Result<Option<Self>, IllFormed> {
        let mut form_type = None;
        let mut fields = Vec::new();
        for field in form
            .root()
            .children()
            .filter(|child| child.is("field", FORMS))
        {
            let var = field.attr("var").unwrap_or_default();
            let mut values: Vec<Text> = values(field).collect();
            values.sort();
            if var.as_str() != "FORM_TYPE" {
                fields.push((var, values));
                continue;
            }
            values.dedup();
            let mut values = values.into_iter();
            match (field.attr("type").as_deref(), values.next(), values.next()) {
                (Some("hidden"), Some(value), None) => form_type = Some(value),
                (_, Some(_), Some(_)) => return Err(IllFormed::Form),
                _ => return Ok(None),
            }
        }
        fields.sort();
        Ok(form_type.map(|form_type| Self { form_type, fields }))
    }
}

fn values(field: ElementRef<'_>) -> impl Iterator<Item = Text> + '_ {
    field
        .children()
        .filter(|child| child.is("value", FORMS))
        .map(|value| value.text())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sestina_wire::{Content as _, Frame};

    /// The payload of an answer, from the parts inside.
    fn answer(inside: &str) -> Query {
        let xml = format!("<query xmlns='http://jabber.org/protocol/disco#info'>{inside}</query>");
        Query::decode(Frame::parse(xml).unwrap().root()).unwrap()
    }

    /// The features of both worked examples in the specification.
    const FEATURES: &str = "<feature var='http://jabber.org/protocol/disco#items'/>\
        <feature var='http://jabber.org/protocol/caps'/>\
        <feature var='http://jabber.org/protocol/muc'/>\
        <feature var='http://jabber.org/protocol/disco#info'/>";

    #[test]
    fn simple_example() {
        let info = answer(&format!(
            "<identity category='client' type='pc' name='Exodus 0.9.1'/>{FEATURES}"
        ));
        assert_eq!(verification(&info).unwrap(), "QgayPKawpkPSDYmwT/WM94uAlu0=");
    }

    #[test]
    fn complex_example() {
        let info = answer(&format!(
            "<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>\
             <identity xml:lang='el' category='client' name='Ψ 0.11' type='pc'/>{FEATURES}\
             <x xmlns='jabber:x:data' type='result'>\
             <field var='FORM_TYPE' type='hidden'><value>urn:xmpp:dataforms:softwareinfo</value></field>\
             <field var='software'><value>Psi</value></field>\
             <field var='ip_version'><value>ipv6</value><value>ipv4</value></field>\
             <field var='os_version'><value>10.5.1</value></field>\
             <field var='os'><value>Mac</value></field>\
             <field var='software_version'><value>0.11</value></field></x>"
        ));
        assert_eq!(verification(&info).unwrap(), "q07IKJEyjvHSyhy//CH0CxmKi8w=");
    }

    #[test]
    fn what_could_be_taken_for_something_else_has_no_hash() {
        let twice = "<feature var='a'/><feature var='a'/>";
        assert_eq!(verification(&answer(twice)), Err(IllFormed::Feature));
        let twins = "<identity category='client' type='pc' name='x'/><identity category='client' type='pc' name='x'/>";
        assert_eq!(verification(&answer(twins)), Err(IllFormed::Identity));
        let smuggled = "<feature var='urn:a&lt;urn:b'/>";
        assert_eq!(verification(&answer(smuggled)), Err(IllFormed::Separator));
        let form = "<x xmlns='jabber:x:data'><field var='FORM_TYPE' type='hidden'><value>t</value></field></x>";
        assert_eq!(
            verification(&answer(&format!("{form}{form}"))),
            Err(IllFormed::Form)
        );
    }

    #[test]
    fn a_form_without_hidden_type_is_passed_over() {
        let form = "<x xmlns='jabber:x:data'><field var='FORM_TYPE'><value>t</value></field></x>";
        assert_eq!(verification(&answer(form)), verification(&answer("")));
    }

    #[test]
    fn only_the_announced_answer_verifies() {
        let info = answer(&format!(
            "<identity category='client' type='pc' name='Exodus 0.9.1'/>{FEATURES}"
        ));
        let mut caps = Caps {
            hash: Some("sha-1".into()),
            node: "https://pen.example".into(),
            ver: "QgayPKawpkPSDYmwT/WM94uAlu0=".into(),
            ..Caps::default()
        };
        assert_eq!(verify(&info, &caps), Ok(()));
        assert_eq!(verify(&answer(FEATURES), &caps), Err(IllFormed::Mismatch));
        caps.hash = None;
        assert_eq!(verify(&info, &caps), Err(IllFormed::Unsupported));
    }
}
