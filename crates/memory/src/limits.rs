//! The bounds of memories and of what may be asked about them.
//!
//! Invariant: whatever passes the bounds of the parts has a size that fits the bound of the whole;
//! the relations are proved below, at compile time.

/// Most UTF-8 bytes of `input_context`, and of `output_response`.
///
/// The body of a call is bounded too (1 MiB for one memory, 8 MiB for many), so both together reach
/// this twice only in a bulk store.
pub const TEXT_BYTES_MAX: usize = 1 << 20;
/// Most tags of a memory, and of either list of tags in a filter.
pub const TAGS_MAX: usize = 64;
/// Most UTF-8 bytes of a tag.
pub const TAG_BYTES_MAX: usize = 128;
/// Most characters of a session's name.
pub const SESSION_CHARS_MAX: usize = 255;
/// Most bytes of metadata as compact JSON.
pub const METADATA_BYTES_MAX: usize = 16 << 10;
/// How deep metadata may be nested; the object itself is level 1.
pub const METADATA_DEPTH_MAX: usize = 16;
/// Most dimensions of an embedding.
pub const DIMS_MAX: u16 = 4_096;

/// What a row counts besides what is in it, in bytes; part of the public contract.
pub const ROW_BYTES: i64 = 162;
/// What a tag counts besides its text, in bytes; part of the public contract.
pub const TAG_EXTRA_BYTES: i64 = 4;
/// What a dimension of the embedding counts, in bytes; part of the public contract.
pub const DIM_BYTES: i64 = 4;

/// The largest size that a memory can have.
pub const SIZE_BYTES_MAX: i64 = 2 * TEXT_BYTES_MAX as i64
    + TAGS_MAX as i64 * (TAG_BYTES_MAX as i64 + TAG_EXTRA_BYTES)
    + METADATA_BYTES_MAX as i64
    + DIMS_MAX as i64 * DIM_BYTES
    + ROW_BYTES;

/// Most rows of short-term memory that a user has at once.
pub const STM_ROWS_MAX: usize = 1_000;
/// Most bytes of short-term memory that a user has at once.
pub const STM_BYTES_MAX: i64 = 4 << 20;

/// Most results of a search, and most memories in each part of a context.
pub const RESULTS_MAX: usize = 100;
/// Most UTF-8 bytes of a search's query.
pub const QUERY_BYTES_MAX: usize = 16 << 10;
/// Most distinct words of a query that count; later ones are ignored.
pub const QUERY_WORDS_MAX: usize = 64;

// One memory always fits the room of short-term memory once the others have left.
const _: () = assert!(SIZE_BYTES_MAX <= STM_BYTES_MAX);
// Sums over the rows of a store stay exact where JSON readers keep them exact.
const _: () = assert!(SIZE_BYTES_MAX < novacore_vocab::AMOUNT_ABS_MAX / 1_000_000_000);
// A position in a query's words is kept in one byte.
const _: () = assert!(QUERY_WORDS_MAX <= u8::MAX as usize + 1);
const _: () = assert!(QUERY_BYTES_MAX <= TEXT_BYTES_MAX);
