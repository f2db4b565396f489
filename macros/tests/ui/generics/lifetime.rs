use sestina_macros::Stanza;

#[derive(Stanza)]
#[stanza(name = "item", namespace = "urn:x")]
struct Item<'a> {
    #[stanza(attribute)]
    jid: &'a str,
}

fn main() {}
