use sestina_macros::Stanza;

#[derive(Stanza)]
#[stanza(namespace = "urn:x")]
enum Choice {
    #[stanza(name = "a")]
    A,
    #[stanza(name = "a", text)]
    B(String),
    #[stanza(name = "a", namespace = "urn:y")]
    C,
}

fn main() {}
