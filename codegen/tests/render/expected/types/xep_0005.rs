// Generated from specs/xep-0005 by sestina-codegen. Do not edit.

/// What this specification says of itself.
pub const SPEC: ::sestina_wire::dispatch::SpecInfo = ::sestina_wire::dispatch::SpecInfo {
    id: "xep-0005",
    number: "XEP-0005",
    title: "Gates",
    version: "",
    status: "",
    summary: "Uses what a specification can say of elements that travel otherwise than in stanzas.",
    depends: &["xep-0001", "xep-0004"],
    features: &[],
    identities: &[],
};
/// The stream features of this specification.
pub static NEGOTIATION: &[::sestina_wire::negotiation::FeatureRow] = &[
    ::sestina_wire::negotiation::FeatureRow {
        spec: "xep-0005",
        name: "gate",
        element: "gate",
        ns: "urn:example:gate",
        required: ::sestina_wire::negotiation::SessionState::SECURE,
        prohibited: ::sestina_wire::negotiation::SessionState::BOUND,
        sets: ::sestina_wire::negotiation::SessionState::empty(),
        restart: false,
        refresh: false,
        within: ::core::option::Option::None,
        mandatory: ::sestina_wire::negotiation::Mandatory::Never,
        streams: ::sestina_wire::negotiation::Streams::C2S,
        order: 60u16,
    },
];
/// The namespace of these elements.
pub const NS: &str = "urn:example:gate";
/// `<gate xmlns='urn:example:gate'/>`.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Gate {
    /// What was there and is not declared.
    pub extra: ::sestina_wire::Extra,
}
#[automatically_derived]
#[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
impl ::sestina_wire::Content for Gate {
    fn decode(
        el: ::sestina_wire::ElementRef<'_>,
    ) -> ::core::result::Result<Self, ::sestina_wire::DecodeError> {
        let mut f0 = ::sestina_wire::Extra::default();
        let mut order = ::sestina_wire::derive::Order::default();
        ::sestina_wire::derive::keep_attributes(&mut f0, el);
        ::sestina_wire::derive::keep_children(&mut f0, el);
        let typed = false;
        order.finish(&mut f0, el, typed);
        ::core::result::Result::Ok(Self { extra: f0 })
    }
    fn encode(&self, w: &mut ::sestina_wire::Writer<'_>, name: &str, ns: &str) {
        w.start(name, ns);
        self.extra.write_attributes(w);
        let content = w.position();
        self.extra.write_children(w, content);
        w.end(name);
    }
}
#[automatically_derived]
impl ::sestina_wire::Payload for Gate {
    const NAME: &'static str = "gate";
    const NS: &'static str = "urn:example:gate";
}
/// `<knock xmlns='urn:example:gate'/>`.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Knock {
    /// The attribute `times`.
    pub times: u8,
    /// What was there and is not declared.
    pub extra: ::sestina_wire::Extra,
}
impl Knock {
    /// With what must be there, and nothing else.
    #[must_use]
    pub fn new(times: u8) -> Self {
        Self {
            times,
            extra: ::core::default::Default::default(),
        }
    }
}
#[automatically_derived]
#[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
impl ::sestina_wire::Content for Knock {
    fn decode(
        el: ::sestina_wire::ElementRef<'_>,
    ) -> ::core::result::Result<Self, ::sestina_wire::DecodeError> {
        let mut f0 = ::core::option::Option::<u8>::None;
        let mut f1 = ::sestina_wire::Extra::default();
        let mut order = ::sestina_wire::derive::Order::default();
        for attr in el.attrs() {
            match attr.key() {
                ::core::option::Option::Some("times") => {
                    f0 = ::core::option::Option::Some(attr.decode::<u8>()?);
                }
                _ => f1.push_attr(attr),
            }
        }
        ::sestina_wire::derive::keep_children(&mut f1, el);
        let typed = false;
        order.finish(&mut f1, el, typed);
        ::core::result::Result::Ok(Self {
            times: ::sestina_wire::derive::need_attribute(f0, el, "times")?,
            extra: f1,
        })
    }
    fn encode(&self, w: &mut ::sestina_wire::Writer<'_>, name: &str, ns: &str) {
        w.start(name, ns);
        w.attr("times", &self.times);
        self.extra.write_attributes(w);
        let content = w.position();
        self.extra.write_children(w, content);
        w.end(name);
    }
}
#[automatically_derived]
impl ::sestina_wire::Payload for Knock {
    const NAME: &'static str = "knock";
    const NS: &'static str = "urn:example:gate";
}
/// `<open xmlns='urn:example:gate'/>`.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Open {
    /// The attribute `wide`.
    pub wide: ::core::option::Option<bool>,
    /// What was there and is not declared.
    pub extra: ::sestina_wire::Extra,
}
#[automatically_derived]
#[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
impl ::sestina_wire::Content for Open {
    fn decode(
        el: ::sestina_wire::ElementRef<'_>,
    ) -> ::core::result::Result<Self, ::sestina_wire::DecodeError> {
        let mut f0 = ::core::option::Option::<bool>::None;
        let mut f1 = ::sestina_wire::Extra::default();
        let mut order = ::sestina_wire::derive::Order::default();
        for attr in el.attrs() {
            match attr.key() {
                ::core::option::Option::Some("wide") => {
                    f0 = ::core::option::Option::Some(attr.decode::<bool>()?);
                }
                _ => f1.push_attr(attr),
            }
        }
        ::sestina_wire::derive::keep_children(&mut f1, el);
        let typed = false;
        order.finish(&mut f1, el, typed);
        ::core::result::Result::Ok(Self { wide: f0, extra: f1 })
    }
    fn encode(&self, w: &mut ::sestina_wire::Writer<'_>, name: &str, ns: &str) {
        w.start(name, ns);
        if let ::core::option::Option::Some(value) = &self.wide {
            w.attr("wide", value);
        }
        self.extra.write_attributes(w);
        let content = w.position();
        self.extra.write_children(w, content);
        w.end(name);
    }
}
#[automatically_derived]
impl ::sestina_wire::Payload for Open {
    const NAME: &'static str = "open";
    const NS: &'static str = "urn:example:gate";
}
/// `<tick xmlns='urn:example:gate'/>`.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Tick {
    /// The attribute `count`.
    pub count: u32,
    /// What was there and is not declared.
    pub extra: ::sestina_wire::Extra,
}
impl Tick {
    /// With what must be there, and nothing else.
    #[must_use]
    pub fn new(count: u32) -> Self {
        Self {
            count,
            extra: ::core::default::Default::default(),
        }
    }
}
#[automatically_derived]
#[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
impl ::sestina_wire::Content for Tick {
    fn decode(
        el: ::sestina_wire::ElementRef<'_>,
    ) -> ::core::result::Result<Self, ::sestina_wire::DecodeError> {
        let mut f0 = ::core::option::Option::<u32>::None;
        let mut f1 = ::sestina_wire::Extra::default();
        let mut order = ::sestina_wire::derive::Order::default();
        for attr in el.attrs() {
            match attr.key() {
                ::core::option::Option::Some("count") => {
                    f0 = ::core::option::Option::Some(attr.decode::<u32>()?);
                }
                _ => f1.push_attr(attr),
            }
        }
        ::sestina_wire::derive::keep_children(&mut f1, el);
        let typed = false;
        order.finish(&mut f1, el, typed);
        ::core::result::Result::Ok(Self {
            count: ::sestina_wire::derive::need_attribute(f0, el, "count")?,
            extra: f1,
        })
    }
    fn encode(&self, w: &mut ::sestina_wire::Writer<'_>, name: &str, ns: &str) {
        w.start(name, ns);
        w.attr("count", &self.count);
        self.extra.write_attributes(w);
        let content = w.position();
        self.extra.write_children(w, content);
        w.end(name);
    }
}
#[automatically_derived]
impl ::sestina_wire::Payload for Tick {
    const NAME: &'static str = "tick";
    const NS: &'static str = "urn:example:gate";
}
/// `<seen xmlns='urn:example:gate'/>`.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The attribute `at`.
    pub at: ::sestina_wire::DateTime,
    /// What was there and is not declared.
    pub extra: ::sestina_wire::Extra,
}
impl Seen {
    /// With what must be there, and nothing else.
    #[must_use]
    pub fn new(at: ::sestina_wire::DateTime) -> Self {
        Self {
            at,
            extra: ::core::default::Default::default(),
        }
    }
}
#[automatically_derived]
#[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
impl ::sestina_wire::Content for Seen {
    fn decode(
        el: ::sestina_wire::ElementRef<'_>,
    ) -> ::core::result::Result<Self, ::sestina_wire::DecodeError> {
        let mut f0 = ::core::option::Option::<::sestina_wire::DateTime>::None;
        let mut f1 = ::sestina_wire::Extra::default();
        let mut order = ::sestina_wire::derive::Order::default();
        for attr in el.attrs() {
            match attr.key() {
                ::core::option::Option::Some("at") => {
                    f0 = ::core::option::Option::Some(
                        attr.decode::<::sestina_wire::DateTime>()?,
                    );
                }
                _ => f1.push_attr(attr),
            }
        }
        ::sestina_wire::derive::keep_children(&mut f1, el);
        let typed = false;
        order.finish(&mut f1, el, typed);
        ::core::result::Result::Ok(Self {
            at: ::sestina_wire::derive::need_attribute(f0, el, "at")?,
            extra: f1,
        })
    }
    fn encode(&self, w: &mut ::sestina_wire::Writer<'_>, name: &str, ns: &str) {
        w.start(name, ns);
        w.attr("at", &self.at);
        self.extra.write_attributes(w);
        let content = w.position();
        self.extra.write_children(w, content);
        w.end(name);
    }
}
#[automatically_derived]
impl ::sestina_wire::Payload for Seen {
    const NAME: &'static str = "seen";
    const NS: &'static str = "urn:example:gate";
}
/// `<hint xmlns='urn:example:gate'/>`.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Hint {
    /// The text.
    pub text: ::sestina_wire::Text,
    /// What was there and is not declared.
    pub extra: ::sestina_wire::Extra,
}
impl Hint {
    /// With what must be there, and nothing else.
    #[must_use]
    pub fn new(text: ::sestina_wire::Text) -> Self {
        Self {
            text,
            extra: ::core::default::Default::default(),
        }
    }
}
#[automatically_derived]
#[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
impl ::sestina_wire::Content for Hint {
    fn decode(
        el: ::sestina_wire::ElementRef<'_>,
    ) -> ::core::result::Result<Self, ::sestina_wire::DecodeError> {
        let mut f1 = ::sestina_wire::Extra::default();
        let mut order = ::sestina_wire::derive::Order::default();
        ::sestina_wire::derive::keep_attributes(&mut f1, el);
        ::sestina_wire::derive::keep_children(&mut f1, el);
        let typed = true;
        order.finish(&mut f1, el, typed);
        ::core::result::Result::Ok(Self {
            text: el.decode_text::<::sestina_wire::Text>()?,
            extra: f1,
        })
    }
    fn encode(&self, w: &mut ::sestina_wire::Writer<'_>, name: &str, ns: &str) {
        w.start(name, ns);
        self.extra.write_attributes(w);
        let content = w.position();
        w.text(&self.text);
        self.extra.write_children(w, content);
        w.end(name);
    }
}
#[automatically_derived]
impl ::sestina_wire::Payload for Hint {
    const NAME: &'static str = "hint";
    const NS: &'static str = "urn:example:gate";
}
impl ::sestina_wire::dispatch::InMessage for super::xep_0005::Hint {}
impl ::sestina_wire::dispatch::Inside<super::xep_0001::list::Query>
for super::xep_0005::Hint {}
impl ::sestina_wire::dispatch::Inside<super::xep_0004::Field> for super::xep_0005::Hint {}
impl ::sestina_wire::dispatch::InItem for super::xep_0005::Seen {
    const NODE: &'static str = "urn:example:gate:seen";
    const SENDERS: &'static [::sestina_wire::dispatch::Sender] = &[
        ::sestina_wire::dispatch::Sender::OwnAccount,
        ::sestina_wire::dispatch::Sender::Contact,
    ];
    const OPTIONS: &'static [(&'static str, &'static str)] = &[
        ("access_model", "presence"),
        ("max_items", "1"),
    ];
}
impl ::sestina_wire::dispatch::Extensible for Gate {
    fn unknown(
        &self,
    ) -> impl ::core::iter::Iterator<Item = &::sestina_wire::AnyElement> {
        self.extra.children().iter()
    }
    fn add(&mut self, child: ::sestina_wire::AnyElement) {
        self.extra.push_child(child)
    }
}
impl ::sestina_wire::dispatch::Extensible for Knock {
    fn unknown(
        &self,
    ) -> impl ::core::iter::Iterator<Item = &::sestina_wire::AnyElement> {
        self.extra.children().iter()
    }
    fn add(&mut self, child: ::sestina_wire::AnyElement) {
        self.extra.push_child(child)
    }
}
impl ::sestina_wire::dispatch::Extensible for Open {
    fn unknown(
        &self,
    ) -> impl ::core::iter::Iterator<Item = &::sestina_wire::AnyElement> {
        self.extra.children().iter()
    }
    fn add(&mut self, child: ::sestina_wire::AnyElement) {
        self.extra.push_child(child)
    }
}
impl ::sestina_wire::dispatch::Extensible for Tick {
    fn unknown(
        &self,
    ) -> impl ::core::iter::Iterator<Item = &::sestina_wire::AnyElement> {
        self.extra.children().iter()
    }
    fn add(&mut self, child: ::sestina_wire::AnyElement) {
        self.extra.push_child(child)
    }
}
impl ::sestina_wire::dispatch::Extensible for Seen {
    fn unknown(
        &self,
    ) -> impl ::core::iter::Iterator<Item = &::sestina_wire::AnyElement> {
        self.extra.children().iter()
    }
    fn add(&mut self, child: ::sestina_wire::AnyElement) {
        self.extra.push_child(child)
    }
}
impl ::sestina_wire::dispatch::Extensible for Hint {
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
    /// What the field `gate#open-hours` may hold.
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    pub enum Hours {
        /// `day`.
        Day,
        /// `night`.
        Night,
        /// `other`.
        Other2,
        /// Any other word.
        Other(::sestina_wire::Text),
    }
    impl Hours {
        /// The word as it stands in the XML.
        #[must_use]
        pub fn as_str(&self) -> &str {
            match self {
                Self::Day => "day",
                Self::Night => "night",
                Self::Other2 => "other",
                Self::Other(text) => text,
            }
        }
    }
    #[automatically_derived]
    impl ::sestina_wire::FromText for Hours {
        const VERBATIM: bool = true;
        fn from_text(
            text: ::sestina_wire::Text,
        ) -> ::core::result::Result<Self, ::sestina_wire::ValueError> {
            ::core::result::Result::Ok(
                match &*text {
                    "day" => Self::Day,
                    "night" => Self::Night,
                    "other" => Self::Other2,
                    _ => Self::Other(text),
                },
            )
        }
    }
    #[automatically_derived]
    impl ::sestina_wire::ToText for Hours {
        fn to_text(&self, out: &mut ::sestina_wire::TextWriter<'_>) {
            ::sestina_wire::ToText::to_text(self.as_str(), out);
        }
    }
    /// How a gate behaves.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct GateSettings {
        /// Name
        pub name: ::core::option::Option<::sestina_wire::Text>,
        /// The field `gate#open-hours`.
        pub hours: ::core::option::Option<::std::vec::Vec<Hours>>,
        /// The field `gate#width`.
        pub width: ::core::option::Option<u16>,
        /// The field `gate#keepers`.
        pub keepers: ::core::option::Option<::std::vec::Vec<::sestina_wire::BareJid>>,
        /// The field `gate#locked`.
        pub locked: ::core::option::Option<bool>,
        /// Fields that are not of this type.
        pub other: ::std::vec::Vec<super::super::xep_0004::Field>,
    }
    #[allow(unused_variables)]
    impl GateSettings {
        /// The `FORM_TYPE`.
        pub const FORM_TYPE: &'static str = "urn:example:gate:settings";
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
                    ::core::option::Option::Some("gate#name") => {
                        this.name = ::sestina_wire::form::one(
                            Self::FORM_TYPE,
                            "gate#name",
                            &field.values,
                        )?;
                    }
                    ::core::option::Option::Some("gate#open-hours") => {
                        this.hours = ::sestina_wire::form::many(
                            Self::FORM_TYPE,
                            "gate#open-hours",
                            &field.values,
                        )?;
                    }
                    ::core::option::Option::Some("gate#width") => {
                        this.width = ::sestina_wire::form::one(
                            Self::FORM_TYPE,
                            "gate#width",
                            &field.values,
                        )?;
                    }
                    ::core::option::Option::Some("gate#keepers") => {
                        this.keepers = ::sestina_wire::form::many(
                            Self::FORM_TYPE,
                            "gate#keepers",
                            &field.values,
                        )?;
                    }
                    ::core::option::Option::Some("gate#locked") => {
                        this.locked = ::sestina_wire::form::one(
                            Self::FORM_TYPE,
                            "gate#locked",
                            &field.values,
                        )?;
                    }
                    _ => this.other.push(field.clone()),
                }
            }
            if submitted && this.name.is_none() {
                return ::core::result::Result::Err(
                    ::sestina_wire::form::FormError::missing(
                        Self::FORM_TYPE,
                        "gate#name",
                    ),
                );
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
            fields
                .extend(
                    field(
                        "gate#name",
                        ::sestina_wire::form::of_one(&self.name),
                        asked
                            .then_some((
                                super::super::xep_0004::FieldType::TextSingle,
                                true,
                                "Name",
                                &[],
                            )),
                    ),
                );
            fields
                .extend(
                    field(
                        "gate#open-hours",
                        ::sestina_wire::form::of_many(&self.hours),
                        asked
                            .then_some((
                                super::super::xep_0004::FieldType::ListMulti,
                                false,
                                "",
                                &["day", "night", "other"],
                            )),
                    ),
                );
            fields
                .extend(
                    field(
                        "gate#width",
                        ::sestina_wire::form::of_one(&self.width),
                        asked
                            .then_some((
                                super::super::xep_0004::FieldType::TextSingle,
                                false,
                                "",
                                &[],
                            )),
                    ),
                );
            fields
                .extend(
                    field(
                        "gate#keepers",
                        ::sestina_wire::form::of_many(&self.keepers),
                        asked
                            .then_some((
                                super::super::xep_0004::FieldType::JidMulti,
                                false,
                                "",
                                &[],
                            )),
                    ),
                );
            fields
                .extend(
                    field(
                        "gate#locked",
                        ::sestina_wire::form::of_one(&self.locked),
                        asked
                            .then_some((
                                super::super::xep_0004::FieldType::Boolean,
                                false,
                                "",
                                &[],
                            )),
                    ),
                );
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
/// What is stored.
pub mod tables {
    /// The table `passages`.
    #[derive(Clone, Copy, Debug)]
    pub enum Passages {}
    impl ::sestina_storage::Table for Passages {
        const DESCRIPTOR: &'static ::sestina_storage::TableDescriptor = &PASSAGES;
        type Row = PassagesRow;
        fn to_values(row: &PassagesRow) -> ::std::vec::Vec<::sestina_storage::Value> {
            ::std::vec![
                ::sestina_storage::ColumnValue::to_value(& row.owner),
                ::sestina_storage::ColumnValue::to_value(& row.at)
            ]
        }
        fn from_values(
            values: ::std::vec::Vec<::sestina_storage::Value>,
        ) -> ::core::result::Result<PassagesRow, ::sestina_storage::StorageError> {
            let mut values = values.into_iter();
            let mut next = || values.next().unwrap_or(::sestina_storage::Value::Null);
            ::core::result::Result::Ok(PassagesRow {
                owner: ::sestina_storage::ColumnValue::from_value(next())?,
                at: ::sestina_storage::ColumnValue::from_value(next())?,
            })
        }
    }
    /// The description of `passages`.
    pub static PASSAGES: ::sestina_storage::TableDescriptor = ::sestina_storage::TableDescriptor {
        spec: "xep-0005",
        name: "passages",
        version: 1u32,
        personal: &["owner"],
        columns: &[
            ::sestina_storage::Column {
                name: "owner",
                ty: ::sestina_storage::ColumnType::Text,
                optional: false,
                secret: false,
                default: None,
            },
            ::sestina_storage::Column {
                name: "at",
                ty: ::sestina_storage::ColumnType::Timestamp,
                optional: false,
                secret: false,
                default: None,
            },
        ],
        key: &["owner", "at"],
        indexes: &[],
        queries: &[],
        retention: ::core::option::Option::None,
    };
    /// A row of `passages`.
    #[derive(Clone, Debug, PartialEq)]
    pub struct PassagesRow {
        /// The column `owner`.
        pub owner: ::sestina_wire::BareJid,
        /// The column `at`.
        pub at: ::sestina_wire::Timestamp,
    }
    /// The store of `passages`.
    #[derive(Clone, Debug)]
    pub struct PassagesStore(pub ::sestina_storage::Store<Passages>);
    impl PassagesStore {
        /// The row with this key.
        ///
        /// # Errors
        /// As `Store::get`.
        pub async fn get(
            &self,
            owner: &::sestina_wire::BareJid,
            at: ::sestina_wire::Timestamp,
        ) -> ::core::result::Result<
            ::core::option::Option<PassagesRow>,
            ::sestina_storage::StorageError,
        > {
            self.0
                .get(
                    &[
                        ::sestina_storage::ColumnValue::to_value(owner),
                        ::sestina_storage::ColumnValue::to_value(&at),
                    ],
                )
                .await
        }
        /// Stores a row, in place of the one with the same key if there is one.
        ///
        /// # Errors
        /// As `Store::put`.
        pub async fn put(
            &self,
            row: &PassagesRow,
        ) -> ::core::result::Result<(), ::sestina_storage::StorageError> {
            self.0.put(row).await
        }
        /// Stores a row whose key is not there yet.
        ///
        /// # Errors
        /// As `Store::insert`: `Conflict` if a row with the same key is there.
        pub async fn insert(
            &self,
            row: &PassagesRow,
        ) -> ::core::result::Result<(), ::sestina_storage::StorageError> {
            self.0.insert(row).await
        }
        /// Removes the row with this key; whether there was one.
        ///
        /// # Errors
        /// As `Store::delete`.
        pub async fn delete(
            &self,
            owner: &::sestina_wire::BareJid,
            at: ::sestina_wire::Timestamp,
        ) -> ::core::result::Result<bool, ::sestina_storage::StorageError> {
            self.0
                .delete(
                    &[
                        ::sestina_storage::ColumnValue::to_value(owner),
                        ::sestina_storage::ColumnValue::to_value(&at),
                    ],
                )
                .await
        }
    }
    impl PassagesStore {
        /// Stores a row that keeps `<seen/>` and whose key is not there yet.
        ///
        /// # Errors
        /// As `Store::insert`: `Conflict` if a row with the same key is there.
        pub async fn keep(
            &self,
            element: &super::super::xep_0005::Seen,
            owner: ::sestina_wire::BareJid,
        ) -> ::core::result::Result<(), ::sestina_storage::StorageError> {
            self.insert(&PassagesRow::keep(element, owner)).await
        }
    }
    impl PassagesRow {
        /// A row that keeps `<seen/>`, with what is not in it.
        #[must_use]
        pub fn keep(
            element: &super::super::xep_0005::Seen,
            owner: ::sestina_wire::BareJid,
        ) -> Self {
            Self {
                owner,
                at: {
                    let value = &element.at;
                    value.timestamp()
                },
            }
        }
    }
    impl ::core::convert::From<PassagesRow> for super::super::xep_0005::Seen {
        /// The element that a row keeps.
        fn from(row: PassagesRow) -> Self {
            Self {
                at: row.at.into(),
                extra: ::core::default::Default::default(),
            }
        }
    }
}
