//! HTTP clients towards others: providers, services, endpoints that embed.
//!
//! Invariant: whom a client believes over TLS is the operator's choice, and made once per file of
//! authorities.
//! Not here: what is sent, how long an answer may take, whether to ask again.

mod client;

pub use client::{Chain, Client, Clients, Protocol};
