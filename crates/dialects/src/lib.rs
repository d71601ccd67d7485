//! Wire formats of LLM providers: what a request asks for, what an answer used, what a stream says.
//!
//! Invariant: no clock, no randomness, no I/O; bytes in, values and bytes out.
//! Invariant: nothing panics, whatever the bytes, and memory is bounded by them or by `limits`.
//! Invariant: what is not ours passes byte for byte; JSON is read where it stands and never written
//! again.
//! Not here: how many tokens a text has, what a call may hold, and HTTP.

mod json;
mod limits;
mod request;
mod route;

pub use limits::{CHOICES_MAX, DEPTH_MAX, PARTS_MAX};
pub use request::{
    Edits, Fault, Maximum, Part, Prompt, Request, RequestError, Unbounded, UnboundedCause,
};
pub use route::{Family, Route};
