//! Memories in the shapes of the wire.

use novacore_app::memories::{
    self as app, ContextFound, EmbeddingProgress, Found, Gone, StorageVerdict,
};
use novacore_memory::{Kind, Memory, Metadata, Outcome, SessionName, Tag, Term, Text};
use novacore_vocab::{UserId, human_bytes};
use novacore_wire::{
    memories::{self as wire, EmbeddingState, ModelMemories, StorageLimit},
    number::WirePercent,
};
use serde_json::value::RawValue;

/// Why words were searched. What an embedder says of itself, as where its files lie, is for the
/// operator: he is told by the log and by [`progress`].
const SEARCHED_BY_WORDS: &str = "the query cannot be embedded now, so its words are searched";
const NOT_EMBEDDED: &str = "texts cannot be embedded now, so their words are searched";

/// A memory of `user`.
pub(crate) fn memory(user: UserId, memory: &Memory) -> wire::Memory {
    let content = &memory.content;
    let metadata = content.metadata.as_ref().map(Metadata::as_str).map(str::to_owned);
    wire::Memory {
        id: memory.id,
        user_id: user,
        session_id: content.session.as_ref().map(SessionName::as_str).map(str::to_owned),
        r#type: content.kind.as_str(),
        input_context: content.input.as_str().to_owned(),
        output_response: content.output.as_ref().map(Text::as_str).map(str::to_owned),
        outcome: content.outcome.map(Outcome::as_str),
        emotional_weight: content.emotional_weight.map(|weight| weight.get()),
        confidence_score: content.confidence.map(|confidence| confidence.get()),
        constitution_valid: None,
        tags: content.tags.as_slice().iter().map(Tag::as_str).map(str::to_owned).collect(),
        tier: memory.term.as_str(),
        metadata: metadata.and_then(|text| RawValue::from_string(text).ok()),
        size_bytes: memory.size_bytes(),
        access_count: memory.access.count,
        last_accessed_at: memory.access.last_at,
        created_at: memory.created_at,
        updated_at: memory.changed_at,
        expires_at: memory.expires_at,
    }
}

/// A page of the memories in `term`, or of all.
pub(crate) fn page(
    user: UserId,
    rows: &[Memory],
    total: u64,
    term: Option<Term>,
) -> wire::MemoryPage {
    wire::MemoryPage {
        memories: rows.iter().map(|row| memory(user, row)).collect(),
        total,
        tier: term.map(Term::as_str),
    }
}

/// The memories of a session.
pub(crate) fn session(
    user: UserId,
    session: String,
    rows: &[Memory],
    total: u64,
) -> wire::SessionMemories {
    wire::SessionMemories {
        session_id: session,
        memories: rows.iter().map(|row| memory(user, row)).collect(),
        total,
    }
}

/// What a search for `query` found.
pub(crate) fn search_results(user: UserId, query: String, found: &Found) -> wire::SearchResults {
    let results = found.memories.iter().map(|one| wire::FoundMemory {
        memory: memory(user, &one.memory),
        similarity_score: one.similarity,
        score: Some(one.score),
    });
    wire::SearchResults {
        results: results.collect(),
        total: found.memories.len(),
        query,
        mode: found.mode.as_str(),
        degraded: found.degraded.is_some(),
        degraded_reason: found.degraded.as_ref().map(|_| SEARCHED_BY_WORDS),
        unembedded: found.unembedded,
    }
}

/// A context.
pub(crate) fn context(user: UserId, parts: &ContextFound) -> wire::ContextParts {
    let part = |part: &[app::FoundMemory]| {
        let shown = part.iter().map(|one| wire::FoundMemory {
            memory: memory(user, &one.memory),
            similarity_score: one.similarity,
            score: None,
        });
        shown.collect()
    };
    wire::ContextParts {
        stm: part(&parts.stm),
        itm: part(&parts.itm),
        ltm: part(&parts.ltm),
        degraded: parts.degraded.is_some(),
        degraded_reason: parts.degraded.as_ref().map(|_| SEARCHED_BY_WORDS),
    }
}

/// A memory that is gone.
pub(crate) fn deleted(gone: &Gone) -> wire::Deleted {
    let bytes = |bytes| (!gone.replayed).then_some(bytes);
    wire::Deleted {
        success: true,
        message: "Memory deleted",
        bytes_freed: bytes(gone.size_bytes),
        bytes_given_back: bytes(gone.charged_bytes),
    }
}

/// Memories that are gone.
pub(crate) fn forgotten(gone: &Gone) -> wire::Forgotten {
    let bytes = |bytes| (!gone.replayed).then_some(bytes);
    wire::Forgotten {
        success: true,
        message: "Memories forgotten",
        memories_forgotten: (!gone.replayed).then_some(gone.rows),
        bytes_freed: bytes(gone.size_bytes),
        bytes_given_back: bytes(gone.charged_bytes),
    }
}

/// The memories of a session that are gone.
pub(crate) fn cleared(gone: &Gone) -> wire::Forgotten {
    wire::Forgotten { message: "Session cleared", ..forgotten(gone) }
}

/// All memories of `user`, gone.
pub(crate) fn erased(user: UserId, gone: &Gone) -> wire::Erased {
    wire::Erased {
        success: true,
        user_id: user,
        memories_forgotten: gone.rows,
        bytes_freed: gone.size_bytes,
        bytes_given_back: gone.charged_bytes,
    }
}

/// What memories take.
pub(crate) fn usage(usage: &app::MemoryUsage) -> wire::MemoryUsage {
    wire::MemoryUsage {
        user_id: usage.user,
        storage: storage(usage),
        memory_counts: counts(usage),
        tier_stats: terms(usage),
        timestamp: usage.now,
    }
}

fn storage(usage: &app::MemoryUsage) -> wire::TotalStorage {
    let total_bytes = usage.head.charged_bytes();
    wire::TotalStorage { total_bytes, total_human_readable: human_bytes(total_bytes) }
}

fn counts(usage: &app::MemoryUsage) -> wire::MemoryCounts {
    let rows = |term| usage.head.tally(term).rows;
    let [stm, itm, ltm] = [Term::Stm, Term::Itm, Term::Ltm].map(rows);
    wire::MemoryCounts { stm, itm, ltm, total: stm + itm + ltm }
}

fn terms(usage: &app::MemoryUsage) -> wire::TermsStats {
    let of = |term| {
        let tally = usage.head.tally(term);
        wire::TermStats {
            memory_count: tally.rows,
            avg_text_size: tally.text_bytes / tally.rows.max(1),
            total_text_size: tally.text_bytes,
            total_text_human: human_bytes(tally.text_bytes),
            size_bytes: tally.size_bytes,
        }
    };
    wire::TermsStats { stm: of(Term::Stm), itm: of(Term::Itm), ltm: of(Term::Ltm) }
}

/// Memories in figures.
pub(crate) fn stats(stats: &app::MemoryStats) -> wire::MemoryStats {
    let of_kind = |kind: Kind| {
        let rows = stats.kinds.iter().find(|(known, _)| *known == kind).map_or(0, |row| row.1);
        (kind.as_str(), rows)
    };
    wire::MemoryStats {
        user_id: stats.usage.user,
        memory_counts: counts(&stats.usage),
        by_type: Kind::ALL.into_iter().map(of_kind).collect(),
        storage: storage(&stats.usage),
        tier_stats: terms(&stats.usage),
        embeddings: EmbeddingState {
            model: stats.model.to_string(),
            dimensions: stats.dims.get(),
            degraded: stats.degraded.is_some(),
            degraded_reason: stats.degraded.as_ref().map(|_| NOT_EMBEDDED),
        },
        timestamp: stats.usage.now,
    }
}

/// Whether there is room for more.
pub(crate) fn quota_check(verdict: StorageVerdict) -> wire::QuotaCheck {
    wire::QuotaCheck {
        has_quota: verdict.fits,
        message: verdict.message,
        current_usage: verdict.used,
        limit: StorageLimit::of(verdict.limit),
        percentage_used: WirePercent(verdict.share),
    }
}

/// How far embedding has come.
pub(crate) fn progress(progress: EmbeddingProgress) -> wire::EmbeddingProgress {
    let models = progress.models.into_iter().map(|one| ModelMemories {
        model: one.model.map(|model| model.to_string()),
        memories: one.rows,
    });
    wire::EmbeddingProgress {
        model: progress.model.to_string(),
        dimensions: progress.dims.get(),
        available: progress.absence.is_none(),
        unavailable_reason: progress.absence,
        embedded: progress.embedded,
        waiting: progress.waiting,
        models: models.collect(),
    }
}
