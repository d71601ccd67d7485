//! The calls about memories: of the caller, or of the user for whom he acts.
//!
//! Invariant: a memory is looked for among those of the one user the call is about, so that an id
//! of another's, one that never was and one that is no id are answered alike.

mod ask;
mod bulk;
mod change;
mod figures;
mod operator;
mod read;
mod session;
mod store;

pub(crate) use bulk::store_many;
pub(crate) use change::{delete, forget, promote, update};
pub(crate) use figures::{quota_check, stats, usage};
pub(crate) use operator::{embeddings, erase};
pub(crate) use read::{context, list, retrieve, search};
pub(crate) use session::{clear_session, list_intermediate, list_session, store_turn};
pub(crate) use store::store;

use crate::{
    body::{Pairs, bounded},
    router::ApiState,
};
use novacore_access::{ChangeMemories, Permit, ReadMemories};
use novacore_app::error::AppError;
use novacore_edge::{Failure, caller::Caller};
use novacore_ledger::Refusal;
use novacore_memory::Invalid;
use novacore_vocab::MemoryId;
use novacore_wire::problem::Problem;

async fn reader(state: &ApiState, caller: &Caller) -> Result<Permit<ReadMemories>, Failure> {
    let subject = caller.subject(&state.cx, None).await?;
    Ok(caller.principal.read_memories(&subject)?)
}

async fn writer(state: &ApiState, caller: &Caller) -> Result<Permit<ChangeMemories>, Failure> {
    let subject = caller.subject(&state.cx, None).await?;
    Ok(caller.principal.change_memories(&subject)?)
}

/// The id that a path names; what is no id is answered like one that does not exist.
fn memory_id(text: &str) -> Result<MemoryId, Failure> {
    text.parse().map_err(|_| AppError::NotFound("memory").into())
}

/// A value that its own type refuses, under the name that it has on the wire.
fn invalid(invalid: Invalid) -> Failure {
    Failure::invalid(&invalid.field.to_string(), invalid.flaw)
}

/// A failure of a use-case; a refusal of bytes in the words of the platform.
fn refused(error: AppError) -> Failure {
    let AppError::Refused(Refusal::Quota(quota)) = &error else { return error.into() };
    let detail = format!(
        "Storage quota exceeded. Current: {}, Requested: {}, Limit: {}",
        quota.used + quota.held,
        quota.requested,
        quota.cap
    );
    let failure = Failure::from(error);
    Failure(Problem { detail, ..failure.0 })
}

/// `limit` of a query.
fn limit(pairs: &Pairs, default: i64, most: usize) -> Result<usize, Failure> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = bounded("limit", pairs.one("limit")?, default, most)?;
    Ok(usize::try_from(rows).expect("bounded from 1"))
}
