//! What the commands print. Whoever reads it may stop early, as `head` does: then the rest is printed to nobody, and what
//! a command does is done all the same.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};

/// Prints a text for the user; what other programs read.
///
/// # Errors
/// With a message when it cannot be written, as on a full disk.
pub(super) fn out(text: Arguments<'_>) -> Result<(), String> {
    match write(io::stdout().lock(), text) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(format!(
            "error: what this prints cannot be written: {error}\n"
        )),
        _ => Ok(()),
    }
}

/// Prints a text beside what is printed: warnings, errors. Where even that cannot be written nobody is left to tell.
pub(super) fn beside(text: Arguments<'_>) {
    let _ = write(io::stderr().lock(), text);
}

fn write(mut to: impl Write, text: Arguments<'_>) -> io::Result<()> {
    to.write_fmt(text)?;
    to.flush()
}
