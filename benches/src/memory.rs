//! Memories in process: store, search and forget for users of several sizes on either store; on the
//! embedded one beside sqlite-vec and usearch on the same vectors, and what many users take.

use crate::{
    Cli,
    command::{RunningClock, tier, user},
    postgres,
};
use anyhow::{Context, bail, ensure};
use hdrhistogram::Histogram;
use novacore_access::{ChangeMemories, Permit, Principal, ReadMemories};
use novacore_app::{
    auth::{Auth, AuthOptions, AuthSecrets},
    cx::Cx,
    memories::{
        MemoryOptions, MemoryService, NewMemory, SearchAsk,
        embedder::{DEFAULT_DIMS, NoEmbedder},
        forget, search, store_all,
    },
    metrics::Metrics,
};
use novacore_ledger::Policy;
use novacore_memory::{Draft, Filter, Mode, Query, Tags, Term};
use novacore_store::{
    clock::Clock, directory::Directory, ledger::Ledger, memories::Memories, observe::Unobserved,
};
use novacore_store_postgres::PostgresStore;
use novacore_store_sqlite::{OnFatal, Options, SqliteStore};
use novacore_vocab::UserId;
use serde_json::Value;
use std::{
    collections::HashSet, f32::consts::TAU, fs, io::Write, path::Path, process::Command, sync::Arc,
    time::Instant,
};
use uuid::Uuid;

const DIMS: usize = DEFAULT_DIMS as usize;
const LIMIT: usize = 10;
const QUERIES: usize = 400;
const STORES: usize = 300;
/// Memories of one call while filling.
const FILL_ROWS: usize = 100;
const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
const CROWD_USERS: usize = 10_000;
const CROWD_ROWS: usize = 20;

/// Vectors that lie around some centres, as those of texts do.
struct Vectors {
    state: u64,
    centres: Vec<Vec<f32>>,
}

impl Vectors {
    fn new() -> Vectors {
        let mut vectors = Vectors { state: 20_261_130, centres: Vec::new() };
        vectors.centres = (0..2_000).map(|_| vectors.noise(1.0)).collect();
        vectors
    }

    /// SplitMix64.
    fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Normally distributed numbers, by Box and Muller.
    fn noise(&mut self, scale: f32) -> Vec<f32> {
        let mut unit = || (self.draw() >> 40) as f32 / (1_u64 << 24) as f32;
        (0..DIMS)
            .map(|_| scale * (-2.0 * (unit() + 1e-7).ln()).sqrt() * (TAU * unit()).cos())
            .collect()
    }

    /// A vector of length one.
    fn next(&mut self) -> Vec<f32> {
        let centre = (self.draw() % self.centres.len() as u64) as usize;
        let mut vector = self.noise(0.7);
        vector.iter_mut().zip(&self.centres[centre]).for_each(|(one, other)| *one += other);
        let length = vector.iter().map(|one| one * one).sum::<f32>().sqrt();
        vector.iter_mut().for_each(|one| *one /= length);
        vector
    }
}

struct Stage {
    cx: Cx,
}

impl Stage {
    fn embedded(dir: &Path) -> anyhow::Result<Stage> {
        let clock: Arc<dyn Clock> = Arc::new(RunningClock(Instant::now()));
        let store = SqliteStore::open(Options {
            dir: dir.join("data"),
            resources: Policy::builtin().resources().cloned().collect(),
            tiers: vec![tier()?],
            clock: clock.clone(),
            observer: Arc::new(Unobserved),
            accounts_max: 200_000,
            free_bytes_min: 0,
            key_filter_bytes_max: 16 << 20,
            on_fatal: OnFatal(Arc::new(|why| panic!("{why}"))),
        })?;
        Stage::on(Arc::new(store), clock, MemoryOptions::default())
    }

    async fn postgres(
        database: &postgres::Database,
        memories: MemoryOptions,
    ) -> anyhow::Result<Stage> {
        let clock: Arc<dyn Clock> = Arc::new(RunningClock(Instant::now()));
        let store = PostgresStore::open(postgres::options(&database.url, clock.clone())?).await?;
        Stage::on(Arc::new(store), clock, memories)
    }

    fn on<S>(store: Arc<S>, clock: Arc<dyn Clock>, memories: MemoryOptions) -> anyhow::Result<Stage>
    where
        S: Ledger + Directory + Memories + 'static,
    {
        let secret = || "a-secret-of-the-benches-0123456789abcdef".into();
        let secrets = AuthSecrets { jwt: secret(), refresh: secret(), service_token: secret() };
        let auth = Auth::new(store.clone(), clock.clone(), &secrets, AuthOptions::default())?;
        // Vectors are brought: what a model takes to make them is not what is measured here.
        let embedder = Arc::new(NoEmbedder::of_default("vectors are brought"));
        let memories = MemoryService::new(store.clone(), embedder, memories);
        let cx = Cx::new(
            store.clone(),
            store,
            Arc::new(memories),
            clock,
            Arc::new(auth),
            Arc::new(Metrics::new()),
        );
        Ok(Stage { cx })
    }

    async fn user(&self, number: u128) -> anyhow::Result<UserId> {
        let id = UserId(Uuid::from_u128(number));
        self.cx.directory.ensure_user(&user(id)?).await.context("a user")?;
        Ok(id)
    }

    fn changes(id: UserId) -> anyhow::Result<Permit<ChangeMemories>> {
        Ok(Principal::service().change_memories(&user(id)?.subject())?)
    }

    fn reads(id: UserId) -> anyhow::Result<Permit<ReadMemories>> {
        Ok(Principal::service().read_memories(&user(id)?.subject())?)
    }

    /// Stores memories, so many in a call; milliseconds of each call.
    async fn fill(
        &self,
        id: UserId,
        vectors: &[Vec<f32>],
        rows_of_a_call: usize,
    ) -> anyhow::Result<Histogram<u64>> {
        let mut times = Histogram::new(3)?;
        let permit = Stage::changes(id)?;
        for (call, some) in vectors.chunks(rows_of_a_call).enumerate() {
            let rows = some.iter().enumerate();
            let new = rows.map(|(row, vector)| memory(call * rows_of_a_call + row, vector));
            let new = new.collect::<anyhow::Result<Vec<_>>>()?;
            let begun = Instant::now();
            store_all(&self.cx, permit, new, None).await.context("stored")?;
            times.record(begun.elapsed().as_micros() as u64)?;
        }
        Ok(times)
    }

    async fn search(&self, id: UserId, ask: SearchAsk) -> anyhow::Result<Vec<String>> {
        let found = search(&self.cx, Stage::reads(id)?, ask).await.context("searched")?;
        let text =
            |one: novacore_app::memories::FoundMemory| one.memory.content.input.as_str().to_owned();
        Ok(found.memories.into_iter().map(text).collect())
    }

    /// Searches one after the other; microseconds of each.
    async fn searches(
        &self,
        id: UserId,
        queries: &[Vec<f32>],
        mode: Mode,
        filter: &Filter,
    ) -> anyhow::Result<Histogram<u64>> {
        let mut times = Histogram::new(3)?;
        for query in queries {
            let ask = ask(query, mode, filter.clone())?;
            let begun = Instant::now();
            self.search(id, ask).await?;
            times.record(begun.elapsed().as_micros() as u64)?;
        }
        Ok(times)
    }
}

/// A memory with its number as the first word, and a tag that one of a hundred has.
fn memory(number: usize, vector: &[f32]) -> anyhow::Result<NewMemory> {
    let input = format!("{number} what the user said about his plans, some ninety bytes of it");
    let tags = if number.is_multiple_of(100) { vec!["rare".to_owned()] } else { Vec::new() };
    let draft = Draft { kind: "conversation".into(), input, tags, ..Draft::default() };
    let vector = Some(vector.to_vec());
    Ok(NewMemory { content: draft.check()?, term: Term::Ltm, vector })
}

fn ask(vector: &[f32], mode: Mode, filter: Filter) -> anyhow::Result<SearchAsk> {
    let query = Query::parse("plans of the user")?;
    Ok(SearchAsk { query, vector: Some(vector.to_vec()), mode, filter, limit: LIMIT })
}

/// The numbers of the nearest, by brute force.
fn nearest(vectors: &[Vec<f32>], query: &[f32]) -> HashSet<usize> {
    let mut scored: Vec<_> = vectors.iter().map(|vector| dot(vector, query)).enumerate().collect();
    scored.select_nth_unstable_by(LIMIT, |one, other| other.1.total_cmp(&one.1));
    scored.into_iter().take(LIMIT).map(|(number, _)| number).collect()
}

/// Sums beside each other, which a processor adds at once.
fn dot(one: &[f32], other: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 16];
    for (one, other) in one.chunks_exact(16).zip(other.chunks_exact(16)) {
        for ((sum, a), b) in sums.iter_mut().zip(one).zip(other) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

fn show(name: &str, times: &Histogram<u64>, more: &str) {
    let millis = |quantile| times.value_at_quantile(quantile) as f64 / 1e3;
    println!("  {name:<34} p50 {:>8.3} ms   p99 {:>8.3} ms   {more}", millis(0.5), millis(0.99));
}

fn resident_mib() -> anyhow::Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kib / 1024.0)
}

/// What is stored, and what is searched.
struct Given {
    vectors: Vec<Vec<f32>>,
    queries: Vec<Vec<f32>>,
}

impl Given {
    fn draw() -> Given {
        let mut source = Vectors::new();
        let most = SIZES.into_iter().max().unwrap_or_default();
        let vectors = (0..most).map(|_| source.next()).collect();
        Given { vectors, queries: (0..QUERIES).map(|_| source.next()).collect() }
    }
}

/// Measures all of it on the embedded store.
pub(crate) async fn measure(cli: &Cli) -> anyhow::Result<()> {
    let (folder, given) = (tempfile::tempdir()?, Given::draw());
    users(&Stage::embedded(folder.path())?, &given, cli).await?;
    peers(folder.path(), &given.vectors, &given.queries)?;
    crowd(&given.vectors).await
}

/// Measures users of several sizes on PostgreSQL.
pub(crate) async fn measure_on_postgres(cli: &Cli) -> anyhow::Result<()> {
    let given = Given::draw();
    if !cli.vectors {
        let database = postgres::Database::start().await?;
        let stage = Stage::postgres(&database, MemoryOptions::default()).await?;
        return users(&stage, &given, cli).await;
    }
    let database = postgres::Database::start_with_vectors().await?;
    let stage = Stage::postgres(&database, MemoryOptions::default()).await?;
    for (number, rows) in sizes(cli) {
        let id = stage.user(number).await?;
        stage.fill(id, &given.vectors[..rows], FILL_ROWS).await?;
        let begun = Instant::now();
        while database.vectors_missing()? > 0 {}
        let took = begun.elapsed().as_secs_f64();
        println!("a user of {rows} memories, vectors made {took:.1} s behind the stores");
        by_the_store(&database, id, &given.queries).await?;
        one_user(&stage, number + 10, &given.vectors[..rows], &given.queries).await?;
    }
    Ok(())
}

/// The numbers and sizes of users that were asked for.
fn sizes(cli: &Cli) -> impl Iterator<Item = (u128, usize)> {
    let is_asked = |rows: &usize| cli.only.is_empty() || format!("{rows}") == cli.only;
    (1..).zip(SIZES.into_iter().filter(is_asked))
}

async fn users(stage: &Stage, given: &Given, cli: &Cli) -> anyhow::Result<()> {
    for (number, rows) in sizes(cli) {
        one_user(stage, number, &given.vectors[..rows], &given.queries).await?;
    }
    Ok(())
}

/// Searches at a node that keeps no index: each asks the database.
async fn by_the_store(
    database: &postgres::Database,
    id: UserId,
    queries: &[Vec<f32>],
) -> anyhow::Result<()> {
    let none = MemoryOptions { index_bytes_max: 0, ..MemoryOptions::default() };
    let stage = Stage::postgres(database, none).await?;
    for (name, filter) in [
        ("search by the database", Filter::default()),
        ("search by the database, 1 % by tag", rare()?),
    ] {
        // What a node prepares for its first search is not measured.
        stage.search(id, ask(&queries[0], Mode::Semantic, filter.clone())?).await?;
        let times = stage.searches(id, &queries[..100], Mode::Semantic, &filter).await?;
        show(name, &times, "");
    }
    Ok(())
}

/// The tag that one of a hundred memories has.
fn rare() -> anyhow::Result<Filter> {
    Ok(Filter { tags_all: Tags::parse(vec!["rare".to_owned()])?, ..Filter::default() })
}

async fn one_user(
    stage: &Stage,
    number: u128,
    vectors: &[Vec<f32>],
    queries: &[Vec<f32>],
) -> anyhow::Result<()> {
    println!("a user of {} memories, {DIMS} dimensions, {LIMIT} results", vectors.len());
    let id = stage.user(number).await?;
    let begun = Instant::now();
    let times = stage.fill(id, vectors, FILL_ROWS).await?;
    let rate = vectors.len() as f64 / begun.elapsed().as_secs_f64();
    show("store, 100 in a call", &times, &format!("{rate:.0} memories/s"));

    let begun = Instant::now();
    stage.search(id, ask(&queries[0], Mode::Semantic, Filter::default())?).await?;
    println!("  {:<34}     {:>8.3} ms", "the first search", begun.elapsed().as_secs_f64() * 1e3);

    // Not between the searches: it would take their place in the caches.
    let truth: Vec<_> = queries.iter().map(|query| nearest(vectors, query)).collect();
    let (mut times, mut found) = (Histogram::new(3)?, 0);
    for (query, truth) in queries.iter().zip(&truth) {
        let ask = ask(query, Mode::Semantic, Filter::default())?;
        let begun = Instant::now();
        let texts = stage.search(id, ask).await?;
        times.record(begun.elapsed().as_micros() as u64)?;
        let numbers = texts.iter().filter_map(|text| text.split(' ').next()?.parse().ok());
        found += numbers.filter(|row| truth.contains(row)).count();
    }
    let recall = found as f64 / (queries.len() * LIMIT) as f64;
    show("search by meaning", &times, &format!("recall@{LIMIT} {recall:.4}"));

    for (name, mode, filter, count) in [
        ("search by meaning, 1 % by tag", Mode::Semantic, rare()?, queries.len()),
        ("search by words", Mode::Keyword, Filter::default(), 20),
    ] {
        let times = stage.searches(id, &queries[..count], mode, &filter).await?;
        show(name, &times, "");
    }
    let times = stage.fill(id, &vectors[..STORES.min(vectors.len())], 1).await?;
    show("store, one in a call", &times, "");
    forget_all(stage, id, &vectors[0]).await
}

/// Forgets all that a user has, while another one stores: how long that takes, and how long the
/// other has to wait.
async fn forget_all(stage: &Stage, id: UserId, vector: &[f32]) -> anyhow::Result<()> {
    let other = stage.user(u128::from(id.0.as_bytes()[15]) + 1_000).await?;
    let forgets = forget(&stage.cx, Stage::changes(id)?, Filter::default(), None);
    let mut forgets = std::pin::pin!(forgets);
    let new = [vector.to_vec()];
    let (mut times, begun) = (Histogram::<u64>::new(3)?, Instant::now());
    // One that waits when the forget ends is the one that has waited for it.
    let (gone, took) = loop {
        let mut stores = std::pin::pin!(stage.fill(other, &new, 1));
        tokio::select! {
            stored = &mut stores => times.add(stored?)?,
            gone = &mut forgets => {
                let took = begun.elapsed();
                times.add(stores.await?)?;
                break (gone.context("forgotten")?, took);
            }
        }
    };
    let name = format!("forget all {}", gone.rows);
    println!("  {name:<34}     {:>8.3} ms", took.as_secs_f64() * 1e3);
    let longest = times.max() as f64 / 1e3;
    show("another user's stores meanwhile", &times, &format!("at most {longest:.1} ms"));
    Ok(())
}

/// The same vectors, in turn with nothing beside them: each peer in its own way.
fn peers(folder: &Path, vectors: &[Vec<f32>], queries: &[Vec<f32>]) -> anyhow::Result<()> {
    for (name, rows) in [("vectors.f32", vectors), ("queries.f32", queries)] {
        let mut file = std::io::BufWriter::new(fs::File::create(folder.join(name))?);
        for element in rows.iter().flatten() {
            file.write_all(&element.to_le_bytes())?;
        }
        file.flush()?;
    }
    let (python, script) = (folder.join("peers/bin/python"), "benches/peers/memory.py");
    let run = |command: &mut Command| -> anyhow::Result<String> {
        let output = command.output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    };
    let made = run(Command::new("python3").args(["-m", "venv"]).arg(folder.join("peers")))
        .and_then(|_| {
            let mut install = Command::new(&python);
            install.args(["-m", "pip", "install", "--quiet", "--requirement"]);
            run(install.arg("benches/peers/requirements.txt"))
        });
    if let Err(why) = made {
        println!("sqlite-vec and usearch could not be installed, and are not measured: {why:#}");
        return Ok(());
    }
    let mut command = Command::new(&python);
    command.arg(script).arg(folder).args([DIMS.to_string(), LIMIT.to_string()]);
    command.args(SIZES.map(|rows| rows.to_string()));
    for line in run(&mut command).context("peers")?.lines() {
        let row: Value = serde_json::from_str(line)?;
        let number = |name: &str| row[name].as_f64().unwrap_or(f64::NAN);
        println!(
            "  {:<18} {:>7} memories   p50 {:>8.3} ms   p99 {:>8.3} ms   recall@{LIMIT} {:.4}   \
             loaded in {:.1} s   {:.0} MiB",
            row["peer"].as_str().unwrap_or_default(),
            row["rows"],
            number("p50_ms"),
            number("p99_ms"),
            number("recall"),
            number("load_s"),
            number("bytes") / f64::from(1 << 20),
        );
    }
    Ok(())
}

/// Many users, each of whom searches once.
async fn crowd(vectors: &[Vec<f32>]) -> anyhow::Result<()> {
    println!("{CROWD_USERS} users of {CROWD_ROWS} memories");
    let folder = tempfile::tempdir()?;
    let stage = Stage::embedded(folder.path())?;
    let mut ids = Vec::with_capacity(CROWD_USERS);
    for number in 0..CROWD_USERS {
        let id = stage.user(number as u128 + 1).await?;
        let start = number * CROWD_ROWS % (vectors.len() - CROWD_ROWS);
        stage.fill(id, &vectors[start..start + CROWD_ROWS], CROWD_ROWS).await?;
        ids.push(id);
    }
    drop(stage);
    let stage = Stage::embedded(folder.path())?;
    let before = resident_mib()?;
    let mut times = Histogram::new(3)?;
    for (number, id) in ids.iter().enumerate() {
        let ask = ask(&vectors[number], Mode::Semantic, Filter::default())?;
        let begun = Instant::now();
        let found = stage.search(*id, ask).await?;
        times.record(begun.elapsed().as_micros() as u64)?;
        if found.len() != LIMIT {
            bail!("{} found", found.len());
        }
    }
    let grown = resident_mib()? - before;
    show("the first search of each", &times, &format!("{grown:.0} MiB more in memory"));
    Ok(())
}
