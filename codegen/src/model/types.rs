//! Types: what the schemas declare, with the refinements applied.

use super::Place;

/// One schema file and the types it declares.
#[derive(Debug, Clone)]
pub struct Schema {
    /// The submodule of the spec's module that holds the types; `None` where a spec has one schema and its
    /// types stand in the spec's module itself.
    pub module: Option<String>,
    /// The file's name without extension, as `schema:element` references write it.
    pub stem: String,
    /// The target namespace, as text.
    pub namespace: String,
    /// Older namespaces whose elements have the same types, the newest first.
    pub older: Vec<String>,
    /// The name of the type that tells them apart, where there are any.
    pub version: Option<String>,
    /// The schema's documentation; may be empty.
    pub doc: String,
    /// The types, each with a name unique among them, in the order of the file.
    pub types: Vec<Type>,
    /// What the schema forbids, as the text that `sestina_wire::strict::Rules::add` reads.
    pub rules: String,
    /// The `xs:schema` element.
    pub place: Place,
}

/// A generated Rust type.
#[derive(Debug, Clone)]
pub struct Type {
    /// The Rust name (`Query`), unique in its module.
    pub name: String,
    /// Documentation; may be empty.
    pub doc: String,
    /// The element this type is, if it is always the same one: then the type is a payload. `None` for a
    /// content type (used by elements of several names), a choice or an enumeration.
    pub element: Option<ElementName>,
    /// Whether the element is declared at the top of its schema, so that it can travel by itself.
    pub global: bool,
    /// Nobody vouches for its schema: what does not fit it is kept as unknown instead of being an error.
    pub loose: bool,
    /// What it is made of.
    pub shape: Shape,
    /// Where it is declared.
    pub place: Place,
}

impl Type {
    /// Whether some field refers back to this type, directly or through others, is not recorded here: the
    /// field that closes the circle is [`Field::boxed`].
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        match &self.shape {
            Shape::Struct(fields) => fields,
            _ => &[],
        }
    }

    /// The field that says which of several namespaces the element is in.
    #[must_use]
    pub fn version(&self) -> Option<&Field> {
        let mut fields = self.fields().iter();
        fields.find(|field| field.kind == FieldKind::Version)
    }
}

/// An element's name and namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ElementName {
    /// Local name.
    pub name: String,
    /// Namespace, as text.
    pub namespace: String,
}

/// The form of a type.
#[derive(Debug, Clone)]
pub enum Shape {
    /// A struct. The last field is always the one of kind [`FieldKind::Extra`].
    Struct(Vec<Field>),
    /// One of several elements.
    Choice(Vec<Variant>),
    /// One of several text values.
    Values {
        /// The known values.
        values: Vec<EnumValue>,
        /// Whether there is an `Other(Text)` arm for values nobody declared.
        open: bool,
    },
}

/// One arm of a [`Shape::Choice`].
#[derive(Debug, Clone)]
pub struct Variant {
    /// Rust name of the arm.
    pub name: String,
    /// The element that selects it.
    pub element: ElementName,
    /// The payload the arm holds; `None` for an empty element (a unit arm).
    pub type_: Option<TypeRef>,
    /// Documentation; may be empty.
    pub doc: String,
    /// Where it is declared.
    pub place: Place,
}

/// One arm of a [`Shape::Values`].
#[derive(Debug, Clone)]
pub struct EnumValue {
    /// Rust name of the arm.
    pub name: String,
    /// The text it stands for.
    pub value: String,
    /// Documentation; may be empty.
    pub doc: String,
    /// Where it is declared.
    pub place: Place,
}

/// A struct's field.
#[derive(Debug, Clone)]
pub struct Field {
    /// Rust name, legal as it stands (`type_` for `type`), unique in its struct.
    pub name: String,
    /// Where the field's value stands in the XML.
    pub kind: FieldKind,
    /// Whether the schema requires it. Where nobody vouches for the schema it is `Optional` all the same.
    pub required: bool,
    /// How often it may be there. `Required` for text of type [`ValueType::Text`] means that it may be empty.
    pub multiplicity: Multiplicity,
    /// What it holds.
    pub type_: FieldType,
    /// The field closes a circle of types and needs a `Box` (never with `Many`).
    pub boxed: bool,
    /// The value the schema gives it when it is absent. It is not written out when absent.
    pub default: Option<String>,
    /// The one value the schema allows.
    pub fixed: Option<String>,
    /// Documentation; may be empty.
    pub doc: String,
    /// Where it is declared.
    pub place: Place,
}

/// Where a field's value stands in the XML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldKind {
    /// An attribute.
    Attribute {
        /// Name as written, `xml:lang` included.
        name: String,
        /// Its namespace, for the few that have one (`http://www.w3.org/XML/1998/namespace` for `xml:lang`).
        namespace: Option<String>,
    },
    /// The element's own text.
    Text,
    /// A child element with structure; the field's type is a [`FieldType::Type`].
    Child(ElementName),
    /// A child element that holds only text; the field's type is a [`FieldType::Value`].
    ChildText(ElementName),
    /// A child element that holds nothing but others with text alone, taken in; the field's type is a
    /// [`FieldType::Value`], or where `many` a list of them.
    Wrapped {
        /// The child.
        wrapper: ElementName,
        /// What is in it.
        element: ElementName,
        /// Whether there may be any number of them.
        many: bool,
    },
    /// An empty child element that is there or not; the field is a `bool`.
    Flag(ElementName),
    /// Which of its namespaces the element is in.
    Version,
    /// One of several child elements; the field's type is a [`FieldType::Type`] of shape [`Shape::Choice`].
    Choice,
    /// Children that the schema leaves open, kept verbatim: `Vec<AnyElement>` (always `Many`).
    Any,
    /// Unknown attributes and children: `Extra`.
    Extra,
}

/// How often a field's value may be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Multiplicity {
    /// Exactly once: `T`.
    Required,
    /// At most once: `Option<T>`.
    Optional,
    /// Any number: `Vec<T>`, or of values read from text a `List<T>`, which holds one without an allocation.
    Many,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldType {
    /// A value read from text.
    Value(ValueType),
    /// A generated struct or choice.
    Type(TypeRef),
    /// `bool`, for a [`FieldKind::Flag`].
    Flag,
    /// The schema's [`Schema::version`], for a [`FieldKind::Version`].
    Version(TypeRef),
    /// `AnyElement`, for a [`FieldKind::Any`].
    Any,
    /// `Extra`, for a [`FieldKind::Extra`].
    Extra,
}

/// A value read from text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the type its name says")]
pub enum ValueType {
    Text,
    Jid,
    BareJid,
    FullJid,
    DateTime,
    Date,
    Time,
    Base64,
    /// Bytes in hexadecimal digits.
    Hex,
    Boolean,
    U8,
    U16,
    U32,
    U64,
    I8,
    I16,
    I32,
    I64,
    F32,
    F64,
    /// `xs:decimal`, kept as text so that nothing is lost.
    Decimal,
    /// A language tag, kept as text.
    Language,
    /// A generated type of shape [`Shape::Values`].
    Enum(TypeRef),
}

/// A generated type, from anywhere.
///
/// Its path is `<crate>::<spec module>[::<module>]::<name>`, where the crate is the one that is being
/// generated or the spec's [`crate_path`](super::Spec::crate_path).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeRef {
    /// Id of the spec (`rfc-6121`).
    pub spec: String,
    /// Rust module of the spec (`rfc_6121`).
    pub spec_module: String,
    /// Submodule, as [`Schema::module`].
    pub module: Option<String>,
    /// The type's Rust name.
    pub name: String,
}
