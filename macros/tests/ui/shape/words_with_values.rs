use sestina_macros::Stanza;

#[derive(Stanza)]
#[stanza(name, namespace, crate = "", text_enum = 1)]
enum Item {
    A,
}

fn main() {}
