//! The embedded store: SQLite, one writer, derived files behind a watermark.
