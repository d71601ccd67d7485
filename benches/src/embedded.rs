//! The embedded store under load, and its start.

use crate::{
    Cli,
    load::{Run, median, run},
    raw,
};
use anyhow::{Context, bail};
use novacore_access::{Role, User};
use novacore_ledger::{
    Cap, Command, Expect, Limit, OnExpiry, Outcome, Policy, Record, Reserve, Settle, Tier, Verb,
};
use novacore_store::{clock::Clock, directory::Users, ledger::Ledger, observe::Unobserved};
use novacore_store_sqlite::{OnFatal, Options, SqliteStore};
use novacore_vocab::{
    Amount, IdempotencyKey, OrgId, ResourceName, Source, TierName, Timestamp, UserId, Window,
};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use uuid::Uuid;

/// Commands of one call while filling.
const FILL_COMMANDS: u64 = 1_000;

/// Time that passes as it really does, from a fixed day on.
#[derive(Debug)]
struct RunningClock(Instant);

/// 2026-11-24T08:00:00Z.
const START_S: i64 = 1_795_507_200;

impl Clock for RunningClock {
    fn now(&self) -> Timestamp {
        let micros = START_S * 1_000_000 + self.0.elapsed().as_micros() as i64;
        Timestamp::from_micros(micros)
    }
}

/// On whom the commands fall.
#[derive(Clone, Debug)]
enum Crowd {
    /// On all alike.
    Uniform,
    /// On the n-th most often in proportion to 1/n: the sums of these shares, the last of them 1.
    Zipf(Arc<[f64]>),
    /// On one.
    Hot,
}

impl Crowd {
    fn zipf(accounts: usize) -> Crowd {
        let mut sum = 0.0;
        let mut shares: Vec<f64> = (1..=accounts)
            .map(|rank| {
                sum += 1.0 / rank as f64;
                sum
            })
            .collect();
        shares.iter_mut().for_each(|share| *share /= sum);
        Crowd::Zipf(shares.into())
    }

    /// The account on which a command falls.
    fn pick(&self, number: u64, accounts: usize) -> usize {
        match self {
            Crowd::Uniform => spread(number, accounts),
            Crowd::Zipf(shares) => {
                let point = spread(number, 1 << 30) as f64 / f64::from(1 << 30);
                shares.partition_point(|share| *share <= point).min(accounts - 1)
            }
            Crowd::Hot => 0,
        }
    }
}

/// A store with entries in it.
pub(crate) struct Filled {
    store: Arc<SqliteStore>,
    users: Arc<Vec<UserId>>,
    keys: Arc<AtomicU64>,
}

fn options(dir: &Path) -> anyhow::Result<Options> {
    let resources: Vec<_> = Policy::builtin().resources().cloned().collect();
    // A cap that is judged every time and never reached.
    let cap = Cap::Of(Amount::new(1 << 50)?);
    let limits = [(ResourceName::parse("llm_tokens")?, vec![Limit::hard(cap, Window::Day)])];
    let name = TierName::parse("bench")?;
    let tier = Tier { name, rank: 1, limits: limits.into_iter().collect() };
    Ok(Options {
        dir: dir.join("data"),
        resources,
        tiers: vec![tier],
        clock: Arc::new(RunningClock(Instant::now())),
        observer: Arc::new(Unobserved),
        accounts_max: 200_000,
        free_bytes_min: 0,
        key_filter_bytes_max: 16 << 20,
        on_fatal: OnFatal(Arc::new(|why| panic!("{why}"))),
    })
}

/// Makes users and the entries that the ledger holds beforehand.
pub(crate) async fn fill(dir: &Path, cli: &Cli) -> anyhow::Result<Filled> {
    let store = Arc::new(SqliteStore::open(options(dir)?)?);
    let users: Vec<UserId> =
        (0..cli.accounts).map(|index| UserId(Uuid::from_u128(index as u128 + 1))).collect();
    for chunk in users.chunks(500) {
        let made = chunk.iter().map(|id| {
            let (store, id) = (store.clone(), *id);
            tokio::spawn(async move { store.ensure_user(&user(id)?).await.context("a user") })
        });
        for user in made.collect::<Vec<_>>() {
            user.await??;
        }
    }
    let keys = Arc::new(AtomicU64::new(0));
    let filled = Filled { store, users: Arc::new(users), keys };
    let begun = Instant::now();
    for _ in 0..cli.preload / FILL_COMMANDS {
        let commands = (0..FILL_COMMANDS).map(|_| {
            let number = filled.keys.fetch_add(1, Ordering::Relaxed);
            (filled.users[spread(number, filled.users.len())], record(number))
        });
        for outcome in filled.store.submit_all(commands.collect()).await {
            applied(outcome?)?;
        }
    }
    let rate = cli.preload as f64 / begun.elapsed().as_secs_f64();
    println!("filled: {} keyed records in calls of 1,000, {rate:.0}/s", cli.preload);
    Ok(filled)
}

fn user(id: UserId) -> anyhow::Result<User> {
    Ok(User {
        id,
        org: OrgId(id.0),
        email: None,
        role: Role::Student,
        tier: TierName::parse("bench")?,
        disabled: false,
        trial_ends_at: None,
        created_at: Timestamp::from_seconds(1),
    })
}

/// Spreads numbers evenly over accounts, in no order that a disk could like.
pub(crate) fn spread(number: u64, accounts: usize) -> usize {
    (number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20) as usize % accounts
}

fn record(number: u64) -> Command {
    let verb = Verb::Record(Record {
        resource: ResourceName::parse("llm_tokens").expect("a name"),
        amount: Amount::new(1 + (number % 10) as i64).expect("small"),
        source: Source::Api,
        expect: Expect::Admission,
        corrects: None,
        occurred_at: None,
        metadata: Some("{\"model\":\"small\",\"request\":\"0123456789abcdef\"}".into()),
    });
    let key = IdempotencyKey::parse(&format!("{:016x}", number)).expect("a key");
    Command { key: Some(key), fingerprint: 1, verb }
}

fn applied(outcome: Outcome) -> anyhow::Result<novacore_ledger::Answer> {
    match outcome {
        Outcome::Applied(answer) => Ok(answer),
        other => bail!("not applied: {other:?}"),
    }
}

/// Measures every row, each beside the raw file.
pub(crate) async fn measure(filled: &Filled, dir: &Path, cli: &Cli) -> anyhow::Result<()> {
    println!("| what | callers | per second | x raw | p50 us | p99 us | CPU us |");
    println!("|---|---|---|---|---|---|---|");
    let time = Duration::from_millis(cli.millis);
    for callers in cli.callers.iter().copied() {
        let yard = raw::measure(dir, callers, time, cli.runs).await?;
        show("raw append + fdatasync", callers, &yard, &yard);
        let crowds = [
            ("record, uniform", Crowd::Uniform),
            ("record, Zipf", Crowd::zipf(cli.accounts)),
            ("record, one hot user", Crowd::Hot),
        ];
        for (what, crowd) in crowds {
            if !what.contains(&cli.only) {
                continue;
            }
            let mut runs = Vec::new();
            for _ in 0..cli.runs {
                runs.push(records(filled, callers, time, &crowd).await?);
            }
            show(what, callers, &median(runs), &yard);
        }
        let what = "reserve + settle (pairs), uniform";
        if !what.contains(&cli.only) {
            continue;
        }
        let mut runs = Vec::new();
        for _ in 0..cli.runs {
            runs.push(holds(filled, callers, time).await?);
        }
        show(what, callers, &median(runs), &yard);
    }
    Ok(())
}

fn show(what: &str, callers: usize, run: &Run, yard: &Run) {
    println!(
        "| {what} | {callers} | {:.0} | {:.2} | {} | {} | {:.1} |",
        run.per_second,
        run.per_second / yard.per_second,
        run.latency.value_at_quantile(0.5),
        run.latency.value_at_quantile(0.99),
        run.cpu_us,
    );
}

async fn records(
    filled: &Filled,
    callers: usize,
    time: Duration,
    crowd: &Crowd,
) -> anyhow::Result<Run> {
    let crowd = crowd.clone();
    let (store, users, keys) = (filled.store.clone(), filled.users.clone(), filled.keys.clone());
    let ask = move |_, _| {
        let store = store.clone();
        let number = keys.fetch_add(1, Ordering::Relaxed);
        let user = users[crowd.pick(number, users.len())];
        async move {
            applied(store.submit(user, record(number)).await?)?;
            Ok(())
        }
    };
    run(callers, time, ask).await
}

async fn holds(filled: &Filled, callers: usize, time: Duration) -> anyhow::Result<Run> {
    let (store, users, keys) = (filled.store.clone(), filled.users.clone(), filled.keys.clone());
    let ask = move |_, _| {
        let (store, users) = (store.clone(), users.clone());
        let number = keys.fetch_add(1, Ordering::Relaxed);
        async move {
            let user = users[spread(number, users.len())];
            let amounts = vec![(ResourceName::parse("llm_tokens")?, Amount::new(9)?)];
            let reserve = Reserve {
                amounts: amounts.clone(),
                ttl_s: 60,
                on_expiry: OnExpiry::Release,
                metadata: None,
            };
            let answer = applied(store.submit(user, plain(Verb::Reserve(reserve))).await?)?;
            let hold = answer.hold.context("a hold")?;
            let settle = Settle { hold, amounts, last: true, metadata: None };
            applied(store.submit(user, plain(Verb::Settle(settle))).await?)?;
            Ok(())
        }
    };
    run(callers, time, ask).await
}

fn plain(verb: Verb) -> Command {
    Command { key: None, fingerprint: 0, verb }
}

/// Measures opening the filled directory, and the memory of this process with it open and idle.
pub(crate) fn start(dir: &Path, cli: &Cli) -> anyhow::Result<()> {
    let mut times = Vec::new();
    let mut entries = 0;
    for _ in 0..cli.runs.max(3) {
        let begun = Instant::now();
        let store = SqliteStore::open(options(dir)?)?;
        times.push(begun.elapsed());
        entries = store.health().entries;
    }
    times.sort();
    println!("start on {entries} entries: {:?} (median)", times[times.len() / 2]);
    Ok(())
}
