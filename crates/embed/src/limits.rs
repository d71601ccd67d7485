//! The bounds of embedders.
//!
//! Invariant: what one call may bring fits the queue; the relations are proved below, at compile
//! time.

/// Most texts of a call to an embedder.
pub const BATCH_TEXTS_MAX: usize = novacore_app::memories::embedder::BATCH_TEXTS_MAX;

/// Most tokens of a text that the local model reads, `[CLS]` and `[SEP]` included; what follows is
/// not in its embedding. The model was trained on texts of this length.
pub const LOCAL_TOKENS_MAX: usize = 256;
/// Most bytes of a text that are cut into tokens at all. English has 4 to 5 bytes per token, so
/// that this is several times what the model reads.
pub const LOCAL_TEXT_BYTES_MAX: usize = 8 << 10;
/// Most texts that wait for the local model or are in it, of all calls.
pub const LOCAL_TEXTS_MAX: usize = 512;
/// Most tokens of a pass through the local model, padding included: passes this small keep a short
/// text from waiting long behind many others.
pub const PASS_TOKENS_MAX: usize = 256;
/// Most texts of a pass.
pub const PASS_TEXTS_MAX: usize = 32;

/// Most calls that an endpoint is asked at once.
pub const REMOTE_CALLS_MAX: usize = 32;
/// How often an endpoint is asked again that has too much to do, fails or cannot be reached.
pub const REMOTE_RETRIES_MAX: usize = 2;
/// Most bytes of a number in an endpoint's answer, its comma included, on average.
pub const REMOTE_NUMBER_BYTES_MAX: usize = 40;
/// Most bytes of an endpoint's answer besides the numbers.
pub const REMOTE_EXTRA_BYTES_MAX: usize = 256 << 10;

const _: () = assert!(BATCH_TEXTS_MAX <= LOCAL_TEXTS_MAX);
const _: () = assert!(LOCAL_TOKENS_MAX <= PASS_TOKENS_MAX);
const _: () = assert!(LOCAL_TOKENS_MAX * 8 <= LOCAL_TEXT_BYTES_MAX);
