//! `novacore demo`: 90 days of plausible use in an empty data directory.
//!
//! It goes through the same calls as real use, under a clock that walks from 90 days ago to now,
//! and every entry says `"demo": true`.
//!
//! Its accounts have a password that everyone may know. Invariant: they are made only where the
//! server listens on loopback, and a server with one of them listens nowhere else.

use super::{on_data_directory, runtime};
use crate::{clock::SystemClock, compose::compose, config::Config};
use anyhow::bail;
use novacore_access::{AuditAction, Email, Principal, Reason, Role};
use novacore_app::{auth::administer::NewUser, cx::Cx};
use novacore_ledger::{Command, Expect, Record, Verb};
use novacore_store::{clock::Clock, directory::AuditQuery, directory::DIRECTORY_PAGE_ROWS_MAX};
use novacore_store_sqlite::LEDGER_FILE;
use novacore_vocab::{Amount, ResourceName, Source, TierName, Timestamp, UserId};
use secrecy::SecretString;
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

const DAYS: i64 = 90;
pub(crate) const PASSWORD: &str = "demo-demo-demo";
/// What the audit log says of the accounts.
const REASON: &str = "demo data";
/// Address, tier, and how much he uses in per mille of a busy user.
const PEOPLE: [(&str, &str, u64); 5] = [
    ("ada@demo.example", "basic", 800),
    ("bob@demo.example", "free_trial", 15),
    ("cleo@demo.example", "basic", 350),
    ("dan@demo.example", "free_trial", 4),
    ("eve@demo.example", "pro", 2_000),
];

/// A clock that walks.
#[derive(Debug)]
struct WalkingClock(AtomicI64);

impl Clock for WalkingClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// Numbers that look random and are the same every time (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % below.max(1)
    }
}

/// Fills the configured data directory.
pub(crate) fn fill(config: &Config) -> anyhow::Result<()> {
    // Its clock walks through 90 days, which a database that is shared with nodes does not let it.
    on_data_directory(config, "the demo shows the product on one machine")?;
    if !config.server.listen.ip().is_loopback() {
        bail!(
            "server.listen is {}: the demo's accounts have a password that everyone knows, and are \
             for loopback alone",
            config.server.listen
        );
    }
    let dir = &config.store.data_dir;
    if dir.join(LEDGER_FILE).exists() {
        bail!("{} has a ledger already; the demo wants an empty directory", dir.display());
    }
    let now = SystemClock.now();
    let first = Timestamp::from_day_number(now.day_number() - DAYS + 1);
    let clock = Arc::new(WalkingClock(AtomicI64::new(first.micros())));
    let entries = runtime()?.block_on(async {
        let cx = compose(config, clock.clone()).await?;
        live(&cx, &clock, now).await
    })?;
    println!("{entries} records over {DAYS} days, all marked as demo data. Sign in as");
    for (email, tier, _) in PEOPLE {
        println!("  {email:<20} {PASSWORD}   ({tier})");
    }
    Ok(())
}

/// The demo's accounts that anybody can sign in to: neither shut nor given another password.
pub(crate) async fn open_accounts(cx: &Cx) -> anyhow::Result<Vec<&'static str>> {
    let mut open = Vec::new();
    for (email, _, _) in PEOPLE {
        let found = cx.directory.find_credentials(&Email::parse(email)?).await?;
        let Some(user) = found.map(|found| found.user).filter(|user| !user.disabled) else {
            continue;
        };
        let query = AuditQuery {
            target: Some(format!("user:{}", user.id)),
            before: None,
            rows_max: DIRECTORY_PAGE_ROWS_MAX,
        };
        // Whoever registered with such an address himself was made by nobody.
        let log = cx.directory.list_audit(&query).await?;
        let is = |action, reason: Option<&str>| {
            let mut entries = log.iter().map(|row| &row.entry);
            entries.any(|entry| {
                entry.action == action && reason.is_none_or(|why| entry.reason.as_str() == why)
            })
        };
        if is(AuditAction::CreateUser, Some(REASON)) && !is(AuditAction::SetPassword, None) {
            open.push(email);
        }
    }
    Ok(open)
}

async fn live(cx: &Cx, clock: &WalkingClock, now: Timestamp) -> anyhow::Result<usize> {
    let users = create_people(cx).await?;
    let mut dice = Dice(7);
    let mut count = 0;
    let first = clock.now().day_number();
    for day in first..=now.day_number() {
        for hour in 6..23 {
            let at = Timestamp::from_day_number(day).plus_seconds(hour * 3_600);
            if at >= now {
                break;
            }
            clock.0.store(at.micros(), Ordering::SeqCst);
            let commands = hour_of_use(&users, day, &mut dice);
            count += commands.len();
            for outcome in cx.ledger.submit_all(commands).await {
                outcome?;
            }
        }
    }
    Ok(count)
}

async fn create_people(cx: &Cx) -> anyhow::Result<Vec<(UserId, u64)>> {
    let mut users = Vec::new();
    for (email, tier, weight) in PEOPLE {
        let ask = NewUser {
            email: Email::parse(email)?,
            password: Some(SecretString::from(PASSWORD)),
            role: Role::Student,
            tier: TierName::parse(tier)?,
            org: None,
        };
        let permit = Principal::console().administer()?;
        let created = cx.auth.create_user(permit, ask, Reason::parse(REASON)?).await?;
        users.push((created.user.id, weight));
    }
    Ok(users)
}

/// What everyone uses in an hour; less at weekends.
fn hour_of_use(users: &[(UserId, u64)], day: i64, dice: &mut Dice) -> Vec<(UserId, Command)> {
    let weekend = matches!((day + 3) % 7, 5 | 6);
    let mut commands = Vec::new();
    for (user, weight) in users {
        let busy = if weekend { weight / 4 } else { *weight };
        if dice.roll(1_000) >= 450 {
            continue;
        }
        let model = ["small", "large"][dice.roll(2) as usize];
        let tokens = (busy * (20 + dice.roll(80)) / 20).max(1) as i64;
        let text = format!("{{\"demo\":true,\"model\":\"{model}\"}}");
        commands.extend(record(*user, "llm_tokens", tokens, &text));
        let messages = (1 + dice.roll(1 + busy / 50)) as i64;
        commands.extend(record(*user, "messages", messages, "{\"demo\":true}"));
        if dice.roll(10) < 3 {
            let bytes = (busy * (1 + dice.roll(4_000))) as i64;
            commands.extend(record(*user, "memory_storage", bytes.max(1), "{\"demo\":true}"));
        }
        if *weight > 300 && dice.roll(60) == 0 {
            commands.extend(record(
                *user,
                "agent_minutes",
                1 + dice.roll(3) as i64,
                "{\"demo\":true}",
            ));
        }
    }
    commands
}

fn record(user: UserId, resource: &str, amount: i64, metadata: &str) -> Option<(UserId, Command)> {
    let verb = Verb::Record(Record {
        resource: ResourceName::parse(resource).ok()?,
        amount: Amount::new(amount).ok()?,
        source: Source::Api,
        expect: Expect::Fact,
        corrects: None,
        occurred_at: None,
        metadata: Some(metadata.into()),
    });
    Some((user, Command { key: None, fingerprint: 0, verb }))
}
