//! Lists of memories: filtered, ordered, counted, page by page.
//!
//! Invariant: page and total are of one snapshot.
//! Invariant: what is filtered, ordered, passed over and counted are rows without texts; where a
//! filter asks at most for a term, what the head counts is counted no more.

use super::{
    reads::WITH_TEXT,
    row::{MEMORY_COLUMNS, kind_no, read_memory, term_no},
};
use crate::{
    column::At,
    ledger::{place::Place, reads::query},
    pool::Pool,
};
use novacore_memory::{Filter, Memory, Tags};
use novacore_store::{
    error::StoreError,
    memories::{MEMORY_PAGE_ROWS_MAX, MemoryOrder, MemoryPage, MemoryQuery},
};
use novacore_vocab::Timestamp;
use std::{cmp::Reverse, sync::LazyLock};
use tokio_postgres::types::ToSql;

/// Beyond this nobody has memories; both together still fit a bigint.
const OFFSET_MAX: usize = 1 << 40;

/// What a filter asks of row `m`, but for the term, $4; see [`Conditions`].
pub(super) const MATCHES: &str = "m.bucket = $1 AND uuid_send(m.user_id) = uuid_send($2) \
     AND (m.expires_at IS NULL OR m.expires_at > $3) \
     AND (cardinality($5::int2[]) = 0 OR m.kind = ANY($5::int2[])) \
     AND ($6::text IS NULL OR m.session = $6) \
     AND m.created_at >= $7 AND m.created_at < coalesce($8, 'infinity'::timestamptz) \
     AND ($9::float8 IS NULL OR m.confidence >= $9) AND m.tags @> $10::text[] \
     AND (cardinality($11::text[]) = 0 OR m.tags && $11::text[])";

/// What the head counts, less what has expired.
const TOTAL_OF_TERM: &str = "coalesce((SELECT CASE $4::int2 WHEN 0 THEN h.stm_rows \
     WHEN 1 THEN h.itm_rows WHEN 2 THEN h.ltm_rows ELSE h.stm_rows + h.itm_rows + h.ltm_rows END \
     FROM memory_head h WHERE h.bucket = $1 AND h.user_id = $2), 0) - (SELECT count(*) \
     FROM memory e WHERE e.bucket = $1 AND uuid_send(e.user_id) = uuid_send($2) \
     AND e.expires_at <= $3 \
     AND ($4::int2 IS NULL OR e.term = $4))";

const NEWEST: &str = "m.created_at DESC, m.id";
const MOST_READ: &str = "m.access_count DESC, m.accessed_at DESC NULLS LAST, m.created_at DESC, \
     m.id";

/// Which statement a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    order: MemoryOrder,
    of_term: bool,
    /// Whether nothing but a term is asked for.
    only_term: bool,
}

impl Shape {
    fn of(query: &MemoryQuery) -> Shape {
        let only_term = Filter { term: None, ..query.filter.clone() }.is_everything();
        Shape { order: query.order, of_term: query.filter.term.is_some(), only_term }
    }

    fn all() -> impl Iterator<Item = Shape> {
        (0..8).map(|bits| Shape {
            order: if bits & 1 == 0 { MemoryOrder::Newest } else { MemoryOrder::MostRead },
            of_term: bits & 2 != 0,
            only_term: bits & 4 != 0,
        })
    }

    /// Its place among [`Shape::all`].
    fn number(self) -> usize {
        usize::from(self.order == MemoryOrder::MostRead)
            + 2 * usize::from(self.of_term)
            + 4 * usize::from(self.only_term)
    }

    /// $12 rows are returned, and $13 passed over.
    fn write(self) -> String {
        let term = if self.of_term { "AND m.term = $4::int2" } else { "AND $4::int2 IS NULL" };
        let total = if self.only_term {
            TOTAL_OF_TERM.to_owned()
        } else {
            format!("(SELECT count(*) FROM memory m WHERE {MATCHES} {term})")
        };
        let ids = match (self.order, self.of_term) {
            (MemoryOrder::Newest, true) => {
                format!("SELECT m.id FROM memory m WHERE {MATCHES} {term} ORDER BY {NEWEST}")
            }
            // Each term lies in this order, so all are read side by side and none is sorted.
            (MemoryOrder::Newest, false) => {
                let of_term = |number: u8| {
                    format!(
                        "(SELECT m.id, m.created_at FROM memory m WHERE {MATCHES} {term} \
                         AND m.term = {number} ORDER BY {NEWEST} LIMIT $12::int8 + $13::int8)"
                    )
                };
                let terms = [0, 1, 2].map(of_term).join(" UNION ALL ");
                format!("SELECT m.id FROM ({terms}) AS m ORDER BY {NEWEST}")
            }
            (MemoryOrder::MostRead, _) => {
                format!("SELECT m.id FROM memory m WHERE {MATCHES} {term} ORDER BY {MOST_READ}")
            }
        };
        format!(
            "SELECT c.total, {MEMORY_COLUMNS} FROM (SELECT {total} AS total) AS c \
             LEFT JOIN ({ids} LIMIT $12::int8 OFFSET $13::int8) AS p ON true \
             LEFT JOIN LATERAL (SELECT * FROM memory \
             WHERE bucket = $1 AND user_id = $2 AND id = p.id LIMIT 1) AS m ON true {WITH_TEXT}"
        )
    }
}

/// What $1 to $11 of [`MATCHES`] stand for.
pub(super) struct Conditions<'f> {
    place: Place,
    live_at: At,
    term: Option<i16>,
    kinds: Vec<i16>,
    session: Option<&'f str>,
    from: At,
    to: Option<At>,
    min_confidence: Option<f64>,
    tags_all: Vec<&'f str>,
    tags_any: Vec<&'f str>,
}

impl<'f> Conditions<'f> {
    /// Of a user's memories that have not expired.
    pub(super) fn of(place: Place, filter: &'f Filter, live_at: Timestamp) -> Conditions<'f> {
        Conditions {
            place,
            live_at: At(live_at),
            term: filter.term.map(term_no),
            kinds: filter.kinds.iter().map(|kind| kind_no(*kind)).collect(),
            session: filter.session.as_ref().map(|session| session.as_str()),
            from: At(filter.created.from().unwrap_or(Timestamp::MIN)),
            to: filter.created.to().map(At),
            min_confidence: filter.min_confidence.map(|least| least.get()),
            tags_all: texts(&filter.tags_all),
            tags_any: texts(&filter.tags_any),
        }
    }

    /// In their order.
    pub(super) fn params(&self) -> [&(dyn ToSql + Sync); 11] {
        [
            &self.place.bucket,
            &self.place.user.0,
            &self.live_at,
            &self.term,
            &self.kinds,
            &self.session,
            &self.from,
            &self.to,
            &self.min_confidence,
            &self.tags_all,
            &self.tags_any,
        ]
    }
}

/// A page, and how many there are.
pub(super) async fn list(
    pool: &Pool,
    place: Place,
    asked: &MemoryQuery,
) -> Result<MemoryPage, StoreError> {
    static TEXTS: LazyLock<Vec<String>> =
        LazyLock::new(|| Shape::all().map(Shape::write).collect());
    let conditions = Conditions::of(place, &asked.filter, asked.live_at);
    let rows_max = asked.rows_max.min(MEMORY_PAGE_ROWS_MAX) as i64;
    let offset = asked.offset.min(OFFSET_MAX) as i64;
    let own: [&(dyn ToSql + Sync); 2] = [&rows_max, &offset];
    let params: Vec<_> = conditions.params().into_iter().chain(own).collect();
    let rows = query(pool, &TEXTS[Shape::of(asked).number()], &params).await?;
    let total = rows.first().map_or(0, |row| row.get::<_, i64>(0));
    // One row without a memory says how many there are where the page has none.
    let found = rows.iter().filter(|row| row.get::<_, Option<uuid::Uuid>>(1).is_some());
    let mut page = found.map(|row| read_memory(row, 1)).collect::<Result<Vec<Memory>, _>>()?;
    sort(&mut page, asked.order);
    let total = u64::try_from(total).map_err(|why| crate::failure::damaged("memory_head", why))?;
    Ok(MemoryPage { rows: page, total })
}

/// A join promises no order.
fn sort(page: &mut [Memory], order: MemoryOrder) {
    let newest = |one: &Memory| (Reverse(one.created_at), one.id);
    match order {
        MemoryOrder::Newest => page.sort_by_key(newest),
        MemoryOrder::MostRead => {
            page.sort_by_key(|one| (Reverse((one.access.count, one.access.last_at)), newest(one)))
        }
    }
}

fn texts(tags: &Tags) -> Vec<&str> {
    tags.as_slice().iter().map(|tag| tag.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shape_has_its_number() {
        for (number, shape) in Shape::all().enumerate() {
            assert_eq!(shape.number(), number, "{shape:?}");
        }
    }
}
