use sestina_macros::Stanza;

#[derive(Stanza)]
#[stanza(name = "item", namespace = "urn:x", xmlns = "urn:x")]
struct Item {
    #[stanza(atribute)]
    jid: String,
    #[stanza(child(name = "x", ns = "urn:y"))]
    x: String,
}

fn main() {}
