//! Typed stanzas: the definition of each type, and its codec from the expansion that the derive uses too.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use sestina_expand::model as expand;
use syn::{Type as RustType, parse_quote};

use super::code::{self, From};
use super::lists;
use crate::model::{
    ElementName, EnumValue, Field, FieldKind, FieldType, Model, Multiplicity, Schema, Shape, Spec,
    Type, TypeRef, ValueType, Variant,
};
use crate::resolve::names;

/// All types of a spec: of one schema in its module, of several in a submodule each.
pub(super) fn schemas(model: &Model, spec: &Spec) -> TokenStream {
    let schemas = spec.schemas.iter().map(|schema| {
        let cx = Context {
            model,
            wire: code::path(&model.paths.wire),
            schema,
            from: From::Types(if schema.module.is_some() { 2 } else { 1 }),
        };
        let namespace = &schema.namespace;
        let types = schema.types.iter().map(|type_| cx.type_(type_));
        let version = cx.version();
        let code = quote! {
            /// The namespace of these elements.
            pub const NS: &str = #namespace;
            #version
            #(#types)*
        };
        match &schema.module {
            None => code,
            Some(module) => {
                let docs = code::docs(&schema.doc, &format!("The namespace `{namespace}`."));
                let module = code::ident(module);
                quote! {
                    #docs
                    pub mod #module { #code }
                }
            }
        }
    });
    quote!(#(#schemas)*)
}

/// One schema being rendered.
struct Context<'a> {
    model: &'a Model,
    wire: syn::Path,
    schema: &'a Schema,
    from: From,
}

impl Context<'_> {
    /// The definition of a type and its codec.
    fn type_(&self, type_: &Type) -> TokenStream {
        let otherwise = match &type_.element {
            Some(element) => format!("`<{} xmlns='{}'/>`.", element.name, element.namespace),
            None => match &type_.shape {
                Shape::Struct(_) => format!("Content in `{}`.", self.schema.namespace),
                Shape::Choice(_) => "One of several elements.".to_owned(),
                Shape::Values { .. } => "One of several words.".to_owned(),
            },
        };
        let docs = code::docs(&type_.doc, &otherwise);
        let (definition, shape) = match &type_.shape {
            Shape::Struct(fields) => self.struct_(type_, fields),
            Shape::Choice(variants) => self.choice(type_, variants),
            Shape::Values { values, open } => self.values(type_, values, *open),
        };
        let mut item = expand::Item::new(&type_.name, self.wire.clone(), shape);
        // Where a schema has several namespaces, what is inside an element follows it, and only what travels by
        // itself is a payload.
        let follows = self.schema.version.is_some();
        item.name = type_
            .element
            .as_ref()
            .filter(|_| type_.global || !follows)
            .map(|element| element.name.clone());
        let choice = matches!(type_.shape, Shape::Choice(_));
        item.namespace = (!follows || choice).then(|| {
            expand::Namespace::Literal(type_.element.as_ref().map_or_else(
                || self.schema.namespace.clone(),
                |element| element.namespace.clone(),
            ))
        });
        item.loose = type_.loose;
        let codec = sestina_expand::expand(&item);
        quote! {
            #docs
            #definition
            #codec
        }
    }

    fn struct_(&self, type_: &Type, fields: &[Field]) -> (TokenStream, expand::Shape) {
        let name = code::ident(&type_.name);
        let defined = fields.iter().map(|field| {
            let (ident, ty) = (code::ident(&field.name), self.declared(field));
            let docs = self.field_docs(field);
            quote!(#docs pub #ident: #ty,)
        });
        let default = has_default(self.model, type_, 0).then(|| quote!(, Default));
        let new = self.constructor(type_, fields);
        let collected = lists::list(fields).map(|list| {
            let item = self.inner(list);
            lists::collected(&type_.name, fields, list, &item)
        });
        let definition = quote! {
            #[derive(Clone, Debug, PartialEq #default)]
            pub struct #name { #(#defined)* }
            #new
            #collected
        };
        let fields = fields.iter().map(|field| self.field(field)).collect();
        (definition, expand::Shape::Struct(fields))
    }

    /// `new`, which takes what must be there.
    fn constructor(&self, type_: &Type, fields: &[Field]) -> TokenStream {
        let name = code::ident(&type_.name);
        let required: Vec<&Field> = fields.iter().filter(|field| is_required(field)).collect();
        if required.is_empty() {
            return TokenStream::new();
        }
        let parameters = required.iter().map(|field| {
            let (ident, ty) = (code::ident(&field.name), self.declared(field));
            quote!(#ident: #ty)
        });
        let values = fields.iter().map(|field| {
            let ident = code::ident(&field.name);
            if is_required(field) {
                quote!(#ident)
            } else {
                quote!(#ident: ::core::default::Default::default())
            }
        });
        quote! {
            impl #name {
                /// With what must be there, and nothing else.
                #[must_use]
                pub fn new(#(#parameters),*) -> Self {
                    Self { #(#values),* }
                }
            }
        }
    }

    fn choice(&self, type_: &Type, variants: &[Variant]) -> (TokenStream, expand::Shape) {
        let name = code::ident(&type_.name);
        let defined = variants.iter().map(|variant| {
            let ident = code::ident(&variant.name);
            let docs = code::docs(&variant.doc, &format!("`<{}/>`.", variant.element.name));
            match &variant.type_ {
                Some(held) => {
                    let held = self.path(held);
                    quote!(#docs #ident(#held),)
                }
                None => quote!(#docs #ident,),
            }
        });
        let definition = quote! {
            #[derive(Clone, Debug, PartialEq)]
            pub enum #name { #(#defined)* }
        };
        let follows = self.schema.version.is_some();
        let variants = variants
            .iter()
            .map(|variant| {
                let name = variant.element.name.clone();
                let namespace = (!follows)
                    .then(|| expand::Namespace::Literal(variant.element.namespace.clone()));
                expand::ChoiceVariant {
                    ident: code::ident(&variant.name),
                    content: match &variant.type_ {
                        Some(held) => {
                            let path = self.path(held);
                            let ty = parse_quote!(#path);
                            expand::VariantContent::Named {
                                ty,
                                name,
                                namespace,
                            }
                        }
                        None => expand::VariantContent::Empty { name, namespace },
                    },
                }
            })
            .collect();
        let choice = expand::Choice {
            variants,
            follows,
            other: None,
        };
        (definition, expand::Shape::Choice(choice))
    }

    fn values(
        &self,
        type_: &Type,
        values: &[EnumValue],
        open: bool,
    ) -> (TokenStream, expand::Shape) {
        let (name, wire) = (code::ident(&type_.name), &self.wire);
        let defined = values.iter().map(|value| {
            let ident = code::ident(&value.name);
            let docs = code::docs(&value.doc, &format!("`{}`.", value.value));
            quote!(#docs #ident,)
        });
        let other = open.then(|| {
            quote! {
                /// Any other word.
                Other(#wire::Text),
            }
        });
        let copy = (!open).then(|| quote!(Copy,));
        let definition = quote! {
            #[derive(Clone, #copy Debug, PartialEq, Eq, Hash)]
            pub enum #name { #(#defined)* #other }
        };
        let words = expand::TextEnum {
            values: values
                .iter()
                .map(|value| (code::ident(&value.name), value.value.clone()))
                .collect(),
            other: open.then(|| code::ident("Other")),
        };
        (definition, expand::Shape::TextEnum(words))
    }

    /// A field as the expansion knows it.
    fn field(&self, field: &Field) -> expand::Field {
        expand::Field {
            member: syn::Member::Named(code::ident(&field.name)),
            declared: self.declared(field),
            ty: self.inner(field),
            occurs: match field.multiplicity {
                _ if single(&field.kind) => expand::Occurs::Once,
                Multiplicity::Required => expand::Occurs::Once,
                Multiplicity::Optional => expand::Occurs::Optional,
                Multiplicity::Many => expand::Occurs::Many,
            },
            kind: self.kind(field),
            absent: expand::Absent::Missing,
        }
    }

    /// The kind of a field as the expansion knows it.
    fn kind(&self, field: &Field) -> expand::FieldKind {
        let follows = self.schema.version.is_some();
        let literal = |namespace: &str| {
            let own = follows && namespace == self.schema.namespace;
            (!own).then(|| expand::Namespace::Literal(namespace.to_owned()))
        };
        match &field.kind {
            FieldKind::Attribute { name, namespace } => {
                expand::FieldKind::Attribute(expand::Attribute {
                    name: name.clone(),
                    namespace: namespace
                        .as_deref()
                        .filter(|_| !name.starts_with("xml:"))
                        .and_then(literal),
                    codec: None,
                })
            }
            FieldKind::Text => expand::FieldKind::Text(expand::TextContent { codec: None }),
            FieldKind::Child(element) if self.has_versions(field, element) => {
                expand::FieldKind::Child(expand::Child::Payload)
            }
            FieldKind::Child(element) => expand::FieldKind::Child(expand::Child::Named {
                name: element.name.clone(),
                namespace: literal(&element.namespace),
            }),
            FieldKind::ChildText(element) => expand::FieldKind::ChildText(expand::ChildText {
                name: element.name.clone(),
                namespace: literal(&element.namespace),
                codec: None,
            }),
            FieldKind::Wrapped {
                wrapper,
                element,
                many,
            } => expand::FieldKind::Wrapped(Box::new(expand::Wrapped {
                name: wrapper.name.clone(),
                namespace: literal(&wrapper.namespace),
                child: element.name.clone(),
                child_namespace: literal(&element.namespace),
                list_of: match &field.type_ {
                    FieldType::Value(value) if *many => Some(self.value(value)),
                    _ => None,
                },
            })),
            FieldKind::Flag(element) => expand::FieldKind::Flag(expand::Flag {
                name: element.name.clone(),
                namespace: literal(&element.namespace),
            }),
            FieldKind::Choice if follows => expand::FieldKind::Child(expand::Child::Following),
            FieldKind::Choice => expand::FieldKind::Child(expand::Child::Payload),
            FieldKind::Version => expand::FieldKind::Version(expand::Version),
            FieldKind::Any => expand::FieldKind::Any(expand::Any),
            FieldKind::Extra => expand::FieldKind::Extra(expand::Extra),
        }
    }

    /// Whether a child belongs to another schema, which has several namespaces.
    fn has_versions(&self, field: &Field, element: &ElementName) -> bool {
        let FieldType::Type(type_) = &field.type_ else {
            return false;
        };
        let held = self.model.type_(type_);
        element.namespace != self.schema.namespace
            && held.is_some_and(|held| held.version().is_some())
    }

    /// The type that tells the namespaces of the schema apart.
    fn version(&self) -> TokenStream {
        let Some(name) = &self.schema.version else {
            return TokenStream::new();
        };
        let (wire, name) = (&self.wire, code::ident(name));
        let all: Vec<(Ident, &str)> = versions(self.schema)
            .map(|(name, namespace)| (code::ident(&name), namespace))
            .collect();
        let Some((_, newest)) = all.first() else {
            return TokenStream::new();
        };
        let defined = all.iter().enumerate().map(|(at, (variant, namespace))| {
            let docs = code::docs("", &format!("`{namespace}`."));
            let default = (at == 0).then(|| quote!(#[default]));
            quote!(#docs #default #variant,)
        });
        let (variants, namespaces): (Vec<_>, Vec<_>) = all.iter().cloned().unzip();
        quote! {
            /// The namespaces that these elements may be in.
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
            pub enum #name { #(#defined)* }

            impl #wire::Version for #name {
                const NEWEST: &'static str = #newest;
                const NAMESPACES: &'static [&'static str] = &[#(#namespaces),*];

                fn of(namespace: &str) -> ::core::option::Option<Self> {
                    match namespace {
                        #(#namespaces => ::core::option::Option::Some(Self::#variants),)*
                        _ => ::core::option::Option::None,
                    }
                }

                fn namespace(self) -> &'static str {
                    match self { #(Self::#variants => #namespaces,)* }
                }
            }
        }
    }

    /// The type of a field as it is declared.
    fn declared(&self, field: &Field) -> RustType {
        let inner = self.inner(field);
        match field.multiplicity {
            _ if single(&field.kind) => inner,
            Multiplicity::Required => inner,
            Multiplicity::Optional => parse_quote!(::core::option::Option<#inner>),
            Multiplicity::Many if matches!(field.type_, FieldType::Value(_)) => {
                let wire = &self.wire;
                parse_quote!(#wire::List<#inner>)
            }
            Multiplicity::Many => parse_quote!(::std::vec::Vec<#inner>),
        }
    }

    /// The type of a field without the `Option` or list that says how often it is there.
    fn inner(&self, field: &Field) -> RustType {
        let wire = &self.wire;
        let inner: RustType = match &field.type_ {
            FieldType::Value(value) if holds_list(&field.kind) => {
                let value = self.value(value);
                parse_quote!(#wire::List<#value>)
            }
            FieldType::Value(value) => self.value(value),
            FieldType::Type(type_) => {
                let path = self.path(type_);
                parse_quote!(#path)
            }
            FieldType::Flag => parse_quote!(bool),
            FieldType::Version(type_) => {
                let path = self.path(type_);
                parse_quote!(#path)
            }
            FieldType::Any => parse_quote!(#wire::AnyElement),
            FieldType::Extra => parse_quote!(#wire::Extra),
        };
        if field.boxed {
            parse_quote!(::std::boxed::Box<#inner>)
        } else {
            inner
        }
    }

    fn value(&self, value: &ValueType) -> RustType {
        match value {
            ValueType::Enum(type_) => {
                let path = self.path(type_);
                parse_quote!(#path)
            }
            plain => self::value(&self.wire, plain),
        }
    }

    fn path(&self, type_: &TypeRef) -> syn::Path {
        let same = type_.module == self.schema.module
            && self
                .model
                .spec(&type_.spec)
                .is_some_and(|spec| spec.schemas.iter().any(|s| std::ptr::eq(s, self.schema)));
        if same {
            code::path(&type_.name)
        } else {
            code::type_path(self.model, type_, self.from)
        }
    }

    fn field_docs(&self, field: &Field) -> TokenStream {
        let otherwise = match &field.kind {
            FieldKind::Attribute { name, .. } => format!("The attribute `{name}`."),
            FieldKind::Text => "The text.".to_owned(),
            FieldKind::Child(element) => format!("`<{}/>`.", element.name),
            FieldKind::ChildText(element) => format!("The text of `<{}/>`.", element.name),
            FieldKind::Wrapped {
                wrapper, element, ..
            } => format!(
                "The text of `<{}/>` in `<{}/>`.",
                element.name, wrapper.name
            ),
            FieldKind::Flag(element) => format!("Whether `<{}/>` is there.", element.name),
            FieldKind::Choice => "One of several elements.".to_owned(),
            FieldKind::Version => "Which of its namespaces it is in.".to_owned(),
            FieldKind::Any => "Elements the schema leaves open.".to_owned(),
            FieldKind::Extra => "Attributes and elements the schema does not know.".to_owned(),
        };
        let mut doc = if field.doc.trim().is_empty() {
            otherwise
        } else {
            field.doc.trim().to_owned()
        };
        if let Some(default) = &field.default {
            doc.push_str(&format!(" Absent means `{default}`."));
        }
        if let Some(fixed) = &field.fixed {
            doc.push_str(&format!(" Always `{fixed}`."));
        }
        code::docs(&doc, "")
    }
}

/// Whether a type has a sensible default: nothing it must have lacks one.
pub(super) fn has_default(model: &Model, type_: &Type, depth: usize) -> bool {
    let Shape::Struct(fields) = &type_.shape else {
        return false;
    };
    depth < 8
        && fields
            .iter()
            .filter(|field| is_required(field) && !holds_list(&field.kind))
            .all(|field| match &field.type_ {
                FieldType::Value(value) => !matches!(
                    value,
                    ValueType::Jid
                        | ValueType::BareJid
                        | ValueType::FullJid
                        | ValueType::DateTime
                        | ValueType::Date
                        | ValueType::Time
                        | ValueType::Enum(_)
                ),
                FieldType::Type(reference) => model
                    .type_(reference)
                    .is_some_and(|held| has_default(model, held, depth + 1)),
                _ => false,
            })
}

/// The type of a value that is read from text. An enumeration has a type of its own, which is not known here.
pub(super) fn value(wire: &syn::Path, value: &ValueType) -> RustType {
    match value {
        ValueType::Text | ValueType::Language | ValueType::Enum(_) => parse_quote!(#wire::Text),
        ValueType::Hex => parse_quote!(#wire::Hex),
        ValueType::Decimal => parse_quote!(#wire::Decimal),
        ValueType::Jid => parse_quote!(#wire::Jid),
        ValueType::BareJid => parse_quote!(#wire::BareJid),
        ValueType::FullJid => parse_quote!(#wire::FullJid),
        ValueType::DateTime => parse_quote!(#wire::DateTime),
        ValueType::Date => parse_quote!(#wire::Date),
        ValueType::Time => parse_quote!(#wire::Time),
        ValueType::Base64 => parse_quote!(#wire::Base64),
        ValueType::Boolean => parse_quote!(bool),
        ValueType::U8 => parse_quote!(u8),
        ValueType::U16 => parse_quote!(u16),
        ValueType::U32 => parse_quote!(u32),
        ValueType::U64 => parse_quote!(u64),
        ValueType::I8 => parse_quote!(i8),
        ValueType::I16 => parse_quote!(i16),
        ValueType::I32 => parse_quote!(i32),
        ValueType::I64 => parse_quote!(i64),
        ValueType::F32 => parse_quote!(f32),
        ValueType::F64 => parse_quote!(f64),
    }
}

/// The namespaces of a schema that has several, the newest first, with a name in Rust for each: `V2` for one
/// that ends in `:2`.
pub(super) fn versions(schema: &Schema) -> impl Iterator<Item = (String, &str)> {
    let mut taken = BTreeSet::new();
    let all = std::iter::once(&schema.namespace).chain(&schema.older);
    all.map(move |namespace| {
        let last = namespace
            .rsplit([':', '/', '#'])
            .find(|part| !part.is_empty())
            .unwrap_or("version");
        let name = match last.parse::<u32>() {
            Ok(number) => format!("V{number}"),
            Err(_) => names::variant_name(last),
        };
        (names::free(&mut taken, &[name]), namespace.as_str())
    })
}

/// Whether the field has no `Option` or `Vec` of its own.
fn single(kind: &FieldKind) -> bool {
    matches!(
        kind,
        FieldKind::Flag(_) | FieldKind::Extra | FieldKind::Version
    )
}

/// Whether the field holds a list however often it is there.
fn holds_list(kind: &FieldKind) -> bool {
    matches!(kind, FieldKind::Wrapped { many: true, .. })
}

/// Whether a value must be given.
fn is_required(field: &Field) -> bool {
    field.multiplicity == Multiplicity::Required && !single(&field.kind)
}
