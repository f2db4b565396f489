//! Assembled servers, clients and components, generated.
