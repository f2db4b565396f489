//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// An XMPP server generated from the protocol's own specifications.
#[derive(Debug, Parser)]
#[command(name = "sestina", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// The configuration file. Without it, `sestina.toml` in the current folder if there is one.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs the server until it is interrupted. This is also what happens without a command.
    Serve,
    /// Reads the configuration, says what is wrong with it and where, or what the server would do.
    Check {
        /// The file to check, in place of --config.
        file: Option<PathBuf>,
    },
    /// Manages accounts, beside a running server or without one.
    #[command(subcommand)]
    User(User),
    /// Copies, checks and counts what is stored, and takes out or removes what belongs to a person.
    #[command(subcommand)]
    Storage(Storage),
}

/// What is to be done to the storage.
#[derive(Debug, Subcommand)]
pub(crate) enum Storage {
    /// Copies everything from one storage into an empty one, and compares both. Stop the server first. A copy that was
    /// interrupted goes on where it was when the command is given again.
    Copy {
        /// Where to copy from, such as sqlite:data/sestina.sqlite; paths are relative to the current folder.
        #[arg(long, value_name = "URL")]
        from: String,
        /// Where to copy to, such as file:data/store.
        #[arg(long, value_name = "URL")]
        to: String,
    },
    /// Reads everything and says what is not as it should be.
    Check(At),
    /// Writes everything that belongs to an account to standard output, as lines of JSON, secrets left out.
    Export {
        /// The account's address.
        account: String,
        #[command(flatten)]
        at: At,
    },
    /// Removes everything that belongs to an account. For an account of a running server: `sestina user remove`.
    Erase {
        /// The account's address.
        account: String,
        #[command(flatten)]
        at: At,
    },
    /// Counts the rows of every table.
    Stats(At),
}

/// Which storage.
#[derive(Debug, Args)]
pub(crate) struct At {
    /// The storage, in place of the configured one; paths are relative to the current folder.
    #[arg(long, value_name = "URL")]
    pub(crate) storage: Option<String>,
}

/// What is to be done to accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Adds an account. Asks for the password, or reads one line of standard input when that is no terminal.
    Add {
        /// Its address, such as romeo@localhost.
        jid: String,
        /// Reads the password from standard input even if that is a terminal.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Changes the password of an account. Asks for it, or reads one line of standard input when that is no terminal.
    Passwd {
        /// The account's address.
        jid: String,
        /// Reads the password from standard input even if that is a terminal.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Removes an account and everything that is kept for it. Its sessions end.
    Remove {
        /// The account's address.
        jid: String,
    },
    /// Lists the accounts.
    List {
        /// Only those of this domain.
        domain: Option<String>,
    },
}
