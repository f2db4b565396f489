use sestina_macros::Stanza;

#[derive(Stanza)]
#[stanza(text_enum, name = "x")]
enum Direction {
    Up,
    #[stanza(value = "up")]
    Upwards,
    #[stanza(other)]
    Other,
    #[stanza(other)]
    Another(String),
    #[stanza(other)]
    Third(String),
}

fn main() {}
