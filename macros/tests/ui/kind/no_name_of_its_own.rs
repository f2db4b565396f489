use sestina_macros::Stanza;

#[derive(Stanza)]
#[stanza(name = "item", namespace = "urn:x")]
struct Item(#[stanza(attribute)] u8, #[stanza(flag)] bool, #[stanza(child_text)] u8);

fn main() {}
