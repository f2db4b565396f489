//! Content models: which children, how often, in which order.

use std::collections::BTreeSet;

use super::{Particle, Rule, Rules, Term, TypeRef, Violation};
use crate::{ElementRef, Text};

/// Matches the children of one element against a content model.
///
/// A model is walked with the set of all places among the children that it may have got to, so that no model, however
/// ambiguous, takes more than polynomial time.
pub(super) struct Matcher<'a> {
    rules: &'a Rules,
    el: ElementRef<'a>,
    children: Vec<ElementRef<'a>>,
    /// How far any attempt came.
    farthest: usize,
    /// What would have gone on from there.
    expected: Vec<&'a str>,
}

type Places = BTreeSet<usize>;

impl<'a> Matcher<'a> {
    pub(super) fn new(rules: &'a Rules, el: ElementRef<'a>) -> Self {
        Self {
            rules,
            el,
            children: el.children().collect(),
            farthest: 0,
            expected: Vec::new(),
        }
    }

    /// Checks that the children fit, and then each of them.
    pub(super) fn check(mut self, model: Option<&'a Particle>) -> Result<(), Violation> {
        let ends = match model {
            Some(model) => self.particle(model, &Places::from([0])),
            None => Places::from([0]),
        };
        if !ends.contains(&self.children.len()) {
            return Err(self.failure(model));
        }
        for child in &self.children {
            match model.and_then(|model| declared(model, *child)) {
                Some(Declared::As(type_)) => self.rules.element_of(*child, type_)?,
                Some(Declared::Elsewhere) | None => self.rules.lax(*child)?,
            }
        }
        Ok(())
    }

    fn particle(&mut self, particle: &'a Particle, starts: &Places) -> Places {
        let mut reached = if particle.min == 0 {
            starts.clone()
        } else {
            Places::new()
        };
        let mut at = starts.clone();
        let mut count = 0_usize;
        while particle.max.is_none_or(|max| count < max) {
            let next = self.once(particle, &at);
            count += 1;
            // Where nothing was consumed, any number of rounds more leads here as well.
            let still = next == at;
            if count >= particle.min || still {
                let before = reached.len();
                reached.extend(&next);
                if reached.len() == before {
                    break;
                }
            }
            if next.is_empty() || still {
                break;
            }
            at = next;
        }
        reached
    }

    fn once(&mut self, particle: &'a Particle, starts: &Places) -> Places {
        match &particle.term {
            Term::Element { .. } | Term::Any(_) => starts
                .iter()
                .filter(|at| self.takes(particle, **at))
                .copied()
                .collect::<Vec<_>>()
                .into_iter()
                .map(|at| at + 1)
                .collect(),
            Term::Sequence(inner) => {
                let mut at = starts.clone();
                for particle in inner {
                    at = self.particle(particle, &at);
                    if at.is_empty() {
                        break;
                    }
                }
                at
            }
            Term::Choice(inner) => {
                let mut ends = Places::new();
                for particle in inner {
                    ends.extend(self.particle(particle, starts));
                }
                ends
            }
            Term::All(inner) => starts
                .iter()
                .filter_map(|start| self.all(inner, *start))
                .collect(),
        }
    }

    /// Whether the child at this place is this element; notes what was expected where it is not.
    fn takes(&mut self, particle: &'a Particle, at: usize) -> bool {
        let taken = self
            .children
            .get(at)
            .is_some_and(|child| is(&particle.term, *child));
        if !taken {
            if at > self.farthest {
                self.farthest = at;
                self.expected.clear();
            }
            if let (true, Term::Element { name, .. }) = (at == self.farthest, &particle.term)
                && !self.expected.contains(&&**name)
            {
                self.expected.push(name);
            }
        } else if at + 1 > self.farthest {
            self.farthest = at + 1;
            self.expected.clear();
        }
        taken
    }

    /// Each of several once at most, in any order.
    fn all(&mut self, inner: &'a [Particle], start: usize) -> Option<usize> {
        let mut used = vec![0_usize; inner.len()];
        let mut at = start;
        loop {
            let mut found = false;
            for (particle, count) in inner.iter().zip(&mut used) {
                if particle.max.is_none_or(|max| *count < max) && self.takes(particle, at) {
                    *count += 1;
                    found = true;
                    break;
                }
            }
            if !found {
                break;
            }
            at += 1;
        }
        let complete = |(particle, count): (&Particle, &usize)| *count >= particle.min;
        inner.iter().zip(&used).all(complete).then_some(at)
    }

    /// Says what is wrong at the farthest place.
    fn failure(&self, model: Option<&Particle>) -> Violation {
        let expected = || self.expected.iter().map(|name| Text::from(*name)).collect();
        let Some(child) = self.children.get(self.farthest).copied() else {
            return Violation::new(self.el, Rule::MissingChild(expected()));
        };
        if model.is_none_or(|model| declared(model, child).is_none()) {
            return Violation::new(self.el, Rule::UndeclaredChild).child(child);
        }
        let same = |other: &&ElementRef<'_>| other.is(child.name(), child.ns());
        let before = self
            .children
            .iter()
            .take(self.farthest)
            .filter(same)
            .count();
        let most = model.and_then(|model| most(model, child));
        if most.is_some_and(|most| before >= most) {
            return Violation::new(self.el, Rule::RepeatedChild).child(child);
        }
        let somewhere = |name: &&str| self.children.iter().any(|child| child.name() == *name);
        if !self.expected.is_empty() && !self.expected.iter().any(somewhere) {
            return Violation::new(self.el, Rule::MissingChild(expected()));
        }
        Violation::new(self.el, Rule::MisplacedChild(expected())).child(child)
    }
}

/// Whether a term takes this child.
fn is(term: &Term, child: ElementRef<'_>) -> bool {
    match term {
        Term::Element { name, ns, .. } => child.is(name, ns),
        Term::Any(allowed) => allowed.allow(child.ns()),
        _ => false,
    }
}

/// Where the type of a child stands.
enum Declared {
    As(TypeRef),
    /// At the top of a schema, or nowhere, for what a wildcard lets in.
    Elsewhere,
}

/// The declaration of a child in a content model. All declarations of one name in one model have one type.
fn declared(particle: &Particle, child: ElementRef<'_>) -> Option<Declared> {
    let among = |inner: &[Particle]| {
        let mut wildcard = None;
        for particle in inner {
            match declared(particle, child) {
                Some(Declared::Elsewhere) => wildcard = Some(Declared::Elsewhere),
                Some(found) => return Some(found),
                None => {}
            }
        }
        wildcard
    };
    match &particle.term {
        Term::Sequence(inner) | Term::Choice(inner) | Term::All(inner) => among(inner),
        term if !is(term, child) => None,
        Term::Element {
            type_: Some(type_), ..
        } => Some(Declared::As(*type_)),
        _ => Some(Declared::Elsewhere),
    }
}

/// How often a child may be there at most; `None` for any number.
fn most(particle: &Particle, child: ElementRef<'_>) -> Option<usize> {
    let inner = match &particle.term {
        Term::Sequence(inner) | Term::All(inner) => {
            let mut sum = 0_usize;
            for particle in inner {
                sum = sum.saturating_add(most(particle, child)?);
            }
            sum
        }
        Term::Choice(inner) => {
            let mut highest = 0;
            for particle in inner {
                highest = highest.max(most(particle, child)?);
            }
            highest
        }
        term => usize::from(is(term, child)),
    };
    if inner == 0 {
        return Some(0);
    }
    Some(inner.saturating_mul(particle.max?))
}
