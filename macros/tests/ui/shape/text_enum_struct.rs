use sestina_macros::Stanza;

#[derive(Stanza)]
#[stanza(text_enum)]
struct Item;

fn main() {}
