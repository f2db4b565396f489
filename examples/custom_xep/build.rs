//! Generates code from `specs/`, over what Sestina knows already.

fn main() {
    sestina_codegen::Build::new()
        .external_specs_dir(sestina_specs::PATH, "::sestina::types")
        .specs_dir("specs")
        .facade("::sestina")
        .types()
        .skeletons();
}
