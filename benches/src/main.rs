//! Benchmarks, each beside a yardstick in the same run: a raw append and fdatasync file, the naive
//! path on the same database, HTTP alone.
//!
//! See `benches/README.md` for how to repeat them and what was measured.

mod command;
mod crowd;
mod embedded;
mod gateway;
mod http;
mod load;
mod memory;
mod postgres;
mod raw;

use clap::{Parser, ValueEnum};

/// The server's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// Durable operations in process, 1, 64 and 512 callers.
    Embedded,
    /// Opening a filled data directory.
    Start,
    /// The PostgreSQL store in process, on a private server, and its queries.
    Postgres,
    /// The binary over HTTP, closed and open loop, and its memory.
    Http,
    /// The binary over HTTP on a private PostgreSQL server, one node and several.
    HttpPostgres,
    /// Calls of models through the binary, beside the provider alone.
    Gateway,
    /// Memories in process, beside sqlite-vec and usearch, and what many users take.
    Memory,
    /// Memories in process, on a private PostgreSQL server.
    MemoryPostgres,
    /// All of it.
    All,
}

/// Benchmarks, each beside a yardstick in the same run.
#[derive(Clone, Debug, Parser)]
struct Cli {
    /// What to measure.
    #[arg(value_enum, default_value = "all")]
    what: What,
    /// Entries that the ledger holds before anything is measured.
    #[arg(long, default_value_t = 5_000_000)]
    preload: u64,
    /// Accounts that share the load.
    #[arg(long, default_value_t = 100_000)]
    accounts: usize,
    /// Milliseconds of each run.
    #[arg(long, default_value_t = 3_000)]
    millis: u64,
    /// Runs of each row; the median is shown.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// How many callers ask at once, one table row each.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 64, 512])]
    callers: Vec<usize>,
    /// How many nodes share a database, one table row each.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 3])]
    nodes: Vec<usize>,
    /// Lanes of each node on PostgreSQL; by default as many as the server takes.
    #[arg(long)]
    lanes: Option<usize>,
    /// Shows the plans of the queries on PostgreSQL, as run.
    #[arg(long)]
    plans: bool,
    /// Shows what each statement of a row cost the database, by its own account.
    #[arg(long)]
    statements: bool,
    /// Memories on PostgreSQL: on a server that has pgvector (`make pgvector` fetches it).
    #[arg(long)]
    vectors: bool,
    /// The server's binary; by default the one that was built beside this.
    #[arg(long)]
    binary: Option<std::path::PathBuf>,
    /// Only rows whose name holds this text: for a profile of one of them.
    #[arg(long, default_value = "")]
    only: String,
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        if matches!(cli.what, What::Embedded | What::Start | What::All) {
            embedded(&cli).await?;
        }
        if matches!(cli.what, What::Postgres | What::All) {
            postgres::measure(&cli).await?;
        }
        if matches!(cli.what, What::Http | What::All) {
            http::measure(&cli).await?;
        }
        if matches!(cli.what, What::HttpPostgres | What::All) {
            http::measure_on_postgres(&cli).await?;
        }
        if matches!(cli.what, What::Gateway | What::All) {
            gateway::measure(&cli).await?;
        }
        if matches!(cli.what, What::Memory | What::All) {
            memory::measure(&cli).await?;
        }
        if matches!(cli.what, What::MemoryPostgres | What::All) {
            memory::measure_on_postgres(&cli).await?;
        }
        Ok(())
    })
}

async fn embedded(cli: &Cli) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let filled = embedded::fill(folder.path(), cli).await?;
    if cli.what != What::Start {
        embedded::measure(&filled, folder.path(), cli).await?;
    }
    drop(filled);
    if cli.what != What::Embedded {
        embedded::start(folder.path(), cli)?;
    }
    Ok(())
}
