//! The server and the client against software written by others.
//!
//! [`setup`] installs what is needed (Debian packages, a Python environment under the target folder) and says so with a
//! [`setup::Skip`] where it cannot. [`prosody`] and [`sestina`] start servers on free loopback ports with a folder of
//! their own, [`database`] starts database servers, [`slixmpp`], [`profanity`] and [`node`] drive stock clients against either.
//! Everything that was started ends with the value that owns it.
#![allow(clippy::print_stdout, clippy::print_stderr)]

pub mod certificate;
pub mod database;
pub mod ejabberd;
pub mod names;
pub mod node;
pub mod peer;
pub mod process;
pub mod profanity;
pub mod prosody;
pub mod relay;
pub mod sestina;
pub mod setup;
pub mod slixmpp;
pub mod smack;
pub mod source;
pub mod suite;
pub mod tmux;

/// What went wrong, in words for the person who reads the test's output.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Unwraps the result of a [`setup`] function; where the machine cannot provide it, reports the skip and returns.
#[macro_export]
macro_rules! ready {
    ($suite:expr, $need:expr) => {
        match $need {
            Ok(value) => value,
            Err(skip) => {
                $crate::setup::report_skip($suite, &skip);
                return;
            }
        }
    };
}
