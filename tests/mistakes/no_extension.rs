//@ says: travel inside
//@ says: it is declared with `[[child]]` and `inside` in the `spec.toml` of its specification
use sestina::types::xep_0004::Field;
use sestina::types::xep_0199::Ping;
use sestina::wire::dispatch::Extensible as _;

fn extended(field: &Field) -> bool {
    field.extension::<Ping>().is_some() // here
}
