//! Writes the typed stanzas from the specifications.

fn main() {
    sestina_codegen::Build::new()
        .specs_dir(sestina_specs::PATH)
        .types();
}
