//! Accounts from the command line.
//!
//! A running server listens on a socket in its data folder, which only its own user may use
//! ([`Socket`]). `sestina user …` speaks to it there, one JSON line a request and an answer
//! ([`protocol`]), so that sessions of a removed account can end; without a server it does the
//! same work on the storage itself ([`user`]). Both ways end in the one place that does the work
//! ([`Admin`]).

#[cfg(unix)]
mod client;
mod password;
mod protocol;
#[cfg(unix)]
mod socket;
#[cfg(all(test, unix))]
mod tests;
mod user;
mod work;

#[cfg(unix)]
pub(crate) use socket::Socket;
pub(crate) use user::run;
pub(crate) use work::Admin;
