//! The bytes of a run file: header page, entry pages, filter blocks.
//!
//! ```text
//! 0        header page: identity, range of rows, count, checksums
//! 4096     entry pages, each 292 entries of 14 bytes and a checksum of 8
//! ...      filter blocks of 64 bytes, one per 40 entries (see `filter`)
//! ```
//!
//! An entry is the 8-byte hash and 6 bytes of row number: 48 bits last 89 years at 100,000 rows
//! a second, and 292 such entries fill a page to the byte, where 16-byte ones would cost 14 %
//! more. Entries are sorted by hash, then row. Numbers are little-endian.
//! Invariant: every byte is under a checksum seeded with ledger, run and place, so a page that
//! was flipped, torn, or belongs elsewhere is refused instead of hiding a key.
//! Not here: reading (`run`) and writing (`run_writer`).

use super::{
    KeyEntry,
    checksum::{checksum, fold},
};

pub(super) const PAGE_BYTES: usize = 4096;
pub(super) const PAGE_ENTRIES: u64 = 292;
pub(super) const ENTRY_BYTES: usize = 14;
pub(super) const BLOCK_BYTES: usize = 64;
/// Entries per filter block on average: 11.2 bits of filter for each.
pub(super) const BLOCK_ENTRIES: u64 = 40;
/// Filter blocks name entries by 32-bit positions.
pub(super) const RUN_ENTRIES_MAX: u64 = u32::MAX as u64;
pub(super) const SEQ_MAX: u64 = (1 << 48) - 1;

const MAGIC: [u8; 8] = *b"NVKEYRUN";
const VERSION: u32 = 1;
const CHECKSUM_BYTES: usize = 8;
const PAGE_BODY: usize = PAGE_BYTES - CHECKSUM_BYTES;
const HEADER_SEED: u64 = 0x6865_6164_6572;

const _: () = assert!(PAGE_ENTRIES as usize * ENTRY_BYTES == PAGE_BODY);
const _: () = assert!(PAGE_BYTES.is_multiple_of(BLOCK_BYTES));

pub(super) type Page = [u8; PAGE_BYTES];

/// What a run file says about itself. Sums are of all page and block checksums, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RunHeader {
    pub(super) ledger: [u8; 16],
    pub(super) number: u64,
    pub(super) first_seq: u64,
    pub(super) last_seq: u64,
    pub(super) count: u64,
    pub(super) pages_sum: u64,
    pub(super) blocks_sum: u64,
}

impl RunHeader {
    pub(super) fn pages(&self) -> u64 {
        self.count.div_ceil(PAGE_ENTRIES)
    }

    pub(super) fn blocks(&self) -> u64 {
        self.count.div_ceil(BLOCK_ENTRIES)
    }

    pub(super) fn page_offset(&self, page: u64) -> u64 {
        PAGE_BYTES as u64 * (1 + page)
    }

    pub(super) fn block_offset(&self, block: u64) -> u64 {
        self.page_offset(self.pages()) + BLOCK_BYTES as u64 * block
    }

    pub(super) fn file_bytes(&self) -> u64 {
        self.block_offset(self.blocks())
    }

    pub(super) fn filter_bytes(&self) -> u64 {
        self.blocks() * BLOCK_BYTES as u64
    }

    /// Entries on this page; all but the last page are full.
    pub(super) fn page_entries(&self, page: u64) -> u64 {
        PAGE_ENTRIES.min(self.count - page * PAGE_ENTRIES)
    }

    /// Blocks divide the range of hashes evenly, so they come in the order of the entries.
    pub(super) fn block_of(&self, hash: u64) -> u64 {
        ((u128::from(hash) * u128::from(self.blocks())) >> 64) as u64
    }

    pub(super) fn page_seed(&self, page: u64) -> u64 {
        fold(self.seed(), page << 1)
    }

    pub(super) fn block_seed(&self, block: u64) -> u64 {
        fold(self.seed(), block << 1 | 1)
    }

    fn seed(&self) -> u64 {
        checksum(self.number, &self.ledger)
    }

    pub(super) fn encode(&self) -> Page {
        let mut page = [0; PAGE_BYTES];
        let fields = [
            &MAGIC[..],
            &VERSION.to_le_bytes(),
            &[0; 4],
            &self.ledger,
            &self.number.to_le_bytes(),
            &self.first_seq.to_le_bytes(),
            &self.last_seq.to_le_bytes(),
            &self.count.to_le_bytes(),
            &self.pages_sum.to_le_bytes(),
            &self.blocks_sum.to_le_bytes(),
        ]
        .concat();
        page[..fields.len()].copy_from_slice(&fields);
        seal_page(&mut page, HEADER_SEED);
        page
    }

    pub(super) fn decode(page: &Page) -> Result<Self, &'static str> {
        if page[..8] != MAGIC {
            return Err("it does not start as a run file");
        }
        if page[8..12] != VERSION.to_le_bytes() {
            return Err("its format version is unknown");
        }
        if !page_is_sound(page, HEADER_SEED) {
            return Err("the header fails its checksum");
        }
        let mut ledger = [0; 16];
        ledger.copy_from_slice(&page[16..32]);
        Ok(Self {
            ledger,
            number: read_u64(page, 32),
            first_seq: read_u64(page, 40),
            last_seq: read_u64(page, 48),
            count: read_u64(page, 56),
            pages_sum: read_u64(page, 64),
            blocks_sum: read_u64(page, 72),
        })
    }
}

/// The checksum a sealed page carries.
pub(super) fn page_checksum(page: &Page) -> u64 {
    read_u64(page, PAGE_BODY)
}

pub(super) fn seal_page(page: &mut Page, seed: u64) {
    let sum = checksum(seed, &page[..PAGE_BODY]);
    page[PAGE_BODY..].copy_from_slice(&sum.to_le_bytes());
}

pub(super) fn page_is_sound(page: &Page, seed: u64) -> bool {
    page_checksum(page) == checksum(seed, &page[..PAGE_BODY])
}

pub(super) fn entry_at(page: &Page, slot: u64) -> KeyEntry {
    let at = slot as usize * ENTRY_BYTES;
    // The eight bytes that end with the entry: two of the hash, six of the row.
    let seq = read_u64(page, at + ENTRY_BYTES - 8) >> 16;
    KeyEntry { hash: read_u64(page, at), seq }
}

pub(super) fn put_entry(page: &mut Page, slot: u64, entry: KeyEntry) {
    let at = slot as usize * ENTRY_BYTES;
    page[at..at + 8].copy_from_slice(&entry.hash.to_le_bytes());
    page[at + 8..at + ENTRY_BYTES].copy_from_slice(&entry.seq.to_le_bytes()[..6]);
}

pub(super) fn read_u64(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: RunHeader = RunHeader {
        ledger: [9; 16],
        number: 3,
        first_seq: 10,
        last_seq: 900,
        count: 293,
        pages_sum: 5,
        blocks_sum: 6,
    };

    #[test]
    fn a_header_reads_back_and_places_its_parts() {
        assert_eq!(RunHeader::decode(&HEADER.encode()), Ok(HEADER));
        assert_eq!((HEADER.pages(), HEADER.blocks()), (2, 8));
        assert_eq!((HEADER.page_entries(0), HEADER.page_entries(1)), (292, 1));
        assert_eq!(HEADER.file_bytes(), 3 * 4096 + 8 * 64);
        assert_eq!((HEADER.block_of(0), HEADER.block_of(u64::MAX)), (0, 7));
    }

    #[test]
    fn every_flipped_bit_of_a_header_shows() {
        for bit in 0..PAGE_BYTES * 8 {
            let mut page = HEADER.encode();
            page[bit / 8] ^= 1 << (bit % 8);
            assert!(RunHeader::decode(&page).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn entries_keep_the_widest_values_beside_each_other() {
        let mut page = [0; PAGE_BYTES];
        let widest = KeyEntry { hash: u64::MAX, seq: SEQ_MAX };
        let plain = KeyEntry { hash: 0x0102_0304_0506_0708, seq: 0x0A0B_0C0D_0E0F };
        for (slot, entry) in [(0, widest), (1, plain), (291, widest), (290, plain)] {
            put_entry(&mut page, slot, entry);
        }
        seal_page(&mut page, 4);
        assert!(page_is_sound(&page, 4) && !page_is_sound(&page, 5));
        for (slot, entry) in [(0, widest), (1, plain), (291, widest), (290, plain)] {
            assert_eq!(entry_at(&page, slot), entry);
        }
    }
}
