//! Refinements: from paths in `spec.toml` to the declarations they speak of.

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;

use crate::Diagnostic;
use crate::model::{Place, ValueType};
use crate::read::toml::{File, RawRefine};
use crate::read::xsd::{Complex, Content, ElementDecl, Particle, ParticleKind};
use crate::text::{closest, one_of};

use super::names::{is_snake, is_upper};
use super::words::{VALUE_TYPES, word};
use super::{Declarations, unwrap};

/// What one declaration is refined to. Each part remembers where it is written.
#[derive(Debug, Clone, Default)]
pub(super) struct Refinement {
    pub(super) type_name: Option<(String, Place)>,
    pub(super) field_name: Option<(String, Place)>,
    pub(super) doc: Option<String>,
    pub(super) value: Option<(ValueType, Place)>,
    pub(super) open: Option<(bool, Place)>,
    pub(super) unwrap: Option<Place>,
    pub(super) optional: Option<(bool, Place)>,
}

/// What is refined: a declaration by the place of its name, or the text inside an element.
pub(super) type Key = (Place, bool);

/// All refinements of all specifications.
#[derive(Debug, Default)]
pub(super) struct Refinements {
    of: BTreeMap<Key, Refinement>,
    used: BTreeSet<Place>,
}

impl Refinements {
    pub(super) fn type_name(&mut self, at: &Place) -> Option<String> {
        let (name, place) = self.of.get(&(at.clone(), false))?.type_name.clone()?;
        self.used.insert(place);
        Some(name)
    }

    pub(super) fn field_name(&mut self, at: &Place, text: bool) -> Option<String> {
        let (name, place) = self.of.get(&(at.clone(), text))?.field_name.clone()?;
        self.used.insert(place);
        Some(name)
    }

    /// The name of the enumeration that a value's text makes.
    pub(super) fn enum_name(&mut self, at: &Place, text: bool) -> Option<String> {
        let (name, place) = self.of.get(&(at.clone(), text))?.type_name.clone()?;
        self.used.insert(place);
        Some(name)
    }

    pub(super) fn value(&mut self, at: &Place, text: bool) -> Option<ValueType> {
        let (value, place) = self.of.get(&(at.clone(), text))?.value.clone()?;
        self.used.insert(place);
        Some(value)
    }

    pub(super) fn open(&mut self, at: &Place, text: bool) -> Option<bool> {
        let (open, place) = self.of.get(&(at.clone(), text))?.open.clone()?;
        self.used.insert(place);
        Some(open)
    }

    /// Every child that gives way to what it holds, by where it is used.
    pub(super) fn unwrapped(&self) -> BTreeSet<Place> {
        let unwrapped = self.of.iter().filter(|(_, one)| one.unwrap.is_some());
        unwrapped.map(|((place, _), _)| place.clone()).collect()
    }

    /// Whether the child used here gives way to what it holds.
    pub(super) fn unwrap(&mut self, at: &Place) -> bool {
        let unwrap = self.of.get(&(at.clone(), false));
        let Some(place) = unwrap.and_then(|refinement| refinement.unwrap.clone()) else {
            return false;
        };
        self.used.insert(place);
        true
    }

    /// Whether real traffic lacks what the schema requires here.
    pub(super) fn optional(&mut self, at: &Place) -> bool {
        let refinement = self.of.get(&(at.clone(), false));
        let Some((optional, place)) = refinement.and_then(|refinement| refinement.optional.clone())
        else {
            return false;
        };
        self.used.insert(place);
        optional
    }

    pub(super) fn doc(&self, at: &Place, text: bool) -> Option<String> {
        self.of.get(&(at.clone(), text))?.doc.clone()
    }

    fn at(&mut self, place: &Place, text: bool) -> &mut Refinement {
        self.of.entry((place.clone(), text)).or_default()
    }

    /// Reports every part that changed nothing.
    pub(super) fn unused(&self, diagnostics: &mut Vec<Diagnostic>) {
        for refinement in self.of.values() {
            let mut say = |place: &Place, message: &str, help: &str| {
                if !self.used.contains(place) {
                    diagnostics.push(Diagnostic::error(place, message).help(help));
                }
            };
            if let Some((name, place)) = &refinement.type_name {
                let message = format!("`{name}` names a type, and no type is made here");
                say(
                    place,
                    &message,
                    "a field's name begins in lower case; to name an enumeration, the schema must have one here",
                );
            }
            if let Some((name, place)) = &refinement.field_name {
                let message = format!("`{name}` names a field, and no field is made here");
                say(
                    place,
                    &message,
                    "a type's name begins with a capital; the field stands in the parent: refine `parent/child`",
                );
            }
            if let Some((_, place)) = &refinement.value {
                say(
                    place,
                    "there is no single value here to give a type",
                    "a type belongs to an attribute, to text (`#text`), or to an element that holds nothing but text",
                );
            }
            if let Some(place) = &refinement.unwrap {
                say(
                    place,
                    "there is no field here whose child could be unwrapped",
                    "the child stands in the parent: refine `parent/child`; an arm of a choice stays as it is",
                );
            }
            if let Some((_, place)) = &refinement.optional {
                say(
                    place,
                    "there is no field here that could be optional",
                    "`optional` belongs to an attribute, a child or a choice",
                );
            }
            if let Some((_, place)) = &refinement.open {
                say(
                    place,
                    "there is no enumeration here to open",
                    "`open` belongs to an attribute or a text with `xs:enumeration` in the schema",
                );
            }
        }
    }

    /// Reads the refinements of one specification.
    pub(super) fn read(
        &mut self,
        file: &mut File,
        raw: &[(Spanned<String>, Spanned<RawRefine>)],
        spec: usize,
        declarations: &Declarations<'_>,
    ) {
        for (path, refine) in raw {
            let Some(target) = find(file, path, spec, declarations) else {
                continue;
            };
            let raw = refine.get_ref();
            if let Some(unwrap) = &raw.unwrap {
                let checked = match target.element {
                    _ if !unwrap.get_ref() => Err((
                        "`unwrap = false` says nothing".to_owned(),
                        "remove it".to_owned(),
                    )),
                    Some(element) => unwrap::unwrapped(element, declarations).map(|_| ()),
                    None => Err((
                        "what is no child cannot be unwrapped".to_owned(),
                        "refine the child element: `parent/child`".to_owned(),
                    )),
                };
                match checked {
                    Ok(()) => {
                        let place = file.at(unwrap);
                        self.at(&target.used, false).unwrap = Some(place);
                    }
                    Err((message, help)) => file.error(unwrap.span(), message, help),
                }
            }
            if let Some(rust) = &raw.rust {
                let place = file.at(rust);
                let name = rust.get_ref().clone();
                if is_upper(&name) {
                    // A type's name belongs to the declaration, a field's to where it is used.
                    self.at(&target.declared, target.text).type_name = Some((name, place));
                } else if is_snake(&name) {
                    self.at(&target.used, target.text).field_name = Some((name, place));
                } else {
                    file.error(
                        rust.span(),
                        format!("`{name}` is no Rust name that can be used here"),
                        "a type is `UpperCamel`, a field `lower_snake` and no keyword",
                    );
                }
            }
            if let Some(doc) = &raw.doc {
                self.at(&target.used, target.text).doc = Some(doc.trim().to_owned());
            }
            if let Some(type_) = &raw.type_
                && let Some(value) = word(file, "type", type_, VALUE_TYPES)
            {
                let place = file.at(type_);
                self.at(&target.used, target.text).value = Some((value, place));
            }
            if let Some(optional) = &raw.optional {
                let place = file.at(optional);
                self.at(&target.used, target.text).optional = Some((*optional.get_ref(), place));
            }
            if let Some(open) = &raw.open {
                let place = file.at(open);
                self.at(&target.used, target.text).open = Some((*open.get_ref(), place));
            }
        }
    }
}

/// What a path leads to.
struct Target<'a> {
    /// The element, if it is one and not the text inside.
    element: Option<&'a ElementDecl>,
    /// Where the element or attribute is declared.
    declared: Place,
    /// Where it is used: the same, or the reference to it.
    used: Place,
    /// The text inside, rather than the element.
    text: bool,
}

/// Follows `[schema:]element/child@attribute` or `…#text`.
fn find<'a>(
    file: &mut File,
    path: &Spanned<String>,
    spec: usize,
    declarations: &Declarations<'a>,
) -> Option<Target<'a>> {
    let written = path.get_ref().as_str();
    // The span of the key includes its quotes.
    let quoted = path.span().len() > written.len();
    let start = path.span().start + usize::from(quoted);
    let span = |part: &str| {
        let from = part.as_ptr().addr().saturating_sub(written.as_ptr().addr());
        start + from..start + from + part.len().max(1)
    };
    let end = written.find(['/', '@', '#']).unwrap_or(written.len());
    let (head, mut rest) = written.split_at(end);
    let element = match declarations.element(spec, head) {
        Ok(element) => element,
        Err((message, help)) => {
            file.error(span(head), message, help);
            return None;
        }
    };
    let mut target = Target {
        element: Some(element),
        declared: element.place.clone(),
        used: element.place.clone(),
        text: false,
    };
    let mut content = declarations.complex(&element.content);
    let mut name = element.name.name.clone();
    while !rest.is_empty() {
        let (mark, after) = rest.split_at(1);
        if mark == "@" {
            let attributes = content.map_or(&[][..], |complex| &complex.attributes);
            if let Some(attribute) = attributes.iter().find(|attribute| attribute.name == after) {
                let place = attribute.place.clone();
                return Some(Target {
                    element: None,
                    declared: place.clone(),
                    used: place,
                    text: false,
                });
            }
            let known = attributes.iter().map(|attribute| attribute.name.as_str());
            let help = suggest(after, known, "attributes");
            file.error(
                span(after),
                format!("`{name}` has no attribute `{after}`"),
                help,
            );
            return None;
        }
        if mark == "#" {
            if after == "text" {
                target.used = target.declared.clone();
                target.text = true;
                target.element = None;
                return Some(target);
            }
            file.error(
                span(after),
                format!("unknown part `#{after}`"),
                "the text of an element is `#text`",
            );
            return None;
        }
        let end = after.find(['/', '@', '#']).unwrap_or(after.len());
        let (child, next) = after.split_at(end);
        rest = next;
        let particles = content.map_or(&[][..], |complex| &complex.particles);
        if child == "*" || child == "(choice)" {
            let Some(place) = special(particles, child) else {
                let what = if child == "*" { "wildcard" } else { "choice" };
                file.error(
                    span(child),
                    format!("`{name}` has no {what}"),
                    "the schema has `xs:any` or `xs:choice` there",
                );
                return None;
            };
            return Some(Target {
                element: None,
                declared: place.clone(),
                used: place,
                text: false,
            });
        }
        let Some((particle, declared)) = declarations.child(particles, child) else {
            let names: Vec<&str> = names(particles);
            let help = suggest(child, names.into_iter(), "children");
            file.error(
                span(child),
                format!("`{name}` has no child `{child}`"),
                help,
            );
            return None;
        };
        target.used = particle.place.clone();
        target.declared = declared.place.clone();
        target.element = Some(declared);
        content = declarations.complex(&declared.content);
        name = child.to_owned();
    }
    Some(target)
}

fn suggest<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone, what: &str) -> String {
    match closest(word, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("its {what}: {}", one_of(known, "and")),
    }
}

fn names(particles: &[Particle]) -> Vec<&str> {
    let mut names = Vec::new();
    for particle in particles {
        match &particle.kind {
            ParticleKind::Local(element) => names.push(element.name.name.as_str()),
            ParticleKind::Global(name) => names.push(name.name.as_str()),
            ParticleKind::Sequence(inner) | ParticleKind::Choice(inner) => {
                names.extend(self::names(inner))
            }
            ParticleKind::Any => {}
        }
    }
    names
}

/// The first wildcard or choice of a content model.
fn special(particles: &[Particle], what: &str) -> Option<Place> {
    particles.iter().find_map(|particle| match &particle.kind {
        ParticleKind::Any if what == "*" => Some(particle.place.clone()),
        ParticleKind::Choice(_) if what == "(choice)" => Some(particle.place.clone()),
        ParticleKind::Sequence(inner) | ParticleKind::Choice(inner) => special(inner, what),
        _ => None,
    })
}

impl<'a> Declarations<'a> {
    /// The content of an element, through a named type.
    pub(super) fn complex(&self, content: &'a Content) -> Option<&'a Complex> {
        match content {
            Content::Complex(complex) => Some(complex),
            Content::Named(name) => self.types.get(name).map(|type_| &type_.1.complex),
            Content::Simple(_) => None,
        }
    }

    /// The child of this name in a content model, and where it is declared.
    pub(super) fn child(
        &self,
        particles: &'a [Particle],
        name: &str,
    ) -> Option<(&'a Particle, &'a ElementDecl)> {
        particles.iter().find_map(|particle| match &particle.kind {
            ParticleKind::Local(element) if element.name.name == name => {
                Some((particle, &**element))
            }
            ParticleKind::Global(global) if global.name == name => self
                .elements
                .get(global)
                .map(|(_, element)| (particle, *element)),
            ParticleKind::Sequence(inner) | ParticleKind::Choice(inner) => self.child(inner, name),
            _ => None,
        })
    }
}
