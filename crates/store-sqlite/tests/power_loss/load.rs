//! Callers that ask at once under keys, and a log of what they were told.

use crate::rig::{USERS, user};
use novacore_ledger::{Answer, Command, Expect, OnExpiry, Outcome, Record, Reserve, Settle, Verb};
use novacore_store::ledger::Ledger;
use novacore_store_sqlite::SqliteStore;
use novacore_vocab::{Amount, IdempotencyKey, ResourceName, Source, UserId, Version};
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

/// One command, and what its caller was told.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) user: UserId,
    pub(crate) command: Command,
    /// `None` while nobody was told.
    pub(crate) told: Option<Outcome>,
}

impl Asked {
    /// The answer, if the command was applied and its caller told so.
    pub(crate) fn answer(&self) -> Option<&Answer> {
        match &self.told {
            Some(Outcome::Applied(answer) | Outcome::Replayed(answer)) => Some(answer),
            Some(Outcome::Refused(_)) | None => None,
        }
    }
}

/// Everything that was ever asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Asked>>>);

impl Log {
    fn with<R>(&self, act: impl FnOnce(&mut Vec<Asked>) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn now(&self) -> Vec<Asked> {
        self.with(|asked| asked.clone())
    }

    /// Notes the command, asks, notes the answer.
    pub(crate) async fn ask(&self, store: &SqliteStore, user: UserId, command: Command) -> Outcome {
        let number = self.with(|all| {
            all.push(Asked { user, command: command.clone(), told: None });
            all.len() - 1
        });
        let told = store.submit(user, command).await.expect("a judgement");
        self.with(|all| all[number].told = Some(told.clone()));
        told
    }
}

/// A sequence of choices (SplitMix64).
pub(crate) struct Choices(pub(crate) u64);

impl Choices {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn amount(&mut self, most: u64) -> Amount {
        amount(1 + self.below(most) as i64)
    }
}

fn amount(number: i64) -> Amount {
    Amount::new(number).expect("an amount")
}

fn name(text: &str) -> ResourceName {
    ResourceName::parse(text).expect("a resource's name")
}

/// A command under a key.
pub(crate) fn keyed(key: &str, fingerprint: u128, verb: Verb) -> Command {
    let key = IdempotencyKey::parse(key).expect("a key");
    Command { key: Some(key), fingerprint, verb }
}

/// A record that must be admitted.
pub(crate) fn record(resource: &str, amount: Amount) -> Verb {
    Verb::Record(Record {
        resource: name(resource),
        amount,
        source: Source::Api,
        expect: Expect::Admission,
        corrects: None,
        occurred_at: None,
        metadata: Some("{\"a\":\"test\"}".into()),
    })
}

/// A record of so many tokens under the key `key`.
pub(crate) fn tokens(key: &str, number: i64) -> Command {
    keyed(key, number as u128, record("llm_tokens", amount(number)))
}

/// One caller of one user: records, and holds that he settles or releases.
pub(crate) struct Caller {
    user: UserId,
    key_prefix: String,
    choices: Choices,
    /// Holds of his that he has not ended, with what they hold.
    holds: Vec<(Version, i64)>,
}

impl Caller {
    pub(crate) fn new(number: u64, round: u64) -> Caller {
        Caller {
            user: user(u128::from(number) % USERS),
            key_prefix: format!("{round}-{number}"),
            choices: Choices(round << 32 | number),
            holds: Vec::new(),
        }
    }

    /// Asks until told to stop.
    pub(crate) async fn work(mut self, store: Arc<SqliteStore>, log: Log, stop: Arc<AtomicBool>) {
        let mut asked: u128 = 0;
        while !stop.load(Ordering::SeqCst) {
            asked += 1;
            let verb = self.choose();
            let held = match &verb {
                Verb::Reserve(reserve) => reserve.amounts[0].1.get(),
                _ => 0,
            };
            let command = keyed(&format!("{}-{asked}", self.key_prefix), asked, verb);
            let told = log.ask(&store, self.user, command).await;
            if let Outcome::Applied(Answer { hold: Some(hold), .. }) = told
                && held > 0
            {
                self.holds.push((hold, held));
            }
        }
    }

    fn choose(&mut self) -> Verb {
        match self.choices.below(10) {
            0..=1 => record("llm_tokens", self.choices.amount(60)),
            2 => record("memory_storage", self.choices.amount(1 << 20)),
            3..=5 => self.reserve(),
            _ => match self.holds.pop() {
                Some((hold, _)) if self.choices.below(3) == 0 => Verb::Release(hold),
                Some((hold, held)) => self.settle(hold, held),
                None => self.reserve(),
            },
        }
    }

    /// Two resources, so that half of it would show.
    fn reserve(&mut self) -> Verb {
        let amounts =
            vec![(name("llm_tokens"), self.choices.amount(200)), (name("messages"), amount(1))];
        Verb::Reserve(Reserve { amounts, ttl_s: 600, on_expiry: OnExpiry::Release, metadata: None })
    }

    fn settle(&mut self, hold: Version, held: i64) -> Verb {
        let amounts = vec![
            (name("llm_tokens"), self.choices.amount(held as u64)),
            (name("messages"), amount(1)),
        ];
        Verb::Settle(Settle { hold, amounts, last: true, metadata: None })
    }
}
