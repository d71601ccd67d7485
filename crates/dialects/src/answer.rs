//! A whole answer, as it comes without a stream.

use crate::json;
use crate::output::{Finish, Output, ProviderError};
use crate::read;
use crate::route::Route;
use crate::usage::Usage;
use std::borrow::Cow;
use thiserror::Error;

/// An answer that is not JSON, so that nothing is known of its usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the answer is not JSON in UTF-8 from byte {at} on")]
pub struct AnswerError {
    /// Byte offset.
    pub at: usize,
}

/// What an answer says. It borrows the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<'b> {
    /// The provider's id of the answer.
    pub id: Option<Cow<'b, str>>,
    /// The model that answered, in the provider's words.
    pub model: Option<Cow<'b, str>>,
    /// The usage that is reported, if any.
    pub usage: Option<Usage>,
    /// What was written, for when no usage is reported.
    pub outputs: Vec<Output<'b>>,
    /// Why each answer ended.
    pub finishes: Vec<Finish<'b>>,
    /// The error that the body is, if it is one.
    pub error: Option<ProviderError<'b>>,
}

impl<'b> Answer<'b> {
    /// Reads a body of any status.
    pub fn read(route: Route, body: &'b [u8]) -> Result<Answer<'b>, AnswerError> {
        let root = json::document(body).map_err(|error| AnswerError { at: error.at })?;
        let said = read::answer(route, root);
        Ok(Answer {
            id: said.id,
            model: said.model,
            usage: said.usage,
            outputs: said.outputs,
            finishes: said.finishes,
            error: said.error,
        })
    }
}
