//! SQLite on a disk that loses what was not synced.
//!
//! A VFS in front of SQLite's own writes through to real files and keeps books of what a disk would
//! still have if the power failed now. [`Disk::power_loss`] copies a directory as such a disk could
//! look: of the writes since a file's last sync each is kept, lost or torn, whatever came after it.
//!
//! Invariant: what was written before a successful sync of its file is in every copy; a write is in
//! the books before SQLite goes on.
//! Invariant: after a failed sync a later one does not bring back what the first was to make
//! durable, as on Linux, where the pages count as clean.
//! Invariant: same books and same seed, same copy.
//!
//! Not here, and so not tested by it: sectors half written, or bytes beside a write (SQLite relies
//! on power-safe overwrite); the name of a file that was synced once is durable (as on ext4 and
//! xfs); files that SQLite does not open are copied as they are, so what is done about their syncs
//! is not tested; `-shm` files are left out, and memory maps are off. Copies are taken of closed
//! books, not of files: opening and closing a database's file would let go of the process's locks
//! on it.
//!
//! This is the one crate that may use `unsafe`, and it does in one module, `vfs`.

mod books;
mod disk;
mod fate;
mod vfs;

pub use disk::{Disk, SyncPause};
pub use fate::Loss;
pub use vfs::register_default;
