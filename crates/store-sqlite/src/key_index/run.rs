//! A run: one immutable, sorted file of entries with its filter.
//!
//! Invariants: a lookup reads one block and, when that may hold the hash, one page or two; an
//! open handle outlives the file's removal, so lookups never race with compaction.
//! Not here: which runs there are (`catalog`) and how they come to be (`run_writer`, `merge`).

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    KeyEntry, KeyIndexError,
    checksum::fold,
    filter::Block,
    layout::{
        BLOCK_BYTES, PAGE_BYTES, PAGE_ENTRIES, Page, RUN_ENTRIES_MAX, RunHeader, entry_at,
        page_checksum, page_is_sound,
    },
};

/// Pages read at a time when a whole run is read.
const CURSOR_PAGES: u64 = 32;
const BLOCKS_PER_PAGE: u64 = (PAGE_BYTES / BLOCK_BYTES) as u64;

#[derive(Debug)]
pub(super) struct Run {
    path: PathBuf,
    file: File,
    header: RunHeader,
}

impl Run {
    /// Takes a file whose content is known to match the header.
    pub(super) fn written(path: PathBuf, file: File, header: RunHeader) -> Self {
        Self { path, file, header }
    }

    /// Opens a stored run and checks its header and length, not its body.
    pub(super) fn open(path: PathBuf) -> Result<Self, KeyIndexError> {
        let file = File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => KeyIndexError::damaged(&path, "it is missing"),
            _ => KeyIndexError::at(&path)(error),
        })?;
        let mut page = [0; PAGE_BYTES];
        file.read_exact_at(&mut page, 0).map_err(KeyIndexError::at(&path))?;
        let header = RunHeader::decode(&page).map_err(|why| KeyIndexError::damaged(&path, why))?;
        if !(1..=RUN_ENTRIES_MAX).contains(&header.count) {
            return Err(KeyIndexError::damaged(&path, "its number of entries is out of range"));
        }
        let bytes = file.metadata().map_err(KeyIndexError::at(&path))?.len();
        if bytes != header.file_bytes() {
            return Err(KeyIndexError::damaged(&path, "its length does not fit its header"));
        }
        Ok(Self { path, file, header })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn header(&self) -> &RunHeader {
        &self.header
    }

    /// Adds the rows which carry the hash, in ascending order.
    pub(super) fn find(
        &self,
        filter: Option<&[Block]>,
        hash: u64,
        seqs: &mut Vec<u64>,
    ) -> Result<(), KeyIndexError> {
        let number = self.header.block_of(hash);
        let read;
        let block = match filter {
            Some(blocks) => &blocks[number as usize],
            None => {
                read = self.read_block(number)?;
                &read
            }
        };
        if !block.may_hold(hash) {
            return Ok(());
        }
        self.scan(block.start(), hash, seqs)
    }

    fn scan(&self, start: u64, hash: u64, seqs: &mut Vec<u64>) -> Result<(), KeyIndexError> {
        let mut position = start;
        while position < self.header.count {
            let number = position / PAGE_ENTRIES;
            let page = self.read_page(number)?;
            for slot in position % PAGE_ENTRIES..self.header.page_entries(number) {
                let entry = entry_at(&page, slot);
                if entry.hash > hash {
                    return Ok(());
                }
                if entry.hash == hash {
                    seqs.push(entry.seq);
                }
            }
            position = (number + 1) * PAGE_ENTRIES;
        }
        Ok(())
    }

    fn read_page(&self, number: u64) -> Result<Page, KeyIndexError> {
        let mut page = [0; PAGE_BYTES];
        self.read(&mut page, self.header.page_offset(number))?;
        self.check_page(&page, number)?;
        Ok(page)
    }

    fn check_page(&self, page: &Page, number: u64) -> Result<(), KeyIndexError> {
        if page_is_sound(page, self.header.page_seed(number)) {
            return Ok(());
        }
        Err(self.damaged("a page of entries fails its checksum"))
    }

    fn read_block(&self, number: u64) -> Result<Block, KeyIndexError> {
        let mut bytes = [0; BLOCK_BYTES];
        self.read(&mut bytes, self.header.block_offset(number))?;
        self.check_block(bytes, number)
    }

    fn check_block(&self, bytes: [u8; BLOCK_BYTES], number: u64) -> Result<Block, KeyIndexError> {
        Block::from_stored(bytes, self.header.block_seed(number))
            .ok_or_else(|| self.damaged("a filter block fails its checksum"))
    }

    fn read(&self, bytes: &mut [u8], offset: u64) -> Result<(), KeyIndexError> {
        self.file.read_exact_at(bytes, offset).map_err(KeyIndexError::at(&self.path))
    }

    fn damaged(&self, why: &'static str) -> KeyIndexError {
        KeyIndexError::damaged(&self.path, why)
    }

    /// Reads and checks the whole filter, for keeping it in memory.
    pub(super) fn load_filter(&self) -> Result<Arc<[Block]>, KeyIndexError> {
        let mut blocks = Vec::with_capacity(self.header.blocks() as usize);
        self.each_block(|_, block| {
            blocks.push(block);
            Ok(())
        })?;
        Ok(blocks.into())
    }

    fn each_block(
        &self,
        mut visit: impl FnMut(u64, Block) -> Result<(), KeyIndexError>,
    ) -> Result<(), KeyIndexError> {
        let chunk = CURSOR_PAGES * BLOCKS_PER_PAGE;
        let mut buffer = vec![0; chunk as usize * BLOCK_BYTES];
        let blocks = self.header.blocks();
        let mut sum = 0;
        for first in (0..blocks).step_by(chunk as usize) {
            let bytes = &mut buffer[..chunk.min(blocks - first) as usize * BLOCK_BYTES];
            self.read(bytes, self.header.block_offset(first))?;
            for (number, stored) in (first..).zip(bytes.as_chunks::<BLOCK_BYTES>().0) {
                let block = self.check_block(*stored, number)?;
                sum = fold(sum, u64::from(block.stored_checksum()));
                visit(number, block)?;
            }
        }
        if sum != self.header.blocks_sum {
            return Err(self.damaged("the filter does not add up"));
        }
        Ok(())
    }

    /// Reads everything: checksums, order and range of the entries, and that each is in the
    /// filter where lookups will look.
    pub(super) fn verify(self: &Arc<Self>) -> Result<(), KeyIndexError> {
        let mut cursor = Cursor::open(Arc::clone(self))?;
        let mut position = 0;
        let mut previous = None;
        self.each_block(|number, stored| {
            let mut block = Block::starting_at(position);
            while let Some(entry) = cursor.head()
                && self.header.block_of(entry.hash) == number
            {
                let is_in_range =
                    (self.header.first_seq..=self.header.last_seq).contains(&entry.seq);
                if previous > Some(entry) || !is_in_range {
                    return Err(self.damaged("an entry is out of order or range"));
                }
                previous = Some(entry);
                block.insert(entry.hash);
                position += 1;
                cursor.advance()?;
            }
            if block.sealed(self.header.block_seed(number)) != stored {
                return Err(self.damaged("the filter does not match the entries"));
            }
            Ok(())
        })?;
        match cursor.head() {
            Some(_) => Err(self.damaged("entries are out of order")),
            None => Ok(()),
        }
    }
}

/// Reads a run from its first entry to its last, a bounded number of pages at a time.
pub(super) struct Cursor {
    run: Arc<Run>,
    /// Pages `first..` of the run.
    buffer: Vec<u8>,
    first: u64,
    position: u64,
    head: Option<KeyEntry>,
    sum: u64,
}

impl Cursor {
    pub(super) fn open(run: Arc<Run>) -> Result<Self, KeyIndexError> {
        let mut cursor =
            Self { run, buffer: Vec::new(), first: 0, position: 0, head: None, sum: 0 };
        cursor.load(0)?;
        Ok(cursor)
    }

    pub(super) fn head(&self) -> Option<KeyEntry> {
        self.head
    }

    /// Moves to the next entry. A run read to its end has been checked as a whole.
    pub(super) fn advance(&mut self) -> Result<(), KeyIndexError> {
        self.load(self.position + 1)
    }

    fn load(&mut self, position: u64) -> Result<(), KeyIndexError> {
        self.position = position;
        if position == self.run.header.count {
            self.head = None;
            if self.sum != self.run.header.pages_sum {
                return Err(self.run.damaged("the entries do not add up"));
            }
            return Ok(());
        }
        let (number, slot) = (position / PAGE_ENTRIES, position % PAGE_ENTRIES);
        if slot == 0 {
            self.turn_to(number)?;
        }
        let pages = self.buffer.as_chunks::<PAGE_BYTES>().0;
        self.head = Some(entry_at(&pages[(number - self.first) as usize], slot));
        Ok(())
    }

    /// Makes the next page readable.
    fn turn_to(&mut self, number: u64) -> Result<(), KeyIndexError> {
        if number.is_multiple_of(CURSOR_PAGES) {
            let pages = CURSOR_PAGES.min(self.run.header.pages() - number);
            self.buffer.resize(pages as usize * PAGE_BYTES, 0);
            self.run.read(&mut self.buffer, self.run.header.page_offset(number))?;
            self.first = number;
        }
        let page = &self.buffer.as_chunks::<PAGE_BYTES>().0[(number - self.first) as usize];
        self.run.check_page(page, number)?;
        self.sum = fold(self.sum, page_checksum(page));
        Ok(())
    }
}
