use sestina_macros::Stanza;

#[derive(Stanza)]
#[stanza(namespace = "urn:x")]
enum Choice {
    #[stanza(name = "a", value = "b")]
    A,
    #[stanza(text)]
    T(String),
    #[stanza(other)]
    Other(u8),
    #[stanza(other)]
    Another(u8),
    #[stanza(other = "x")]
    Valued(u8),
}

fn main() {}
