//! Request and response shapes, and the problem catalogue.
