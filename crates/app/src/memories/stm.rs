//! Room in short-term memory.

use crate::{cx::Cx, error::AppError};
use novacore_memory::{
    Filter, Held, Memory, Term,
    limits::{STM_BYTES_MAX, STM_ROWS_MAX},
    make_room,
};
use novacore_store::memories::{
    MEMORY_PAGE_ROWS_MAX, MemoryChange, MemoryOrder, MemoryQuery, Trace,
};
use novacore_vocab::{Timestamp, UserId};

const _: () = assert!(STM_ROWS_MAX <= MEMORY_PAGE_ROWS_MAX);

/// What has to leave so that some memories have room, and on which revision that rests.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// Those that leave.
    pub(super) leaving: Vec<MemoryChange>,
    /// The revision of short-term memory; `None` if none of it comes in.
    pub(super) revision: Option<u64>,
}

/// Makes room for those of `incoming` that are short-term; each is new, or in place of itself.
pub(super) async fn make(cx: &Cx, user: UserId, incoming: &[&Memory]) -> Result<Room, AppError> {
    let incoming: Vec<Held> =
        incoming.iter().filter(|memory| memory.term == Term::Stm).map(|one| held(one)).collect();
    if incoming.is_empty() {
        return Ok(Room::default());
    }
    let head = cx.memories.store.memory_head(user).await?;
    let tally = head.tally(Term::Stm);
    let bytes: i64 = incoming.iter().map(|one| one.size_bytes).sum();
    let rows = i64::try_from(incoming.len()).expect("few");
    let revision = Some(head.stm_revision);
    let rows_max = i64::try_from(STM_ROWS_MAX).expect("few");
    if tally.rows + rows <= rows_max && tally.size_bytes + bytes <= STM_BYTES_MAX {
        return Ok(Room { leaving: Vec::new(), revision });
    }
    let stored = stored(cx, user).await?;
    let mut there: Vec<Held> = stored.iter().map(held).collect();
    let mut leaving = Vec::new();
    for one in &incoming {
        let gone =
            make_room(&there, one).map_err(|error| AppError::invalid("input_context", error))?;
        if gone.iter().any(|id| incoming.iter().any(|other| other.id == *id)) {
            let why = "do not fit into short-term memory together";
            return Err(AppError::invalid("memories", why));
        }
        there.retain(|row| row.id != one.id && !gone.contains(&row.id));
        there.push(*one);
        let gone = stored.iter().filter(|memory| gone.contains(&memory.id));
        leaving.extend(gone.map(|memory| MemoryChange::Remove { before: Trace::of(memory) }));
    }
    Ok(Room { leaving, revision })
}

/// All of a user's short-term memory, expired rows too.
async fn stored(cx: &Cx, user: UserId) -> Result<Vec<Memory>, AppError> {
    let query = MemoryQuery {
        filter: Filter { term: Some(Term::Stm), ..Filter::default() },
        live_at: Timestamp::MIN,
        order: MemoryOrder::Newest,
        offset: 0,
        rows_max: MEMORY_PAGE_ROWS_MAX,
    };
    Ok(cx.memories.store.list_memories(user, &query).await?.rows)
}

fn held(memory: &Memory) -> Held {
    Held { id: memory.id, created_at: memory.created_at, size_bytes: memory.size_bytes() }
}
