//! Several real nodes on one PostgreSQL, while nodes, database and connections are lost.
//!
//! Clients record what they asked for and were told; afterwards an audit holds that against the
//! ledger's rows, which are read past the nodes.
//!
//! Invariant: what happens when follows from how much was answered, never from the time.

mod audit;
mod client;
mod cluster;
mod history;
mod paused;
mod reader;
mod storm;
mod story;
mod trouble;
