//! What a user's application remembers: items, terms, sizes, promotion, expiry, ranking.
//!
//! A [`Memory`] is what an application stored for its user. How long it is kept is its [`Term`]:
//! what the wire calls `tier` (`stm`, `itm`, `ltm`) is a term here, since a tier is a plan of
//! limits everywhere else. Its bytes count against the user's `memory_storage`: [`charge`] says
//! what an entry of the ledger has to carry when a memory comes, changes, or goes.
//!
//! Invariant: no I/O, no clock, no randomness; ids, instants and vectors are arguments.
//! Invariant: a value that exists is valid. Raw text, numbers and vectors are checked once, where
//! they are parsed, and a refusal names the field of the wire.
//! Invariant: a ranking is a function of what is ranked, not of the order in which it came.
//! Not here: who may ask (`access`), the entry's admission (`ledger`), rows and indexes (`store`
//! and the backends), models that make vectors.

mod content;
mod context;
mod embedding;
mod filter;
mod fusion;
mod hit;
mod invalid;
mod keyword;
mod kind;
pub mod limits;
mod memory;
mod metadata;
mod mode;
mod number;
mod patch;
mod quantised;
mod room;
mod similarity;
mod size;
mod tag;
mod term;
mod text;
mod top;
mod words;

pub use content::{Content, Draft};
pub use context::{Candidate, Context, ContextAsk, LtmOrder, RELEVANCE_FLOOR, assemble};
pub use embedding::{Dims, Embedding};
pub use filter::{CreatedRange, Facts, Filter};
pub use fusion::{FUSION_K, Fused, TEXT_WEIGHT, fuse};
pub use hit::{Hit, Score};
pub use invalid::{Field, Flaw, Invalid};
pub use keyword::{Counts, Keywords, Statistics, keyword_ranking};
pub use kind::{Kind, Outcome};
pub use memory::{Access, ChangeError, Memory, Promotion};
pub use metadata::Metadata;
pub use mode::{Mode, Query};
pub use number::{Confidence, EmotionalWeight};
pub use patch::{Change, EmbeddingFate, Patch, PatchDraft, Updated};
pub use quantised::{Quantised, shortlist_rows};
pub use room::{Held, RoomError, make_room};
pub use size::{charge, charged_bytes};
pub use tag::{Tag, Tags};
pub use term::Term;
pub use text::{SessionName, Text};
pub use top::TopK;
