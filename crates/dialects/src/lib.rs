//! Wire formats of LLM providers: what a request asks for, what an answer used, what a stream says.
//!
//! Invariant: no clock, no randomness, no I/O; bytes in, values and bytes out.
//! Invariant: nothing panics, whatever the bytes, and memory is bounded by them or by `limits`.
//! Invariant: what is not ours passes byte for byte; JSON is read where it stands and never written
//! again.
//! Invariant: what people and models wrote is in no `Debug` text and in no error, only its size.
//! Not here: how many tokens a text has, what a call may hold, and HTTP.

mod answer;
mod assemble;
mod error_body;
mod json;
mod limits;
mod output;
mod read;
mod request;
mod route;
mod sse;
mod stream;
mod usage;

pub use answer::{Answer, AnswerError};
pub use assemble::{AssembleError, Assembly};
pub use error_body::{ErrorBody, ErrorKind};
pub use limits::{CHOICES_MAX, DEPTH_MAX, EVENT_BYTES_MAX, MEMBERS_MAX, PARTS_MAX};
pub use output::{Finish, Output, OutputKind, ProviderError};
pub use request::{
    Edits, Fault, Maximum, Part, Prompt, Request, RequestError, Unbounded, UnboundedCause,
};
pub use route::{Family, Route};
pub use stream::{Cut, Event, StreamOptions, StreamReader};
pub use usage::Usage;
