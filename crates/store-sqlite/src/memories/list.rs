//! Pages of a user's memories, filtered and in order.
//!
//! The index `memory_by_term` has per term what the newest-first order and the frequent conditions
//! need: term, kind, time and expiry. A list that asks for nothing else reads that index, and of
//! the table and the texts only the page. Any other list looks at the rows as well, at texts never
//! but for the page.
//!
//! Invariant: a page and its total are those of `Filter::matches` over all rows that are live; the
//! conditions in SQL only say sooner what it would say.

use super::{
    read::at_place,
    row::{access, confidence, id, kind_no, session, tags, user_bytes},
};
use crate::row::pick;
use novacore_memory::{Access, Facts, Filter, Kind, Term};
use novacore_store::memories::{MEMORY_PAGE_ROWS_MAX, MemoryOrder, MemoryPage, MemoryQuery};
use novacore_vocab::{MemoryId, Timestamp, UserId};
use rusqlite::{Connection, Row as SqlRow, ToSql};
use std::cmp::Reverse;

/// Every term, instead of one of [`Term::ALL`].
const ANY_TERM: i64 = -1;

pub(super) fn page(
    connection: &Connection,
    user: UserId,
    query: &MemoryQuery,
) -> rusqlite::Result<MemoryPage> {
    let bounds = Bounds::of(user, query);
    let (places, total) = match query.order {
        MemoryOrder::Newest if is_indexed(&query.filter) => indexed(connection, &bounds, query)?,
        MemoryOrder::Newest => newest(connection, &bounds, query)?,
        MemoryOrder::MostRead => most_read(connection, &bounds, query)?,
    };
    let rows = places.into_iter().map(|place| at_place(connection, place));
    Ok(MemoryPage { rows: rows.collect::<rusqlite::Result<_>>()?, total })
}

/// Whether the index alone can tell which rows match.
fn is_indexed(filter: &Filter) -> bool {
    filter.tags_all.is_empty()
        && filter.tags_any.is_empty()
        && filter.session.is_none()
        && filter.min_confidence.is_none()
}

/// The conditions that SQL judges, as parameters 1 to 6 of every statement here.
struct Bounds {
    user: [u8; 16],
    term: i64,
    from: i64,
    to: i64,
    live_at: i64,
    /// A bit per kind.
    kinds: i64,
}

impl Bounds {
    fn of(user: UserId, query: &MemoryQuery) -> Bounds {
        let (filter, created) = (&query.filter, query.filter.created);
        let bit = |kind: Kind| 1_i64 << kind_no(kind);
        let kinds = if filter.kinds.is_empty() { &Kind::ALL[..] } else { &filter.kinds };
        Bounds {
            user: user_bytes(user),
            term: filter.term.map_or(ANY_TERM, |term| term as i64),
            from: created.from().map_or(i64::MIN, Timestamp::micros),
            // The end is not in the range, and instants are whole.
            to: created.to().map_or(i64::MAX, |to| to.micros().saturating_sub(1)),
            live_at: query.live_at.micros(),
            kinds: kinds.iter().fold(0, |mask, kind| mask | bit(*kind)),
        }
    }

    fn params(&self) -> [&dyn ToSql; 6] {
        [&self.user, &self.term, &self.from, &self.to, &self.live_at, &self.kinds]
    }
}

/// The rows within [`Bounds`]: a range of the index for each term, so that the newest of one term
/// are found without a look at the others, and the ranges merge without being sorted.
fn within_bounds(columns: &str) -> String {
    let range = |term: Term| {
        format!(
            "SELECT {columns} FROM memory WHERE user_id = ?1 AND term = {number} \
             AND ?2 IN ({ANY_TERM}, {number}) AND created_at BETWEEN ?3 AND ?4 \
             AND (expires_at IS NULL OR expires_at > ?5) AND (?6 >> kind) & 1",
            number = term as u8
        )
    };
    Term::ALL.map(range).join(" UNION ALL ")
}

const NEWEST_FIRST: &str = "ORDER BY created_at DESC, memory_id";

fn indexed(
    connection: &Connection,
    bounds: &Bounds,
    query: &MemoryQuery,
) -> rusqlite::Result<(Vec<i64>, u64)> {
    let ordered = within_bounds("place, created_at, memory_id");
    let sql = format!("{ordered} {NEWEST_FIRST} LIMIT ?7 OFFSET ?8");
    let (rows_max, offset) = (rows_max(query) as i64, offset(query));
    let mut params = bounds.params().to_vec();
    params.extend::<[&dyn ToSql; 2]>([&rows_max, &offset]);
    let mut statement = connection.prepare_cached(&sql)?;
    let places = statement.query_map(&params[..], |row| row.get(0))?;
    let places = places.collect::<rusqlite::Result<_>>()?;
    let sql = format!("SELECT sum(rows) FROM ({})", within_bounds("count(*) AS rows"));
    let mut statement = connection.prepare_cached(&sql)?;
    let total: i64 = statement.query_row(&bounds.params()[..], |row| row.get(0))?;
    Ok((places, total.cast_unsigned()))
}

/// What the index does not have, in the order in which [`matches`] reads it.
const FACTS: &str = "place, created_at, memory_id, term, kind, tags, session, confidence";

/// Whether a row of [`FACTS`] matches.
fn matches(row: &SqlRow<'_>, filter: &Filter) -> rusqlite::Result<bool> {
    let tags = tags(row, 5)?;
    let session = session(row, 6)?;
    let facts = Facts {
        term: *pick(&Term::ALL, row, 3)?,
        kind: *pick(&Kind::ALL, row, 4)?,
        tags: tags.as_slice(),
        session: session.as_ref(),
        created_at: Timestamp::from_micros(row.get(1)?),
        confidence: confidence(row, 7)?,
    };
    Ok(filter.matches(&facts))
}

fn newest(
    connection: &Connection,
    bounds: &Bounds,
    query: &MemoryQuery,
) -> rusqlite::Result<(Vec<i64>, u64)> {
    let sql = format!("{} {NEWEST_FIRST}", within_bounds(FACTS));
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(&bounds.params()[..])?;
    let (mut places, mut total) = (Vec::new(), 0_u64);
    while let Some(row) = rows.next()? {
        if !matches(row, &query.filter)? {
            continue;
        }
        if total >= query.offset as u64 && places.len() < rows_max(query) {
            places.push(row.get(0)?);
        }
        total += 1;
    }
    Ok((places, total))
}

/// The order of [`MemoryOrder::MostRead`], least first.
type ByReads = (Reverse<(u64, Option<Timestamp>)>, Reverse<Timestamp>, MemoryId);

fn most_read(
    connection: &Connection,
    bounds: &Bounds,
    query: &MemoryQuery,
) -> rusqlite::Result<(Vec<i64>, u64)> {
    let sql = within_bounds(&format!("{FACTS}, access_count, last_access_at"));
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(&bounds.params()[..])?;
    let wanted = query.offset.saturating_add(rows_max(query));
    let (mut best, mut total): (Vec<(ByReads, i64)>, u64) = (Vec::new(), 0);
    let is_indexed = is_indexed(&query.filter);
    while let Some(row) = rows.next()? {
        if !is_indexed && !matches(row, &query.filter)? {
            continue;
        }
        total += 1;
        let Access { count, last_at } = access(row, 8)?;
        let created_at = Timestamp::from_micros(row.get(1)?);
        best.push(((Reverse((count, last_at)), Reverse(created_at), id(row, 2)?), row.get(0)?));
        // Cut down now and then, so that not every row is kept.
        if best.len() / 2 > wanted.max(MEMORY_PAGE_ROWS_MAX) {
            best.select_nth_unstable(wanted);
            best.truncate(wanted);
        }
    }
    best.sort_unstable();
    let page = best.into_iter().skip(query.offset).take(rows_max(query));
    Ok((page.map(|(_, place)| place).collect(), total))
}

fn rows_max(query: &MemoryQuery) -> usize {
    query.rows_max.min(MEMORY_PAGE_ROWS_MAX)
}

fn offset(query: &MemoryQuery) -> i64 {
    i64::try_from(query.offset).unwrap_or(i64::MAX)
}
