//! What is wrong with a body, and in which field.

use crate::json::{ReadError, Value, Why, path_at};
use thiserror::Error;

/// A body that cannot be read; nothing of its contents is in the text but names.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}: {fault}", shown(.field))]
pub struct RequestError {
    /// The path of the field at fault, `messages[3].content[0].type`; empty for the whole body.
    pub field: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// Not JSON in UTF-8.
    #[error("is not JSON in UTF-8 from byte {at} on")]
    NotJson {
        /// Byte offset.
        at: usize,
    },
    /// Nested deeper than [`DEPTH_MAX`](crate::DEPTH_MAX).
    #[error("is nested deeper than 128")]
    TooDeep,
    /// A name that occurs twice in one object.
    #[error("occurs twice")]
    Duplicate,
    /// A name that some parsers take for another.
    #[error("could be taken for `{0}`")]
    Ambiguous(&'static str),
    /// Another type, or out of range.
    #[error("must be {0}")]
    Expected(&'static str),
    /// Needed and not there.
    #[error("is missing")]
    Missing,
    /// More than [`PARTS_MAX`](crate::PARTS_MAX) parts or [`MEMBERS_MAX`](crate::MEMBERS_MAX)
    /// members.
    #[error("has too many parts")]
    TooMany,
}

impl RequestError {
    pub(super) fn of(root: Option<Value<'_>>, error: ReadError) -> RequestError {
        let mut field = root.map(|root| path_at(root, error.at)).unwrap_or_default();
        let fault = match error.why {
            Why::NotJson => Fault::NotJson { at: error.at },
            Why::TooDeep => Fault::TooDeep,
            Why::Duplicate => Fault::Duplicate,
            Why::Ambiguous(name) => Fault::Ambiguous(name),
            Why::Expected(what) => Fault::Expected(what),
            Why::Missing(name) => {
                crate::json::push_key(&mut field, name);
                Fault::Missing
            }
            Why::TooMany => Fault::TooMany,
        };
        RequestError { field, fault }
    }
}

fn shown(field: &str) -> &str {
    if field.is_empty() { "the body" } else { field }
}
