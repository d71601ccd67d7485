//! The files of the local model, and what they have to be.
//!
//! Invariant: a file that does not have its hash is not used, whoever put it there.

use novacore_app::memories::embedder::{DEFAULT_DIMS, DEFAULT_MODEL};
use sha2::{Digest, Sha256};
use std::{fmt::Write as _, fs::File, io::Read as _, path::Path};

/// Name and start of the weights' hash. It is the default model, so what is stored without an
/// embedder waits for it.
pub(super) const ID: &str = DEFAULT_MODEL;
/// What `config.json` says, too.
pub(super) const DIMS: u16 = DEFAULT_DIMS;

/// Name, longest size that is read at all, SHA-256.
struct Pinned(&'static str, u64, &'static str);

const WEIGHTS: Pinned = Pinned(
    "model.safetensors",
    96 << 20,
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
);
const TOKENIZER: Pinned = Pinned(
    "tokenizer.json",
    1 << 20,
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
);
const CONFIG: Pinned = Pinned(
    "config.json",
    1 << 20,
    "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
);

/// What is in the folder.
pub(super) struct Files {
    pub(super) weights: Vec<u8>,
    pub(super) tokenizer: Vec<u8>,
    pub(super) config: Vec<u8>,
}

/// Reads and checks them, or says which is wrong. The small ones first: they are soon wrong.
pub(super) fn read(dir: &Path) -> Result<Files, String> {
    let config = read_one(dir, &CONFIG)?;
    let tokenizer = read_one(dir, &TOKENIZER)?;
    let weights = read_one(dir, &WEIGHTS)?;
    Ok(Files { weights, tokenizer, config })
}

fn read_one(dir: &Path, Pinned(name, bytes_max, hash): &Pinned) -> Result<Vec<u8>, String> {
    let wrong = |why: &dyn std::fmt::Display| format!("{name}: {why}");
    let file = File::open(dir.join(name)).map_err(|error| wrong(&error))?;
    let length = file.metadata().map_err(|error| wrong(&error))?.len();
    // Of one that is longer the hash differs anyway, and it may be of any length.
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(*bytes_max)).unwrap_or(0));
    file.take(*bytes_max).read_to_end(&mut bytes).map_err(|error| wrong(&error))?;
    if hex(&Sha256::digest(&bytes)) == *hash {
        Ok(bytes)
    } else {
        Err(wrong(&"not the file of all-MiniLM-L6-v2 (SHA-256 differs)"))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_that_of_the_weights() {
        assert_eq!(ID.split_once('@'), Some(("all-minilm-l6-v2", &WEIGHTS.2[..8])));
    }

    #[test]
    fn what_is_missing_or_damaged_is_named() {
        let dir = tempfile::tempdir().expect("a folder");
        let told = || read(dir.path()).err().expect("no model");
        assert!(told().starts_with("config.json: No such file"), "{}", told());
        std::fs::write(dir.path().join("config.json"), "{}").expect("a file");
        assert_eq!(told(), "config.json: not the file of all-MiniLM-L6-v2 (SHA-256 differs)");
        std::fs::remove_file(dir.path().join("config.json")).expect("a file");
        std::fs::create_dir(dir.path().join("config.json")).expect("a folder");
        assert!(told().starts_with("config.json: "), "{}", told());
    }
}
