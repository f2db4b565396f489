use sestina_macros::Stanza;

#[derive(Stanza)]
#[stanza(name = "item", namespace = "urn:x")]
struct Item {
    #[stanza(flag, codec = hex)]
    flag: bool,
    #[stanza(any, codec = hex)]
    any: Vec<String>,
    #[stanza(attribute, codec = "not a path")]
    path: u8,
    #[stanza(attribute, default = 7)]
    seven: u8,
    #[stanza(flag, default)]
    twice: bool,
}

fn main() {}
