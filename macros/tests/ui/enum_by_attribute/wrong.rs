use sestina_macros::Stanza;

#[derive(Stanza)]
#[stanza(attribute = "type")]
enum Nameless {
    Form,
}

#[derive(Stanza)]
#[stanza(name = "x", namespace = "urn:x", attribute = "type")]
enum Form {
    Form,
    #[stanza(value = "form")]
    Again,
    #[stanza(value = "fields")]
    Fields { field: u8 },
    #[stanza(name = "y")]
    Named,
    #[stanza(other)]
    Rest,
}

fn main() {}
