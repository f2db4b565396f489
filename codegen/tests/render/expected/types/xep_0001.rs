// Generated from specs/xep-0001 by sestina-codegen. Do not edit.

/// What this specification says of itself.
pub const SPEC: ::sestina_wire::dispatch::SpecInfo = ::sestina_wire::dispatch::SpecInfo {
    id: "xep-0001",
    number: "XEP-0001",
    title: "Lists",
    version: "1.2",
    status: "Draft",
    summary: "Uses every construct that a specification can use.",
    depends: &[],
    features: &[
        ::sestina_wire::dispatch::DiscoFeature {
            var: "urn:example:list",
            on: &[
                ::sestina_wire::dispatch::Place::Host,
                ::sestina_wire::dispatch::Place::Account,
            ],
        },
    ],
    identities: &[
        ::sestina_wire::dispatch::DiscoIdentity {
            category: "client",
            type_: "bot",
            on: &[::sestina_wire::dispatch::Place::Client],
        },
    ],
};
/// The stream features of this specification.
pub static NEGOTIATION: &[::sestina_wire::negotiation::FeatureRow] = &[
    ::sestina_wire::negotiation::FeatureRow {
        spec: "xep-0001",
        name: "shield",
        element: "shield",
        ns: "urn:example:list:feature",
        required: ::sestina_wire::negotiation::SessionState::empty(),
        prohibited: ::sestina_wire::negotiation::SessionState::SECURE,
        sets: ::sestina_wire::negotiation::SessionState::SECURE,
        restart: true,
        refresh: false,
        within: ::core::option::Option::None,
        mandatory: ::sestina_wire::negotiation::Mandatory::IfRequired,
        streams: ::sestina_wire::negotiation::Streams::C2S,
        order: 10u16,
    },
    ::sestina_wire::negotiation::FeatureRow {
        spec: "xep-0001",
        name: "enter",
        element: "enter",
        ns: "urn:example:list:feature",
        required: ::sestina_wire::negotiation::SessionState::SECURE,
        prohibited: ::sestina_wire::negotiation::SessionState::AUTHENTICATED,
        sets: ::sestina_wire::negotiation::SessionState::AUTHENTICATED,
        restart: true,
        refresh: false,
        within: ::core::option::Option::None,
        mandatory: ::sestina_wire::negotiation::Mandatory::Always,
        streams: ::sestina_wire::negotiation::Streams::C2S,
        order: 20u16,
    },
    ::sestina_wire::negotiation::FeatureRow {
        spec: "xep-0001",
        name: "settle",
        element: "settle",
        ns: "urn:example:list:feature",
        required: ::sestina_wire::negotiation::SessionState::AUTHENTICATED,
        prohibited: ::sestina_wire::negotiation::SessionState::BOUND,
        sets: ::sestina_wire::negotiation::SessionState::BOUND
            .union(::sestina_wire::negotiation::SessionState::READY),
        restart: false,
        refresh: false,
        within: ::core::option::Option::None,
        mandatory: ::sestina_wire::negotiation::Mandatory::Always,
        streams: ::sestina_wire::negotiation::Streams::C2S,
        order: 30u16,
    },
    ::sestina_wire::negotiation::FeatureRow {
        spec: "xep-0001",
        name: "lists",
        element: "lists",
        ns: "urn:example:list:feature",
        required: ::sestina_wire::negotiation::SessionState::SECURE
            .union(::sestina_wire::negotiation::SessionState::AUTHENTICATED),
        prohibited: ::sestina_wire::negotiation::SessionState::BOUND,
        sets: ::sestina_wire::negotiation::SessionState::empty(),
        restart: false,
        refresh: false,
        within: ::core::option::Option::None,
        mandatory: ::sestina_wire::negotiation::Mandatory::Never,
        streams: ::sestina_wire::negotiation::Streams::C2S,
        order: 50u16,
    },
];
/// The namespace `urn:example:list:feature`.
pub mod feature {
    /// The namespace of these elements.
    pub const NS: &str = "urn:example:list:feature";
    /// `<lists xmlns='urn:example:list:feature'/>`.
    #[derive(Clone, Debug, PartialEq, Default)]
    pub struct Lists {
        /// Whether `<required/>` is there.
        pub required: bool,
        /// What was there and is not declared.
        pub extra: ::sestina_wire::Extra,
    }
    #[automatically_derived]
    #[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
    impl ::sestina_wire::Content for Lists {
        fn decode(
            el: ::sestina_wire::ElementRef<'_>,
        ) -> ::core::result::Result<Self, ::sestina_wire::DecodeError> {
            let mut f0 = false;
            let mut f1 = ::sestina_wire::Extra::default();
            let mut order = ::sestina_wire::derive::Order::default();
            ::sestina_wire::derive::keep_attributes(&mut f1, el);
            for child in el.children() {
                let field = match child.name() {
                    "required" if !f0 && child.ns() == "urn:example:list:feature" => {
                        f0 = order.flag(child);
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
            ::core::result::Result::Ok(Self { required: f0, extra: f1 })
        }
        fn encode(&self, w: &mut ::sestina_wire::Writer<'_>, name: &str, ns: &str) {
            w.start(name, ns);
            self.extra.write_attributes(w);
            let content = w.position();
            if self.required {
                w.empty_element("required", "urn:example:list:feature");
            }
            self.extra.write_children(w, content);
            w.end(name);
        }
    }
    #[automatically_derived]
    impl ::sestina_wire::Payload for Lists {
        const NAME: &'static str = "lists";
        const NS: &'static str = "urn:example:list:feature";
    }
    /// `<shield xmlns='urn:example:list:feature'/>`.
    #[derive(Clone, Debug, PartialEq, Default)]
    pub struct Shield {
        /// What was there and is not declared.
        pub extra: ::sestina_wire::Extra,
    }
    #[automatically_derived]
    #[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
    impl ::sestina_wire::Content for Shield {
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
    impl ::sestina_wire::Payload for Shield {
        const NAME: &'static str = "shield";
        const NS: &'static str = "urn:example:list:feature";
    }
    /// `<enter xmlns='urn:example:list:feature'/>`.
    #[derive(Clone, Debug, PartialEq, Default)]
    pub struct Enter {
        /// What was there and is not declared.
        pub extra: ::sestina_wire::Extra,
    }
    #[automatically_derived]
    #[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
    impl ::sestina_wire::Content for Enter {
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
    impl ::sestina_wire::Payload for Enter {
        const NAME: &'static str = "enter";
        const NS: &'static str = "urn:example:list:feature";
    }
    /// `<settle xmlns='urn:example:list:feature'/>`.
    #[derive(Clone, Debug, PartialEq, Default)]
    pub struct Settle {
        /// What was there and is not declared.
        pub extra: ::sestina_wire::Extra,
    }
    #[automatically_derived]
    #[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
    impl ::sestina_wire::Content for Settle {
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
    impl ::sestina_wire::Payload for Settle {
        const NAME: &'static str = "settle";
        const NS: &'static str = "urn:example:list:feature";
    }
}
/// Lists of things, made up to try the generator on.
pub mod list {
    /// The namespace of these elements.
    pub const NS: &str = "urn:example:list";
    /// A list.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Query {
        /// The attribute `ver`.
        pub ver: ::core::option::Option<::sestina_wire::Text>,
        /// One thing in a list.
        pub items: ::std::vec::Vec<Item>,
        /// The text of `<title/>`.
        pub title: ::core::option::Option<::sestina_wire::Text>,
        /// Whether `<complete/>` is there.
        pub complete: bool,
        /// One of several elements.
        pub choice: QueryChoice,
        /// What was there and is not declared.
        pub extra: ::sestina_wire::Extra,
    }
    impl Query {
        /// With what must be there, and nothing else.
        #[must_use]
        pub fn new(choice: QueryChoice) -> Self {
            Self {
                ver: ::core::default::Default::default(),
                items: ::core::default::Default::default(),
                title: ::core::default::Default::default(),
                complete: ::core::default::Default::default(),
                choice,
                extra: ::core::default::Default::default(),
            }
        }
    }
    #[automatically_derived]
    #[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
    impl ::sestina_wire::Content for Query {
        fn decode(
            el: ::sestina_wire::ElementRef<'_>,
        ) -> ::core::result::Result<Self, ::sestina_wire::DecodeError> {
            let mut f0 = ::core::option::Option::<::sestina_wire::Text>::None;
            let mut f1 = <::std::vec::Vec<Item> as ::core::default::Default>::default();
            let mut f2 = ::core::option::Option::<::sestina_wire::Text>::None;
            let mut f3 = false;
            let mut f4 = ::core::option::Option::<QueryChoice>::None;
            let mut f5 = ::sestina_wire::Extra::default();
            let mut order = ::sestina_wire::derive::Order::default();
            for attr in el.attrs() {
                match attr.key() {
                    ::core::option::Option::Some("ver") => {
                        f0 = ::core::option::Option::Some(
                            attr.decode::<::sestina_wire::Text>()?,
                        );
                    }
                    _ => f5.push_attr(attr),
                }
            }
            for child in el.children() {
                let field = match child.name() {
                    "item" if child.ns() == "urn:example:list" => {
                        f1.push(<Item as ::sestina_wire::Content>::decode(child)?);
                        1u16
                    }
                    "title" if f2.is_none() && child.ns() == "urn:example:list" => {
                        f2 = ::core::option::Option::Some(
                            order.text::<::sestina_wire::Text>(child)?,
                        );
                        2u16
                    }
                    "complete" if !f3 && child.ns() == "urn:example:list" => {
                        f3 = order.flag(child);
                        3u16
                    }
                    _ if f4.is_none()
                        && <QueryChoice as ::sestina_wire::Payload>::matches(child) => {
                        f4 = ::core::option::Option::Some(
                            order
                                .payload(
                                    child,
                                    <QueryChoice as ::sestina_wire::Payload>::read(child)?,
                                ),
                        );
                        4u16
                    }
                    _ => {
                        f5.push_element(child);
                        65535u16
                    }
                };
                order.see(field);
            }
            let typed = false;
            order.finish(&mut f5, el, typed);
            ::core::result::Result::Ok(Self {
                ver: f0,
                items: f1,
                title: f2,
                complete: f3,
                choice: ::sestina_wire::derive::need_child(
                    f4,
                    el,
                    <QueryChoice as ::sestina_wire::Payload>::NAME,
                )?,
                extra: f5,
            })
        }
        fn encode(&self, w: &mut ::sestina_wire::Writer<'_>, name: &str, ns: &str) {
            w.start(name, ns);
            if let ::core::option::Option::Some(value) = &self.ver {
                w.attr("ver", value);
            }
            self.extra.write_attributes(w);
            let content = w.position();
            for value in self.items.iter() {
                ::sestina_wire::Content::encode(value, w, "item", "urn:example:list");
            }
            if let ::core::option::Option::Some(value) = &self.title {
                w.text_element("title", "urn:example:list", value);
            }
            if self.complete {
                w.empty_element("complete", "urn:example:list");
            }
            ::sestina_wire::Payload::write(&self.choice, w);
            self.extra.write_children(w, content);
            w.end(name);
        }
    }
    #[automatically_derived]
    impl ::sestina_wire::Payload for Query {
        const NAME: &'static str = "query";
        const NS: &'static str = "urn:example:list";
    }
    /// One of several elements.
    #[derive(Clone, Debug, PartialEq)]
    pub enum QueryChoice {
        /// `<all/>`.
        All,
        /// `<page/>`.
        Page(QueryPage),
    }
    #[automatically_derived]
    #[allow(unused_variables, clippy::all, clippy::pedantic)]
    impl ::sestina_wire::Content for QueryChoice {
        fn decode(
            el: ::sestina_wire::ElementRef<'_>,
        ) -> ::core::result::Result<Self, ::sestina_wire::DecodeError> {
            use ::core::result::Result::{Err, Ok};
            if el.is("all", "urn:example:list") {
                return Ok(Self::All);
            }
            if el.is("page", "urn:example:list") {
                return Ok(
                    Self::Page(<QueryPage as ::sestina_wire::Content>::decode(el)?),
                );
            }
            Err(::sestina_wire::DecodeError::no_choice(el))
        }
        fn encode(&self, w: &mut ::sestina_wire::Writer<'_>, name: &str, ns: &str) {
            match self {
                Self::All => w.empty_element("all", "urn:example:list"),
                Self::Page(value) => {
                    ::sestina_wire::Content::encode(value, w, "page", "urn:example:list")
                }
            }
        }
    }
    #[automatically_derived]
    impl ::sestina_wire::Payload for QueryChoice {
        const NAME: &'static str = "all";
        const NS: &'static str = "urn:example:list";
        fn matches(el: ::sestina_wire::ElementRef<'_>) -> bool {
            el.is("all", "urn:example:list") || el.is("page", "urn:example:list")
        }
        fn read(
            el: ::sestina_wire::ElementRef<'_>,
        ) -> ::core::result::Result<Self, ::sestina_wire::DecodeError> {
            <Self as ::sestina_wire::Content>::decode(el)
        }
        fn write(&self, w: &mut ::sestina_wire::Writer<'_>) {
            <Self as ::sestina_wire::Content>::encode(self, w, "", "");
        }
        fn is_bare(&self) -> bool {
            ::core::matches!(self, Self::All)
        }
    }
    /// `<page xmlns='urn:example:list'/>`.
    #[derive(Clone, Debug, PartialEq, Default)]
    pub struct QueryPage {
        /// The attribute `max`.
        pub max: u16,
        /// The text of `<first/>`.
        pub first: ::sestina_wire::Base64,
        /// The text of `<last/>`.
        pub last: ::core::option::Option<::sestina_wire::Text>,
        /// What was there and is not declared.
        pub extra: ::sestina_wire::Extra,
    }
    impl QueryPage {
        /// With what must be there, and nothing else.
        #[must_use]
        pub fn new(max: u16, first: ::sestina_wire::Base64) -> Self {
            Self {
                max,
                first,
                last: ::core::default::Default::default(),
                extra: ::core::default::Default::default(),
            }
        }
    }
    #[automatically_derived]
    #[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
    impl ::sestina_wire::Content for QueryPage {
        fn decode(
            el: ::sestina_wire::ElementRef<'_>,
        ) -> ::core::result::Result<Self, ::sestina_wire::DecodeError> {
            let mut f0 = ::core::option::Option::<u16>::None;
            let mut f1 = ::core::option::Option::<::sestina_wire::Base64>::None;
            let mut f2 = ::core::option::Option::<::sestina_wire::Text>::None;
            let mut f3 = ::sestina_wire::Extra::default();
            let mut order = ::sestina_wire::derive::Order::default();
            for attr in el.attrs() {
                match attr.key() {
                    ::core::option::Option::Some("max") => {
                        f0 = ::core::option::Option::Some(attr.decode::<u16>()?);
                    }
                    _ => f3.push_attr(attr),
                }
            }
            for child in el.children() {
                let field = match child.name() {
                    "first" if f1.is_none() && child.ns() == "urn:example:list" => {
                        f1 = ::core::option::Option::Some(
                            order.text::<::sestina_wire::Base64>(child)?,
                        );
                        1u16
                    }
                    "last" if f2.is_none() && child.ns() == "urn:example:list" => {
                        f2 = ::core::option::Option::Some(
                            order.text::<::sestina_wire::Text>(child)?,
                        );
                        2u16
                    }
                    _ => {
                        f3.push_element(child);
                        65535u16
                    }
                };
                order.see(field);
            }
            let typed = false;
            order.finish(&mut f3, el, typed);
            ::core::result::Result::Ok(Self {
                max: ::sestina_wire::derive::need_attribute(f0, el, "max")?,
                first: ::sestina_wire::derive::need_child(f1, el, "first")?,
                last: f2,
                extra: f3,
            })
        }
        fn encode(&self, w: &mut ::sestina_wire::Writer<'_>, name: &str, ns: &str) {
            w.start(name, ns);
            w.attr("max", &self.max);
            self.extra.write_attributes(w);
            let content = w.position();
            w.text_element("first", "urn:example:list", &self.first);
            if let ::core::option::Option::Some(value) = &self.last {
                w.text_element("last", "urn:example:list", value);
            }
            self.extra.write_children(w, content);
            w.end(name);
        }
    }
    #[automatically_derived]
    impl ::sestina_wire::Payload for QueryPage {
        const NAME: &'static str = "page";
        const NS: &'static str = "urn:example:list";
    }
    /// One thing in a list.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Item {
        /// The attribute `jid`.
        pub jid: ::sestina_wire::BareJid,
        /// The attribute `type`.
        pub type_: ::core::option::Option<::sestina_wire::Text>,
        /// The attribute `count`. Absent means `1`.
        pub count: ::core::option::Option<u32>,
        /// The attribute `stamp`.
        pub stamp: ::core::option::Option<::sestina_wire::DateTime>,
        /// The attribute `xml:lang`.
        pub lang: ::core::option::Option<::sestina_wire::Text>,
        /// The attribute `direction`.
        pub direction: ::core::option::Option<Direction>,
        /// The text of `<group/>`.
        pub groups: ::sestina_wire::List<::sestina_wire::Text>,
        /// `<before/>`.
        pub before: ::core::option::Option<Page>,
        /// `<after/>`.
        pub after: ::core::option::Option<Page>,
        /// One thing in a list.
        pub item: ::core::option::Option<::std::boxed::Box<Item>>,
        /// Elements the schema leaves open.
        pub any: ::std::vec::Vec<::sestina_wire::AnyElement>,
        /// The text.
        pub text: ::sestina_wire::Text,
        /// What was there and is not declared.
        pub extra: ::sestina_wire::Extra,
    }
    impl Item {
        /// With what must be there, and nothing else.
        #[must_use]
        pub fn new(jid: ::sestina_wire::BareJid, text: ::sestina_wire::Text) -> Self {
            Self {
                jid,
                type_: ::core::default::Default::default(),
                count: ::core::default::Default::default(),
                stamp: ::core::default::Default::default(),
                lang: ::core::default::Default::default(),
                direction: ::core::default::Default::default(),
                groups: ::core::default::Default::default(),
                before: ::core::default::Default::default(),
                after: ::core::default::Default::default(),
                item: ::core::default::Default::default(),
                any: ::core::default::Default::default(),
                text,
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
            let mut f0 = ::core::option::Option::<::sestina_wire::BareJid>::None;
            let mut f1 = ::core::option::Option::<::sestina_wire::Text>::None;
            let mut f2 = ::core::option::Option::<u32>::None;
            let mut f3 = ::core::option::Option::<::sestina_wire::DateTime>::None;
            let mut f4 = ::core::option::Option::<::sestina_wire::Text>::None;
            let mut f5 = ::core::option::Option::<Direction>::None;
            let mut f6 = <::sestina_wire::List<
                ::sestina_wire::Text,
            > as ::core::default::Default>::default();
            let mut f7 = ::core::option::Option::<Page>::None;
            let mut f8 = ::core::option::Option::<Page>::None;
            let mut f9 = ::core::option::Option::<::std::boxed::Box<Item>>::None;
            let mut f10 = <::std::vec::Vec<
                ::sestina_wire::AnyElement,
            > as ::core::default::Default>::default();
            let mut f12 = ::sestina_wire::Extra::default();
            let mut order = ::sestina_wire::derive::Order::default();
            for attr in el.attrs() {
                match attr.key() {
                    ::core::option::Option::Some("jid") => {
                        f0 = ::core::option::Option::Some(
                            attr.decode::<::sestina_wire::BareJid>()?,
                        );
                    }
                    ::core::option::Option::Some("type") => {
                        f1 = ::core::option::Option::Some(
                            attr.decode::<::sestina_wire::Text>()?,
                        );
                    }
                    ::core::option::Option::Some("count") => {
                        f2 = ::core::option::Option::Some(attr.decode::<u32>()?);
                    }
                    ::core::option::Option::Some("stamp") => {
                        f3 = ::core::option::Option::Some(
                            attr.decode::<::sestina_wire::DateTime>()?,
                        );
                    }
                    ::core::option::Option::Some("xml:lang") => {
                        f4 = ::core::option::Option::Some(
                            attr.decode::<::sestina_wire::Text>()?,
                        );
                    }
                    ::core::option::Option::Some("direction") => {
                        f5 = ::core::option::Option::Some(attr.decode::<Direction>()?);
                    }
                    _ => f12.push_attr(attr),
                }
            }
            for child in el.children() {
                let field = match child.name() {
                    "group" if child.ns() == "urn:example:list" => {
                        f6.push(order.text::<::sestina_wire::Text>(child)?);
                        6u16
                    }
                    "before" if f7.is_none() && child.ns() == "urn:example:list" => {
                        f7 = ::core::option::Option::Some(
                            <Page as ::sestina_wire::Content>::decode(child)?,
                        );
                        7u16
                    }
                    "after" if f8.is_none() && child.ns() == "urn:example:list" => {
                        f8 = ::core::option::Option::Some(
                            <Page as ::sestina_wire::Content>::decode(child)?,
                        );
                        8u16
                    }
                    "item" if f9.is_none() && child.ns() == "urn:example:list" => {
                        f9 = ::core::option::Option::Some(
                            <::std::boxed::Box<
                                Item,
                            > as ::sestina_wire::Content>::decode(child)?,
                        );
                        9u16
                    }
                    "before" if child.ns() == "urn:example:list" => {
                        f12.push_element(child);
                        65535u16
                    }
                    "after" if child.ns() == "urn:example:list" => {
                        f12.push_element(child);
                        65535u16
                    }
                    "item" if child.ns() == "urn:example:list" => {
                        f12.push_element(child);
                        65535u16
                    }
                    _ => {
                        f10.push(child.to_any());
                        10u16
                    }
                };
                order.see(field);
            }
            let typed = true;
            order.finish(&mut f12, el, typed);
            ::core::result::Result::Ok(Self {
                jid: ::sestina_wire::derive::need_attribute(f0, el, "jid")?,
                type_: f1,
                count: f2,
                stamp: f3,
                lang: f4,
                direction: f5,
                groups: f6,
                before: f7,
                after: f8,
                item: f9,
                any: f10,
                text: el.decode_text::<::sestina_wire::Text>()?,
                extra: f12,
            })
        }
        fn encode(&self, w: &mut ::sestina_wire::Writer<'_>, name: &str, ns: &str) {
            w.start(name, ns);
            w.attr("jid", &self.jid);
            if let ::core::option::Option::Some(value) = &self.type_ {
                w.attr("type", value);
            }
            if let ::core::option::Option::Some(value) = &self.count {
                w.attr("count", value);
            }
            if let ::core::option::Option::Some(value) = &self.stamp {
                w.attr("stamp", value);
            }
            if let ::core::option::Option::Some(value) = &self.lang {
                w.attr("xml:lang", value);
            }
            if let ::core::option::Option::Some(value) = &self.direction {
                w.attr("direction", value);
            }
            self.extra.write_attributes(w);
            let content = w.position();
            for value in self.groups.iter() {
                w.text_element("group", "urn:example:list", value);
            }
            if let ::core::option::Option::Some(value) = &self.before {
                ::sestina_wire::Content::encode(value, w, "before", "urn:example:list");
            }
            if let ::core::option::Option::Some(value) = &self.after {
                ::sestina_wire::Content::encode(value, w, "after", "urn:example:list");
            }
            if let ::core::option::Option::Some(value) = &self.item {
                ::sestina_wire::Content::encode(value, w, "item", "urn:example:list");
            }
            for value in self.any.iter() {
                w.any(value);
            }
            w.text(&self.text);
            self.extra.write_children(w, content);
            w.end(name);
        }
    }
    #[automatically_derived]
    impl ::sestina_wire::Payload for Item {
        const NAME: &'static str = "item";
        const NS: &'static str = "urn:example:list";
    }
    /// One of several words.
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    pub enum Direction {
        /// `up`.
        Up,
        /// `half-down`.
        HalfDown,
        /// Any other word.
        Other(::sestina_wire::Text),
    }
    impl Direction {
        /// The word as it stands in the XML.
        #[must_use]
        pub fn as_str(&self) -> &str {
            match self {
                Self::Up => "up",
                Self::HalfDown => "half-down",
                Self::Other(text) => text,
            }
        }
    }
    #[automatically_derived]
    impl ::sestina_wire::FromText for Direction {
        const VERBATIM: bool = true;
        fn from_text(
            text: ::sestina_wire::Text,
        ) -> ::core::result::Result<Self, ::sestina_wire::ValueError> {
            ::core::result::Result::Ok(
                match &*text {
                    "up" => Self::Up,
                    "half-down" => Self::HalfDown,
                    _ => Self::Other(text),
                },
            )
        }
    }
    #[automatically_derived]
    impl ::sestina_wire::ToText for Direction {
        fn to_text(&self, out: &mut ::sestina_wire::TextWriter<'_>) {
            ::sestina_wire::ToText::to_text(self.as_str(), out);
        }
    }
    /// `<size xmlns='urn:example:list'/>`.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Size {
        /// The attribute `exact`.
        pub exact: ::core::option::Option<bool>,
        /// The text.
        pub text: Level,
        /// What was there and is not declared.
        pub extra: ::sestina_wire::Extra,
    }
    impl Size {
        /// With what must be there, and nothing else.
        #[must_use]
        pub fn new(text: Level) -> Self {
            Self {
                exact: ::core::default::Default::default(),
                text,
                extra: ::core::default::Default::default(),
            }
        }
    }
    #[automatically_derived]
    #[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
    impl ::sestina_wire::Content for Size {
        fn decode(
            el: ::sestina_wire::ElementRef<'_>,
        ) -> ::core::result::Result<Self, ::sestina_wire::DecodeError> {
            let mut f0 = ::core::option::Option::<bool>::None;
            let mut f2 = ::sestina_wire::Extra::default();
            let mut order = ::sestina_wire::derive::Order::default();
            for attr in el.attrs() {
                match attr.key() {
                    ::core::option::Option::Some("exact") => {
                        f0 = ::core::option::Option::Some(attr.decode::<bool>()?);
                    }
                    _ => f2.push_attr(attr),
                }
            }
            ::sestina_wire::derive::keep_children(&mut f2, el);
            let typed = true;
            order.finish(&mut f2, el, typed);
            ::core::result::Result::Ok(Self {
                exact: f0,
                text: el.decode_text::<Level>()?,
                extra: f2,
            })
        }
        fn encode(&self, w: &mut ::sestina_wire::Writer<'_>, name: &str, ns: &str) {
            w.start(name, ns);
            if let ::core::option::Option::Some(value) = &self.exact {
                w.attr("exact", value);
            }
            self.extra.write_attributes(w);
            let content = w.position();
            w.text(&self.text);
            self.extra.write_children(w, content);
            w.end(name);
        }
    }
    #[automatically_derived]
    impl ::sestina_wire::Payload for Size {
        const NAME: &'static str = "size";
        const NS: &'static str = "urn:example:list";
    }
    /// One of several words.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Level {
        /// `low`.
        Low,
        /// `high`.
        High,
    }
    impl Level {
        /// The word as it stands in the XML.
        #[must_use]
        pub fn as_str(&self) -> &str {
            match self {
                Self::Low => "low",
                Self::High => "high",
            }
        }
    }
    #[automatically_derived]
    impl ::sestina_wire::FromText for Level {
        const VERBATIM: bool = true;
        fn from_text(
            text: ::sestina_wire::Text,
        ) -> ::core::result::Result<Self, ::sestina_wire::ValueError> {
            ::core::result::Result::Ok(
                match &*text {
                    "low" => Self::Low,
                    "high" => Self::High,
                    _ => {
                        return ::core::result::Result::Err(
                            ::sestina_wire::derive::unknown_word(&["low", "high"]),
                        );
                    }
                },
            )
        }
    }
    #[automatically_derived]
    impl ::sestina_wire::ToText for Level {
        fn to_text(&self, out: &mut ::sestina_wire::TextWriter<'_>) {
            ::sestina_wire::ToText::to_text(self.as_str(), out);
        }
    }
    /// Content in `urn:example:list`.
    #[derive(Clone, Debug, PartialEq, Default)]
    pub struct Page {
        /// The attribute `max`.
        pub max: u16,
        /// The text of `<first/>`.
        pub first: ::sestina_wire::Base64,
        /// The text of `<last/>`.
        pub last: ::core::option::Option<::sestina_wire::Text>,
        /// What was there and is not declared.
        pub extra: ::sestina_wire::Extra,
    }
    impl Page {
        /// With what must be there, and nothing else.
        #[must_use]
        pub fn new(max: u16, first: ::sestina_wire::Base64) -> Self {
            Self {
                max,
                first,
                last: ::core::default::Default::default(),
                extra: ::core::default::Default::default(),
            }
        }
    }
    #[automatically_derived]
    #[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
    impl ::sestina_wire::Content for Page {
        fn decode(
            el: ::sestina_wire::ElementRef<'_>,
        ) -> ::core::result::Result<Self, ::sestina_wire::DecodeError> {
            let mut f0 = ::core::option::Option::<u16>::None;
            let mut f1 = ::core::option::Option::<::sestina_wire::Base64>::None;
            let mut f2 = ::core::option::Option::<::sestina_wire::Text>::None;
            let mut f3 = ::sestina_wire::Extra::default();
            let mut order = ::sestina_wire::derive::Order::default();
            for attr in el.attrs() {
                match attr.key() {
                    ::core::option::Option::Some("max") => {
                        f0 = ::core::option::Option::Some(attr.decode::<u16>()?);
                    }
                    _ => f3.push_attr(attr),
                }
            }
            for child in el.children() {
                let field = match child.name() {
                    "first" if f1.is_none() && child.ns() == "urn:example:list" => {
                        f1 = ::core::option::Option::Some(
                            order.text::<::sestina_wire::Base64>(child)?,
                        );
                        1u16
                    }
                    "last" if f2.is_none() && child.ns() == "urn:example:list" => {
                        f2 = ::core::option::Option::Some(
                            order.text::<::sestina_wire::Text>(child)?,
                        );
                        2u16
                    }
                    _ => {
                        f3.push_element(child);
                        65535u16
                    }
                };
                order.see(field);
            }
            let typed = false;
            order.finish(&mut f3, el, typed);
            ::core::result::Result::Ok(Self {
                max: ::sestina_wire::derive::need_attribute(f0, el, "max")?,
                first: ::sestina_wire::derive::need_child(f1, el, "first")?,
                last: f2,
                extra: f3,
            })
        }
        fn encode(&self, w: &mut ::sestina_wire::Writer<'_>, name: &str, ns: &str) {
            w.start(name, ns);
            w.attr("max", &self.max);
            self.extra.write_attributes(w);
            let content = w.position();
            w.text_element("first", "urn:example:list", &self.first);
            if let ::core::option::Option::Some(value) = &self.last {
                w.text_element("last", "urn:example:list", value);
            }
            self.extra.write_children(w, content);
            w.end(name);
        }
    }
}
impl ::sestina_wire::dispatch::InIq for super::xep_0001::list::Item {}
impl ::sestina_wire::dispatch::InIq for super::xep_0001::list::Query {}
impl ::sestina_wire::dispatch::InMessage for super::xep_0001::list::Size {}
impl ::sestina_wire::dispatch::Extensible for feature::Lists {
    fn unknown(
        &self,
    ) -> impl ::core::iter::Iterator<Item = &::sestina_wire::AnyElement> {
        self.extra.children().iter()
    }
    fn add(&mut self, child: ::sestina_wire::AnyElement) {
        self.extra.push_child(child)
    }
}
impl ::sestina_wire::dispatch::Extensible for feature::Shield {
    fn unknown(
        &self,
    ) -> impl ::core::iter::Iterator<Item = &::sestina_wire::AnyElement> {
        self.extra.children().iter()
    }
    fn add(&mut self, child: ::sestina_wire::AnyElement) {
        self.extra.push_child(child)
    }
}
impl ::sestina_wire::dispatch::Extensible for feature::Enter {
    fn unknown(
        &self,
    ) -> impl ::core::iter::Iterator<Item = &::sestina_wire::AnyElement> {
        self.extra.children().iter()
    }
    fn add(&mut self, child: ::sestina_wire::AnyElement) {
        self.extra.push_child(child)
    }
}
impl ::sestina_wire::dispatch::Extensible for feature::Settle {
    fn unknown(
        &self,
    ) -> impl ::core::iter::Iterator<Item = &::sestina_wire::AnyElement> {
        self.extra.children().iter()
    }
    fn add(&mut self, child: ::sestina_wire::AnyElement) {
        self.extra.push_child(child)
    }
}
impl ::sestina_wire::dispatch::Extensible for list::Query {
    fn unknown(
        &self,
    ) -> impl ::core::iter::Iterator<Item = &::sestina_wire::AnyElement> {
        self.extra.children().iter()
    }
    fn add(&mut self, child: ::sestina_wire::AnyElement) {
        self.extra.push_child(child)
    }
}
impl ::sestina_wire::dispatch::Extensible for list::Item {
    fn unknown(
        &self,
    ) -> impl ::core::iter::Iterator<Item = &::sestina_wire::AnyElement> {
        self.any.iter().chain(self.extra.children())
    }
    fn add(&mut self, child: ::sestina_wire::AnyElement) {
        self.any.push(child)
    }
}
impl ::sestina_wire::dispatch::Extensible for list::Size {
    fn unknown(
        &self,
    ) -> impl ::core::iter::Iterator<Item = &::sestina_wire::AnyElement> {
        self.extra.children().iter()
    }
    fn add(&mut self, child: ::sestina_wire::AnyElement) {
        self.extra.push_child(child)
    }
}
/// What is stored.
pub mod tables {
    /// The lists of an account.
    #[derive(Clone, Copy, Debug)]
    pub enum Lists {}
    impl ::sestina_storage::Table for Lists {
        const DESCRIPTOR: &'static ::sestina_storage::TableDescriptor = &LISTS;
        type Row = ListsRow;
        fn to_values(row: &ListsRow) -> ::std::vec::Vec<::sestina_storage::Value> {
            ::std::vec![
                ::sestina_storage::ColumnValue::to_value(& row.owner),
                ::sestina_storage::ColumnValue::to_value(& row.seq),
                ::sestina_storage::ColumnValue::to_value(& row.title),
                ::sestina_storage::ColumnValue::to_value(& row.key),
                ::sestina_storage::ColumnValue::to_value(& row.changed)
            ]
        }
        fn from_values(
            values: ::std::vec::Vec<::sestina_storage::Value>,
        ) -> ::core::result::Result<ListsRow, ::sestina_storage::StorageError> {
            let mut values = values.into_iter();
            let mut next = || values.next().unwrap_or(::sestina_storage::Value::Null);
            ::core::result::Result::Ok(ListsRow {
                owner: ::sestina_storage::ColumnValue::from_value(next())?,
                seq: ::sestina_storage::ColumnValue::from_value(next())?,
                title: ::sestina_storage::ColumnValue::from_value(next())?,
                key: ::sestina_storage::ColumnValue::from_value(next())?,
                changed: ::sestina_storage::ColumnValue::from_value(next())?,
            })
        }
    }
    /// The query `of_owner` of `lists`.
    pub static LISTS_OF_OWNER: ::sestina_storage::QueryDescriptor = ::sestina_storage::QueryDescriptor {
        name: "of_owner",
        equals: &["owner"],
        range: ::core::option::Option::Some("seq"),
        order: ::core::option::Option::Some("seq"),
        descending: false,
        search: ::core::option::Option::Some("title"),
        limit: 100u32,
    };
    /// The query `latest` of `lists`.
    pub static LISTS_LATEST: ::sestina_storage::QueryDescriptor = ::sestina_storage::QueryDescriptor {
        name: "latest",
        equals: &["owner"],
        range: ::core::option::Option::None,
        order: ::core::option::Option::Some("changed"),
        descending: true,
        search: ::core::option::Option::None,
        limit: 10u32,
    };
    /// The rows of `lists`, the oldest first.
    pub static LISTS_BY_AGE: ::sestina_storage::QueryDescriptor = ::sestina_storage::QueryDescriptor {
        name: "by_age",
        equals: &[],
        range: ::core::option::Option::Some("changed"),
        order: ::core::option::Option::Some("changed"),
        descending: false,
        search: ::core::option::Option::None,
        limit: 1000,
    };
    /// The description of `lists`.
    pub static LISTS: ::sestina_storage::TableDescriptor = ::sestina_storage::TableDescriptor {
        spec: "xep-0001",
        name: "lists",
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
                name: "seq",
                ty: ::sestina_storage::ColumnType::Integer,
                optional: false,
                secret: false,
                default: None,
            },
            ::sestina_storage::Column {
                name: "title",
                ty: ::sestina_storage::ColumnType::Text,
                optional: true,
                secret: false,
                default: None,
            },
            ::sestina_storage::Column {
                name: "key",
                ty: ::sestina_storage::ColumnType::Bytes,
                optional: false,
                secret: true,
                default: None,
            },
            ::sestina_storage::Column {
                name: "changed",
                ty: ::sestina_storage::ColumnType::Timestamp,
                optional: false,
                secret: false,
                default: None,
            },
        ],
        key: &["owner", "seq"],
        indexes: &[&["owner", "changed"], &["changed"]],
        queries: &[LISTS_OF_OWNER, LISTS_LATEST],
        retention: ::core::option::Option::Some(::sestina_storage::Retention {
            query: &LISTS_BY_AGE,
            config: ::core::option::Option::Some("keep"),
            after: ::core::option::Option::None,
        }),
    };
    /// A row of `lists`.
    #[derive(Clone, Debug)]
    pub struct ListsRow {
        /// The column `owner`.
        pub owner: ::sestina_wire::BareJid,
        /// The column `seq`.
        pub seq: i64,
        /// What people call it.
        pub title: ::core::option::Option<::std::string::String>,
        /// The column `key`.
        pub key: ::sestina_storage::Secret<::std::vec::Vec<u8>>,
        /// The column `changed`.
        pub changed: ::sestina_wire::Timestamp,
    }
    /// The lists of an account.
    #[derive(Clone, Debug)]
    pub struct ListsStore(pub ::sestina_storage::Store<Lists>);
    impl ListsStore {
        /// The row with this key.
        ///
        /// # Errors
        /// As `Store::get`.
        pub async fn get(
            &self,
            owner: &::sestina_wire::BareJid,
            seq: i64,
        ) -> ::core::result::Result<
            ::core::option::Option<ListsRow>,
            ::sestina_storage::StorageError,
        > {
            self.0
                .get(
                    &[
                        ::sestina_storage::ColumnValue::to_value(owner),
                        ::sestina_storage::ColumnValue::to_value(&seq),
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
            row: &ListsRow,
        ) -> ::core::result::Result<(), ::sestina_storage::StorageError> {
            self.0.put(row).await
        }
        /// Stores a row whose key is not there yet.
        ///
        /// # Errors
        /// As `Store::insert`: `Conflict` if a row with the same key is there.
        pub async fn insert(
            &self,
            row: &ListsRow,
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
            seq: i64,
        ) -> ::core::result::Result<bool, ::sestina_storage::StorageError> {
            self.0
                .delete(
                    &[
                        ::sestina_storage::ColumnValue::to_value(owner),
                        ::sestina_storage::ColumnValue::to_value(&seq),
                    ],
                )
                .await
        }
        /// The rows with this `owner`, a range of `seq`, ordered by `seq`; at most 100.
        ///
        /// # Errors
        /// As `Store::select`.
        pub async fn of_owner(
            &self,
            owner: &::sestina_wire::BareJid,
            range: ::sestina_storage::Range,
        ) -> ::core::result::Result<
            ::std::vec::Vec<ListsRow>,
            ::sestina_storage::StorageError,
        > {
            self.0
                .select(
                    &LISTS_OF_OWNER,
                    &[::sestina_storage::ColumnValue::to_value(owner)],
                    range,
                    ::core::option::Option::None,
                    false,
                )
                .await
        }
        /// The same, at most `limit` rows, from the other end with `reverse`.
        ///
        /// # Errors
        /// As `Store::select`.
        pub async fn of_owner_page(
            &self,
            owner: &::sestina_wire::BareJid,
            range: ::sestina_storage::Range,
            limit: u32,
            reverse: bool,
        ) -> ::core::result::Result<
            ::std::vec::Vec<ListsRow>,
            ::sestina_storage::StorageError,
        > {
            let limit = ::core::option::Option::Some(limit);
            self.0
                .select(
                    &LISTS_OF_OWNER,
                    &[::sestina_storage::ColumnValue::to_value(owner)],
                    range,
                    limit,
                    reverse,
                )
                .await
        }
        /// Those of the rows that a search finds, at most `limit`, from the other end with `reverse`.
        ///
        /// # Errors
        /// As `Store::search`: `Unsupported` where the backend cannot.
        pub async fn of_owner_search(
            &self,
            owner: &::sestina_wire::BareJid,
            range: ::sestina_storage::Range,
            search: ::sestina_storage::Search,
            limit: u32,
            reverse: bool,
        ) -> ::core::result::Result<
            ::std::vec::Vec<ListsRow>,
            ::sestina_storage::StorageError,
        > {
            let limit = ::core::option::Option::Some(limit);
            self.0
                .search(
                    &LISTS_OF_OWNER,
                    &[::sestina_storage::ColumnValue::to_value(owner)],
                    range,
                    search,
                    limit,
                    reverse,
                )
                .await
        }
        /// Whether the backend can do this search.
        pub fn can_search_of_owner(&self) -> bool {
            self.0.can_search(&LISTS_OF_OWNER)
        }
        /// Removes all these rows, and says how many.
        ///
        /// # Errors
        /// As `Store::delete_where`.
        pub async fn delete_of_owner(
            &self,
            owner: &::sestina_wire::BareJid,
            range: ::sestina_storage::Range,
        ) -> ::core::result::Result<u64, ::sestina_storage::StorageError> {
            self.0
                .delete_where(
                    &LISTS_OF_OWNER,
                    &[::sestina_storage::ColumnValue::to_value(owner)],
                    range,
                )
                .await
        }
        /// The rows with this `owner`, ordered by `changed` from high to low; at most 10.
        ///
        /// # Errors
        /// As `Store::select`.
        pub async fn latest(
            &self,
            owner: &::sestina_wire::BareJid,
        ) -> ::core::result::Result<
            ::std::vec::Vec<ListsRow>,
            ::sestina_storage::StorageError,
        > {
            self.0
                .select(
                    &LISTS_LATEST,
                    &[::sestina_storage::ColumnValue::to_value(owner)],
                    ::sestina_storage::Range::all(),
                    ::core::option::Option::None,
                    false,
                )
                .await
        }
        /// Removes all these rows, and says how many.
        ///
        /// # Errors
        /// As `Store::delete_where`.
        pub async fn delete_latest(
            &self,
            owner: &::sestina_wire::BareJid,
        ) -> ::core::result::Result<u64, ::sestina_storage::StorageError> {
            self.0
                .delete_where(
                    &LISTS_LATEST,
                    &[::sestina_storage::ColumnValue::to_value(owner)],
                    ::sestina_storage::Range::all(),
                )
                .await
        }
    }
}
