use sestina_macros::Stanza;

#[derive(Stanza)]
#[stanza(name = "item")]
struct Item;

fn main() {}
