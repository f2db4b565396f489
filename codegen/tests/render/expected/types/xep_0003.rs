// Generated from specs/xep-0003 by sestina-codegen. Do not edit.

/// What this specification says of itself.
pub const SPEC: ::sestina_wire::dispatch::SpecInfo = ::sestina_wire::dispatch::SpecInfo {
    id: "xep-0003",
    number: "XEP-0003",
    title: "Shelves",
    version: "",
    status: "",
    summary: "Uses what a specification can say of elements beyond where they travel.",
    depends: &["xep-0004"],
    features: &[],
    identities: &[],
};
/// The namespace of these elements.
pub const NS: &str = "urn:example:shelf";
/// The namespaces that these elements may be in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Version {
    /// `urn:example:shelf`.
    #[default]
    Shelf,
    /// `urn:example:shelf:old`.
    Old,
    /// `urn:example:shelf:0`.
    V0,
}
impl ::sestina_wire::Version for Version {
    const NEWEST: &'static str = "urn:example:shelf";
    const NAMESPACES: &'static [&'static str] = &[
        "urn:example:shelf",
        "urn:example:shelf:old",
        "urn:example:shelf:0",
    ];
    fn of(namespace: &str) -> ::core::option::Option<Self> {
        match namespace {
            "urn:example:shelf" => ::core::option::Option::Some(Self::Shelf),
            "urn:example:shelf:old" => ::core::option::Option::Some(Self::Old),
            "urn:example:shelf:0" => ::core::option::Option::Some(Self::V0),
            _ => ::core::option::Option::None,
        }
    }
    fn namespace(self) -> &'static str {
        match self {
            Self::Shelf => "urn:example:shelf",
            Self::Old => "urn:example:shelf:old",
            Self::V0 => "urn:example:shelf:0",
        }
    }
}
/// `<shelf xmlns='urn:example:shelf'/>`.
#[derive(Clone, Debug, PartialEq)]
pub struct Shelf {
    /// The text of `<jid/>` in `<readers/>`.
    pub readers: ::core::option::Option<::sestina_wire::List<::sestina_wire::BareJid>>,
    /// The text of `<jid/>` in `<owner/>`.
    pub owner: ::sestina_wire::Jid,
    /// The text of `<note/>`.
    pub notes: ::sestina_wire::List<::sestina_wire::Text>,
    /// Which of its namespaces it is in; inside another element it follows that one.
    pub version: Version,
    /// What was there and is not declared.
    pub extra: ::sestina_wire::Extra,
}
impl Shelf {
    /// With what must be there, and nothing else.
    #[must_use]
    pub fn new(owner: ::sestina_wire::Jid) -> Self {
        Self {
            readers: ::core::default::Default::default(),
            owner,
            notes: ::core::default::Default::default(),
            version: ::core::default::Default::default(),
            extra: ::core::default::Default::default(),
        }
    }
}
#[automatically_derived]
#[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
impl ::sestina_wire::Content for Shelf {
    fn decode(
        el: ::sestina_wire::ElementRef<'_>,
    ) -> ::core::result::Result<Self, ::sestina_wire::DecodeError> {
        let mut f0 = ::core::option::Option::<
            ::sestina_wire::List<::sestina_wire::BareJid>,
        >::None;
        let mut f1 = ::core::option::Option::<::sestina_wire::Jid>::None;
        let mut f2 = <::sestina_wire::List<
            ::sestina_wire::Text,
        > as ::core::default::Default>::default();
        let mut f4 = ::sestina_wire::Extra::default();
        let mut order = ::sestina_wire::derive::Order::default();
        ::sestina_wire::derive::keep_attributes(&mut f4, el);
        for child in el.children() {
            let field = match child.name() {
                "readers" if f0.is_none() && child.ns() == el.ns() => {
                    f0 = ::core::option::Option::Some(
                        ::sestina_wire::derive::unwrap_list::<
                            ::sestina_wire::BareJid,
                            ::sestina_wire::List<::sestina_wire::BareJid>,
                        >(
                            ::core::option::Option::Some(&mut order),
                            child,
                            "jid",
                            el.ns(),
                        )?,
                    );
                    0u16
                }
                "owner" if f1.is_none() && child.ns() == el.ns() => {
                    f1 = ::core::option::Option::Some(
                        ::sestina_wire::derive::unwrap_one::<
                            ::sestina_wire::Jid,
                        >(
                            ::core::option::Option::Some(&mut order),
                            child,
                            "jid",
                            el.ns(),
                        )?,
                    );
                    1u16
                }
                "note" if child.ns() == el.ns() => {
                    f2.push(order.text::<::sestina_wire::Text>(child)?);
                    2u16
                }
                _ => {
                    f4.push_element(child);
                    65535u16
                }
            };
            order.see(field);
        }
        let typed = false;
        order.finish(&mut f4, el, typed);
        ::core::result::Result::Ok(Self {
            readers: f0,
            owner: ::sestina_wire::derive::need_child(f1, el, "owner")?,
            notes: f2,
            version: <Version as ::sestina_wire::Version>::of(el.ns())
                .unwrap_or_default(),
            extra: f4,
        })
    }
    fn encode(&self, w: &mut ::sestina_wire::Writer<'_>, name: &str, ns: &str) {
        w.start(name, ns);
        self.extra.write_attributes(w);
        let content = w.position();
        if let ::core::option::Option::Some(value) = &self.readers {
            w.start("readers", ns);
            for value in (value).iter() {
                w.text_element("jid", ns, value);
            }
            w.end("readers");
        }
        w.start("owner", ns);
        w.text_element("jid", ns, &self.owner);
        w.end("owner");
        for value in self.notes.iter() {
            w.text_element("note", ns, value);
        }
        self.extra.write_children(w, content);
        w.end(name);
    }
}
#[automatically_derived]
impl ::sestina_wire::Payload for Shelf {
    const NAME: &'static str = "shelf";
    const NS: &'static str = <Version as ::sestina_wire::Version>::NEWEST;
    const NAMESPACES: &'static [&'static str] = <Version as ::sestina_wire::Version>::NAMESPACES;
    fn matches(el: ::sestina_wire::ElementRef<'_>) -> bool {
        el.name() == Self::NAME
            && <Version as ::sestina_wire::Version>::of(el.ns()).is_some()
    }
    fn write(&self, w: &mut ::sestina_wire::Writer<'_>) {
        let ns = <Version as ::sestina_wire::Version>::namespace(self.version);
        ::sestina_wire::Content::encode(self, w, Self::NAME, ns);
    }
}
impl ::sestina_wire::dispatch::InIq for super::xep_0003::Shelf {}
impl ::sestina_wire::dispatch::InMessage for super::xep_0003::Shelf {}
impl ::sestina_wire::dispatch::Extensible for Shelf {
    fn unknown(
        &self,
    ) -> impl ::core::iter::Iterator<Item = &::sestina_wire::AnyElement> {
        self.extra.children().iter()
    }
    fn add(&mut self, child: ::sestina_wire::AnyElement) {
        self.extra.push_child(child)
    }
}
/// Data forms of certain types (XEP-0068).
pub mod forms {
    /// A form of type `urn:example:papers`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Papers {
        /// Fields that are not of this type.
        pub other: ::std::vec::Vec<super::super::xep_0004::Field>,
    }
    #[allow(unused_variables)]
    impl Papers {
        /// The `FORM_TYPE`.
        pub const FORM_TYPE: &'static str = "urn:example:papers";
        /// Reads a form: one of this type, or one that does not say its type.
        ///
        /// # Errors
        /// When it is of another type, a value is not what its field holds, or a form that was sent in lacks
        /// a required field.
        pub fn read(
            form: &super::super::xep_0004::Form,
        ) -> ::core::result::Result<Self, ::sestina_wire::form::FormError> {
            let mut this = Self::default();
            let submitted = ::core::matches!(
                form.type_, super::super::xep_0004::FormType::Submit
            );
            for field in &form.fields {
                match field.var.as_deref() {
                    ::core::option::Option::Some("FORM_TYPE") => {
                        if let ::core::option::Option::Some(found) = field.values.first()
                            && **found != *Self::FORM_TYPE
                        {
                            return ::core::result::Result::Err(
                                ::sestina_wire::form::FormError::other_type(
                                    Self::FORM_TYPE,
                                    found.clone(),
                                ),
                            );
                        }
                    }
                    _ => this.other.push(field.clone()),
                }
            }
            ::core::result::Result::Ok(this)
        }
        /// Writes a form: to be filled in with all its fields, what these have being proposed; else with
        /// those that have a value.
        #[must_use]
        pub fn write(
            &self,
            type_: super::super::xep_0004::FormType,
        ) -> super::super::xep_0004::Form {
            let mut form = super::super::xep_0004::Form::new(type_);
            form.fields
                .extend(
                    field(
                        "FORM_TYPE",
                        ::sestina_wire::form::of_one(
                            &::core::option::Option::Some(
                                ::sestina_wire::Text::from(Self::FORM_TYPE),
                            ),
                        ),
                        ::core::option::Option::Some((
                            super::super::xep_0004::FieldType::Hidden,
                            false,
                            "",
                            &[],
                        )),
                    ),
                );
            self.add_to(&mut form);
            form
        }
        /// Adds the fields to a form of this type that is there.
        pub fn add_to(&self, form: &mut super::super::xep_0004::Form) {
            let asked = ::core::matches!(
                form.type_, super::super::xep_0004::FormType::Form
            );
            let fields = &mut form.fields;
            fields.extend(self.other.iter().cloned());
        }
    }
    /// A field as it is written; none where it has no value and is not asked for either.
    fn field(
        var: &str,
        values: ::core::option::Option<::sestina_wire::List<::sestina_wire::Text>>,
        asked: ::core::option::Option<
            (super::super::xep_0004::FieldType, bool, &str, &[&str]),
        >,
    ) -> ::core::option::Option<super::super::xep_0004::Field> {
        let mut field = super::super::xep_0004::Field {
            var: ::core::option::Option::Some(var.into()),
            ..::core::default::Default::default()
        };
        match (values, asked) {
            (::core::option::Option::None, ::core::option::Option::None) => {
                return ::core::option::Option::None;
            }
            (values, asked) => {
                field.values = values.unwrap_or_default();
                if let ::core::option::Option::Some((type_, required, label, options)) = asked {
                    field.type_ = ::core::option::Option::Some(type_);
                    field.required = required;
                    field.label = (!label.is_empty()).then(|| label.into());
                    let options = options.iter().copied();
                    field.options = options
                        .map(|value| super::super::xep_0004::OptionElement {
                            label: ::core::option::Option::Some(value.into()),
                            ..super::super::xep_0004::OptionElement::new(value.into())
                        })
                        .collect();
                }
            }
        }
        ::core::option::Option::Some(field)
    }
}
