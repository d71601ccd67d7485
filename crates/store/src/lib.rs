//! The storage port: traits, errors, and the lanes that batch writes.
