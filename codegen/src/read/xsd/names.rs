//! What XML Schema itself defines: its elements and its built-in types.

/// Elements of a schema that mean something to us.
pub(crate) const ELEMENTS: &[&str] = &[
    "schema",
    "element",
    "complexType",
    "simpleType",
    "group",
    "attributeGroup",
    "attribute",
    "import",
    "include",
    "annotation",
    "documentation",
    "appinfo",
    "sequence",
    "choice",
    "all",
    "any",
    "anyAttribute",
    "simpleContent",
    "complexContent",
    "extension",
    "restriction",
    "list",
    "union",
    "enumeration",
    "pattern",
    "length",
    "minLength",
    "maxLength",
    "minInclusive",
    "maxInclusive",
    "minExclusive",
    "maxExclusive",
    "totalDigits",
    "fractionDigits",
    "whiteSpace",
    "key",
    "keyref",
    "unique",
    "selector",
    "field",
    "notation",
    "redefine",
];

/// Attributes of a schema's elements.
pub(crate) const ATTRIBUTES: &[&str] = &[
    "name",
    "ref",
    "type",
    "base",
    "use",
    "default",
    "fixed",
    "form",
    "minOccurs",
    "maxOccurs",
    "mixed",
    "value",
    "namespace",
    "processContents",
    "schemaLocation",
    "targetNamespace",
    "elementFormDefault",
    "attributeFormDefault",
    "itemType",
    "memberTypes",
    "abstract",
    "nillable",
    "substitutionGroup",
    "block",
    "final",
    "blockDefault",
    "finalDefault",
    "id",
    "version",
    "source",
    "xpath",
    "refer",
    "public",
    "system",
];

/// The built-in types.
pub(crate) const TYPES: &[&str] = &[
    "anyType",
    "anySimpleType",
    "anyAtomicType",
    "anyURI",
    "base64Binary",
    "boolean",
    "byte",
    "date",
    "dateTime",
    "decimal",
    "double",
    "duration",
    "ENTITIES",
    "ENTITY",
    "float",
    "gDay",
    "gMonth",
    "gMonthDay",
    "gYear",
    "gYearMonth",
    "hexBinary",
    "ID",
    "IDREF",
    "IDREFS",
    "int",
    "integer",
    "language",
    "long",
    "Name",
    "NCName",
    "negativeInteger",
    "NMTOKEN",
    "NMTOKENS",
    "nonNegativeInteger",
    "nonPositiveInteger",
    "normalizedString",
    "NOTATION",
    "positiveInteger",
    "QName",
    "short",
    "string",
    "time",
    "token",
    "unsignedByte",
    "unsignedInt",
    "unsignedLong",
    "unsignedShort",
];

/// The global attributes of the namespace of XML.
pub(crate) const XML_ATTRIBUTES: &[&str] = &["lang", "base", "space", "id"];

/// Whether it is a content model.
pub(crate) fn is_model(name: &str) -> bool {
    matches!(name, "sequence" | "choice" | "all" | "group")
}

/// Whether it is a part of a content model.
pub(crate) fn is_particle(name: &str) -> bool {
    is_model(name) || matches!(name, "element" | "any")
}

/// Whether it declares attributes.
pub(crate) fn is_attribute(name: &str) -> bool {
    matches!(name, "attribute" | "attributeGroup" | "anyAttribute")
}
