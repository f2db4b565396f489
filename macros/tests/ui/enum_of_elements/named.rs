use sestina_macros::Stanza;

#[derive(Stanza)]
#[stanza(name = "a", namespace = "urn:x")]
enum Choice {
    #[stanza(name = "b")]
    B,
}

fn main() {}
