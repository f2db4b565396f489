//! Children that give way to what they hold: `unwrap = true` in a refinement.

use crate::read::xsd::{Complex, Content, ElementDecl, Particle, ParticleKind, Simple};

use super::declarations::{Declarations, Trouble};

/// What a child holds that can be unwrapped.
pub(super) enum Unwrapped<'a> {
    /// Its own text. Attributes that it need not have stay with the element as it came.
    Text(&'a Simple),
    /// One element with text alone, or any number of them.
    Child {
        particle: &'a Particle,
        element: &'a ElementDecl,
        simple: &'a Simple,
        many: bool,
    },
}

/// What is left of an element when it is unwrapped; message and help where it is more than values.
pub(super) fn unwrapped<'a>(
    element: &'a ElementDecl,
    declarations: &Declarations<'a>,
) -> Result<Unwrapped<'a>, Trouble> {
    let name = &element.name.name;
    let not = |why: &str| {
        Err((
            format!("`{name}` cannot be unwrapped: {why}"),
            "a child is unwrapped that holds text alone, or nothing but elements of one name with text alone"
                .to_owned(),
        ))
    };
    let complex = match &element.content {
        content if content.is_empty() => return not("it is empty, and a flag already"),
        Content::Simple(simple) => return Ok(Unwrapped::Text(simple)),
        content => declarations.complex(content),
    };
    let Some(complex) = complex else {
        return not("its type is unknown");
    };
    if let Some(attribute) = complex.attributes.iter().find(|one| one.required) {
        return not(&format!("its attribute `{}` must be there", attribute.name));
    }
    match (&complex.text, single(complex)) {
        (Some(_), _) if !complex.particles.is_empty() => not("it has text and elements"),
        (Some(text), _) => Ok(Unwrapped::Text(text)),
        (None, None) => not("it holds something else than elements of one name"),
        (None, Some(held)) => {
            let inner = match &held.particle.kind {
                ParticleKind::Local(element) => Some(&**element),
                ParticleKind::Global(name) => declarations.elements.get(name).map(|found| found.1),
                _ => None,
            };
            let Some(inner) = inner else {
                return not("it is open for any element");
            };
            match &inner.content {
                content if content.is_empty() => not("what it holds is empty"),
                Content::Simple(_) if held.optional && !held.many => not(&format!(
                    "it may hold one `{}` or none, which are two things in one",
                    inner.name.name
                )),
                Content::Simple(simple) => Ok(Unwrapped::Child {
                    particle: held.particle,
                    element: inner,
                    simple,
                    many: held.many,
                }),
                _ => not(&format!("`{}` is more than text", inner.name.name)),
            }
        }
    }
}

/// The one element of a content model.
struct Held<'a> {
    particle: &'a Particle,
    many: bool,
    optional: bool,
}

fn single(complex: &Complex) -> Option<Held<'_>> {
    let mut particles = complex.particles.as_slice();
    let (mut many, mut optional) = (false, false);
    loop {
        let [particle] = particles else {
            return None;
        };
        many |= particle.max.is_none_or(|max| max > 1);
        optional |= particle.min == 0;
        match &particle.kind {
            ParticleKind::Sequence(inner) | ParticleKind::Choice(inner) => particles = inner,
            _ => {
                return Some(Held {
                    particle,
                    many,
                    optional,
                });
            }
        }
    }
}
