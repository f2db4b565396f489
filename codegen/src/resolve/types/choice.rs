//! Choices: one of several elements becomes an enumeration.

use std::collections::BTreeSet;

use crate::model::{Field, FieldKind, FieldType, Shape, Type, Variant};
use crate::read::xsd::{Particle, ParticleKind};

use super::super::names::{free, snake, variant_name};
use super::{Builder, Often, element_name};

impl Builder<'_> {
    pub(super) fn choice(
        &mut self,
        particle: &Particle,
        inner: &[Particle],
        often: Often,
        owner: &str,
    ) -> Field {
        let condition = owner.ends_with("Error") || owner.ends_with("Failure");
        let word = if condition { "Condition" } else { "Choice" };
        let asked = self.refinements.type_name(&particle.place);
        let candidates: Vec<String> = asked
            .into_iter()
            .chain([format!("{owner}{word}")])
            .collect();
        let name = free(&mut self.taken, &candidates);
        let at = self.reserve();
        let mut taken = BTreeSet::new();
        let mut variants = Vec::new();
        for alternative in inner {
            let (element, planned) = match &alternative.kind {
                ParticleKind::Local(element) => (&**element, None),
                ParticleKind::Global(global) => match self.declarations.elements.get(global) {
                    Some((_, element)) => (*element, self.plan.elements.get(global).cloned()),
                    None => continue,
                },
                _ => continue,
            };
            let type_ = match (&element.content, planned) {
                (content, _) if content.is_empty() => None,
                (_, Some(planned)) => Some(planned),
                (_, None) => Some(self.local(element, owner)),
            };
            let doc = if alternative.doc.is_empty() {
                element.doc.clone()
            } else {
                alternative.doc.clone()
            };
            let asked = self.refinements.type_name(&alternative.place);
            let candidates: Vec<String> = asked
                .into_iter()
                .chain([variant_name(&element.name.name)])
                .collect();
            variants.push(Variant {
                name: free(&mut taken, &candidates),
                element: element_name(&element.name),
                type_,
                doc,
                place: alternative.place.clone(),
            });
        }
        let made = self.home.type_ref(&name);
        let doc = self
            .refinements
            .doc(&particle.place, false)
            .unwrap_or_else(|| particle.doc.clone());
        let place = particle.place.clone();
        self.fill(
            at,
            Type {
                name,
                doc: doc.clone(),
                element: None,
                global: false,
                loose: self.home.loose,
                shape: Shape::Choice(variants),
                place: place.clone(),
            },
        );
        Field {
            name: snake(word),
            kind: FieldKind::Choice,
            multiplicity: often.multiplicity(),
            type_: FieldType::Type(made),
            boxed: false,
            required: false,
            default: None,
            fixed: None,
            doc,
            place,
        }
    }
}
