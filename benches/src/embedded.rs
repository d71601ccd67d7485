//! The embedded store under load, and its start.

use crate::{
    Cli,
    command::{RunningClock, applied, hold_and_settle, record, tier, user, users},
    crowd::{Crowd, spread},
    load::{Run, median, run},
    raw,
};
use anyhow::Context;
use novacore_ledger::Policy;
use novacore_store::{directory::Users, ledger::Ledger, observe::Unobserved};
use novacore_store_sqlite::{OnFatal, Options, SqliteStore};
use novacore_vocab::UserId;
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Commands of one call while filling.
const FILL_COMMANDS: u64 = 1_000;

/// A store with entries in it.
pub(crate) struct Filled {
    store: Arc<SqliteStore>,
    users: Arc<Vec<UserId>>,
    keys: Arc<AtomicU64>,
}

fn options(dir: &Path) -> anyhow::Result<Options> {
    let resources: Vec<_> = Policy::builtin().resources().cloned().collect();
    Ok(Options {
        dir: dir.join("data"),
        resources,
        tiers: vec![tier()?],
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
    let users = users(cli.accounts);
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
            hold_and_settle(&*store, user).await
        }
    };
    run(callers, time, ask).await
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
