use sestina_macros::Stanza;

#[derive(Stanza)]
#[stanza(namespace = "urn:x")]
enum Nothing {}

fn main() {}
