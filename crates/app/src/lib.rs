//! Use-cases, one file per verb.

pub mod auth;
