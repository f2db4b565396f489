use sestina_macros::Stanza;

#[derive(Stanza)]
#[stanza(name = "", crate)]
struct Item {
    first: String,
    #[stanza(attribute, attribute)]
    second: String,
    #[stanza(wrong)]
    third: String,
}

#[derive(Stanza)]
union Union {
    a: u8,
}

fn main() {}
