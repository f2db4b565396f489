use sestina_macros::Stanza;

#[derive(Stanza)]
#[stanza(text_enum)]
enum Direction<T> {
    Up,
    #[stanza(other)]
    Other(T),
}

fn main() {}
