//! Room for short-term memory, which is not charged but bounded per user.
//!
//! Invariant: after what is named has left, the incoming memory fits both bounds.
//! Invariant: those that leave are the oldest, no more than needed, and the same whatever the order
//! in which the rows are given.

use crate::limits::{STM_BYTES_MAX, STM_ROWS_MAX};
use novacore_vocab::{MemoryId, Timestamp};
use thiserror::Error;

/// A row of short-term memory, as far as room goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    /// Which memory.
    pub id: MemoryId,
    /// When it was stored.
    pub created_at: Timestamp,
    /// What it counts.
    pub size_bytes: i64,
}

/// There is no room, whoever leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RoomError {
    /// One memory alone is larger than all of short-term memory.
    #[error(
        "a memory of {size_bytes} bytes exceeds the {STM_BYTES_MAX} bytes of short-term memory"
    )]
    TooLarge {
        /// Its size.
        size_bytes: i64,
    },
}

/// Which of `held` must leave so that `incoming` fits, oldest first.
///
/// `incoming` may be an update of a row among `held`, which it then replaces. Rows that have
/// expired and are not swept yet may be given: the oldest go first, and those are the oldest.
pub fn make_room(held: &[Held], incoming: &Held) -> Result<Vec<MemoryId>, RoomError> {
    if incoming.size_bytes > STM_BYTES_MAX {
        return Err(RoomError::TooLarge { size_bytes: incoming.size_bytes });
    }
    let mut oldest_first: Vec<&Held> = held.iter().filter(|row| row.id != incoming.id).collect();
    oldest_first.sort_by_key(|row| (row.created_at, row.id));
    let mut rows = oldest_first.len() + 1;
    let mut size_bytes = oldest_first
        .iter()
        .fold(incoming.size_bytes, |sum, row| sum.saturating_add(row.size_bytes));
    let mut leaving = Vec::new();
    for row in oldest_first {
        if rows <= STM_ROWS_MAX && size_bytes <= STM_BYTES_MAX {
            break;
        }
        rows -= 1;
        size_bytes -= row.size_bytes;
        leaving.push(row.id);
    }
    Ok(leaving)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: u128, second: i64, size_bytes: i64) -> Held {
        let id = format!("{number:032x}").parse().expect("a UUID");
        Held { id, created_at: Timestamp::from_seconds(second), size_bytes }
    }

    fn leaving(held: &[Held], incoming: &Held) -> Vec<Held> {
        let ids = make_room(held, incoming).expect("it fits");
        let row = |id| *held.iter().find(|row| row.id == id).expect("it was there");
        ids.into_iter().map(row).collect()
    }

    #[test]
    fn nobody_leaves_while_there_is_room() {
        assert_eq!(leaving(&[], &row(1, 0, STM_BYTES_MAX)), []);
        let held: Vec<Held> = (1..1_000).map(|n| row(n, 0, 1)).collect();
        assert_eq!(leaving(&held, &row(1_000, 0, 1)), []);
        assert_eq!(leaving(&[row(1, 0, STM_BYTES_MAX - 5)], &row(2, 0, 5)), []);
    }

    #[test]
    fn the_oldest_leave_when_there_are_too_many_rows() {
        let held: Vec<Held> = (0..1_000).map(|n| row(n, 2_000 - n as i64, 1)).collect();
        assert_eq!(leaving(&held, &row(5_000, 9_000, 1)), [held[999]]);
        // A bound that was lowered since: more than one leaves.
        let held: Vec<Held> = (0..1_002).map(|n| row(n, n as i64, 1)).collect();
        assert_eq!(leaving(&held, &row(5_000, 9_000, 1)), held[..3]);
    }

    #[test]
    fn as_many_leave_as_the_bytes_need_and_no_more() {
        let held = [row(3, 30, 10), row(1, 10, 20), row(2, 20, STM_BYTES_MAX - 30)];
        assert_eq!(leaving(&held, &row(4, 40, 1)), [held[1]]);
        assert_eq!(leaving(&held, &row(4, 40, 20)), [held[1]]);
        assert_eq!(leaving(&held, &row(4, 40, 21)), [held[1], held[2]]);
        assert_eq!(leaving(&held, &row(4, 40, STM_BYTES_MAX - 10)), [held[1], held[2]]);
        assert_eq!(leaving(&held, &row(4, 40, STM_BYTES_MAX)), [held[1], held[2], held[0]]);
    }

    #[test]
    fn of_equal_age_the_lower_id_leaves_first() {
        let held = [row(2, 0, STM_BYTES_MAX / 2), row(1, 0, STM_BYTES_MAX / 2)];
        assert_eq!(leaving(&held, &row(3, 0, 1)), [held[1]]);
    }

    #[test]
    fn an_update_replaces_its_row_and_never_leaves_itself() {
        let held = [row(1, 0, STM_BYTES_MAX - 10), row(2, 10, 10)];
        assert_eq!(leaving(&held, &row(1, 0, STM_BYTES_MAX - 10)), []);
        assert_eq!(leaving(&held, &row(1, 0, STM_BYTES_MAX)), [held[1]]);
    }

    #[test]
    fn what_is_larger_than_all_of_it_is_refused() {
        let size_bytes = STM_BYTES_MAX + 1;
        let refusal = make_room(&[], &row(1, 0, size_bytes));
        assert_eq!(refusal, Err(RoomError::TooLarge { size_bytes }));
    }
}
