//! Lines that change the policy or the user: `tier`, `limit`, `user`, `override`.

use super::{Book, name, script, script::Line, tier_name};
use novacore_ledger::{Cap, Limit, Mode, Override, Policy, Tier};
use novacore_vocab::{Amount, Window};
use std::collections::BTreeMap;

pub(crate) fn tier(text: &str, rank: u32) -> Tier {
    Tier { name: tier_name(text), rank, limits: BTreeMap::new() }
}

fn cap(line: &Line, text: &str) -> Cap {
    match text {
        "unlimited" => Cap::Unlimited,
        _ => Cap::Of(Amount::new(line.parse(text)).unwrap()),
    }
}

/// `warn=50,80`
fn warn_at(line: &Line) -> Option<Vec<u8>> {
    let list = line.option("warn")?;
    Some(list.split(',').map(|percent| percent.parse().unwrap()).collect())
}

impl Book {
    /// Whether the line was one of these.
    pub(super) fn set_up(&mut self, line: &Line) -> bool {
        match line.verb() {
            "tier" => {
                let rank = u32::try_from(self.tiers.len() + 1).unwrap() * 10;
                self.tiers.push(tier(line.word(1), rank));
            }
            "limit" => self.set_limit(line),
            "user" => self.state.profile.tier = tier_name(line.word(1)),
            "override" => self.set_override(line),
            _ => return false,
        }
        self.policy = Policy::new(self.resources.clone(), self.tiers.clone()).unwrap();
        true
    }

    /// `limit tokens daily 1000 day [soft] [warn=50,80] [tier=free]`: adds it to the last tier, or
    /// changes it.
    fn set_limit(&mut self, line: &Line) {
        let window = Window::ALL.into_iter().find(|window| window.as_str() == line.word(4));
        let tier = match line.option("tier") {
            Some(text) => self.tiers.iter_mut().find(|tier| tier.name.as_str() == text).unwrap(),
            None => self.tiers.last_mut().unwrap(),
        };
        let limits = tier.limits.entry(name(line.word(1))).or_default();
        let found = limits.iter().position(|limit| limit.name == name(line.word(2)));
        self.versions += u64::from(found.is_some());
        let limit = Limit {
            name: name(line.word(2)),
            cap: cap(line, line.word(3)),
            window: window.unwrap_or_else(|| line.fail("no such window")),
            mode: if line.has("soft") { Mode::Soft } else { Mode::Hard },
            warn_at: warn_at(line).unwrap_or_default(),
            version: if found.is_some() { self.versions } else { 1 },
        };
        match found {
            Some(index) => limits[index] = limit,
            None => limits.push(limit),
        }
    }

    /// `override tokens [daily] [cap=500] [mode=soft] [warn=50] [until=10:00]`, or `override none`.
    fn set_override(&mut self, line: &Line) {
        if line.has("none") {
            return self.state.profile.overrides.clear();
        }
        self.versions += 1;
        self.state.profile.overrides.push(Override {
            resource: name(line.word(1)),
            limit: line.words_from(2).first().map(|text| name(text)),
            cap: line.option("cap").map(|text| cap(line, text)),
            mode: line.option("mode").map(|text| match text {
                "soft" => Mode::Soft,
                _ => Mode::Hard,
            }),
            warn_at: warn_at(line),
            expires_at: line.option("until").map(|text| script::time(text, self.clock)),
            reason: "because".into(),
            author: "op".into(),
            version: self.versions,
        });
    }
}
