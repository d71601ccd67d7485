//! Writes a run in one pass: sorted entries go in, pages and filter blocks go out side by side.
//!
//! Invariants: memory is two small buffers however large the run; dirty data never exceeds
//! `DIRTY_BYTES_MAX` by much, so that syncing a large run does not hold up the ledger's own sync;
//! a run which is not finished leaves no file behind.
//! Not here: making the run part of the index (`catalog`).

use std::{
    fs::{self, File},
    mem,
    os::unix::fs::FileExt,
    path::PathBuf,
};

use super::{
    KeyEntry, KeyIndexError,
    checksum::fold,
    filter::Block,
    layout::{PAGE_BYTES, PAGE_ENTRIES, Page, RunHeader, page_checksum, put_entry, seal_page},
    run::Run,
};

const BUFFER_BYTES: usize = 256 * 1024;
const DIRTY_BYTES_MAX: u64 = 16 * 1024 * 1024;

pub(super) struct RunWriter {
    output: Output,
    header: RunHeader,
    pages: Section,
    page: Page,
    blocks: Section,
    block: Block,
    block_number: u64,
    position: u64,
    previous: Option<KeyEntry>,
}

impl RunWriter {
    /// Starts the file. The header's sums are filled in as entries come; its count must be exact.
    pub(super) fn create(path: PathBuf, header: RunHeader) -> Result<Self, KeyIndexError> {
        let file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(KeyIndexError::at(&path))?;
        Ok(Self {
            output: Output { file, scrap: Scrap { path }, dirty_bytes: 0 },
            header,
            pages: Section::starting_at(header.page_offset(0)),
            page: [0; PAGE_BYTES],
            blocks: Section::starting_at(header.block_offset(0)),
            block: Block::starting_at(0),
            block_number: 0,
            position: 0,
            previous: None,
        })
    }

    /// Adds the next entry in order of hash, then row.
    pub(super) fn push(&mut self, entry: KeyEntry) -> Result<(), KeyIndexError> {
        assert!(self.previous <= Some(entry), "entries of a run come sorted");
        assert!(self.position < self.header.count, "a run takes as many entries as announced");
        self.previous = Some(entry);
        while self.block_number < self.header.block_of(entry.hash) {
            self.seal_block()?;
        }
        self.block.insert(entry.hash);
        put_entry(&mut self.page, self.position % PAGE_ENTRIES, entry);
        self.position += 1;
        if self.position.is_multiple_of(PAGE_ENTRIES) {
            self.seal_page()?;
        }
        Ok(())
    }

    /// Completes the file and waits until it is on disk.
    pub(super) fn finish(mut self) -> Result<Run, KeyIndexError> {
        assert_eq!(self.position, self.header.count, "a run gets as many entries as announced");
        if !self.position.is_multiple_of(PAGE_ENTRIES) {
            self.seal_page()?;
        }
        while self.block_number < self.header.blocks() {
            self.seal_block()?;
        }
        self.pages.flush(&mut self.output)?;
        self.blocks.flush(&mut self.output)?;
        self.output.write(&self.header.encode(), 0)?;
        let path = &self.output.scrap.path;
        self.output.file.sync_all().map_err(KeyIndexError::at(path))?;
        Ok(Run::written(self.output.scrap.keep(), self.output.file, self.header))
    }

    fn seal_page(&mut self) -> Result<(), KeyIndexError> {
        let number = (self.position - 1) / PAGE_ENTRIES;
        seal_page(&mut self.page, self.header.page_seed(number));
        self.header.pages_sum = fold(self.header.pages_sum, page_checksum(&self.page));
        self.pages.write(&self.page, &mut self.output)?;
        self.page.fill(0);
        Ok(())
    }

    fn seal_block(&mut self) -> Result<(), KeyIndexError> {
        let position = u32::try_from(self.position).expect("a run has at most 2^32 - 1 entries");
        let block = mem::replace(&mut self.block, Block::starting_at(position))
            .sealed(self.header.block_seed(self.block_number));
        let sum = u64::from(block.stored_checksum());
        self.header.blocks_sum = fold(self.header.blocks_sum, sum);
        self.block_number += 1;
        self.blocks.write(block.bytes(), &mut self.output)
    }
}

/// A part of the file that is written front to back.
struct Section {
    offset: u64,
    buffer: Vec<u8>,
}

impl Section {
    fn starting_at(offset: u64) -> Self {
        Self { offset, buffer: Vec::with_capacity(BUFFER_BYTES) }
    }

    fn write(&mut self, bytes: &[u8], output: &mut Output) -> Result<(), KeyIndexError> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() < BUFFER_BYTES {
            return Ok(());
        }
        self.flush(output)
    }

    fn flush(&mut self, output: &mut Output) -> Result<(), KeyIndexError> {
        output.write(&self.buffer, self.offset)?;
        self.offset += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

struct Output {
    file: File,
    scrap: Scrap,
    dirty_bytes: u64,
}

impl Output {
    fn write(&mut self, bytes: &[u8], offset: u64) -> Result<(), KeyIndexError> {
        let path = &self.scrap.path;
        self.file.write_all_at(bytes, offset).map_err(KeyIndexError::at(path))?;
        self.dirty_bytes += bytes.len() as u64;
        if self.dirty_bytes >= DIRTY_BYTES_MAX {
            self.file.sync_data().map_err(KeyIndexError::at(path))?;
            self.dirty_bytes = 0;
        }
        Ok(())
    }
}

/// A file that goes away unless it is kept.
struct Scrap {
    path: PathBuf,
}

impl Scrap {
    fn keep(mut self) -> PathBuf {
        mem::take(&mut self.path)
    }
}

impl Drop for Scrap {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            // Should this fail, the next `open` removes the file: no manifest names it.
            let _ = fs::remove_file(&self.path);
        }
    }
}
