use sestina_macros::Stanza;

#[derive(Stanza)]
enum Direction {
    Up,
    Down,
}

fn main() {}
