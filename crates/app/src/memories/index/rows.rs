//! The index of one user: facts and quantised embeddings, row by row.
//!
//! Invariant: the vector of row n lies at n times the stride; places lead from ids to rows.

use super::Look;
use novacore_memory::{Dims, Hit, TopK};
use novacore_store::memories::{Digest, MemoryHead};
use novacore_vocab::{MemoryId, ModelId};
use pulp::{Arch, Simd, WithSimd};
use std::collections::HashMap;

/// About what the facts of a row take beside its vector, tags and session: the digest, its place.
const FACT_BYTES: usize = 320;
/// About what the head of a text and its allocation take beside its bytes.
const TEXT_BYTES: usize = 40;
/// Rows for which room is made at least, beside an eighth of all.
const GROWTH_ROWS_MIN: usize = 8;
/// Rows that have gone from the store and may linger until a search comes across them, beside a
/// tenth of all.
const GONE_ROWS_MAX: usize = 64;

#[derive(Debug)]
pub(super) struct Rows {
    model: ModelId,
    stride: usize,
    facts: Vec<Digest>,
    /// What their tags and sessions take.
    texts_bytes: usize,
    vectors: Vec<u8>,
    places: HashMap<MemoryId, usize>,
    change_no: u64,
    removals: u64,
}

impl Rows {
    pub(super) fn new(model: ModelId, dims: Dims) -> Rows {
        Rows {
            model,
            stride: dims.elements() + 4,
            facts: Vec::new(),
            texts_bytes: 0,
            vectors: Vec::new(),
            places: HashMap::new(),
            change_no: 0,
            removals: 0,
        }
    }

    /// About how many bytes so many rows take at least, in the room that is made for them.
    pub(super) fn bytes_of(rows: usize, dims: Dims) -> usize {
        let room = rows.saturating_add(growth(rows));
        room.saturating_mul(dims.elements() + 4 + FACT_BYTES)
    }

    /// About how many bytes all take.
    pub(super) fn bytes(&self) -> usize {
        self.facts.capacity() * FACT_BYTES + self.texts_bytes + self.vectors.capacity()
    }

    /// How many memories it has.
    pub(super) fn len(&self) -> usize {
        self.facts.len()
    }

    pub(super) const fn change_no(&self) -> u64 {
        self.change_no
    }

    pub(super) fn is_current(&self, head: &MemoryHead) -> bool {
        self.change_no >= head.change_no && self.removals == head.removals
    }

    /// Whether so many rows have gone that it is better to read anew than to come across them one
    /// by one.
    pub(super) fn has_too_many_gone(&self, head: &MemoryHead) -> bool {
        let stored = usize::try_from(head.rows()).unwrap_or(0);
        // Rows that were added since the index was read hide some; those are found one by one.
        self.removals != head.removals && self.facts.len() > stored + GONE_ROWS_MAX + stored / 10
    }

    /// Takes rows over that have changed.
    pub(super) fn take(&mut self, page: Vec<Digest>) {
        for mut digest in page {
            self.change_no = self.change_no.max(digest.change_no);
            let embedded = digest.embedded.take().filter(|(by, _)| *by == self.model);
            let vector = embedded.map(|(_, vector)| vector.to_bytes());
            match vector.filter(|vector| vector.len() == self.stride) {
                Some(vector) => self.put(digest, &vector),
                None => self.remove(digest.id),
            }
        }
    }

    /// Notes up to where the store was read.
    pub(super) fn note(&mut self, head: &MemoryHead) {
        self.change_no = self.change_no.max(head.change_no);
        self.removals = head.removals;
    }

    fn put(&mut self, digest: Digest, vector: &[u8]) {
        self.texts_bytes += texts_bytes(&digest);
        match self.places.get(&digest.id) {
            Some(place) => {
                let start = place * self.stride;
                self.vectors[start..start + self.stride].copy_from_slice(vector);
                self.texts_bytes -= texts_bytes(&self.facts[*place]);
                self.facts[*place] = digest;
            }
            None => {
                self.make_room();
                self.places.insert(digest.id, self.facts.len());
                self.vectors.extend_from_slice(vector);
                self.facts.push(digest);
            }
        }
    }

    /// Grows by less than a vector does by itself, since the room counts against the bound.
    fn make_room(&mut self) {
        if self.facts.len() == self.facts.capacity() {
            let more = growth(self.facts.len());
            self.facts.reserve_exact(more);
            self.vectors.reserve_exact(more * self.stride);
        }
    }

    /// The last row moves into the gap.
    pub(super) fn remove(&mut self, id: MemoryId) {
        let Some(place) = self.places.remove(&id) else { return };
        let last = self.facts.len() - 1;
        let gone = self.facts.swap_remove(place);
        self.texts_bytes -= texts_bytes(&gone);
        self.vectors.copy_within(last * self.stride.., place * self.stride);
        self.vectors.truncate(last * self.stride);
        if let Some(moved) = self.facts.get(place) {
            self.places.insert(moved.id, place);
        }
    }

    /// The best of all rows, found with the vector instructions of this machine, and not only with
    /// those that every machine has for which this was built.
    pub(super) fn scan(&self, look: &Look) -> Vec<Hit> {
        Arch::new().dispatch(Scan { rows: self, look })
    }
}

/// A look at all rows, compiled once for each set of vector instructions. The sums are of integers,
/// so the scores are the same with each.
struct Scan<'a> {
    rows: &'a Rows,
    look: &'a Look,
}

impl WithSimd for Scan<'_> {
    type Output = Vec<Hit>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Vec<Hit> {
        let Scan { rows, look } = self;
        let mut top = TopK::new(look.asked.rows_max);
        for (digest, vector) in rows.facts.iter().zip(rows.vectors.chunks_exact(rows.stride)) {
            look.offer(digest, vector, &mut top);
        }
        top.into_best_first()
    }
}

/// For how many rows room is made when that for `rows` is used up.
const fn growth(rows: usize) -> usize {
    if rows / 8 > GROWTH_ROWS_MIN { rows / 8 } else { GROWTH_ROWS_MIN }
}

/// About what the tags and the session of a row take.
fn texts_bytes(digest: &Digest) -> usize {
    let tags = digest.tags.as_slice().iter().map(|tag| TEXT_BYTES + tag.as_str().len());
    tags.sum::<usize>() + digest.session.as_ref().map_or(0, |name| name.as_str().len())
}
