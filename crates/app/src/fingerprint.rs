//! What an idempotency key stands for: a hash of verb, target and parsed body.
//!
//! Invariant: two commands that mean the same have the same fingerprint, however their bodies were
//! written; parts are prefixed with their lengths, so that no two commands share one by running
//! together.

use crate::memories::{NewMemory, Update};
use novacore_ledger::{Expect, HoldAsk, OnExpiry, Record, Reserve, Settle};
use novacore_memory::{Change, Content, Filter, Patch, Tags, Term};
use novacore_vocab::{Amount, HoldId, MemoryId, ResourceName, Source, Timestamp};
use serde_json::Value;
use std::sync::Arc;

struct Parts(blake3::Hasher);

impl Parts {
    fn of(verb: &str, target: &str) -> Parts {
        Parts(blake3::Hasher::new()).text(verb).text(target)
    }

    fn text(mut self, text: &str) -> Parts {
        self.0.update(&(text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
        self
    }

    fn number(mut self, number: i64) -> Parts {
        self.0.update(&number.to_le_bytes());
        self
    }

    fn optional(self, number: Option<i64>) -> Parts {
        match number {
            Some(number) => self.number(1).number(number),
            None => self.number(0),
        }
    }

    fn amounts(self, amounts: &[(ResourceName, Amount)]) -> Parts {
        // The order of amounts means nothing.
        let mut sorted: Vec<_> = amounts.iter().collect();
        sorted.sort();
        let start = self.number(amounts.len() as i64);
        sorted.into_iter().fold(start, |parts, (resource, amount)| {
            parts.text(resource.as_str()).number(amount.get())
        })
    }

    fn metadata(self, metadata: Option<&Arc<str>>) -> Parts {
        let Some(text) = metadata else { return self.number(0) };
        let mut canonical = String::with_capacity(text.len());
        match serde_json::from_str(text) {
            Ok(value) => write_sorted(&value, &mut canonical),
            Err(_) => canonical.push_str(text),
        }
        self.number(1).text(&canonical)
    }

    fn optional_text(self, text: Option<&str>) -> Parts {
        match text {
            Some(text) => self.number(1).text(text),
            None => self.number(0),
        }
    }

    /// A number to the bit.
    fn float(self, number: Option<f64>) -> Parts {
        self.optional(number.map(|number| number.to_bits().cast_signed()))
    }

    fn vector(self, vector: Option<&[f32]>) -> Parts {
        let Some(vector) = vector else { return self.number(-1) };
        let start = self.number(vector.len() as i64);
        vector.iter().fold(start, |parts, element| parts.number(element.to_bits().into()))
    }

    fn tags(self, tags: &Tags) -> Parts {
        let start = self.number(tags.as_slice().len() as i64);
        tags.as_slice().iter().fold(start, |parts, tag| parts.text(tag.as_str()))
    }

    fn content(self, content: &Content) -> Parts {
        self.text(content.kind.as_str())
            .text(content.input.as_str())
            .optional_text(content.output.as_ref().map(|text| text.as_str()))
            .optional_text(content.session.as_ref().map(|name| name.as_str()))
            .optional_text(content.outcome.map(|outcome| outcome.as_str()))
            .float(content.emotional_weight.map(|weight| weight.get()))
            .float(content.confidence.map(|confidence| confidence.get()))
            .tags(&content.tags)
            .metadata(content.metadata.as_ref().map(|text| text.as_str().into()).as_ref())
    }

    /// What a patch says of a field: nothing, that it goes, or its value.
    fn change<T>(self, change: &Change<T>, value: impl FnOnce(Parts, &T) -> Parts) -> Parts {
        match change {
            Change::Keep => self.number(0),
            Change::Clear => self.number(1),
            Change::Set(set) => value(self.number(2), set),
        }
    }

    fn patch(self, patch: &Patch) -> Parts {
        self.optional_text(patch.kind.map(|kind| kind.as_str()))
            .optional_text(patch.input.as_ref().map(|text| text.as_str()))
            .change(&patch.output, |parts, text| parts.text(text.as_str()))
            .change(&patch.session, |parts, name| parts.text(name.as_str()))
            .change(&patch.outcome, |parts, outcome| parts.text(outcome.as_str()))
            .change(&patch.emotional_weight, |parts, weight| parts.float(Some(weight.get())))
            .change(&patch.confidence, |parts, sure| parts.float(Some(sure.get())))
            .change(&patch.tags, Parts::tags)
            .change(&patch.metadata, |parts, text| parts.metadata(Some(&text.as_str().into())))
    }

    /// The first 16 bytes of the hash.
    fn finish(self) -> u128 {
        let hash = self.0.finalize();
        let (half, _) = hash.as_bytes().split_first_chunk().expect("a hash has 32 bytes");
        u128::from_be_bytes(*half)
    }
}

/// JSON with the members of each object in the order of their names.
fn write_sorted(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| name.as_str());
            text.push('{');
            for (name, member) in sorted {
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write_sorted(member, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(elements) => {
            text.push('[');
            for element in elements {
                write_sorted(element, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            text.push_str(&value.to_string());
        }
    }
}

/// Of a record; `verb` tells a record from an event.
pub(crate) fn record(verb: &str, ask: &Record) -> u128 {
    let source = match ask.source {
        Source::Api => 0,
        Source::Memory => 1,
    };
    Parts::of(verb, ask.resource.as_str())
        .number(ask.amount.get())
        .number(source)
        .number(i64::from(ask.expect == Expect::Admission))
        .optional(ask.corrects.and_then(|version| i64::try_from(version.0).ok()))
        .optional(ask.occurred_at.map(Timestamp::micros))
        .metadata(ask.metadata.as_ref())
        .finish()
}

/// Of a reserve.
pub(crate) fn reserve(ask: &Reserve) -> u128 {
    Parts::of("reserve", "")
        .amounts(&ask.amounts)
        .number(ask.ttl_s)
        .number(i64::from(ask.on_expiry == OnExpiry::Charge))
        .metadata(ask.metadata.as_ref())
        .finish()
}

/// Of a settle.
pub(crate) fn settle(hold: HoldId, ask: &Settle) -> u128 {
    Parts::of("settle", &hold.to_string())
        .amounts(&ask.amounts)
        .number(i64::from(ask.last))
        .metadata(ask.metadata.as_ref())
        .finish()
}

/// Of an extend.
pub(crate) fn extend(hold: HoldId, ask: &HoldAsk) -> u128 {
    Parts::of("extend", &hold.to_string()).amounts(&ask.amounts).number(ask.ttl_s).finish()
}

/// Of a release.
pub(crate) fn release(hold: HoldId) -> u128 {
    Parts::of("release", &hold.to_string()).finish()
}

/// Of storing memories.
pub(crate) fn store_memories(new: &[NewMemory]) -> u128 {
    let start = Parts::of("memory.store", "").number(new.len() as i64);
    let parts = new.iter().fold(start, |parts, new| {
        parts.text(new.term.as_str()).content(&new.content).vector(new.vector.as_deref())
    });
    parts.finish()
}

/// Of changing what a memory says.
pub(crate) fn update_memory(id: MemoryId, ask: &Update) -> u128 {
    let parts = Parts::of("memory.update", &id.to_string()).patch(&ask.patch);
    parts.vector(ask.vector.as_deref()).finish()
}

/// Of promoting a memory.
pub(crate) fn promote_memory(id: MemoryId, target: Term) -> u128 {
    Parts::of("memory.promote", &id.to_string()).text(target.as_str()).finish()
}

/// Of deleting a memory.
pub(crate) fn delete_memory(id: MemoryId) -> u128 {
    Parts::of("memory.delete", &id.to_string()).finish()
}

/// Of forgetting memories.
pub(crate) fn forget_memories(filter: &Filter) -> u128 {
    let start = Parts::of("memory.forget", "")
        .optional_text(filter.term.map(Term::as_str))
        .number(filter.kinds.len() as i64);
    let kinds = filter.kinds.iter().fold(start, |parts, kind| parts.text(kind.as_str()));
    kinds
        .tags(&filter.tags_all)
        .tags(&filter.tags_any)
        .optional_text(filter.session.as_ref().map(|name| name.as_str()))
        .optional(filter.created.from().map(Timestamp::micros))
        .optional(filter.created.to().map(Timestamp::micros))
        .float(filter.min_confidence.map(|sure| sure.get()))
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(name: &str) -> ResourceName {
        ResourceName::parse(name).unwrap()
    }

    fn amount(resource_name: &str, amount: i64) -> (ResourceName, Amount) {
        (resource(resource_name), Amount::new(amount).unwrap())
    }

    fn ask(metadata: Option<&str>) -> Reserve {
        Reserve {
            amounts: vec![amount("llm_tokens", 5), amount("messages", 1)],
            ttl_s: 60,
            on_expiry: OnExpiry::Release,
            metadata: metadata.map(Into::into),
        }
    }

    #[test]
    fn the_same_command_in_other_words_has_the_same_fingerprint() {
        let turned = Reserve {
            amounts: vec![amount("messages", 1), amount("llm_tokens", 5)],
            ..ask(Some("{\"b\":[1,2],\"a\":\"x\"}"))
        };
        assert_eq!(reserve(&ask(Some("{\"a\":\"x\",\"b\":[1,2]}"))), reserve(&turned));
    }

    #[test]
    fn every_part_counts() {
        let base = ask(None);
        let others = [
            Reserve { ttl_s: 61, ..base.clone() },
            Reserve { on_expiry: OnExpiry::Charge, ..base.clone() },
            Reserve { amounts: vec![amount("llm_tokens", 5)], ..base.clone() },
            Reserve {
                amounts: vec![amount("llm_tokens", 1), amount("messages", 5)],
                ..base.clone()
            },
            ask(Some("{}")),
            ask(Some("{\"a\":1}")),
            ask(Some("{\"a\":[1]}")),
        ];
        let mut seen = vec![reserve(&base)];
        for other in &others {
            let print = reserve(other);
            assert!(!seen.contains(&print), "{other:?}");
            seen.push(print);
        }
    }

    #[test]
    fn a_verb_and_its_target_count() {
        let hold = |text: &str| -> HoldId { text.parse().unwrap() };
        let first = hold("res_0123456789abcdef0011223344556677_1");
        let second = hold("res_0123456789abcdef0011223344556677_2");
        assert_ne!(release(first), release(second));
        let base = Record {
            resource: resource("llm_tokens"),
            amount: Amount::new(5).unwrap(),
            source: Source::Api,
            expect: Expect::Fact,
            corrects: None,
            occurred_at: None,
            metadata: None,
        };
        assert_ne!(record("record", &base), record("event", &base));
        let other = Record { resource: resource("messages"), ..base.clone() };
        assert_ne!(record("record", &base), record("record", &other));
        let enforced = Record { expect: Expect::Admission, ..base.clone() };
        assert_ne!(record("record", &base), record("record", &enforced));
    }
}
