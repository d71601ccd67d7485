//! The PostgreSQL store under load, and its queries on a full ledger.
//!
//! A private server, as durable as production. Beside every row stands the naive path in the same
//! run: a transaction per operation. Its tables are empty at the start, which is to its advantage.

mod database;
mod fill;
mod naive;
mod nodes;
mod queries;
mod statements;

use crate::{
    Cli,
    command::users,
    crowd::Crowd,
    load::{Run, median, run, run_at},
};
use anyhow::Context;
pub(crate) use database::Database;
use naive::{Naive, Way};
pub(crate) use nodes::options;
use nodes::{Nodes, Work};
use novacore_vocab::UserId;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Of a run, how much is gone through beforehand without being measured.
const WARM_UP: u32 = 5;

/// What the rows are asked with.
#[derive(Clone, Debug)]
struct Load {
    users: Arc<Vec<UserId>>,
    numbers: Arc<AtomicU64>,
}

impl Load {
    /// The next number and the user on whom it falls.
    fn next(&self, crowd: &Crowd) -> (u64, UserId) {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        (number, self.users[crowd.pick(number, self.users.len())])
    }
}

/// What a row came to.
struct Measured {
    run: Run,
    /// Microseconds of the database's processor time per answer.
    database_us: f64,
    /// Transactions that wrote, per answer.
    transactions: f64,
    /// The same asked at half that rate, in an open loop.
    half: Run,
}

/// What is measured in one row: whoever is asked, again and again.
trait Asked: Clone + Send + Sync + 'static {
    /// Asks once for a caller.
    fn ask(&self, caller: usize) -> impl Future<Output = anyhow::Result<()>> + Send;

    /// Runs callers in a closed loop for a while.
    async fn run(&self, callers: usize, time: Duration) -> anyhow::Result<Run> {
        let asked = self.clone();
        let ask = move |caller, _| {
            let asked = asked.clone();
            async move { asked.ask(caller).await }
        };
        run(callers, time, ask).await
    }

    /// Asks at a fixed rate for a while.
    async fn run_at(&self, rate: f64, callers: usize, time: Duration) -> anyhow::Result<Run> {
        let asked = self.clone();
        let ask = move |caller| {
            let asked = asked.clone();
            async move { asked.ask(caller).await.map(|()| caller) }
        };
        run_at(rate, time, (0..callers).collect(), ask).await
    }
}

/// Starts a server, fills it, and measures every row and every query.
pub(crate) async fn measure(cli: &Cli) -> anyhow::Result<()> {
    let counted: &[_] = if cli.statements { statements::SETTINGS } else { &[] };
    let database = Database::start_with(counted).await?;
    let load = Load {
        users: Arc::new(users(cli.accounts)),
        numbers: Arc::new(AtomicU64::new(cli.preload)),
    };
    fill::fill(&database, &load.users, cli.preload).await?;
    rows(&database, &load, cli).await?;
    queries::measure(&database, &load.users, cli).await
}

/// The naive path alone, on one hot user: what stands beside the binary on the same server.
pub(crate) async fn measure_naive(database: &Database, cli: &Cli) -> anyhow::Result<()> {
    let load = Load { users: Arc::new(users(1)), numbers: Arc::new(AtomicU64::new(0)) };
    Naive::make_tables(database, &load.users).await?;
    head();
    for callers in cli.callers.iter().copied() {
        let naive = Naive::connect(database, load.clone(), Crowd::Hot, Way::Transaction)?;
        let measured = row(database, cli, callers, naive).await?;
        let what = format!("{}, one hot user, in process", Way::Transaction.name());
        show(&what, 0, callers, &measured, measured.run.per_second);
    }
    Ok(())
}

fn head() {
    println!(
        "\n| what | nodes | callers | per second | x naive | p50 us | p99 us | CPU us | \
         database CPU us | transactions | p50 us at half | p99 us at half |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
}

async fn rows(database: &Database, load: &Load, cli: &Cli) -> anyhow::Result<()> {
    head();
    let crowds = [
        ("one hot user", Crowd::Hot),
        ("uniform", Crowd::Uniform),
        ("Zipf", Crowd::zipf(cli.accounts)),
    ];
    Naive::make_tables(database, &load.users).await?;
    for callers in cli.callers.iter().copied() {
        for (whom, crowd) in &crowds {
            if !whom.contains(&cli.only) {
                continue;
            }
            let mut yard = None;
            for way in Way::ALL {
                let naive = Naive::connect(database, load.clone(), crowd.clone(), way)?;
                let measured = row(database, cli, callers, naive).await?;
                let rate = *yard.get_or_insert(measured.run.per_second);
                show(&format!("{}, {whom}", way.name()), 0, callers, &measured, rate);
            }
            let naive_rate = yard.context("measured first")?;
            for count in cli.nodes.iter().copied() {
                for work in Work::ALL {
                    let (load, crowd) = (load.clone(), crowd.clone());
                    let nodes = Nodes::open(database, load, crowd, work, count, cli).await?;
                    let measured = row(database, cli, callers, nodes).await?;
                    let what = format!("{}, {whom}", work.name());
                    show(&what, count, callers, &measured, naive_rate);
                }
            }
        }
    }
    Ok(())
}

/// Measures one row, once its connections are made and its statements prepared.
async fn row<A: Asked>(
    database: &Database,
    cli: &Cli,
    callers: usize,
    asked: A,
) -> anyhow::Result<Measured> {
    let time = Duration::from_millis(cli.millis);
    asked.run(callers, time / WARM_UP).await?;
    if cli.statements {
        statements::reset(database).await?;
    }
    let before = database.transactions()?;
    let (mut runs, mut answers, mut spent) = (Vec::new(), 0, Duration::ZERO);
    for _ in 0..cli.runs {
        let cpu = database.cpu_by_process()?;
        let run = asked.run(callers, time).await?;
        spent += database.cpu_since(&cpu)?;
        answers += run.latency.len().max(1);
        runs.push(run);
    }
    let transactions = (database.transactions()? - before) as f64 / answers as f64;
    let database_us = spent.as_secs_f64() * 1e6 / answers as f64;
    if cli.statements {
        statements::show(database, answers).await?;
    }
    let run = median(runs);
    let half = asked.run_at(run.per_second / 2.0, callers, time).await?;
    Ok(Measured { run, database_us, transactions, half })
}

fn show(what: &str, nodes: usize, callers: usize, measured: &Measured, naive_rate: f64) {
    let Measured { run, database_us, transactions, half } = measured;
    let nodes = if nodes == 0 { "-".to_owned() } else { nodes.to_string() };
    println!(
        "| {what} | {nodes} | {callers} | {:.0} | {:.1} | {} | {} | {:.1} | {database_us:.1} | \
         {transactions:.3} | {} | {} |",
        run.per_second,
        run.per_second / naive_rate,
        run.latency.value_at_quantile(0.5),
        run.latency.value_at_quantile(0.99),
        run.cpu_us,
        half.latency.value_at_quantile(0.5),
        half.latency.value_at_quantile(0.99),
    );
}
