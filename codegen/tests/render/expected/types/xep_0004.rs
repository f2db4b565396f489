// Generated from specs/xep-0004 by sestina-codegen. Do not edit.

/// What this specification says of itself.
pub const SPEC: ::sestina_wire::dispatch::SpecInfo = ::sestina_wire::dispatch::SpecInfo {
    id: "xep-0004",
    number: "XEP-0004",
    title: "Data Forms",
    version: "2.13.2",
    status: "Final",
    summary: "Forms to be filled in, and tables of results, with fields that carry their type.",
    depends: &[],
    features: &[],
    identities: &[],
};
/// The namespace of these elements.
pub const NS: &str = "jabber:x:data";
/// A form: one to fill in, one that is filled in, one called off, or results.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// What the form is.
    pub type_: FormType,
    /// The text of `<title/>`.
    pub title: ::core::option::Option<::sestina_wire::Text>,
    /// The text of `<instructions/>`.
    pub instructions: ::sestina_wire::List<::sestina_wire::Text>,
    /// One field: what is asked, and the values that are proposed or given.
    pub fields: ::std::vec::Vec<Field>,
    /// The columns of a table of results.
    pub reported: ::core::option::Option<Reported>,
    /// One row of a table of results.
    pub items: ::std::vec::Vec<Item>,
    /// Elements the schema leaves open.
    pub any: ::std::vec::Vec<::sestina_wire::AnyElement>,
    /// What was there and is not declared.
    pub extra: ::sestina_wire::Extra,
}
impl Form {
    /// With what must be there, and nothing else.
    #[must_use]
    pub fn new(type_: FormType) -> Self {
        Self {
            type_,
            title: ::core::default::Default::default(),
            instructions: ::core::default::Default::default(),
            fields: ::core::default::Default::default(),
            reported: ::core::default::Default::default(),
            items: ::core::default::Default::default(),
            any: ::core::default::Default::default(),
            extra: ::core::default::Default::default(),
        }
    }
}
#[automatically_derived]
#[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
impl ::sestina_wire::Content for Form {
    fn decode(
        el: ::sestina_wire::ElementRef<'_>,
    ) -> ::core::result::Result<Self, ::sestina_wire::DecodeError> {
        let mut f0 = ::core::option::Option::<FormType>::None;
        let mut f1 = ::core::option::Option::<::sestina_wire::Text>::None;
        let mut f2 = <::sestina_wire::List<
            ::sestina_wire::Text,
        > as ::core::default::Default>::default();
        let mut f3 = <::std::vec::Vec<Field> as ::core::default::Default>::default();
        let mut f4 = ::core::option::Option::<Reported>::None;
        let mut f5 = <::std::vec::Vec<Item> as ::core::default::Default>::default();
        let mut f6 = <::std::vec::Vec<
            ::sestina_wire::AnyElement,
        > as ::core::default::Default>::default();
        let mut f7 = ::sestina_wire::Extra::default();
        let mut order = ::sestina_wire::derive::Order::default();
        for attr in el.attrs() {
            match attr.key() {
                ::core::option::Option::Some("type") => {
                    f0 = ::core::option::Option::Some(attr.decode::<FormType>()?);
                }
                _ => f7.push_attr(attr),
            }
        }
        for child in el.children() {
            let field = match child.name() {
                "title" if f1.is_none() && child.ns() == "jabber:x:data" => {
                    f1 = ::core::option::Option::Some(
                        order.text::<::sestina_wire::Text>(child)?,
                    );
                    1u16
                }
                "instructions" if child.ns() == "jabber:x:data" => {
                    f2.push(order.text::<::sestina_wire::Text>(child)?);
                    2u16
                }
                "field" if child.ns() == "jabber:x:data" => {
                    f3.push(<Field as ::sestina_wire::Content>::decode(child)?);
                    3u16
                }
                "reported" if f4.is_none() && child.ns() == "jabber:x:data" => {
                    f4 = ::core::option::Option::Some(
                        <Reported as ::sestina_wire::Content>::decode(child)?,
                    );
                    4u16
                }
                "item" if child.ns() == "jabber:x:data" => {
                    f5.push(<Item as ::sestina_wire::Content>::decode(child)?);
                    5u16
                }
                "title" if child.ns() == "jabber:x:data" => {
                    f7.push_element(child);
                    65535u16
                }
                "reported" if child.ns() == "jabber:x:data" => {
                    f7.push_element(child);
                    65535u16
                }
                _ => {
                    f6.push(child.to_any());
                    6u16
                }
            };
            order.see(field);
        }
        let typed = false;
        order.finish(&mut f7, el, typed);
        ::core::result::Result::Ok(Self {
            type_: ::sestina_wire::derive::need_attribute(f0, el, "type")?,
            title: f1,
            instructions: f2,
            fields: f3,
            reported: f4,
            items: f5,
            any: f6,
            extra: f7,
        })
    }
    fn encode(&self, w: &mut ::sestina_wire::Writer<'_>, name: &str, ns: &str) {
        w.start(name, ns);
        w.attr("type", &self.type_);
        self.extra.write_attributes(w);
        let content = w.position();
        if let ::core::option::Option::Some(value) = &self.title {
            w.text_element("title", "jabber:x:data", value);
        }
        for value in self.instructions.iter() {
            w.text_element("instructions", "jabber:x:data", value);
        }
        for value in self.fields.iter() {
            ::sestina_wire::Content::encode(value, w, "field", "jabber:x:data");
        }
        if let ::core::option::Option::Some(value) = &self.reported {
            ::sestina_wire::Content::encode(value, w, "reported", "jabber:x:data");
        }
        for value in self.items.iter() {
            ::sestina_wire::Content::encode(value, w, "item", "jabber:x:data");
        }
        for value in self.any.iter() {
            w.any(value);
        }
        self.extra.write_children(w, content);
        w.end(name);
    }
}
#[automatically_derived]
impl ::sestina_wire::Payload for Form {
    const NAME: &'static str = "x";
    const NS: &'static str = "jabber:x:data";
}
/// One of several words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FormType {
    /// `cancel`.
    Cancel,
    /// `form`.
    Form,
    /// `result`.
    Result,
    /// `submit`.
    Submit,
}
impl FormType {
    /// The word as it stands in the XML.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Cancel => "cancel",
            Self::Form => "form",
            Self::Result => "result",
            Self::Submit => "submit",
        }
    }
}
#[automatically_derived]
impl ::sestina_wire::FromText for FormType {
    const VERBATIM: bool = true;
    fn from_text(
        text: ::sestina_wire::Text,
    ) -> ::core::result::Result<Self, ::sestina_wire::ValueError> {
        ::core::result::Result::Ok(
            match &*text {
                "cancel" => Self::Cancel,
                "form" => Self::Form,
                "result" => Self::Result,
                "submit" => Self::Submit,
                _ => {
                    return ::core::result::Result::Err(
                        ::sestina_wire::derive::unknown_word(
                            &["cancel", "form", "result", "submit"],
                        ),
                    );
                }
            },
        )
    }
}
#[automatically_derived]
impl ::sestina_wire::ToText for FormType {
    fn to_text(&self, out: &mut ::sestina_wire::TextWriter<'_>) {
        ::sestina_wire::ToText::to_text(self.as_str(), out);
    }
}
/// One field: what is asked, and the values that are proposed or given.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Field {
    /// The attribute `label`.
    pub label: ::core::option::Option<::sestina_wire::Text>,
    /// How it is filled in; a text in one line where nothing is said.
    pub type_: ::core::option::Option<FieldType>,
    /// The attribute `var`.
    pub var: ::core::option::Option<::sestina_wire::Text>,
    /// Elements the schema leaves open.
    pub any: ::std::vec::Vec<::sestina_wire::AnyElement>,
    /// Whether `<required/>` is there.
    pub required: bool,
    /// The text of `<value/>`.
    pub values: ::sestina_wire::List<::sestina_wire::Text>,
    /// One of the values to choose from.
    pub options: ::std::vec::Vec<OptionElement>,
    /// The text of `<desc/>`.
    pub desc: ::core::option::Option<::sestina_wire::Text>,
    /// What was there and is not declared.
    pub extra: ::sestina_wire::Extra,
}
#[automatically_derived]
#[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
impl ::sestina_wire::Content for Field {
    fn decode(
        el: ::sestina_wire::ElementRef<'_>,
    ) -> ::core::result::Result<Self, ::sestina_wire::DecodeError> {
        let mut f0 = ::core::option::Option::<::sestina_wire::Text>::None;
        let mut f1 = ::core::option::Option::<FieldType>::None;
        let mut f2 = ::core::option::Option::<::sestina_wire::Text>::None;
        let mut f3 = <::std::vec::Vec<
            ::sestina_wire::AnyElement,
        > as ::core::default::Default>::default();
        let mut f4 = false;
        let mut f5 = <::sestina_wire::List<
            ::sestina_wire::Text,
        > as ::core::default::Default>::default();
        let mut f6 = <::std::vec::Vec<
            OptionElement,
        > as ::core::default::Default>::default();
        let mut f7 = ::core::option::Option::<::sestina_wire::Text>::None;
        let mut f8 = ::sestina_wire::Extra::default();
        let mut order = ::sestina_wire::derive::Order::default();
        for attr in el.attrs() {
            match attr.key() {
                ::core::option::Option::Some("label") => {
                    f0 = ::core::option::Option::Some(
                        attr.decode::<::sestina_wire::Text>()?,
                    );
                }
                ::core::option::Option::Some("type") => {
                    f1 = ::core::option::Option::Some(attr.decode::<FieldType>()?);
                }
                ::core::option::Option::Some("var") => {
                    f2 = ::core::option::Option::Some(
                        attr.decode::<::sestina_wire::Text>()?,
                    );
                }
                _ => f8.push_attr(attr),
            }
        }
        for child in el.children() {
            let field = match child.name() {
                "required" if !f4 && child.ns() == "jabber:x:data" => {
                    f4 = order.flag(child);
                    4u16
                }
                "value" if child.ns() == "jabber:x:data" => {
                    f5.push(order.text::<::sestina_wire::Text>(child)?);
                    5u16
                }
                "option" if child.ns() == "jabber:x:data" => {
                    f6.push(<OptionElement as ::sestina_wire::Content>::decode(child)?);
                    6u16
                }
                "desc" if f7.is_none() && child.ns() == "jabber:x:data" => {
                    f7 = ::core::option::Option::Some(
                        order.text::<::sestina_wire::Text>(child)?,
                    );
                    7u16
                }
                "required" if child.ns() == "jabber:x:data" => {
                    f8.push_element(child);
                    65535u16
                }
                "desc" if child.ns() == "jabber:x:data" => {
                    f8.push_element(child);
                    65535u16
                }
                _ => {
                    f3.push(child.to_any());
                    3u16
                }
            };
            order.see(field);
        }
        let typed = false;
        order.finish(&mut f8, el, typed);
        ::core::result::Result::Ok(Self {
            label: f0,
            type_: f1,
            var: f2,
            any: f3,
            required: f4,
            values: f5,
            options: f6,
            desc: f7,
            extra: f8,
        })
    }
    fn encode(&self, w: &mut ::sestina_wire::Writer<'_>, name: &str, ns: &str) {
        w.start(name, ns);
        if let ::core::option::Option::Some(value) = &self.label {
            w.attr("label", value);
        }
        if let ::core::option::Option::Some(value) = &self.type_ {
            w.attr("type", value);
        }
        if let ::core::option::Option::Some(value) = &self.var {
            w.attr("var", value);
        }
        self.extra.write_attributes(w);
        let content = w.position();
        for value in self.any.iter() {
            w.any(value);
        }
        if self.required {
            w.empty_element("required", "jabber:x:data");
        }
        for value in self.values.iter() {
            w.text_element("value", "jabber:x:data", value);
        }
        for value in self.options.iter() {
            ::sestina_wire::Content::encode(value, w, "option", "jabber:x:data");
        }
        if let ::core::option::Option::Some(value) = &self.desc {
            w.text_element("desc", "jabber:x:data", value);
        }
        self.extra.write_children(w, content);
        w.end(name);
    }
}
#[automatically_derived]
impl ::sestina_wire::Payload for Field {
    const NAME: &'static str = "field";
    const NS: &'static str = "jabber:x:data";
}
/// One of several words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FieldType {
    /// `boolean`.
    Boolean,
    /// `fixed`.
    Fixed,
    /// `hidden`.
    Hidden,
    /// `jid-multi`.
    JidMulti,
    /// `jid-single`.
    JidSingle,
    /// `list-multi`.
    ListMulti,
    /// `list-single`.
    ListSingle,
    /// `text-multi`.
    TextMulti,
    /// `text-private`.
    TextPrivate,
    /// `text-single`.
    TextSingle,
    /// Any other word.
    Other(::sestina_wire::Text),
}
impl FieldType {
    /// The word as it stands in the XML.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Boolean => "boolean",
            Self::Fixed => "fixed",
            Self::Hidden => "hidden",
            Self::JidMulti => "jid-multi",
            Self::JidSingle => "jid-single",
            Self::ListMulti => "list-multi",
            Self::ListSingle => "list-single",
            Self::TextMulti => "text-multi",
            Self::TextPrivate => "text-private",
            Self::TextSingle => "text-single",
            Self::Other(text) => text,
        }
    }
}
#[automatically_derived]
impl ::sestina_wire::FromText for FieldType {
    const VERBATIM: bool = true;
    fn from_text(
        text: ::sestina_wire::Text,
    ) -> ::core::result::Result<Self, ::sestina_wire::ValueError> {
        ::core::result::Result::Ok(
            match &*text {
                "boolean" => Self::Boolean,
                "fixed" => Self::Fixed,
                "hidden" => Self::Hidden,
                "jid-multi" => Self::JidMulti,
                "jid-single" => Self::JidSingle,
                "list-multi" => Self::ListMulti,
                "list-single" => Self::ListSingle,
                "text-multi" => Self::TextMulti,
                "text-private" => Self::TextPrivate,
                "text-single" => Self::TextSingle,
                _ => Self::Other(text),
            },
        )
    }
}
#[automatically_derived]
impl ::sestina_wire::ToText for FieldType {
    fn to_text(&self, out: &mut ::sestina_wire::TextWriter<'_>) {
        ::sestina_wire::ToText::to_text(self.as_str(), out);
    }
}
/// One of the values to choose from.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct OptionElement {
    /// The attribute `label`.
    pub label: ::core::option::Option<::sestina_wire::Text>,
    /// The text of `<value/>`.
    pub value: ::sestina_wire::Text,
    /// What was there and is not declared.
    pub extra: ::sestina_wire::Extra,
}
impl OptionElement {
    /// With what must be there, and nothing else.
    #[must_use]
    pub fn new(value: ::sestina_wire::Text) -> Self {
        Self {
            label: ::core::default::Default::default(),
            value,
            extra: ::core::default::Default::default(),
        }
    }
}
#[automatically_derived]
#[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
impl ::sestina_wire::Content for OptionElement {
    fn decode(
        el: ::sestina_wire::ElementRef<'_>,
    ) -> ::core::result::Result<Self, ::sestina_wire::DecodeError> {
        let mut f0 = ::core::option::Option::<::sestina_wire::Text>::None;
        let mut f1 = ::core::option::Option::<::sestina_wire::Text>::None;
        let mut f2 = ::sestina_wire::Extra::default();
        let mut order = ::sestina_wire::derive::Order::default();
        for attr in el.attrs() {
            match attr.key() {
                ::core::option::Option::Some("label") => {
                    f0 = ::core::option::Option::Some(
                        attr.decode::<::sestina_wire::Text>()?,
                    );
                }
                _ => f2.push_attr(attr),
            }
        }
        for child in el.children() {
            let field = match child.name() {
                "value" if f1.is_none() && child.ns() == "jabber:x:data" => {
                    f1 = ::core::option::Option::Some(
                        order.text::<::sestina_wire::Text>(child)?,
                    );
                    1u16
                }
                _ => {
                    f2.push_element(child);
                    65535u16
                }
            };
            order.see(field);
        }
        let typed = false;
        order.finish(&mut f2, el, typed);
        ::core::result::Result::Ok(Self {
            label: f0,
            value: ::sestina_wire::derive::need_child(f1, el, "value")?,
            extra: f2,
        })
    }
    fn encode(&self, w: &mut ::sestina_wire::Writer<'_>, name: &str, ns: &str) {
        w.start(name, ns);
        if let ::core::option::Option::Some(value) = &self.label {
            w.attr("label", value);
        }
        self.extra.write_attributes(w);
        let content = w.position();
        w.text_element("value", "jabber:x:data", &self.value);
        self.extra.write_children(w, content);
        w.end(name);
    }
}
#[automatically_derived]
impl ::sestina_wire::Payload for OptionElement {
    const NAME: &'static str = "option";
    const NS: &'static str = "jabber:x:data";
}
/// The columns of a table of results.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Reported {
    /// One field: what is asked, and the values that are proposed or given.
    pub fields: ::std::vec::Vec<Field>,
    /// What was there and is not declared.
    pub extra: ::sestina_wire::Extra,
}
impl ::core::iter::FromIterator<Field> for Reported {
    fn from_iter<I: ::core::iter::IntoIterator<Item = Field>>(items: I) -> Self {
        Self {
            fields: items.into_iter().collect(),
            extra: ::core::default::Default::default(),
        }
    }
}
#[automatically_derived]
#[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
impl ::sestina_wire::Content for Reported {
    fn decode(
        el: ::sestina_wire::ElementRef<'_>,
    ) -> ::core::result::Result<Self, ::sestina_wire::DecodeError> {
        let mut f0 = <::std::vec::Vec<Field> as ::core::default::Default>::default();
        let mut f1 = ::sestina_wire::Extra::default();
        let mut order = ::sestina_wire::derive::Order::default();
        ::sestina_wire::derive::keep_attributes(&mut f1, el);
        for child in el.children() {
            let field = match child.name() {
                "field" if child.ns() == "jabber:x:data" => {
                    f0.push(<Field as ::sestina_wire::Content>::decode(child)?);
                    0u16
                }
                _ => {
                    f1.push_element(child);
                    65535u16
                }
            };
            order.see(field);
        }
        let typed = false;
        order.finish(&mut f1, el, typed);
        ::core::result::Result::Ok(Self { fields: f0, extra: f1 })
    }
    fn encode(&self, w: &mut ::sestina_wire::Writer<'_>, name: &str, ns: &str) {
        w.start(name, ns);
        self.extra.write_attributes(w);
        let content = w.position();
        for value in self.fields.iter() {
            ::sestina_wire::Content::encode(value, w, "field", "jabber:x:data");
        }
        self.extra.write_children(w, content);
        w.end(name);
    }
}
#[automatically_derived]
impl ::sestina_wire::Payload for Reported {
    const NAME: &'static str = "reported";
    const NS: &'static str = "jabber:x:data";
}
/// One row of a table of results.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Item {
    /// One field: what is asked, and the values that are proposed or given.
    pub fields: ::std::vec::Vec<Field>,
    /// What was there and is not declared.
    pub extra: ::sestina_wire::Extra,
}
impl ::core::iter::FromIterator<Field> for Item {
    fn from_iter<I: ::core::iter::IntoIterator<Item = Field>>(items: I) -> Self {
        Self {
            fields: items.into_iter().collect(),
            extra: ::core::default::Default::default(),
        }
    }
}
#[automatically_derived]
#[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
impl ::sestina_wire::Content for Item {
    fn decode(
        el: ::sestina_wire::ElementRef<'_>,
    ) -> ::core::result::Result<Self, ::sestina_wire::DecodeError> {
        let mut f0 = <::std::vec::Vec<Field> as ::core::default::Default>::default();
        let mut f1 = ::sestina_wire::Extra::default();
        let mut order = ::sestina_wire::derive::Order::default();
        ::sestina_wire::derive::keep_attributes(&mut f1, el);
        for child in el.children() {
            let field = match child.name() {
                "field" if child.ns() == "jabber:x:data" => {
                    f0.push(<Field as ::sestina_wire::Content>::decode(child)?);
                    0u16
                }
                _ => {
                    f1.push_element(child);
                    65535u16
                }
            };
            order.see(field);
        }
        let typed = false;
        order.finish(&mut f1, el, typed);
        ::core::result::Result::Ok(Self { fields: f0, extra: f1 })
    }
    fn encode(&self, w: &mut ::sestina_wire::Writer<'_>, name: &str, ns: &str) {
        w.start(name, ns);
        self.extra.write_attributes(w);
        let content = w.position();
        for value in self.fields.iter() {
            ::sestina_wire::Content::encode(value, w, "field", "jabber:x:data");
        }
        self.extra.write_children(w, content);
        w.end(name);
    }
}
#[automatically_derived]
impl ::sestina_wire::Payload for Item {
    const NAME: &'static str = "item";
    const NS: &'static str = "jabber:x:data";
}
impl ::sestina_wire::dispatch::Extensible for Form {
    fn unknown(
        &self,
    ) -> impl ::core::iter::Iterator<Item = &::sestina_wire::AnyElement> {
        self.any.iter().chain(self.extra.children())
    }
    fn add(&mut self, child: ::sestina_wire::AnyElement) {
        self.any.push(child)
    }
}
impl ::sestina_wire::dispatch::Extensible for Field {
    fn unknown(
        &self,
    ) -> impl ::core::iter::Iterator<Item = &::sestina_wire::AnyElement> {
        self.any.iter().chain(self.extra.children())
    }
    fn add(&mut self, child: ::sestina_wire::AnyElement) {
        self.any.push(child)
    }
}
impl ::sestina_wire::dispatch::Extensible for OptionElement {
    fn unknown(
        &self,
    ) -> impl ::core::iter::Iterator<Item = &::sestina_wire::AnyElement> {
        self.extra.children().iter()
    }
    fn add(&mut self, child: ::sestina_wire::AnyElement) {
        self.extra.push_child(child)
    }
}
impl ::sestina_wire::dispatch::Extensible for Reported {
    fn unknown(
        &self,
    ) -> impl ::core::iter::Iterator<Item = &::sestina_wire::AnyElement> {
        self.extra.children().iter()
    }
    fn add(&mut self, child: ::sestina_wire::AnyElement) {
        self.extra.push_child(child)
    }
}
impl ::sestina_wire::dispatch::Extensible for Item {
    fn unknown(
        &self,
    ) -> impl ::core::iter::Iterator<Item = &::sestina_wire::AnyElement> {
        self.extra.children().iter()
    }
    fn add(&mut self, child: ::sestina_wire::AnyElement) {
        self.extra.push_child(child)
    }
}
