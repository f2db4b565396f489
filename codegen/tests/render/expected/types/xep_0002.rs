// Generated from specs/xep-0002 by sestina-codegen. Do not edit.

/// What this specification says of itself.
pub const SPEC: ::sestina_wire::dispatch::SpecInfo = ::sestina_wire::dispatch::SpecInfo {
    id: "xep-0002",
    number: "XEP-0002",
    title: "Nothing Much",
    version: "0.1",
    status: "Experimental",
    summary: "Has nothing to answer, and refers to another specification.",
    depends: &["xep-0001"],
    features: &[],
    identities: &[],
};
/// The namespace of these elements.
pub const NS: &str = "urn:example:mark";
/// `<mark xmlns='urn:example:mark'/>`.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// `<size/>`.
    pub size: super::xep_0001::list::Size,
    /// What was there and is not declared.
    pub extra: ::sestina_wire::Extra,
}
impl Mark {
    /// With what must be there, and nothing else.
    #[must_use]
    pub fn new(size: super::xep_0001::list::Size) -> Self {
        Self {
            size,
            extra: ::core::default::Default::default(),
        }
    }
}
#[automatically_derived]
#[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
impl ::sestina_wire::Content for Mark {
    fn decode(
        el: ::sestina_wire::ElementRef<'_>,
    ) -> ::core::result::Result<Self, ::sestina_wire::DecodeError> {
        let mut f0 = ::core::option::Option::<super::xep_0001::list::Size>::None;
        let mut f1 = ::sestina_wire::Extra::default();
        let mut order = ::sestina_wire::derive::Order::default();
        ::sestina_wire::derive::keep_attributes(&mut f1, el);
        for child in el.children() {
            let field = match child.name() {
                "size" if f0.is_none() && child.ns() == "urn:example:list" => {
                    f0 = ::core::option::Option::Some(
                        <super::xep_0001::list::Size as ::sestina_wire::Content>::decode(
                            child,
                        )?,
                    );
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
        ::core::result::Result::Ok(Self {
            size: ::sestina_wire::derive::need_child(f0, el, "size")?,
            extra: f1,
        })
    }
    fn encode(&self, w: &mut ::sestina_wire::Writer<'_>, name: &str, ns: &str) {
        w.start(name, ns);
        self.extra.write_attributes(w);
        let content = w.position();
        ::sestina_wire::Content::encode(&self.size, w, "size", "urn:example:list");
        self.extra.write_children(w, content);
        w.end(name);
    }
}
#[automatically_derived]
impl ::sestina_wire::Payload for Mark {
    const NAME: &'static str = "mark";
    const NS: &'static str = "urn:example:mark";
}
impl ::sestina_wire::dispatch::InPresence for super::xep_0002::Mark {}
impl ::sestina_wire::dispatch::Extensible for Mark {
    fn unknown(
        &self,
    ) -> impl ::core::iter::Iterator<Item = &::sestina_wire::AnyElement> {
        self.extra.children().iter()
    }
    fn add(&mut self, child: ::sestina_wire::AnyElement) {
        self.extra.push_child(child)
    }
}
