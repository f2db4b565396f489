use sestina_macros::Stanza;
use sestina_wire::{BareJid, List, Text};

#[derive(Stanza)]
#[stanza(name = "a", namespace = "urn:x", crate = "::sestina_wire")]
struct WhatIsInIt {
    #[stanza(wrapped = "always")]
    always: List<BareJid>,
}

#[derive(Stanza)]
#[stanza(name = "a", namespace = "urn:x", crate = "::sestina_wire")]
struct OfAnother {
    #[stanza(child_text(name = "b", child = "c"))]
    b: Text,
}

#[derive(Stanza)]
#[stanza(name = "a", namespace = "urn:x", crate = "::sestina_wire")]
struct Codec {
    #[stanza(wrapped(child = "c"), codec = self::codec)]
    b: Text,
}

#[derive(Stanza)]
#[stanza(name = "a", namespace = "urn:x", crate = "::sestina_wire")]
struct Twice {
    #[stanza(wrapped(name = "b", child = "c"))]
    one: Text,
    #[stanza(child_text = "b")]
    other: Text,
}

fn main() {}
