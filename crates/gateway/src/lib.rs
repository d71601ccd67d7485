//! Data plane: authenticate, forward, admit, stream, meter, settle.
//!
//! Requests whose path is none of the control plane's come here: calls of models under `/v1`, and
//! what an operator's routes forward to services.
//!
//! Invariant: nothing is forwarded for a caller who was not authenticated.
//! Invariant: bodies pass as they come; what is kept of them is bounded.
//! Invariant: neither prompts nor answers nor keys are in logs or metrics.
//! Not here: rules of quotas (`ledger`), wire formats of providers (`dialects`), listening.

mod bpe;
mod breaker;
mod client;
mod gateway;
mod llm;
mod options;
mod proxy;

pub use gateway::Gateway;
pub use llm::{
    AliasOptions, Dialect, HoldOptions, LlmOptions, ModelOptions, ProviderOptions, Tokenizer,
    UnboundedInput,
};
pub use options::{Options, OptionsError};
pub use proxy::{ProxyOptions, RouteOptions};
