//! The `sestina` command: a server that needs no configuration to begin with.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod admin;
mod certificate;
mod cli;
mod config;
mod report;
mod serve;
mod storage;
mod tools;

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command};
use crate::config::{Config, Log, LogFormat};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            // Nowhere is left to say that standard error is closed.
            let _ = writeln!(io::stderr(), "sestina: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// Does what the command line says. The error is for a person.
fn run(cli: Cli) -> Result<(), String> {
    let read = |path| Config::read(path).map_err(|complaints| complaints.to_string());
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => {
            let config = read(cli.config.as_deref())?;
            log(&config.log)?;
            runtime()?.block_on(serve::run(&config))
        }
        Command::Check { file } => {
            let config = read(file.as_deref().or(cli.config.as_deref()))?;
            let told = report::check(&config)?;
            io::stdout()
                .write_all(told.as_bytes())
                .map_err(|error| format!("cannot write: {error}"))
        }
        Command::User(command) => {
            let config = read(cli.config.as_deref())?;
            runtime()?.block_on(admin::run(&config, command))
        }
        Command::Storage(command) => {
            runtime()?.block_on(tools::run(cli.config.as_deref(), command))
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.map_err(|error| format!("cannot start the runtime: {error}"))
}

/// Logs to standard error; `RUST_LOG` goes before the configuration.
fn log(log: &Log) -> Result<(), String> {
    let text = std::env::var("RUST_LOG").unwrap_or_else(|_| log.filter.clone());
    let filter = EnvFilter::try_new(&text)
        .map_err(|error| format!("the log filter {text:?} is not understood: {error}"))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // That a line cannot be written, as on a full disk, would be said by a macro that panics when it cannot either.
        .log_internal_errors(false)
        .with_writer(io::stderr);
    match log.format {
        LogFormat::Text => builder.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}
