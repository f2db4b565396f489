use sestina_macros::Stanza;

#[derive(Stanza)]
enum Choice {
    #[stanza(name = "a")]
    A,
    #[stanza(name = "b", namespace = "urn:x")]
    B { field: u8 },
    C,
    #[stanza(other)]
    Rest,
}

fn main() {}
