//! What bounds the reading, in one place.

/// Deepest nesting of a JSON text.
pub const DEPTH_MAX: usize = 128;
/// Most members of an object that is read.
pub const MEMBERS_MAX: usize = 1_024;
/// Most parts of a prompt that are counted one by one.
pub const PARTS_MAX: usize = 65_536;
/// Most answers to one prompt (`n`, `best_of`).
pub const CHOICES_MAX: u64 = 1_024;
/// Longest event of a stream that is read, in bytes; a longer one passes unread.
pub const EVENT_BYTES_MAX: usize = 8 << 20;
/// Longest path of a field in an error, in bytes, give or take one name.
pub(crate) const PATH_BYTES_MAX: usize = 256;
/// Longest name in a path that is shown whole, in bytes.
pub(crate) const PATH_KEY_BYTES_MAX: usize = 128;
/// Most items of a finished answer that are kept for the end of a cut stream, in bytes.
pub(crate) const KEPT_ITEMS_BYTES_MAX: usize = 256 << 10;
/// Most tool calls of one message, and most blocks of one answer, that are assembled.
pub(crate) const ASSEMBLED_SLOTS_MAX: u64 = 4_096;
