use sestina_macros::Stanza;

#[derive(Stanza)]
#[stanza(name = "x", namespace = "urn:x", attribute = "type")]
struct Form;

#[derive(Stanza)]
#[stanza(text_enum, attribute = "type")]
enum Word {
    A,
}

fn main() {}
