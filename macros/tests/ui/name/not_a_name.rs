use sestina_macros::Stanza;

#[derive(Stanza)]
#[stanza(name = "my item", namespace = 7)]
struct Item {
    #[stanza(attribute = "a:b")]
    jid: String,
    #[stanza(text = "x")]
    text: String,
    #[stanza(child(namespace = "urn:x"))]
    child: String,
    #[stanza(child, codec = hex)]
    coded: String,
}

fn main() {}
