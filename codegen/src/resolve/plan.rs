//! Which declarations become types, and what they are called, before any of them is built.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Place, TypeRef};
use crate::read::xsd::{Complex, Content, ElementDecl, Name, Particle, ParticleKind, Simple};

use super::declarations::Declarations;
use super::names::{free, type_name};
use super::refine::Refinements;

/// Names of everything that other types refer to.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) elements: BTreeMap<Name, TypeRef>,
    pub(super) types: BTreeMap<Name, TypeRef>,
    /// The names taken in each schema.
    pub(super) taken: BTreeMap<usize, BTreeSet<String>>,
}

/// The module path of a schema's types.
#[derive(Debug, Clone)]
pub(super) struct Home {
    pub(super) spec: String,
    pub(super) spec_module: String,
    pub(super) module: Option<String>,
    /// Nobody vouches for the schema: its folder has no `spec.toml`.
    pub(super) loose: bool,
}

impl Home {
    pub(super) fn type_ref(&self, name: &str) -> TypeRef {
        TypeRef {
            spec: self.spec.clone(),
            spec_module: self.spec_module.clone(),
            module: self.module.clone(),
            name: name.to_owned(),
        }
    }
}

/// Whether an element becomes a plain value of its parent: text alone, or nothing at all.
pub(super) fn is_value(content: &Content) -> bool {
    matches!(content, Content::Simple(_)) || content.is_empty()
}

/// Whether a choice becomes an enumeration of elements rather than one field for each.
///
/// It does where exactly one of several single elements is there, and they are more than texts.
pub(super) fn is_choice(
    particle: &Particle,
    inner: &[Particle],
    declarations: &Declarations<'_>,
) -> bool {
    if particle.max != Some(1) || inner.len() < 2 {
        return false;
    }
    let mut structured = 0_usize;
    let mut texts = 0_usize;
    let mut empty = 0_usize;
    for alternative in inner {
        let content = match &alternative.kind {
            _ if alternative.max != Some(1) => return false,
            ParticleKind::Local(element) => &element.content,
            ParticleKind::Global(name) => match declarations.elements.get(name) {
                Some((_, element)) => &element.content,
                None => return false,
            },
            _ => return false,
        };
        match content {
            content if content.is_empty() => empty += 1,
            Content::Simple(_) => texts += 1,
            _ => structured += 1,
        }
    }
    texts == 0 && structured + empty > 1 || empty > texts
}

/// Plans the types of all schemas. `used` holds the elements that some `spec.toml` names; `group` tells the
/// schemas that are generated together.
pub(super) fn plan(
    declarations: &Declarations<'_>,
    homes: &[Home],
    group: &[Option<String>],
    used: &BTreeSet<Name>,
    refinements: &mut Refinements,
) -> Plan {
    let mut wanted = Wanted {
        declarations,
        values: BTreeSet::new(),
        choices: BTreeSet::new(),
        named: BTreeSet::new(),
        unwrapped: refinements.unwrapped(),
    };
    for (at, decl) in declarations.decls.iter().enumerate() {
        let Some(decl) = decl else { continue };
        let from = group.get(at).cloned().flatten();
        let visit = |name: &Name| {
            let home = declarations.elements.get(name).map(|(at, _)| *at);
            home.and_then(|at| group.get(at)).cloned().flatten() == from
        };
        for element in &decl.elements {
            wanted.content(&element.content, &visit, true);
        }
        for type_ in &decl.types {
            wanted.complex(&type_.complex, &visit);
        }
    }
    let mut plan = Plan::default();
    for (at, decl) in declarations.decls.iter().enumerate() {
        let (Some(decl), Some(home)) = (decl, homes.get(at)) else {
            continue;
        };
        let taken = plan.taken.entry(at).or_default();
        let made: Vec<&ElementDecl> = decl
            .elements
            .iter()
            .filter(|element| {
                home.loose
                    || !is_value(&element.content)
                    || used.contains(&element.name)
                    || wanted.choices.contains(&element.name)
                    || !wanted.values.contains(&element.name)
            })
            .collect();
        // Names that were asked for come first.
        let mut named: Vec<(&ElementDecl, Option<String>)> = made
            .into_iter()
            .map(|element| (element, refinements.type_name(&element.place)))
            .collect();
        named.sort_by_key(|(_, asked)| asked.is_none());
        for (element, asked) in named {
            let candidates: Vec<String> = asked
                .into_iter()
                .chain([type_name(&element.name.name)])
                .collect();
            let name = free(taken, &candidates);
            plan.elements
                .entry(element.name.clone())
                .or_insert_with(|| home.type_ref(&name));
        }
        for type_ in decl
            .types
            .iter()
            .filter(|type_| wanted.named.contains(&type_.name))
        {
            let plain = type_name(&type_.name.name);
            let candidates: Vec<String> = refinements
                .type_name(&type_.place)
                .into_iter()
                .chain([plain.clone(), format!("{plain}Type")])
                .collect();
            let name = free(taken, &candidates);
            plan.types
                .entry(type_.name.clone())
                .or_insert_with(|| home.type_ref(&name));
        }
    }
    plan
}

struct Wanted<'a> {
    declarations: &'a Declarations<'a>,
    /// Global elements that some parent takes in as a value.
    values: BTreeSet<Name>,
    /// Global elements that are arms of a choice, and hold text.
    choices: BTreeSet<Name>,
    /// Named types that local elements have.
    named: BTreeSet<Name>,
    /// Children that give way to what they hold.
    unwrapped: BTreeSet<Place>,
}

impl Wanted<'_> {
    fn content(&mut self, content: &Content, visit: &dyn Fn(&Name) -> bool, global: bool) {
        match content {
            Content::Complex(complex) => self.complex(complex, visit),
            // A global element takes the fields of its named type as its own.
            Content::Named(name) if !global => {
                self.named.insert(name.clone());
            }
            _ => {}
        }
    }

    fn complex(&mut self, complex: &Complex, visit: &dyn Fn(&Name) -> bool) {
        for particle in &complex.particles {
            self.particle(particle, visit);
        }
    }

    fn particle(&mut self, particle: &Particle, visit: &dyn Fn(&Name) -> bool) {
        match &particle.kind {
            ParticleKind::Local(_) if self.unwrapped.contains(&particle.place) => {}
            ParticleKind::Local(element) => self.content(&element.content, visit, false),
            ParticleKind::Global(name) if visit(name) => {
                self.values.insert(name.clone());
            }
            ParticleKind::Global(_) | ParticleKind::Any => {}
            ParticleKind::Sequence(inner) => inner
                .iter()
                .for_each(|particle| self.particle(particle, visit)),
            ParticleKind::Choice(inner) => {
                if !is_choice(particle, inner, self.declarations) {
                    return inner
                        .iter()
                        .for_each(|particle| self.particle(particle, visit));
                }
                for alternative in inner {
                    match &alternative.kind {
                        // The arm's element gets the fields of the named type, as a global one does.
                        ParticleKind::Local(element) => self.content(&element.content, visit, true),
                        ParticleKind::Global(name) => {
                            self.values.insert(name.clone());
                            let element = self.declarations.elements.get(name);
                            if element.is_some_and(|(_, element)| matches!(&element.content, Content::Simple(simple) if !matches!(simple, Simple::Empty))) {
                                self.choices.insert(name.clone());
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
    }
}
