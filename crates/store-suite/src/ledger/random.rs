//! Random commands, answered by the store and by the model.

use super::*;
use crate::model::Model;
use novacore_ledger::{Cap, EntryKind, HoldAsk, Limit, Mode, Policy, Profile, standing};
use novacore_store::{
    directory::UserChange,
    ledger::{DayAmount, DayRange},
};
use novacore_vocab::{AMOUNT_ABS_MAX, ResourceKind};

const ROUNDS: u64 = 6;
const STEPS: u64 = 250;
const RESOURCES: [&str; 4] = ["llm_tokens", "memory_storage", "agent_minutes", "messages"];

/// SplitMix64: a sequence that is the same everywhere, from any seed.
struct Dice(u64);

impl Dice {
    /// A number below `sides`.
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let count = u64::try_from(from.len()).expect("few");
        if count == 0 { None } else { from.get(self.roll(count) as usize) }
    }

    fn resource(&mut self) -> &'static str {
        RESOURCES[self.roll(4) as usize]
    }

    /// Mostly small, often near a cap, rarely near the end of numbers.
    fn amount(&mut self) -> i64 {
        let near = |around: i64, dice: &mut Dice| around - 2 + dice.roll(5) as i64;
        match self.roll(16) {
            0 => near(1_000, self),
            1 => near(100, self),
            2 => near(50_000, self),
            3 => near(1 << 30, self),
            4 => near(10 << 30, self),
            5 => AMOUNT_ABS_MAX - self.roll(3) as i64,
            6 => 0,
            _ => 1 + self.roll(120) as i64,
        }
    }
}

/// One account, in the store and in the model.
struct Pair {
    user: UserId,
    model: Model,
    dice: Dice,
    holds: Vec<Version>,
    sent: Vec<Command>,
    /// The latest that the clock has shown.
    latest: Timestamp,
}

/// Whatever is asked in whatever order, with restarts, clock steps and changes of policy in
/// between: every outcome, every entry, every hold, counter and day is what the model says.
pub async fn random_commands_are_answered_like_the_model(harness: &mut impl Harness) {
    for seed in 0..ROUNDS {
        let user = user(harness, u128::from(seed), "free_trial").await;
        let profile = Profile { tier: tier("free_trial"), overrides: vec![] };
        let policy = Policy::clone(&harness.ledger().policy());
        let mut pair = Pair {
            user,
            model: Model::new(policy, profile),
            dice: Dice(seed),
            holds: Vec::new(),
            sent: Vec::new(),
            latest: harness.clock().now(),
        };
        for step in 0..STEPS {
            pair.step(harness, &format!("seed {seed} step {step}")).await;
        }
        pair.compare(harness).await;
        harness.reopen();
        pair.compare(harness).await;
    }
}

impl Pair {
    async fn step(&mut self, harness: &mut impl Harness, place: &str) {
        self.move_clock(harness.clock());
        match self.dice.roll(40) {
            0 => harness.reopen(),
            1 => self.change_tier(harness).await,
            2 => self.change_override(harness).await,
            3 => self.change_policy(harness).await,
            _ => self.command(harness, place).await,
        }
    }

    /// Mostly seconds, sometimes over the end of a window, sometimes a little back.
    fn move_clock(&mut self, clock: &HandClock) {
        let dice = &mut self.dice;
        let seconds = match dice.roll(24) {
            0 => -(dice.roll(200) as i64),
            1 => dice.roll(7_200) as i64,
            2 => dice.roll(3 * 86_400) as i64,
            3 if dice.roll(4) == 0 => dice.roll(70 * 86_400) as i64,
            4..=8 => dice.roll(120) as i64,
            _ => dice.roll(3) as i64,
        };
        let next = self.latest.plus_seconds(seconds);
        clock.set(Timestamp::from_micros(next.micros() + 1));
        self.latest = self.latest.max(clock.now());
    }

    async fn command(&mut self, harness: &impl Harness, place: &str) {
        let command = self.any_command();
        let expected = self.model.run(&command, harness.clock().now());
        let outcome = harness.ledger().submit(self.user, command.clone()).await;
        assert_eq!(outcome.as_ref(), Ok(&expected), "{place}: {command:?}");
        if let Outcome::Applied(Answer { hold: Some(hold), .. }) = expected
            && !self.holds.contains(&hold)
        {
            self.holds.push(hold);
        }
        if command.key.is_some() {
            self.sent.push(command);
        }
    }

    fn any_command(&mut self) -> Command {
        let dice = &mut self.dice;
        if dice.roll(10) == 0
            && let Some(again) = dice.pick(&self.sent).cloned()
        {
            let other = u128::from(dice.roll(5) == 0);
            return Command { fingerprint: again.fingerprint + other, ..again };
        }
        let key = match dice.roll(2) {
            0 => None,
            _ => IdempotencyKey::parse(&format!("key {}", dice.roll(1 << 40))).ok(),
        };
        Command { key, fingerprint: 1, verb: self.any_verb() }
    }

    fn any_verb(&mut self) -> Verb {
        match self.dice.roll(12) {
            0..=2 => self.any_record(),
            3 => self.any_correction(),
            4..=6 => self.any_reserve(),
            7..=9 => {
                let (hold, last) = (self.any_hold(), self.dice.roll(3) > 0);
                Verb::Settle(Settle { hold, amounts: self.any_amounts(0), last, metadata: None })
            }
            10 if self.dice.roll(2) == 0 => Verb::Release(self.any_hold()),
            10 => {
                let (hold, ttl_s) = (self.any_hold(), 1 + self.dice.roll(4_000) as i64);
                Verb::Extend(HoldAsk { hold, ttl_s, amounts: self.any_amounts(0) })
            }
            _ => Verb::Sweep,
        }
    }

    fn any_record(&mut self) -> Verb {
        let dice = &mut self.dice;
        let resource = dice.resource();
        let sign = if resource == "memory_storage" && dice.roll(2) == 0 { -1 } else { 1 };
        let days_ago = dice.roll(8) * dice.roll(60);
        let late = days_before(self.latest, days_ago);
        Verb::Record(Record {
            source: Source::ALL[dice.roll(2) as usize],
            expect: if dice.roll(2) == 0 { Expect::Fact } else { Expect::Admission },
            occurred_at: (dice.roll(6) == 0).then_some(late),
            metadata: (dice.roll(4) == 0).then(|| r#"{"a":"ü"}"#.into()),
            ..record_of(resource, sign * dice.amount())
        })
    }

    fn any_correction(&mut self) -> Verb {
        let dice = &mut self.dice;
        let entries = self.model.entries();
        let Some(entry) = dice.pick(entries) else { return Verb::Sweep };
        let resource = entry.resource.as_str();
        let resource = if dice.roll(8) == 0 { dice.resource() } else { resource };
        let most = entry.amount.clamp(1, AMOUNT_ABS_MAX - 1) + 1;
        let part = 1 + dice.roll(most.unsigned_abs()) as i64;
        correction(entry.version, resource, -part)
    }

    fn any_reserve(&mut self) -> Verb {
        let dice = &mut self.dice;
        let ttl_s = 1 + dice.roll(300) as i64;
        let charge = dice.roll(3) == 0;
        let on_expiry = if charge { OnExpiry::Charge } else { OnExpiry::Release };
        Verb::Reserve(Reserve { amounts: self.any_amounts(1), ttl_s, on_expiry, metadata: None })
    }

    /// `least` to 3 amounts, now and then one resource twice.
    fn any_amounts(&mut self, least: u64) -> Vec<(ResourceName, Amount)> {
        let dice = &mut self.dice;
        let count = least + dice.roll(4 - least);
        let first = dice.roll(4) as usize;
        let step = usize::from(dice.roll(30) > 0);
        let resources = (0..count as usize).map(|index| RESOURCES[(first + index * step) % 4]);
        resources.map(|resource| (name(resource), amount(dice.amount()))).collect()
    }

    /// Mostly a recent hold, sometimes any, rarely one that never was.
    fn any_hold(&mut self) -> Version {
        let recent = &self.holds[self.holds.len().saturating_sub(4)..];
        let found = match self.dice.roll(8) {
            0 => None,
            1 => self.dice.pick(&self.holds),
            _ => self.dice.pick(recent),
        };
        found.copied().unwrap_or(Version(1 + self.dice.roll(400)))
    }

    /// Sweeps both, so that no hold that ran out under the old rules is left for the new ones.
    async fn sweep(&mut self, harness: &impl Harness) {
        self.model.sweep(harness.clock().now());
        let view = harness.ledger().account(self.user).await;
        assert!(view.is_ok(), "{view:?}");
    }

    async fn change_tier(&mut self, harness: &impl Harness) {
        self.sweep(harness).await;
        let mut profile = self.model.profile().clone();
        let to = tier(["free_trial", "basic", "pro"][self.dice.roll(3) as usize]);
        let change = UserChange::Tier { from: profile.tier, to: to.clone() };
        let entry = audit(AuditAction::SetTier, "user");
        let changed = harness.directory().change_user(self.user, &change, &entry).await;
        assert!(changed.is_ok(), "{changed:?}");
        profile.tier = to;
        self.model.set_profile(profile);
    }

    async fn change_override(&mut self, harness: &impl Harness) {
        self.sweep(harness).await;
        let ledger = harness.ledger();
        let entry = audit(AuditAction::PutOverride, "override");
        let dice = &mut self.dice;
        let resource = dice.resource();
        if dice.roll(3) == 0 {
            let removed = ledger.remove_override(self.user, &name(resource), None, &entry).await;
            assert!(matches!(removed, Ok(()) | Err(StoreError::NotFound("override"))));
        } else {
            let ends = self.latest.plus_seconds(dice.roll(86_400) as i64);
            let value = novacore_ledger::Override {
                mode: (dice.roll(4) == 0).then_some(Mode::Soft),
                warn_at: (dice.roll(2) == 0).then(|| vec![25, 75]),
                ..policy::override_of(resource, dice.amount() - 1, Some(ends))
            };
            assert_eq!(ledger.put_override(self.user, value, &entry).await, Ok(()));
        }
        let view = ledger.account(self.user).await.expect("an account");
        self.model.set_profile(view.state.profile.clone());
    }

    /// Another cap and another window for a flow in the lowest tier.
    async fn change_policy(&mut self, harness: &impl Harness) {
        self.sweep(harness).await;
        let ledger = harness.ledger();
        let policy = ledger.policy();
        let mut changed = policy.tier(&tier("free_trial")).expect("the tier").clone();
        let dice = &mut self.dice;
        let window = Window::ALL[dice.roll(5) as usize];
        let cap = Cap::Of(amount(500 + dice.roll(3_000) as i64));
        let mut limits = vec![Limit::hard(cap, window)];
        if window != Window::Hour && dice.roll(2) == 0 {
            let soft = Limit::hard(Cap::Of(amount(dice.roll(400) as i64)), Window::Hour);
            limits.push(Limit { mode: Mode::Soft, ..soft });
        }
        changed.limits.insert(name("llm_tokens"), limits);
        let put = ledger.put_tier(changed, &audit(AuditAction::PutTier, "tier")).await;
        self.model.set_policy(Policy::clone(&put.expect("a policy")));
    }

    async fn compare(&mut self, harness: &impl Harness) {
        self.sweep(harness).await;
        let now = harness.clock().now();
        assert_eq!(history(harness, self.user).await, self.model.entries());
        let ledger = harness.ledger();
        for version in &self.holds {
            let id = HoldId { user: self.user, version: *version };
            assert_eq!(ledger.hold(id).await, Ok(self.model.hold(*version)), "hold {version}");
        }
        let view = ledger.account(self.user).await.expect("an account");
        let range = DayRange::last_days(400, self.model.now(now));
        for resource in RESOURCES.map(name) {
            let shown = standing(&view.state, &ledger.policy(), &resource, self.model.now(now));
            assert_eq!(shown, self.model.standing(&resource, now));
            let days = ledger.days(self.user, &resource, range).await;
            assert_eq!(days, Ok(self.days(&ledger.policy(), &resource, range)), "{resource}");
        }
    }

    /// A series, summed from the model's entries.
    fn days(&self, policy: &Policy, resource: &ResourceName, range: DayRange) -> Vec<DayAmount> {
        let kind = policy.resource(resource).expect("built in").kind;
        let counts = |entry: &Entry, day: i64| match kind {
            ResourceKind::Flow => entry.occurred_at.day_number() == day,
            ResourceKind::Level => entry.recorded_at.day_number() <= day,
        };
        let charges = |entry: &&Entry| {
            entry.resource == *resource && entry.kind != EntryKind::Threshold && entry.amount != 0
        };
        let own: Vec<&Entry> = self.model.entries().iter().filter(charges).collect();
        let row = |day| {
            let that_day = own.iter().filter(|entry| counts(entry, day));
            DayAmount { day, amount: that_day.map(|entry| entry.amount).sum() }
        };
        (range.first..=range.last).map(row).collect()
    }
}

/// A time some days before `latest`, never on the same microsecond.
fn days_before(latest: Timestamp, days_ago: u64) -> Timestamp {
    latest.plus_days(-(days_ago as i64)).plus_seconds(-1)
}
