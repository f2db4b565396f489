use sestina_macros::Stanza;

#[derive(Stanza)]
#[stanza(text_enum)]
enum Direction {
    Up(u8),
    #[stanza(value)]
    Down,
    #[stanza(name = "left")]
    Left,
}

fn main() {}
