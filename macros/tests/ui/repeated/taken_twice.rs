use sestina_macros::Stanza;

#[derive(Stanza)]
#[stanza(name = "item", namespace = "urn:x")]
struct Item {
    #[stanza(attribute)]
    jid: String,
    #[stanza(attribute = "jid")]
    other: String,
    #[stanza(text)]
    text: String,
    #[stanza(text)]
    more: String,
}

fn main() {}
