//! The rules of the ledger (DESIGN section 3) as scripts that read like a ledger book.
//!
//! A script is a list of lines, `command @clock -> what must come of it`; `book` runs one, and
//! checks after every line what must hold whatever the line says. Strict: a flag, a threshold or an
//! expiry that a line does not name fails it.

#[cfg(test)] // For clippy: what follows is all test code.
mod book;

mod admission;
mod holds;
mod keys;
mod late;
mod limits;
mod records;
mod thresholds;
mod windows;
