//! The command `sestina-codegen`: checks specifications, writes what is generated from them, and explains it.
//!
//! Each command is a file in `command/` with one function; what they do is in the library.

use std::process::ExitCode;

mod command;

fn main() -> ExitCode {
    command::run()
}
