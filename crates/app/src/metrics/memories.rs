//! What memories are measured by.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SearchLabels {
    mode: &'static str,
    degraded: &'static str,
}

/// Memories.
#[derive(Debug, Default)]
pub struct MemoryMetrics {
    searches: Family<SearchLabels, Counter>,
    embedded: Counter,
    expired: Counter,
    waiting: Gauge,
    index_bytes: Gauge,
}

impl MemoryMetrics {
    pub(super) fn register(&self, r: &mut Registry) {
        let help = "Searches of memories by how they ranked";
        r.register("memory_searches", help, self.searches.clone());
        let help = "Texts of memories and queries that were embedded";
        r.register("memory_texts_embedded", help, self.embedded.clone());
        let help = "Memories that were removed because their time was over";
        r.register("memory_expired", help, self.expired.clone());
        let help = "Memories that wait for an embedding by the model in use";
        r.register("memory_embeddings_waiting", help, self.waiting.clone());
        let help = "What is kept in memory of the indexes of users";
        r.register_with_unit("memory_index", help, Unit::Bytes, self.index_bytes.clone());
    }

    /// A search was made; `degraded` if not in the mode asked for.
    pub fn searched(&self, mode: &'static str, degraded: bool) {
        let degraded = if degraded { "true" } else { "false" };
        self.searches.get_or_create(&SearchLabels { mode, degraded }).inc();
    }

    /// So many texts were embedded.
    pub fn embedded(&self, texts: usize) {
        self.embedded.inc_by(texts as u64);
    }

    /// So many memories were swept.
    pub fn expired(&self, rows: u64) {
        self.expired.inc_by(rows);
    }

    /// So many memories wait for an embedding, and indexes take so many bytes.
    pub fn waiting(&self, rows: u64, index_bytes: usize) {
        self.waiting.set(i64::try_from(rows).unwrap_or(i64::MAX));
        self.index_bytes.set(i64::try_from(index_bytes).unwrap_or(i64::MAX));
    }
}
