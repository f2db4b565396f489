use sestina_macros::Stanza;

#[derive(Stanza)]
#[stanza(name = "a", name = "b", namespace = "urn:x")]
struct Item {
    #[stanza(attribute, default, default)]
    first: u8,
    #[stanza(attribute(name = "x", name = "y"))]
    second: u8,
    #[stanza(attribute, codec = a, codec = b)]
    third: u8,
}

#[derive(Stanza)]
#[stanza(namespace = "urn:x")]
enum Choice {
    #[stanza(name = "a", name = "b")]
    A,
}

fn main() {}
