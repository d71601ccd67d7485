//! Calls of models through the binary, beside the same calls of the same provider without it.
//!
//! Each pair of rows is measured in turns in one run, since the machine may change between two.
//! Quotas are on: every call is held and settled on disk.

mod client;
mod mock;
mod prompts;
mod streams;

use crate::{
    Cli,
    http::binary::Server,
    load::{Run, run, run_at},
};
use anyhow::{Context, bail, ensure};
use client::{Call, Client};
use mock::Provider;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::sync::Mutex;

/// Callers of the rows that are measured beside the provider alone.
const CALLERS: [usize; 3] = [1, 8, 64];
/// Users of the rows that are not about one.
const USERS: usize = 16;
/// The rate of the open loops.
const PER_SECOND: f64 = 1_000.0;
/// Connections of an open loop.
const OPEN_CONNECTIONS: usize = 64;
/// Calls after which memory is looked at.
const CALLS: usize = 10_000;
/// How often a user is asked whether all his calls are settled.
const SETTLES_ASKED_MAX: usize = 10_000;
/// Callers with long prompts, beside whom short ones are measured.
const LONG_CALLERS: usize = 2;
const MAXIMUM: &str = r#""max_tokens":64,"#;
const SHORT: &str = "Say hello, sixty-four times over.";

/// What is measured: the provider and the way to it.
struct Bench {
    server: Server,
    provider: Provider,
    /// The users' bearers.
    users: Vec<String>,
    time: Duration,
    runs: usize,
    only: String,
}

/// Measures the binary on the embedded store in front of a provider that only answers.
pub(crate) async fn measure(cli: &Cli) -> anyhow::Result<()> {
    let idle = Server::start(cli.binary.as_deref(), None, "")?;
    println!("idle, no provider but the echo: {}", idle.memory()?);
    drop(idle);
    let provider = Provider::start()?;
    let server = Server::start(cli.binary.as_deref(), None, &config(provider.address))?;
    println!("idle, a model with a tokenizer: {}", server.memory()?);
    let mut users = Vec::new();
    for number in 0..USERS {
        users.push(register(server.address, number).await?);
    }
    let (time, runs) = (Duration::from_millis(cli.millis), cli.runs);
    let bench = Bench { server, provider, users, time, runs, only: cli.only.clone() };
    bench.closed_rows().await?;
    bench.open_rows().await?;
    bench.long_rows().await?;
    bench.memory_rows().await?;
    streams::measure(&bench).await?;
    bench.compare().await
}

fn config(provider: SocketAddr) -> String {
    let model = |name: &str| format!(r#"{{ name = "{name}", tokenizer = "o200k" }}"#);
    format!(
        "[[providers]]\nname = \"mock\"\ndialect = \"openai\"\nbase_url = \"http://{provider}/v1\"\n\
         api_key = \"mock\"\nmodels = [{}, {}]\n",
        model(prompts::MODEL),
        model(prompts::PACED),
    )
}

/// A new user's bearer.
async fn register(address: SocketAddr, number: usize) -> anyhow::Result<String> {
    let mut client = Client::connect(address, "").await?;
    let body = format!(r#"{{"email":"u{number}@example.com","password":"correct horse"}}"#);
    let call = Call { path: "/api/auth/register", body: body.into() };
    let answer: serde_json::Value = serde_json::from_slice(&client.ask(&call).await?)?;
    Ok(answer["accessToken"].as_str().context("no accessToken")?.to_owned())
}

impl Bench {
    fn is_wanted(&self, row: &str) -> bool {
        row.contains(&self.only)
    }

    /// Connections: to the server, each of the next user, or to the provider.
    async fn clients(
        &self,
        through: bool,
        count: usize,
        users: usize,
    ) -> anyhow::Result<Vec<Client>> {
        let address = if through { self.server.address } else { self.provider.address };
        let mut clients = Vec::with_capacity(count);
        for token in self.users[..users].iter().cycle().take(count) {
            clients.push(Client::connect(address, token).await?);
        }
        Ok(clients)
    }

    async fn closed_rows(&self) -> anyhow::Result<()> {
        println!(
            "\n| what | callers | per second direct / through | p50 us direct / through \
             | p99 us direct / through | added p50, p99 us | server CPU us |"
        );
        println!("|---|---|---|---|---|---|---|");
        for (name, direct, through) in
            [("chat, max_tokens", MAXIMUM, MAXIMUM), ("chat without max_tokens", "", "")]
        {
            let call = |members| prompts::chat(prompts::MODEL, members, SHORT);
            self.closed_row(name, call(direct), call(through)).await?;
        }
        self.closed_row("embeddings", prompts::embeddings(), prompts::embeddings()).await
    }

    async fn closed_row(&self, name: &str, direct: Call, through: Call) -> anyhow::Result<()> {
        if !self.is_wanted(name) {
            return Ok(());
        }
        for callers in CALLERS {
            let mut pairs = Vec::new();
            for _ in 0..self.runs {
                let alone = self.closed(false, callers, &direct).await?;
                let before = self.server.cpu()?;
                let run = self.closed(true, callers, &through).await?;
                let cpu = (self.server.cpu()? - before).as_secs_f64() * 1e6;
                let cpu = cpu / run.latency.len().max(1) as f64;
                pairs.push((alone, run, cpu));
            }
            show(name, callers, &pairs);
        }
        Ok(())
    }

    async fn closed(&self, through: bool, callers: usize, call: &Call) -> anyhow::Result<Run> {
        let clients = self.clients(through, callers, USERS).await?;
        let clients: Arc<Vec<_>> = Arc::new(clients.into_iter().map(Mutex::new).collect());
        let call = call.clone();
        let ask = move |caller: usize, _| {
            let (clients, call) = (clients.clone(), call.clone());
            async move { clients[caller].lock().await.ask(&call).await.map(drop) }
        };
        run(callers, self.time, ask).await
    }

    async fn open(&self, call: &Call, users: usize, per_second: f64) -> anyhow::Result<Run> {
        let clients = self.clients(true, OPEN_CONNECTIONS, users).await?;
        let call = call.clone();
        let ask = move |mut client: Client| {
            let call = call.clone();
            async move {
                client.ask(&call).await?;
                anyhow::Ok(client)
            }
        };
        run_at(per_second, self.time, clients, ask).await
    }

    async fn open_rows(&self) -> anyhow::Result<()> {
        println!("\n| open loop, max_tokens | per second | p50 us | p99 us |\n|---|---|---|---|");
        let call = prompts::chat(prompts::MODEL, MAXIMUM, SHORT);
        for (name, users) in [("one hot user", 1), ("16 users", USERS)] {
            if self.is_wanted(name) {
                let mut runs = Vec::new();
                for _ in 0..self.runs {
                    runs.push(self.open(&call, users, PER_SECOND).await?);
                }
                show_open(name, &runs);
            }
        }
        Ok(())
    }

    /// Short calls at half the rate of the open loop, beside callers with long prompts.
    async fn long_rows(&self) -> anyhow::Result<()> {
        let short = prompts::chat(prompts::MODEL, MAXIMUM, SHORT);
        let long = |text: String| Some(prompts::chat(prompts::MODEL, MAXIMUM, &text));
        for (name, call) in [
            ("long prompts: nobody beside", None),
            ("long prompts: 100 kB of English beside", long(prompts::english(100_000))),
            ("long prompts: 250 kB of Unicode beside", long(prompts::random_unicode(250_000))),
        ] {
            if !self.is_wanted(name) {
                continue;
            }
            let mut runs = Vec::new();
            let mut beside = Vec::new();
            for _ in 0..self.runs {
                let open = self.open(&short, USERS, PER_SECOND / 2.0);
                runs.push(match &call {
                    None => open.await?,
                    Some(call) => {
                        let (open, long) =
                            tokio::join!(open, self.closed(true, LONG_CALLERS, call));
                        beside.push(long?);
                        open?
                    }
                });
            }
            show_open(name, &runs);
            if !beside.is_empty() {
                show_open(&format!("{name}: these themselves, {LONG_CALLERS} callers"), &beside);
            }
        }
        Ok(())
    }

    async fn memory_rows(&self) -> anyhow::Result<()> {
        let call = prompts::chat(prompts::MODEL, MAXIMUM, SHORT);
        let mut clients = self.clients(true, 8, USERS).await?;
        for number in 0..CALLS {
            let place = number % clients.len();
            clients[place].ask(&call).await?;
        }
        println!("\nafter all that and {CALLS} calls: {}", self.server.memory()?);
        Ok(())
    }

    /// The ledger's total must be what the provider served through it. What was asked of the
    /// provider directly is in its figure too, so a last round is counted by itself.
    async fn compare(&self) -> anyhow::Result<()> {
        let (used, served) = (self.used().await?, self.provider.served());
        let run = self.open(&prompts::chat(prompts::MODEL, "", SHORT), USERS, 500.0).await?;
        let served = self.provider.served() - served;
        let more = self.used().await? - used;
        println!("\nserved in {} calls: {served} tokens, in the ledger: {more}", run.latency.len());
        ensure!(more == served, "the ledger must say what was served");
        Ok(())
    }

    /// Tokens that the ledger has of all users. A settle may be under way when its answer has come,
    /// so that this waits until nothing is held.
    async fn used(&self) -> anyhow::Result<u64> {
        let mut sum = 0;
        for mut client in self.clients(true, USERS, USERS).await? {
            sum += used_by(&mut client).await?;
        }
        Ok(sum)
    }
}

async fn used_by(client: &mut Client) -> anyhow::Result<u64> {
    for _ in 0..SETTLES_ASKED_MAX {
        let stats: serde_json::Value =
            serde_json::from_slice(&client.get("/api/usage/stats").await?)?;
        let rows = stats["breakdown"].as_array().context("no breakdown")?;
        let row = rows.iter().find(|row| row["resourceType"] == "llm_tokens");
        let figure = |name: &str| row.and_then(|row| row["current"][name].as_u64());
        let used = figure("used").with_context(|| format!("no usage in {stats}"))?;
        if figure("held") == Some(0) {
            return Ok(used);
        }
    }
    bail!("a call was never settled")
}

fn show(name: &str, callers: usize, pairs: &[(Run, Run, f64)]) {
    let at = |run: &Run, quantile| run.latency.value_at_quantile(quantile) as f64;
    let of = |figure: &dyn Fn(&(Run, Run, f64)) -> f64| middle(pairs.iter().map(figure).collect());
    let added = |quantile| of(&|pair| at(&pair.1, quantile) - at(&pair.0, quantile));
    println!(
        "| {name} | {callers} | {:.0} / {:.0} | {:.0} / {:.0} | {:.0} / {:.0} | {:.0}, {:.0} \
         | {:.0} |",
        of(&|pair| pair.0.per_second),
        of(&|pair| pair.1.per_second),
        of(&|pair| at(&pair.0, 0.5)),
        of(&|pair| at(&pair.1, 0.5)),
        of(&|pair| at(&pair.0, 0.99)),
        of(&|pair| at(&pair.1, 0.99)),
        added(0.5),
        added(0.99),
        of(&|pair| pair.2),
    );
}

fn show_open(name: &str, runs: &[Run]) {
    let of = |figure: &dyn Fn(&Run) -> f64| middle(runs.iter().map(figure).collect());
    println!(
        "| {name} | {:.0} | {:.0} | {:.0} |",
        of(&|run| run.per_second),
        of(&|run| run.latency.value_at_quantile(0.5) as f64),
        of(&|run| run.latency.value_at_quantile(0.99) as f64),
    );
}

/// The median.
fn middle(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
