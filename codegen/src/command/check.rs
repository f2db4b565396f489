//! `check`: says everything that is wrong.

use sestina_codegen::Loaded;

use super::say;

/// Errors have been said by now; this says how much was looked at.
pub(super) fn run(loaded: &Loaded) -> Result<(), String> {
    say::out(format_args!(
        "{} specifications, {} profiles: nothing wrong\n",
        loaded.model.specs.len(),
        loaded.model.profiles.len()
    ))
}
