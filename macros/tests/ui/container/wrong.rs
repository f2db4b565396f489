use sestina_macros::Stanza;

#[derive(Stanza)]
#[stanza(name = "item", namespace = "urn:x")]
struct Item {
    #[stanza(attribute)]
    tags: Vec<String>,
    #[stanza(flag)]
    required: Option<bool>,
    #[stanza(attribute, default)]
    name: Option<String>,
}

fn main() {}
