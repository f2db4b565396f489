//! Writes the typed stanzas from the specifications, and what tests of them need.

fn main() {
    sestina_codegen::Build::new()
        .specs_dir(sestina_specs::PATH)
        .types();
}
