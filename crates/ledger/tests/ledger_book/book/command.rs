//! Lines that are commands of the ledger.

use super::{Book, name, script, script::Line};
use novacore_ledger::{Command, Expect, HoldAsk, OnExpiry, Record, Reserve, Settle, Verb};
use novacore_vocab::{Amount, IdempotencyKey, ResourceName, Source};
use std::{hash::DefaultHasher, hash::Hasher, sync::Arc};

const TTL_S_DEFAULT: i64 = 60;

fn amount(line: &Line, raw: i64) -> Amount {
    Amount::new(raw).unwrap_or_else(|_| line.fail("no amount"))
}

fn amounts(line: &Line, from: usize) -> Vec<(ResourceName, Amount)> {
    let pairs = line.pairs(from).into_iter();
    pairs.map(|(resource, raw)| (name(resource), amount(line, raw))).collect()
}

/// `meta=2048`: so many bytes.
fn metadata(line: &Line) -> Option<Arc<str>> {
    let bytes = usize::try_from(line.number_option("meta")?).unwrap();
    Some("x".repeat(bytes).into())
}

fn ttl_s(line: &Line) -> i64 {
    line.number_option("ttl").unwrap_or(TTL_S_DEFAULT)
}

impl Book {
    pub(super) fn command(&self, line: &Line) -> Command {
        let verb = match line.verb() {
            "record" => Verb::Record(self.record(line)),
            "reserve" => Verb::Reserve(Reserve {
                amounts: amounts(line, 2),
                ttl_s: ttl_s(line),
                on_expiry: if line.has("charge") { OnExpiry::Charge } else { OnExpiry::Release },
                metadata: metadata(line),
            }),
            "settle" => Verb::Settle(Settle {
                hold: self.version_of(line.word(1)),
                amounts: amounts(line, 2),
                last: !line.has("partly"),
                metadata: metadata(line),
            }),
            "extend" => Verb::Extend(HoldAsk {
                hold: self.version_of(line.word(1)),
                ttl_s: ttl_s(line),
                amounts: amounts(line, 2),
            }),
            "release" => Verb::Release(self.version_of(line.word(1))),
            "sweep" => Verb::Sweep,
            _ => line.fail("no such command"),
        };
        let mut hasher = DefaultHasher::new();
        hasher.write(format!("{verb:?}").as_bytes());
        let key = line.option("key").map(|text| IdempotencyKey::parse(text).unwrap());
        Command { key, fingerprint: hasher.finish().into(), verb }
    }

    /// `record tokens 5 [enforce] [from=memory] [occurred=03-09T10:00] [corrects=e1] [meta=5]`
    fn record(&self, line: &Line) -> Record {
        Record {
            resource: name(line.word(1)),
            amount: amount(line, line.parse(line.word(2))),
            source: match line.option("from") {
                Some("memory") => Source::Memory,
                _ => Source::Api,
            },
            expect: if line.has("enforce") { Expect::Admission } else { Expect::Fact },
            corrects: line.option("corrects").map(|label| self.version_of(label)),
            occurred_at: line.option("occurred").map(|text| script::time(text, self.clock)),
            metadata: metadata(line),
        }
    }
}
