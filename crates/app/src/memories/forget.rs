//! Delete a memory, or forget all that have something in common.

use super::commit::{Committed, Tries, change_key, commit, is_replay};
use super::find;
use crate::{cx::Cx, error::AppError, fingerprint};
use novacore_access::{Administer, AuditAction, AuditEntry, ChangeMemories, Permit, Reason};
use novacore_memory::Filter;
use novacore_store::memories::{
    Cause, ChangeKey, MEMORY_PAGE_ROWS_MAX, MemoryChange, MemoryWrite, Numbered, Trace,
};
use novacore_vocab::{IdempotencyKey, MemoryId, UserId};
use std::collections::BTreeMap;

/// What has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    /// How many memories.
    pub rows: u64,
    /// What they counted, charged or not.
    pub size_bytes: i64,
    /// What was given back to the user's `memory_storage`.
    pub charged_bytes: i64,
    /// Whether they had gone before, under the same key; how many is not known any more.
    pub replayed: bool,
}

const REPLAYED: Gone = Gone { rows: 0, size_bytes: 0, charged_bytes: 0, replayed: true };

/// Deletes a memory.
pub async fn delete(
    cx: &Cx,
    permit: Permit<ChangeMemories>,
    id: MemoryId,
    key: Option<IdempotencyKey>,
) -> Result<Gone, AppError> {
    let user = permit.account().user;
    let key = change_key(key, || fingerprint::delete_memory(id));
    let mut tries = Tries::default();
    loop {
        if is_replay(cx, user, key.as_ref()).await? {
            return Ok(REPLAYED);
        }
        let before = Trace::of(&find::stored(cx, user, id).await?);
        let removal = Removal { key: key.clone(), ..Removal::of(vec![before], Cause::Delete) };
        if let Some(gone) = removal.commit(cx, user).await? {
            return Ok(gone);
        }
        tries.again(cx, user).await?;
    }
}

/// Forgets every memory that a filter matches, those that have expired too, in one commit.
///
/// All that were stored before the call go; of those stored while it runs, some may.
pub async fn forget(
    cx: &Cx,
    permit: Permit<ChangeMemories>,
    filter: Filter,
    key: Option<IdempotencyKey>,
) -> Result<Gone, AppError> {
    let user = permit.account().user;
    let key = change_key(key, || fingerprint::forget_memories(&filter));
    let mut tries = Tries::default();
    loop {
        if is_replay(cx, user, key.as_ref()).await? {
            return Ok(REPLAYED);
        }
        let rows = matching(cx, user, &filter).await?;
        if rows.is_empty() && key.is_none() {
            return Ok(Gone { replayed: false, ..REPLAYED });
        }
        let removal = Removal { key: key.clone(), ..Removal::of(rows, Cause::Forget) };
        if let Some(gone) = removal.commit(cx, user).await? {
            return Ok(gone);
        }
        tries.again(cx, user).await?;
    }
}

/// Erases every memory of a user, as an operator, and tells the audit log how many there were.
pub async fn erase(
    cx: &Cx,
    permit: Permit<Administer>,
    user: UserId,
    reason: Reason,
) -> Result<Gone, AppError> {
    if cx.directory.find_user(user).await?.is_none() {
        return Err(AppError::NotFound("user"));
    }
    let mut tries = Tries::default();
    loop {
        let rows = matching(cx, user, &Filter::default()).await?;
        let audit = AuditEntry {
            actor: permit.actor(),
            action: AuditAction::EraseMemories,
            target: format!("user:{user}"),
            before: Some(serde_json::json!({ "memories": rows.len() }).to_string()),
            after: Some(serde_json::json!({ "memories": 0 }).to_string()),
            reason: reason.clone(),
            at: cx.clock.now(),
        };
        let removal = Removal { audit: Some(audit), ..Removal::of(rows, Cause::Forget) };
        if let Some(gone) = removal.commit(cx, user).await? {
            return Ok(gone);
        }
        tries.again(cx, user).await?;
    }
}

/// The rows that a filter matches, page by page, without keeping their texts.
async fn matching(cx: &Cx, user: UserId, filter: &Filter) -> Result<Vec<Trace>, AppError> {
    let (mut after, mut rows) = (0, BTreeMap::new());
    loop {
        let page = cx.memories.store.scan_memories(user, after, MEMORY_PAGE_ROWS_MAX).await?;
        let Some(last) = page.last() else { return Ok(rows.into_values().collect()) };
        after = last.change_no;
        take_over(&mut rows, &page, filter);
    }
}

/// Adds what a page has. A row that changes while the pages are read comes again with a later one:
/// what counts is how it came last.
fn take_over(rows: &mut BTreeMap<MemoryId, Trace>, page: &[Numbered], filter: &Filter) {
    for Numbered { memory, .. } in page {
        if filter.matches(&memory.facts()) {
            rows.insert(memory.id, Trace::of(memory));
        } else {
            rows.remove(&memory.id);
        }
    }
}

/// Rows that are to go.
struct Removal {
    rows: Vec<Trace>,
    cause: Cause,
    key: Option<ChangeKey>,
    audit: Option<AuditEntry>,
}

impl Removal {
    fn of(rows: Vec<Trace>, cause: Cause) -> Removal {
        Removal { rows, cause, key: None, audit: None }
    }

    /// Removes the rows; `None` if one of them has changed meanwhile.
    async fn commit(self, cx: &Cx, user: UserId) -> Result<Option<Gone>, AppError> {
        let rows = self.rows.len() as u64;
        let size_bytes = self.rows.iter().map(|row| row.size_bytes).sum();
        let changes = self.rows.into_iter().map(|before| MemoryChange::Remove { before }).collect();
        let mut write = MemoryWrite::new(changes, None, self.cause, self.key);
        if let Some(audit) = self.audit {
            write = write.audited(audit);
        }
        let charged_bytes = -write.charged_bytes();
        Ok(match commit(cx, user, write).await? {
            Committed::Done => {
                // What one row leaves behind in an index is come across by a search.
                if rows > 1 {
                    cx.memories.indexes.forget(user);
                }
                Some(Gone { rows, size_bytes, charged_bytes, replayed: false })
            }
            Committed::Replayed => Some(REPLAYED),
            Committed::Stale => None,
        })
    }
}

/// Removes what has expired of a user; nothing if somebody else has come before.
pub(super) async fn expire(cx: &Cx, user: UserId, rows: Vec<Trace>) -> Result<u64, AppError> {
    let gone = Removal::of(rows, Cause::Expire).commit(cx, user).await?;
    Ok(gone.map_or(0, |gone| gone.rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memories::testing::new;
    use novacore_memory::{Dims, Memory, Term};
    use novacore_vocab::Timestamp;

    #[test]
    fn a_row_that_changes_between_two_pages_goes_once() {
        let at = Timestamp::from_seconds(1_800_000_000);
        let memory = |number: u128, term| {
            let id = MemoryId(uuid::Uuid::from_u128(number));
            Memory::new(id, term, new(term, "a text").content, Dims::new(4).unwrap(), at)
        };
        let (changes, moves) = (memory(1, Term::Ltm), memory(2, Term::Stm));
        let filter = Filter { term: Some(Term::Ltm), ..Filter::default() };
        let page = |change_no, memory| vec![Numbered { change_no, memory }];
        let mut rows = BTreeMap::new();
        take_over(&mut rows, &page(1, changes.clone()), &filter);
        take_over(&mut rows, &page(2, moves.clone()), &filter);
        take_over(&mut rows, &page(3, Memory { revision: 2, ..changes }), &filter);
        take_over(&mut rows, &page(4, memory(2, Term::Ltm)), &filter);
        take_over(&mut rows, &page(5, moves), &filter);
        let traces: Vec<Trace> = rows.into_values().collect();
        assert_eq!(traces.iter().map(|one| one.revision).collect::<Vec<_>>(), [2]);
        // A write that names a memory twice is none.
        let removals = traces.into_iter().map(|before| MemoryChange::Remove { before });
        let write = MemoryWrite::new(removals.collect(), None, Cause::Forget, None);
        assert_eq!(write.changes().len(), 1);
    }
}
