//! Asking for a password.

use std::io::{self, BufRead as _, IsTerminal as _};

use zeroize::{Zeroize as _, Zeroizing};

use super::protocol::Password;

/// The longest password, in octets.
const LONGEST: u64 = 4096;

/// Asks for a password at the terminal, twice and without showing it; reads one line of standard
/// input where that is no terminal, or on request.
pub(super) fn read(from_stdin: bool) -> Result<Password, String> {
    if from_stdin || !io::stdin().is_terminal() {
        return line(io::stdin().lock())
            .map_err(|error| format!("cannot read the password: {error}"));
    }
    let ask = |question| {
        terminal::ask(question).map_err(|error| format!("cannot ask for the password: {error}"))
    };
    let first = ask("Password: ")?;
    let second = ask("The same again: ")?;
    if first.expose() == second.expose() {
        Ok(first)
    } else {
        Err("the two passwords differ".to_owned())
    }
}

/// One line, without its end. An end of input before any text is an error, not an empty password.
pub(super) fn line(input: impl io::BufRead) -> io::Result<Password> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(256));
    let read = input.take(LONGEST + 2).read_until(b'\n', &mut bytes)?;
    if read == 0 {
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "there is none on standard input",
        ));
    }
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    if bytes.len() as u64 > LONGEST {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("it is longer than {LONGEST} octets"),
        ));
    }
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Ok(Password::new(Zeroizing::new(text))),
        Err(error) => {
            error.into_bytes().zeroize();
            Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "it is not UTF-8",
            ))
        }
    }
}

/// The terminal of this process, not whatever its standard streams are.
#[cfg(unix)]
mod terminal {
    use std::fs::File;
    use std::io::{self, Read as _, Write as _};

    use rustix::termios::{
        LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
    };
    use zeroize::Zeroizing;

    use super::{Password, line};

    /// What the keys Control and C give.
    const CONTROL_C: u8 = 3;

    /// Shows typed characters again when it is dropped.
    struct Silent<'a> {
        terminal: &'a File,
        before: Termios,
    }

    impl Silent<'_> {
        fn new(terminal: &File) -> io::Result<Silent<'_>> {
            let before = tcgetattr(terminal)?;
            let mut modes = before.clone();
            modes.local_modes.remove(LocalModes::ECHO);
            // The end of the line is still shown, so that the next output begins a line of its own.
            modes
                .local_modes
                .insert(LocalModes::ECHONL | LocalModes::ICANON);
            // Control-C ends the line instead of the process, which could not make it show what is
            // typed again.
            modes.local_modes.remove(LocalModes::ISIG);
            modes.special_codes[SpecialCodeIndex::VEOL] = CONTROL_C;
            tcsetattr(terminal, OptionalActions::Flush, &modes)?;
            Ok(Silent { terminal, before })
        }
    }

    impl Drop for Silent<'_> {
        fn drop(&mut self) {
            // Nothing can be done about a terminal that went away.
            let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
        }
    }

    pub(super) fn ask(question: &str) -> io::Result<Password> {
        let mut terminal = File::options().read(true).write(true).open("/dev/tty")?;
        terminal.write_all(question.as_bytes())?;
        let silent = Silent::new(&terminal)?;
        // A terminal gives one line at a time, and none longer than this.
        let mut typed = Zeroizing::new([0; 4096]);
        let read = (&terminal).read(&mut *typed);
        drop(silent);
        let typed = typed.get(..read?).unwrap_or_default();
        if typed.contains(&CONTROL_C) {
            terminal.write_all(b"\n")?;
            return Err(io::Error::new(io::ErrorKind::Interrupted, "interrupted"));
        }
        line(typed)
    }
}

#[cfg(not(unix))]
mod terminal {
    use std::io;

    use super::Password;

    pub(super) fn ask(_question: &str) -> io::Result<Password> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "give it with --password-stdin",
        ))
    }
}
