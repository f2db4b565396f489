use sestina_macros::Stanza;

#[derive(Stanza)]
#[stanza(name = "item", namespace = "urn:x")]
struct Item<T> {
    #[stanza(child)]
    inner: T,
}

fn main() {}
