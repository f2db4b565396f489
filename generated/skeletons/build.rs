//! Writes what each plugin must answer from the specifications.

fn main() {
    sestina_codegen::Build::new()
        .specs_dir(sestina_specs::PATH)
        .skeletons();
}
