//! The server and the client against software written by others.
