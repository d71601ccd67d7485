//! Calls of models through the gateway: what is served is what is charged, and never more than the
//! quota.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails here and now")]

mod bodies;
mod breakers;
mod counts;
mod ends;
mod faults;
mod odd;
mod quota;
mod refusals;
mod stage;
mod stalls;
mod tls;
mod upstream;
mod usage;
