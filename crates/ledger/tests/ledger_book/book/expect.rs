//! What a line says must come of it, and lines that only look: `show`, `hold`.

use super::{Book, Step, name, script, script::Line};
use novacore_ledger::{
    Answer, Entry, EntryKind, Flags, Hold, HoldStatus, Invalid, Outcome, QuotaRefusal, Refusal,
    Standing, limit_states, standing,
};
use novacore_vocab::{Source, Timestamp};

/// Marks that a line must name if they are set.
const TELLING: [Flags; 4] = [Flags::OVERAGE, Flags::EXCESS, Flags::UNHELD, Flags::LATE];

impl Book {
    pub(super) fn expect(&self, line: &Line, step: &Step) {
        self.expect_outcome(line, &step.outcome);
        self.expect_silence(line, step);
        for expected in &line.expects {
            let said = match &step.outcome {
                Outcome::Applied(answer) | Outcome::Replayed(answer) => {
                    self.answer_says(expected, answer, &step.entries)
                }
                Outcome::Refused(Refusal::Quota(refusal)) => {
                    refusal_says(expected, refusal, self.clock)
                }
                Outcome::Refused(_) => None,
            };
            let known = ["refused", "flagged", "warned", "expired", "replayed"];
            match said {
                Some(got) => line.same("says", &got, expected),
                None if known.iter().any(|word| expected.starts_with(word)) => {}
                None => line.fail(&format!("cannot say `{expected}` of {:?}", step.outcome)),
            }
        }
    }

    fn expect_outcome(&self, line: &Line, outcome: &Outcome) {
        let want = line
            .expects
            .iter()
            .find(|one| one.starts_with("refused") || one.as_str() == "replayed");
        let got = match outcome {
            Outcome::Applied(_) => "applied".into(),
            Outcome::Replayed(_) => "replayed".into(),
            Outcome::Refused(refusal) => format!("refused {}", refusal_word(refusal)),
        };
        line.same("outcome", &got, want.map_or("applied", String::as_str));
    }

    /// Marks, thresholds and expiries happen if and only if the line names them.
    fn expect_silence(&self, line: &Line, step: &Step) {
        let said = |word: &str| {
            let found = line.expects.iter().find(|one| one.starts_with(word));
            found.map_or(String::new(), Clone::clone)
        };
        let flags = match &step.outcome {
            Outcome::Applied(answer) | Outcome::Replayed(answer) => answer.flags,
            Outcome::Refused(_) => Flags::NONE,
        };
        let marks = TELLING.into_iter().filter(|flag| flags.has(*flag)).flat_map(Flags::words);
        line.same("marks", &list("flagged", marks.map(str::to_owned)), &said("flagged"));
        let crossed = step.expiries.iter().chain(&step.entries);
        let crossed = crossed.filter_map(|entry| entry.crossing.as_ref());
        let crossed = crossed.map(|one| format!("{} {}%", one.limit, one.percent));
        line.same("thresholds", &list("warned", crossed), &said("warned"));
        let ended = step
            .expiries
            .iter()
            .filter(|entry| entry.kind == EntryKind::Expire && entry.flags.has(Flags::FINAL));
        let ended = ended.map(|entry| self.name_of(entry.hold.unwrap()).to_owned());
        line.same("expiries", &list("expired", ended), &said("expired"));
    }

    /// The sentence of the same form as `expected` that is true of an answer.
    fn answer_says(&self, expected: &str, answer: &Answer, entries: &[Entry]) -> Option<String> {
        let hold = answer.hold.map(|version| &self.state.holds[&version]);
        let resource = expected.split_once(" of ").map(|(_, resource)| resource);
        let standing = match resource {
            Some(text) => answer.standings.iter().find(|one| one.resource.as_str() == text),
            None => answer.standings.first(),
        };
        match expected.split(' ').next()? {
            "open" | "settled" | "released" | "settled_late" => Some(hold?.status.as_str().into()),
            "until" => Some(until(answer.expires_at, expected, self.clock)),
            "wrote" => Some(list("wrote", entries.iter().map(written))),
            "counted" => Some(until(Some(entries[0].counted_at), expected, self.clock)),
            "occurred" => Some(until(Some(entries[0].occurred_at), expected, self.clock)),
            "version" => Some(format!("version {}", answer.version)),
            _ => standing_says(expected, standing?, self.clock),
        }
    }

    /// Lines that change nothing: `show tokens [limit]`, `hold h1`.
    pub(super) fn look(&self, line: &Line) -> bool {
        let shown = match line.verb() {
            "show" => self.show(line),
            "hold" => self.show_hold(line),
            _ => return false,
        };
        for (expected, got) in line.expects.iter().zip(shown) {
            line.same("shows", &got, expected);
        }
        true
    }

    fn show(&self, line: &Line) -> Vec<String> {
        let (resource, now) = (name(line.word(1)), self.now());
        let standing = standing(&self.state, &self.policy, &resource, now);
        let states = limit_states(&self.state, &self.policy, &resource, now);
        let limit = line.words_from(2).first();
        let of_limit =
            states.iter().find(|one| Some(one.limit.as_str()) == limit.map(String::as_str));
        let say = |expected: &String| match (of_limit, expected.split(' ').next()) {
            (_, Some("api" | "memory")) => {
                let [api, memory] = Source::ALL.map(|source| self.state.part(&resource, source));
                if expected.starts_with("api") {
                    format!("api {api}")
                } else {
                    format!("memory {memory}")
                }
            }
            (None, Some("by")) => {
                standing.limit.as_ref().map_or("by none".into(), |limit| format!("by {limit}"))
            }
            (None, _) => standing_says(expected, &standing, self.clock)
                .unwrap_or_else(|| line.fail("cannot say that")),
            (Some(one), Some("used")) => format!("used {}", one.used),
            (Some(one), Some("cap")) => format!("cap {} {}", one.cap, one.mode),
            (Some(one), _) if expected.ends_with("held") => format!("{} held", one.held),
            (Some(one), _) if expected.ends_with("left") => {
                one.room().map_or("unlimited left".into(), |room| format!("{room} left"))
            }
            (Some(one), _) => until(one.resets_at, expected, self.clock),
        };
        line.expects.iter().map(say).collect()
    }

    fn show_hold(&self, line: &Line) -> Vec<String> {
        let hold: &Hold = &self.state.holds[&self.version_of(line.word(1))];
        let first = &hold.amounts[0];
        let say = |expected: &String| {
            let resource = expected.split_once(" of ").map(|(_, resource)| name(resource));
            let held = resource.as_ref().map_or(first, |named| hold.amount(named).unwrap());
            let of = resource.as_ref().map_or(String::new(), |named| format!(" of {named}"));
            match expected.split(' ').next() {
                Some("reserved") => format!("reserved {}{of}", held.reserved),
                Some("holds") => format!("holds {}{of}", held.held),
                Some("charged") => format!("charged {}{of}", held.charged),
                Some("until") => until(Some(hold.expires_at), expected, self.clock),
                _ => HoldStatus::as_str(hold.status).into(),
            }
        };
        line.expects.iter().map(say).collect()
    }
}

/// `word a b c`, or nothing if there are none.
fn list(word: &str, items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    if items.is_empty() { String::new() } else { format!("{word} {}", items.join(" ")) }
}

/// `+50/-100 tokens`: the change of used and of held.
fn written(entry: &Entry) -> String {
    match &entry.crossing {
        Some(crossing) => format!("{}%", crossing.percent),
        None => format!("{:+}/{:+}", entry.amount, entry.held),
    }
}

/// The expected words if they name this instant, else the instant.
fn until(at: Option<Timestamp>, expected: &str, near: Timestamp) -> String {
    let (word, text) = expected.split_once(' ').unwrap_or((expected, ""));
    match (at, text) {
        (None, _) => format!("{word} ever"),
        (Some(_), "ever") => format!("{word} {}", at.unwrap()),
        (Some(at), text) if script::time(text, near) == at => expected.into(),
        (Some(at), _) => format!("{word} {at}"),
    }
}

fn standing_says(expected: &str, standing: &Standing, near: Timestamp) -> Option<String> {
    let of = expected.split_once(" of ").map_or(String::new(), |(_, name)| format!(" of {name}"));
    let words = expected.split(" of ").next()?;
    if words.ends_with(" left") {
        return Some(match standing.remaining {
            -1 => format!("unlimited left{of}"),
            left => format!("{left} left{of}"),
        });
    }
    if words.ends_with(" held") {
        return Some(format!("{} held{of}", standing.held));
    }
    match words.split(' ').next()? {
        "used" => Some(format!("used {}{of}", standing.used)),
        "grants" => Some(match standing.grantable {
            -1 => "grants all".into(),
            most => format!("grants {most}{of}"),
        }),
        "resets" => Some(until(standing.resets_at, words, near)),
        "by" => standing.limit.as_ref().map(|limit| format!("by {limit}")),
        _ => None,
    }
}

fn refusal_says(expected: &str, refusal: &QuotaRefusal, near: Timestamp) -> Option<String> {
    if expected.ends_with(" left") {
        return Some(format!("{} left", refusal.remaining));
    }
    if expected.ends_with(" held") {
        return Some(format!("{} held", refusal.held));
    }
    match expected.split(' ').next()? {
        "used" => Some(format!("used {}", refusal.used)),
        "cap" => Some(format!("cap {}", refusal.cap)),
        "asked" => Some(format!("asked {}", refusal.requested)),
        "until" => Some(until(refusal.resets_at, expected, near)),
        "upgrade" => {
            let tier = refusal.upgrade_to.as_ref().map_or("none", |tier| tier.as_str());
            Some(format!("upgrade {tier}"))
        }
        _ => None,
    }
}

fn refusal_word(refusal: &Refusal) -> String {
    match refusal {
        Refusal::KeyReused => "key reused".into(),
        Refusal::Invalid(invalid) => invalid_word(invalid),
        Refusal::HoldUnknown => "no such hold".into(),
        Refusal::HoldEnded(status) => format!("hold is {}", status.as_str()),
        Refusal::Quota(refusal) => format!("by {}", refusal.limit),
        Refusal::TooManyHolds => "too many holds".into(),
        Refusal::CounterRange(resource) => format!("counter range of {resource}"),
        Refusal::LevelBelowZero { part, .. } => format!("level below zero with {part}"),
    }
}

fn invalid_word(invalid: &Invalid) -> String {
    match invalid {
        Invalid::AmountZero => "zero".into(),
        Invalid::AmountNegative => "negative".into(),
        Invalid::NoAmounts => "no amounts".into(),
        Invalid::TooManyAmounts => "too many amounts".into(),
        Invalid::ResourceTwice(resource) => format!("{resource} twice"),
        Invalid::ResourceUnknown(resource) => format!("unknown {resource}"),
        Invalid::Ttl => "ttl".into(),
        Invalid::HoldLife => "hold life".into(),
        Invalid::OccurredAt => "occurred at".into(),
        Invalid::MetadataTooLarge => "metadata".into(),
        Invalid::CorrectsMissing => "corrects nothing".into(),
        Invalid::CorrectsMisplaced => "corrects misplaced".into(),
        Invalid::CorrectsUnknown => "corrects unknown".into(),
        Invalid::CorrectsTooMuch { left } => format!("only {left} to correct"),
    }
}
