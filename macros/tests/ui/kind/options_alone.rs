use sestina_macros::Stanza;

#[derive(Stanza)]
#[stanza(name = "item", namespace = "urn:x")]
struct Item {
    #[stanza(default)]
    first: u8,
    #[stanza()]
    second: u8,
}

fn main() {}
