//! The server's binary over HTTP, with the load generator beside it on the same cores.
//!
//! Closed loop first, for the rate that it can do; then open loop at half of that, for latencies
//! that count from when a request was due and not from when a caller got round to it.

pub(crate) mod binary;
mod client;

use crate::{
    Cli,
    load::{Run, median, run, run_at},
    postgres::{self, Database},
};
use anyhow::{Context, ensure};
use binary::Server;
use client::{Client, Clients};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use uuid::Uuid;

/// Events of one call.
const EVENTS: u64 = 1_000;
/// Connections that send events while filling.
const FILL_CONNECTIONS: usize = 4;
/// Connections of the open loop.
const OPEN_CONNECTIONS: usize = 64;

/// What the requests are made of.
#[derive(Clone, Debug)]
struct Load {
    users: Arc<Vec<Uuid>>,
    numbers: Arc<AtomicU64>,
}

impl Load {
    /// The next number and the user that it falls on.
    fn next(&self) -> (u64, Uuid) {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        (number, self.users[crate::crowd::spread(number, self.users.len())])
    }
}

/// One kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    /// The yardstick: HTTP alone.
    Live,
    /// A durable record under a key.
    Record,
    /// The same, all on one user.
    HotRecord,
    /// A durable hold, then its settlement.
    Pair,
    /// The question alone.
    Check,
}

impl Row {
    const ALL: [Row; 5] = [Row::Live, Row::Record, Row::HotRecord, Row::Pair, Row::Check];

    fn name(self) -> &'static str {
        match self {
            Row::Live => "GET /health/live (HTTP alone)",
            Row::Record => "POST /usage/record, keyed",
            Row::HotRecord => "POST /usage/record, keyed, one hot user",
            Row::Pair => "POST /usage/reservations and settle (pairs)",
            Row::Check => "POST /usage/check-quota",
        }
    }

    async fn ask(self, client: &mut Client, load: &Load) -> anyhow::Result<()> {
        let (number, user) = load.next();
        match self {
            Row::Live => client.get("/health/live").await?.expect(200),
            Row::Record | Row::HotRecord => {
                let user = if self == Row::HotRecord { load.users[0] } else { user };
                let (amount, metadata) = (1 + number % 10, r#"{"model":"small","request":"0123"}"#);
                let what = r#""resourceType":"llm_tokens""#;
                let body = format!(
                    r#"{{"userId":"{user}",{what},"amount":{amount},"metadata":{metadata}}}"#
                );
                let key = ("idempotency-key", format!("{number:016x}"));
                client.post("/usage/record", Some(key), body).await?.expect(201)
            }
            Row::Pair => pair(client, user).await,
            Row::Check => {
                let body = r#"{"resourceType":"llm_tokens","amount":10}"#.to_owned();
                let user = ("x-user-id", user.to_string());
                client.post("/usage/check-quota", Some(user), body).await?.expect(200)
            }
        }
    }
}

async fn pair(client: &mut Client, user: Uuid) -> anyhow::Result<()> {
    let amounts = r#""amounts":[{"resourceType":"llm_tokens","amount":9}]"#;
    let body = format!(r#"{{"userId":"{user}",{amounts}}}"#);
    let held = client.post("/usage/reservations", None, body).await?;
    let id = held.text("reservationId")?;
    held.expect(201)?;
    let path = format!("/usage/reservations/{id}/settle");
    client.post(&path, None, format!("{{{amounts}}}")).await?.expect(200)
}

/// Measures the binary in a folder of its own.
pub(crate) async fn measure(cli: &Cli) -> anyhow::Result<()> {
    measure_servers(&[Server::start(cli.binary.as_deref(), None, "")?], cli).await
}

/// Measures the binary on a private database: one node, then several that share the connections.
pub(crate) async fn measure_on_postgres(cli: &Cli) -> anyhow::Result<()> {
    for count in cli.nodes.iter().copied() {
        let database = Database::start().await?;
        println!("\nnodes: {count}");
        let start = |_| Server::start(cli.binary.as_deref(), Some(&database.url), "");
        let servers: Vec<Server> = (0..count).map(start).collect::<anyhow::Result<_>>()?;
        measure_servers(&servers, cli).await?;
        drop(servers);
        postgres::measure_naive(&database, cli).await?;
    }
    Ok(())
}

async fn measure_servers(servers: &[Server], cli: &Cli) -> anyhow::Result<()> {
    for server in servers {
        println!("idle, just started: {}", server.memory()?);
    }
    let users = (0..cli.accounts).map(|index| Uuid::from_u128(index as u128 + 1)).collect();
    let load = Load { users: Arc::new(users), numbers: Arc::new(AtomicU64::new(0)) };
    fill(servers, &load, cli.preload).await?;
    println!("| what | connections | per second | x HTTP alone | p50 us | p99 us |");
    println!("|---|---|---|---|---|---|");
    let time = Duration::from_millis(cli.millis);
    for connections in cli.callers.iter().copied() {
        let mut yard = None;
        for row in Row::ALL {
            if row != Row::Live && !row.name().contains(&cli.only) {
                continue;
            }
            let mut runs = Vec::new();
            for _ in 0..cli.runs {
                runs.push(closed(servers, &load, row, connections, time).await?);
            }
            let run = median(runs);
            let yard = *yard.get_or_insert(run.per_second);
            show(row.name(), connections, &run, yard);
        }
    }
    open_rows(servers, &load, cli, time).await?;
    for server in servers {
        println!("after the load: {}", server.memory()?);
    }
    Ok(())
}

async fn open_rows(
    servers: &[Server],
    load: &Load,
    cli: &Cli,
    time: Duration,
) -> anyhow::Result<()> {
    println!("\nopen loop at half the rate of {OPEN_CONNECTIONS} connections in a closed one:\n");
    println!("| what | connections | per second | share of it | p50 us | p99 us |");
    println!("|---|---|---|---|---|---|");
    for row in Row::ALL {
        if !row.name().contains(&cli.only) {
            continue;
        }
        let full = closed(servers, load, row, OPEN_CONNECTIONS, time).await?;
        let mut runs = Vec::new();
        for _ in 0..cli.runs {
            let clients = Clients::connect(servers, OPEN_CONNECTIONS).await?;
            let load = load.clone();
            let ask = move |mut client: Client| {
                let load = load.clone();
                async move {
                    row.ask(&mut client, &load).await?;
                    anyhow::Ok(client)
                }
            };
            runs.push(run_at(full.per_second / 2.0, time, clients.into_all(), ask).await?);
        }
        show(row.name(), OPEN_CONNECTIONS, &median(runs), full.per_second);
    }
    Ok(())
}

async fn closed(
    servers: &[Server],
    load: &Load,
    row: Row,
    connections: usize,
    time: Duration,
) -> anyhow::Result<Run> {
    let clients = Clients::connect(servers, connections).await?;
    let load = load.clone();
    let ask = move |caller, _| {
        let (clients, load) = (clients.clone(), load.clone());
        async move { row.ask(&mut *clients.of(caller).await, &load).await }
    };
    run(connections, time, ask).await
}

/// Fills the ledger through batches of events, which is a measurement too.
async fn fill(servers: &[Server], load: &Load, entries: u64) -> anyhow::Result<()> {
    let clients = Clients::connect(servers, FILL_CONNECTIONS).await?;
    let calls = Arc::new(AtomicU64::new(entries.div_ceil(EVENTS)));
    let begun = Instant::now();
    let senders = (0..FILL_CONNECTIONS).map(|caller| {
        let (clients, calls, load) = (clients.clone(), calls.clone(), load.clone());
        tokio::spawn(async move {
            let mut client = clients.of(caller).await;
            let left = |calls: u64| calls.checked_sub(1);
            while calls.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).is_ok() {
                client.events(events(&load)).await?.expect(200)?;
            }
            anyhow::Ok(())
        })
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await.context("a sender panicked")??;
    }
    let rate = entries as f64 / begun.elapsed().as_secs_f64();
    println!(
        "filled: {entries} CloudEvents, {EVENTS} a call, {FILL_CONNECTIONS} at once, {rate:.0}/s"
    );
    ensure!(entries > 0, "an empty ledger proves nothing");
    Ok(())
}

fn events(load: &Load) -> String {
    let events = (0..EVENTS).map(|_| {
        let (number, user) = load.next();
        let amount = 1 + number % 10;
        // Written by hand, since the generator's work is part of what is measured.
        let head = r#"{"specversion":"1.0","type":"tokens.used","source":"/bench""#;
        let data = format!(
            r#"{{"resourceType":"llm_tokens","amount":{amount},"metadata":{{"model":"small"}}}}"#
        );
        format!(r#"{head},"id":"{number}","subject":"{user}","data":{data}}}"#)
    });
    format!("[{}]", events.collect::<Vec<_>>().join(","))
}

fn show(what: &str, connections: usize, run: &Run, yard: f64) {
    println!(
        "| {what} | {connections} | {:.0} | {:.2} | {} | {} |",
        run.per_second,
        run.per_second / yard,
        run.latency.value_at_quantile(0.5),
        run.latency.value_at_quantile(0.99),
    );
}
