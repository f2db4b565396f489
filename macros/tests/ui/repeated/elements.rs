use sestina_macros::Stanza;

#[derive(Stanza)]
#[stanza(name = "item", namespace = "urn:x")]
struct Item {
    #[stanza(child_text = "group")]
    groups: Vec<String>,
    #[stanza(flag = "group")]
    group: bool,
    #[stanza(any)]
    any: Vec<String>,
    #[stanza(any)]
    more: Vec<String>,
    #[stanza(extra)]
    extra: String,
    #[stanza(extra)]
    rest: String,
}

fn main() {}
