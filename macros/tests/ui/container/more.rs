use sestina_macros::Stanza;

#[derive(Stanza)]
#[stanza(name = "item", namespace = "urn:x")]
struct Item {
    #[stanza(text)]
    text: Vec<String>,
    #[stanza(flag)]
    flags: Vec<bool>,
    #[stanza(extra)]
    extra: Option<String>,
    #[stanza(child, default)]
    children: Vec<String>,
}

fn main() {}
