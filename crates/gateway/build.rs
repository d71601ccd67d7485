//! Writes the vocabularies of OpenAI's tokenizers in the form in which the gateway reads them: each
//! token's length in a byte and then its bytes, by rank.
//!
//! The crate that they come from keeps automata of 15 and 32 MB beside them, which would be in the
//! binary and in memory.

use bpe_openai::{Tokenizer, cl100k_base, o200k_base};
use std::{env, fs, io, path::Path};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    write("o200k", o200k_base())?;
    write("cl100k", cl100k_base())
}

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script its folder there")]
fn write(name: &str, tokenizer: &Tokenizer) -> io::Result<()> {
    let folder = env::var("OUT_DIR").map_err(io::Error::other)?;
    let tokens = u32::try_from(tokenizer.bpe.num_tokens()).map_err(io::Error::other)?;
    let mut all = Vec::new();
    for rank in 0..tokens {
        let token = tokenizer.bpe.token_bytes(rank);
        all.push(u8::try_from(token.len()).map_err(io::Error::other)?);
        all.extend_from_slice(token);
    }
    fs::write(Path::new(&folder).join(format!("{name}.vocabulary")), all)
}
