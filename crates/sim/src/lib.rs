//! Seeded simulator with fault injection and an independent auditor.
