//! Writes the assembled servers, clients and components from the specifications.

fn main() {
    sestina_codegen::Build::new()
        .specs_dir(sestina_specs::PATH)
        .profiles();
}
