//! The control plane over HTTP, path by path: whole bodies under a clock that stands still.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails here and now")]

mod admin;
mod auth;
mod concurrency;
mod coverage;
mod events;
mod health;
mod hostile;
mod limits;
mod memories;
mod models;
mod operate;
mod refusals;
mod reservations;
mod session;
mod site;
mod stage;
mod stream;
mod usage;
mod viewing;
mod words;
