//! Control plane: usage, auth and admin handlers.
