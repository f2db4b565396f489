//! Builds the types of a schema: content models become fields.

mod choice;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    ElementName, Field, FieldKind, FieldType, Multiplicity, Place, Shape, Type, TypeRef, ValueType,
};
use crate::read::xsd::{
    AttributeDecl, Complex, Content, ElementDecl, Name, Particle, ParticleKind, Simple, XML,
};

use super::declarations::Declarations;
use super::names::{free, plural, snake, type_name, upper};
use super::plan::{Home, Plan, is_choice};
use super::refine::Refinements;
use super::unwrap::{Unwrapped, unwrapped};

/// Builds the types of one schema.
pub(super) struct Builder<'a> {
    pub(super) declarations: &'a Declarations<'a>,
    pub(super) plan: &'a Plan,
    pub(super) refinements: &'a mut Refinements,
    pub(super) home: &'a Home,
    /// What tells the namespaces of the schema apart, if it has several.
    pub(super) version: Option<TypeRef>,
    pub(super) taken: BTreeSet<String>,
    pub(super) types: Vec<Type>,
    /// Enumerations that have a name in the schema, and the type each became.
    pub(super) enumerations: BTreeMap<(Name, bool), TypeRef>,
}

/// A field before it has its final name.
struct Draft {
    field: Field,
    /// Whether it came from an alternative: then a second one of the same name is no second occurrence.
    alternative: bool,
}

/// How often something is there, on the way down a content model.
#[derive(Clone, Copy)]
struct Often {
    many: bool,
    optional: bool,
    alternative: bool,
}

impl Often {
    const ONCE: Self = Self {
        many: false,
        optional: false,
        alternative: false,
    };

    fn with(self, particle: &Particle) -> Self {
        Self {
            many: self.many || particle.max.is_none_or(|max| max > 1),
            optional: self.optional || particle.min == 0,
            alternative: self.alternative,
        }
    }

    fn multiplicity(self) -> Multiplicity {
        match self {
            Self { many: true, .. } => Multiplicity::Many,
            Self { optional: true, .. } => Multiplicity::Optional,
            _ => Multiplicity::Required,
        }
    }
}

impl Builder<'_> {
    /// Builds everything that the plan makes of a schema.
    pub(super) fn schema(&mut self, at: usize) {
        let declarations = self.declarations;
        let Some(decl) = declarations.decls.get(at).and_then(Option::as_ref) else {
            return;
        };
        for element in &decl.elements {
            let Some(type_) = self.plan.elements.get(&element.name) else {
                continue;
            };
            if declarations
                .elements
                .get(&element.name)
                .is_some_and(|(home, _)| *home == at)
            {
                let name = type_.name.clone();
                self.element(&name, element, true);
            }
        }
        for type_ in &decl.types {
            let Some(planned) = self.plan.types.get(&type_.name) else {
                continue;
            };
            if declarations
                .types
                .get(&type_.name)
                .is_some_and(|(home, _)| *home == at)
            {
                let name = planned.name.clone();
                let at = self.reserve();
                let fields = self.fields(&type_.complex, &name, &type_.place, None);
                let doc = self
                    .refinements
                    .doc(&type_.place, false)
                    .unwrap_or_else(|| type_.doc.clone());
                let shape = Shape::Struct(fields);
                self.fill(
                    at,
                    Type {
                        name,
                        doc,
                        element: None,
                        global: false,
                        loose: self.home.loose,
                        shape,
                        place: type_.place.clone(),
                    },
                );
            }
        }
    }

    /// A struct for an element.
    fn element(&mut self, name: &str, element: &ElementDecl, global: bool) {
        let at = self.reserve();
        let mut doc = self
            .refinements
            .doc(&element.place, false)
            .unwrap_or_else(|| element.doc.clone());
        let mut fields = match &element.content {
            Content::Simple(simple) => {
                let complex = Complex {
                    text: text_of(simple),
                    ..Complex::default()
                };
                self.fields(&complex, name, &element.place, Some(element))
            }
            Content::Complex(complex) => self.fields(complex, name, &element.place, Some(element)),
            Content::Named(named) => match self.declarations.types.get(named) {
                Some((_, type_)) => {
                    if doc.is_empty() {
                        doc.clone_from(&type_.doc);
                    }
                    self.fields(&type_.complex, name, &element.place, Some(element))
                }
                None => self.fields(&Complex::default(), name, &element.place, Some(element)),
            },
        };
        if global && let Some(version) = self.version.clone() {
            let mut taken = fields.iter().map(|field| field.name.clone()).collect();
            let names = ["version", "namespace_version"].map(str::to_owned);
            let field = Field {
                name: free(&mut taken, &names),
                kind: FieldKind::Version,
                multiplicity: Multiplicity::Required,
                type_: FieldType::Version(version),
                boxed: false,
                required: false,
                default: None,
                fixed: None,
                doc:
                    "Which of its namespaces it is in; inside another element it follows that one."
                        .to_owned(),
                place: element.place.clone(),
            };
            fields.insert(fields.len().saturating_sub(1), field);
        }
        self.fill(
            at,
            Type {
                name: name.to_owned(),
                doc,
                element: Some(element_name(&element.name)),
                global,
                loose: self.home.loose,
                shape: Shape::Struct(fields),
                place: element.place.clone(),
            },
        );
    }

    /// Keeps the place of a type in the order of the file while what is inside it is built.
    fn reserve(&mut self) -> usize {
        self.types.push(Type {
            name: String::new(),
            doc: String::new(),
            element: None,
            global: false,
            loose: self.home.loose,
            shape: Shape::Struct(Vec::new()),
            place: Place::nowhere(),
        });
        self.types.len() - 1
    }

    fn fill(&mut self, at: usize, type_: Type) {
        if let Some(slot) = self.types.get_mut(at) {
            *slot = type_;
        }
    }

    /// The fields of a type declared at a place; `element` is the element it is the type of, if it is one's.
    fn fields(
        &mut self,
        complex: &Complex,
        owner: &str,
        place: &Place,
        element: Option<&ElementDecl>,
    ) -> Vec<Field> {
        let mut drafts = Vec::new();
        for attribute in &complex.attributes {
            let field = self.attribute(attribute, owner);
            drafts.push(Draft {
                field,
                alternative: false,
            });
        }
        for particle in &complex.particles {
            self.particle(particle, Often::ONCE, owner, &mut drafts);
        }
        let mut taken = BTreeSet::from(["extra".to_owned()]);
        if let Some(simple) = &complex.text {
            let field = self.text(simple, owner, place, element);
            drafts.push(Draft {
                field,
                alternative: false,
            });
        }
        // Names that were asked for come first, so that none of them is changed.
        let mut fields: Vec<Field> = drafts.into_iter().map(|draft| draft.field).collect();
        let asked: Vec<Option<String>> =
            fields.iter().map(|field| self.asked_name(field)).collect();
        for (field, asked) in fields.iter_mut().zip(&asked) {
            if let Some(asked) = asked {
                field.name = free(&mut taken, std::slice::from_ref(asked));
            }
        }
        for (field, asked) in fields.iter_mut().zip(&asked) {
            if asked.is_none() {
                let suffix = match field.kind {
                    FieldKind::Attribute { .. } => "attribute",
                    FieldKind::Text => "value",
                    _ => "element",
                };
                let qualified = if matches!(field.kind, FieldKind::Text) {
                    suffix.to_owned()
                } else {
                    format!("{}_{suffix}", field.name.trim_end_matches('_'))
                };
                field.name = free(&mut taken, &[field.name.clone(), qualified]);
            }
        }
        for field in &mut fields {
            field.required = field.multiplicity == Multiplicity::Required;
            let optional = self.home.loose || self.refinements.optional(&field.place);
            if optional && field.required && !always_there(field) {
                field.multiplicity = Multiplicity::Optional;
            }
        }
        fields.push(Field {
            name: "extra".to_owned(),
            kind: FieldKind::Extra,
            multiplicity: Multiplicity::Required,
            type_: FieldType::Extra,
            boxed: false,
            required: false,
            default: None,
            fixed: None,
            doc: "What was there and is not declared.".to_owned(),
            place: place.clone(),
        });
        fields
    }

    /// The field's name as a refinement wishes it.
    fn asked_name(&mut self, field: &Field) -> Option<String> {
        self.refinements
            .field_name(&field.place, matches!(field.kind, FieldKind::Text))
    }

    fn attribute(&mut self, attribute: &AttributeDecl, owner: &str) -> Field {
        let local = attribute
            .name
            .strip_prefix("xml:")
            .filter(|_| attribute.namespace.as_deref() == Some(XML));
        let local = local.unwrap_or(&attribute.name);
        let value = self.value(&attribute.simple, &[&attribute.place], false, local, owner);
        Field {
            name: snake(local),
            kind: FieldKind::Attribute {
                name: attribute.name.clone(),
                namespace: attribute.namespace.clone(),
            },
            multiplicity: if attribute.required {
                Multiplicity::Required
            } else {
                Multiplicity::Optional
            },
            type_: FieldType::Value(value),
            boxed: false,
            required: false,
            default: attribute.default.clone(),
            fixed: attribute.fixed.clone(),
            doc: self
                .refinements
                .doc(&attribute.place, false)
                .unwrap_or_else(|| attribute.doc.clone()),
            place: attribute.place.clone(),
        }
    }

    fn text(
        &mut self,
        simple: &Simple,
        owner: &str,
        place: &Place,
        element: Option<&ElementDecl>,
    ) -> Field {
        // A type given to an element that holds nothing but text is its text's.
        let refined = self.refinements.value(place, false);
        // The enumeration of an element's text is named after the element, whose own name is taken.
        let value = refined
            .unwrap_or_else(|| self.value(simple, &[place], true, &format!("{owner}Value"), owner));
        Field {
            name: "text".to_owned(),
            kind: FieldKind::Text,
            multiplicity: Multiplicity::Required,
            type_: FieldType::Value(value),
            boxed: false,
            required: false,
            default: element.and_then(|element| element.default.clone()),
            fixed: element.and_then(|element| element.fixed.clone()),
            doc: self.refinements.doc(place, true).unwrap_or_default(),
            place: place.clone(),
        }
    }

    fn particle(
        &mut self,
        particle: &Particle,
        often: Often,
        owner: &str,
        drafts: &mut Vec<Draft>,
    ) {
        let inside = often.with(particle);
        match &particle.kind {
            ParticleKind::Sequence(inner) => {
                for particle in inner {
                    self.particle(particle, inside, owner, drafts);
                }
            }
            ParticleKind::Choice(inner)
                if is_choice(particle, inner, self.declarations) && !inside.many =>
            {
                let field = self.choice(particle, inner, inside, owner);
                drafts.push(Draft {
                    field,
                    alternative: often.alternative,
                });
            }
            ParticleKind::Choice(inner) => {
                let inside = Often {
                    optional: true,
                    alternative: true,
                    ..inside
                };
                for particle in inner {
                    self.particle(particle, inside, owner, drafts);
                }
            }
            ParticleKind::Any => {
                if !drafts
                    .iter()
                    .any(|draft| draft.field.kind == FieldKind::Any)
                {
                    let field = Field {
                        name: "any".to_owned(),
                        kind: FieldKind::Any,
                        multiplicity: Multiplicity::Many,
                        type_: FieldType::Any,
                        boxed: false,
                        required: false,
                        default: None,
                        fixed: None,
                        doc: self
                            .refinements
                            .doc(&particle.place, false)
                            .unwrap_or_else(|| particle.doc.clone()),
                        place: particle.place.clone(),
                    };
                    drafts.push(Draft {
                        field,
                        alternative: inside.alternative,
                    });
                }
            }
            ParticleKind::Local(element) => {
                let field = self.child(particle, element, None, inside, owner);
                add(
                    drafts,
                    Draft {
                        field,
                        alternative: inside.alternative,
                    },
                );
            }
            ParticleKind::Global(name) => {
                let declarations = self.declarations;
                let Some((_, element)) = declarations.elements.get(name) else {
                    return;
                };
                let planned = self.plan.elements.get(name).cloned();
                let field = self.child(particle, element, planned, inside, owner);
                add(
                    drafts,
                    Draft {
                        field,
                        alternative: inside.alternative,
                    },
                );
            }
        }
    }

    fn child(
        &mut self,
        particle: &Particle,
        element: &ElementDecl,
        planned: Option<TypeRef>,
        often: Often,
        owner: &str,
    ) -> Field {
        let name = element_name(&element.name);
        let mut multiplicity = often.multiplicity();
        let global = particle.place != element.place;
        let (kind, type_) = match self.unwrapped(particle, element, owner) {
            Some(unwrapped) => unwrapped,
            None => match &element.content {
                content if content.is_empty() => {
                    multiplicity = Multiplicity::Required;
                    (FieldKind::Flag(name), FieldType::Flag)
                }
                Content::Simple(simple) => {
                    let places = [&particle.place, &element.place];
                    // Refinements of the element's own text hold inside a parent as well.
                    let refined = self.refinements.value(&element.place, true);
                    let local = &element.name.name;
                    let value =
                        refined.unwrap_or_else(|| self.value(simple, &places, false, local, owner));
                    (FieldKind::ChildText(name), FieldType::Value(value))
                }
                Content::Complex(_) => {
                    let made = planned.unwrap_or_else(|| self.local(element, owner));
                    (FieldKind::Child(name), FieldType::Type(made))
                }
                Content::Named(named) => {
                    let made = planned.or_else(|| self.plan.types.get(named).cloned());
                    let made = made.unwrap_or_else(|| self.local(element, owner));
                    (FieldKind::Child(name), FieldType::Type(made))
                }
            },
        };
        let plain = snake(&element.name.name);
        let doc = self.refinements.doc(&particle.place, false);
        let doc = doc.or_else(|| Some(particle.doc.clone()).filter(|doc| !doc.is_empty()));
        let doc = doc
            .or_else(|| self.refinements.doc(&element.place, false))
            .unwrap_or_else(|| element.doc.clone());
        if !global && matches!(kind, FieldKind::Child(_)) {
            // The name of the type was asked for at the same place as the field's could be: mark it used there.
            let _ = self.refinements.type_name(&element.place);
        }
        Field {
            name: if multiplicity == Multiplicity::Many {
                plural(&plain)
            } else {
                plain
            },
            kind,
            multiplicity,
            type_,
            boxed: false,
            required: false,
            default: element.default.clone(),
            fixed: element.fixed.clone(),
            doc,
            place: particle.place.clone(),
        }
    }

    /// The kind and type of a field that takes in what a child holds, where the specification wants that.
    fn unwrapped(
        &mut self,
        particle: &Particle,
        element: &ElementDecl,
        owner: &str,
    ) -> Option<(FieldKind, FieldType)> {
        if !self.refinements.unwrap(&particle.place) {
            return None;
        }
        let wrapper = element_name(&element.name);
        // What cannot be unwrapped was reported where the wish stands.
        match unwrapped(element, self.declarations).ok()? {
            Unwrapped::Text(_) if matches!(element.content, Content::Simple(_)) => None,
            Unwrapped::Text(simple) => {
                let places = [&element.place];
                let value = self.value(simple, &places, true, &element.name.name, owner);
                Some((FieldKind::ChildText(wrapper), FieldType::Value(value)))
            }
            Unwrapped::Child {
                particle,
                element,
                simple,
                many,
            } => {
                let places = [&particle.place, &element.place];
                let value = self.value(simple, &places, false, &element.name.name, owner);
                let kind = FieldKind::Wrapped {
                    wrapper,
                    element: element_name(&element.name),
                    many,
                };
                Some((kind, FieldType::Value(value)))
            }
        }
    }

    /// A type for an element declared inside another.
    fn local(&mut self, element: &ElementDecl, owner: &str) -> TypeRef {
        let plain = type_name(&element.name.name);
        let qualified = format!("{owner}{}", upper(&element.name.name));
        let asked = self.refinements.type_name(&element.place);
        let candidates: Vec<String> = asked.into_iter().chain([plain, qualified]).collect();
        let name = free(&mut self.taken, &candidates);
        self.element(&name, element, false);
        self.home.type_ref(&name)
    }
}

/// Adds a field; an element that the content model names more than once is one field.
fn add(drafts: &mut Vec<Draft>, draft: Draft) {
    let taken = taken(&draft.field.kind);
    let same = |kind: &FieldKind| taken.is_some() && self::taken(kind) == taken;
    let Some(known) = drafts.iter_mut().find(|known| same(&known.field.kind)) else {
        drafts.push(draft);
        return;
    };
    if matches!(known.field.kind, FieldKind::Flag(_)) {
        return;
    }
    let both_alternative = known.alternative && draft.alternative;
    let many = known.field.multiplicity == Multiplicity::Many
        || draft.field.multiplicity == Multiplicity::Many
        || !both_alternative;
    if many && known.field.multiplicity != Multiplicity::Many {
        known.field.multiplicity = Multiplicity::Many;
        known.field.name = plural(&known.field.name);
    }
}

/// The element that a field of this kind takes.
fn taken(kind: &FieldKind) -> Option<&ElementName> {
    match kind {
        FieldKind::Child(name)
        | FieldKind::ChildText(name)
        | FieldKind::Flag(name)
        | FieldKind::Wrapped { wrapper: name, .. } => Some(name),
        FieldKind::Attribute { .. }
        | FieldKind::Text
        | FieldKind::Choice
        | FieldKind::Version
        | FieldKind::Any
        | FieldKind::Extra => None,
    }
}

/// Whether a field has a value whatever the element holds: a flag, or text that may be any, the empty one included.
fn always_there(field: &Field) -> bool {
    match (&field.kind, &field.type_) {
        (FieldKind::Flag(_), _) => true,
        (FieldKind::Text, FieldType::Value(value)) => {
            matches!(value, ValueType::Text | ValueType::Language)
        }
        _ => false,
    }
}

fn element_name(name: &Name) -> ElementName {
    ElementName {
        name: name.name.clone(),
        namespace: name.namespace.clone(),
    }
}

fn text_of(simple: &Simple) -> Option<Simple> {
    (!matches!(simple, Simple::Empty)).then(|| simple.clone())
}
