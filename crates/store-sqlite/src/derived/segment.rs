//! Which rows of the ledger are an account's: a stretch of consecutive versions with their rows'
//! numbers.
//!
//! Invariant: segments are aligned: one starts at versions 1, 65, 129 and so on, and only the last
//! is shorter.

use crate::{
    bytes::{Put, Short, Take},
    row::Seq,
};
use novacore_ledger::EntryKind;
use novacore_vocab::Version;

/// Entries of a full segment.
pub(crate) const SEGMENT_ENTRIES: usize = 64;

/// Where an entry is, and what a list may be filtered by without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) seq: Seq,
    pub(crate) kind: EntryKind,
    pub(crate) resource_no: i64,
}

/// The entries of versions `first`, `first + 1` and so on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) first: u64,
    pub(crate) places: Vec<Place>,
}

impl Segment {
    /// Before an account's first entry.
    pub(crate) const EMPTY: Segment = Segment { first: 1, places: Vec::new() };

    /// The first version of the segment that contains `version`.
    pub(crate) const fn first_of(version: Version) -> u64 {
        (version.0 - 1) / SEGMENT_ENTRIES as u64 * SEGMENT_ENTRIES as u64 + 1
    }

    /// Where the entry of this version is, if it is in here.
    pub(crate) fn place(&self, version: Version) -> Option<&Place> {
        let index = usize::try_from(version.0.checked_sub(self.first)?).ok()?;
        self.places.get(index)
    }

    /// Appends this segment but for `first` to other bytes.
    pub(crate) fn put(&self, put: &mut Put) {
        put.u64(self.places.len() as u64);
        let mut before = 0;
        for place in &self.places {
            put.u64(place.seq - before);
            before = place.seq;
            // Kinds take three bits, so a tag of the first resources takes one byte.
            put.u64((place.resource_no as u64) << KIND_BITS | kind_no(place.kind));
        }
    }

    /// Reads a segment back.
    pub(crate) fn take(first: u64, take: &mut Take<'_>) -> Result<Segment, Short> {
        let count = take.count()?;
        let mut places = Vec::with_capacity(count);
        let mut seq: Seq = 0;
        for _ in 0..count {
            seq = seq.checked_add(take.u64()?).ok_or(Short)?;
            let tag = take.u64()?;
            let kind = (tag & ((1 << KIND_BITS) - 1)) as usize;
            let resource_no = (tag >> KIND_BITS) as i64;
            places.push(Place { seq, kind: EntryKind::ALL[kind], resource_no });
        }
        Ok(Segment { first, places })
    }

    /// Reads a row of table `segment`.
    pub(crate) fn decode(first: u64, bytes: &[u8]) -> Result<Segment, Short> {
        let mut take = Take(bytes);
        let segment = Segment::take(first, &mut take)?;
        take.end()?;
        Ok(segment)
    }
}

const KIND_BITS: u32 = 3;
const _: () = assert!(EntryKind::ALL.len() == 1 << KIND_BITS);

fn kind_no(kind: EntryKind) -> u64 {
    EntryKind::ALL.iter().position(|other| *other == kind).expect("every kind is listed") as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn places() -> impl Strategy<Value = Vec<Place>> {
        let place = (1_u64..1_000_000, 0_usize..8, 1_i64..1_000);
        proptest::collection::vec(place, 0..SEGMENT_ENTRIES).prop_map(|raw| {
            let mut seq = 0;
            raw.into_iter()
                .map(|(step, kind, resource_no)| {
                    seq += step;
                    Place { seq, kind: EntryKind::ALL[kind], resource_no }
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn a_segment_reads_back(places in places(), group in 0_u64..1_000) {
            let segment = Segment { first: group * 64 + 1, places };
            let mut put = Put::default();
            segment.put(&mut put);
            prop_assert_eq!(Segment::decode(segment.first, &put.0), Ok(segment.clone()));
            for cut in 0..put.0.len() {
                prop_assert!(Segment::decode(segment.first, &put.0[..cut]).is_err());
            }
        }
    }

    #[test]
    fn segments_are_aligned() {
        for (version, first) in [(1, 1), (64, 1), (65, 65), (128, 65), (129, 129)] {
            assert_eq!(Segment::first_of(Version(version)), first);
        }
        let place = Place { seq: 9, kind: EntryKind::Record, resource_no: 1 };
        let segment = Segment { first: 65, places: vec![place] };
        assert_eq!(segment.place(Version(65)), Some(&place));
        assert_eq!((segment.place(Version(64)), segment.place(Version(66))), (None, None));
    }
}
