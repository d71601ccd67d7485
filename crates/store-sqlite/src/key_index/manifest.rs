//! The manifest: which runs make up the index and which rows of which ledger they cover.
//!
//! Invariant: it is replaced as a whole, after everything it names is on disk; a crash leaves the
//! old one or the new one.
//! Not here: whether the named runs fit it (`catalog`).

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{KeyIndexError, Watermark, checksum::checksum, layout::read_u64};

pub(super) const MANIFEST: &str = "manifest";
pub(super) const MANIFEST_NEW: &str = "manifest.new";

const MAGIC: [u8; 8] = *b"NVKEYMAN";
const VERSION: u32 = 1;
const SEED: u64 = 0x6D61_6E69;
const HEAD_BYTES: usize = 88;
const RUN_BYTES: usize = 16;
const CHECKSUM_BYTES: usize = 8;
/// Far above what the bound on runs allows.
const MANIFEST_BYTES_MAX: u64 = 64 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) ledger: [u8; 16],
    /// Above the number of every run there ever was.
    pub(super) next_number: u64,
    pub(super) durable: Watermark,
    /// Oldest first.
    pub(super) runs: Vec<RunName>,
}

/// A run and the checksum its header carries, so that a run of another life is not taken for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RunName {
    pub(super) number: u64,
    pub(super) header_sum: u64,
}

impl Manifest {
    /// Reads the manifest of a directory; `None` if there is none.
    pub(super) fn read(dir: &Path) -> Result<Option<Self>, KeyIndexError> {
        let path = dir.join(MANIFEST);
        let bytes = match fs::metadata(&path).map(|found| found.len()) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(KeyIndexError::at(&path)(error)),
        };
        if bytes > MANIFEST_BYTES_MAX {
            return Err(KeyIndexError::damaged(&path, "it is too long for a manifest"));
        }
        let stored = fs::read(&path).map_err(KeyIndexError::at(&path))?;
        let manifest = Self::decode(&stored).map_err(|why| KeyIndexError::damaged(&path, why))?;
        Ok(Some(manifest))
    }

    /// Replaces the manifest of a directory and waits until that is on disk.
    pub(super) fn write(&self, dir: &Path) -> Result<(), KeyIndexError> {
        let (new, path) = (dir.join(MANIFEST_NEW), dir.join(MANIFEST));
        write_synced(&new, &self.encode()).map_err(KeyIndexError::at(&new))?;
        // Syncing a file need not sync its name: first the names of the runs, then ours.
        sync_dir(dir)?;
        fs::rename(&new, &path).map_err(KeyIndexError::at(&path))?;
        sync_dir(dir)
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_BYTES + self.runs.len() * RUN_BYTES + 8);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&self.ledger);
        bytes.extend_from_slice(&self.next_number.to_le_bytes());
        bytes.extend_from_slice(&self.durable.through.to_le_bytes());
        bytes.extend_from_slice(&self.durable.tag);
        bytes.extend_from_slice(&(self.runs.len() as u64).to_le_bytes());
        for run in &self.runs {
            bytes.extend_from_slice(&run.number.to_le_bytes());
            bytes.extend_from_slice(&run.header_sum.to_le_bytes());
        }
        let sum = checksum(SEED, &bytes);
        bytes.extend_from_slice(&sum.to_le_bytes());
        bytes
    }

    fn decode(stored: &[u8]) -> Result<Self, &'static str> {
        if stored.len() < HEAD_BYTES + CHECKSUM_BYTES {
            return Err("it is too short for a manifest");
        }
        if stored[..8] != MAGIC {
            return Err("it does not start as a manifest");
        }
        if stored[8..12] != VERSION.to_le_bytes() {
            return Err("its format version is unknown");
        }
        let (bytes, sum) = stored.split_at(stored.len() - CHECKSUM_BYTES);
        if checksum(SEED, bytes) != read_u64(sum, 0) {
            return Err("the manifest fails its checksum");
        }
        let (head, runs) = bytes.split_at(HEAD_BYTES);
        if read_u64(head, 80) != (runs.len() / RUN_BYTES) as u64 {
            return Err("its length does not fit its number of runs");
        }
        let (mut ledger, mut tag) = ([0; 16], [0; 32]);
        ledger.copy_from_slice(&head[16..32]);
        tag.copy_from_slice(&head[48..80]);
        let name = |run: &[u8; RUN_BYTES]| RunName {
            number: read_u64(run, 0),
            header_sum: read_u64(run, 8),
        };
        Ok(Self {
            ledger,
            next_number: read_u64(head, 32),
            durable: Watermark { through: read_u64(head, 40), tag },
            runs: runs.as_chunks::<RUN_BYTES>().0.iter().map(name).collect(),
        })
    }
}

pub(super) fn run_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:012}.run"))
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_dir(dir: &Path) -> Result<(), KeyIndexError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(KeyIndexError::at(dir))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_reads_back_and_no_part_of_it_can_be_lost_or_flipped() {
        let name = |number| RunName { number, header_sum: number * 1001 };
        let manifest = Manifest {
            ledger: [4; 16],
            next_number: 9,
            durable: Watermark { through: 1234, tag: [8; 32] },
            runs: vec![name(3), name(8)],
        };
        let stored = manifest.encode();
        assert_eq!(Manifest::decode(&stored), Ok(manifest));
        for length in 0..stored.len() {
            assert!(Manifest::decode(&stored[..length]).is_err(), "{length} bytes");
        }
        for bit in 0..stored.len() * 8 {
            let mut flipped = stored.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Manifest::decode(&flipped).is_err(), "bit {bit}");
        }
    }
}
