//! `novacore ledger`.

mod detach;

use super::{on_data_directory, runtime};
use crate::{
    clock::SystemClock,
    compose::{embedded_options, postgres_options},
    config::Config,
};
use anyhow::{Context, bail};
use clap::{Subcommand, ValueEnum};
use novacore_app::metrics::Metrics;
use novacore_ledger::Entry;
use novacore_store_postgres as postgres;
use novacore_store_sqlite::{self as store, Options};
use novacore_vocab::{EntryId, UserId};
use secrecy::ExposeSecret;
use serde_json::json;
use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::PathBuf,
    sync::Arc,
};

/// What to do with a ledger.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Recompute the chain of batches and recount every account.
    Verify,
    /// Delete the derived files and build them anew.
    Rebuild,
    /// Move the data directory into an empty database that `migrate` has prepared: all or nothing.
    ///
    /// No server may have the data directory open. It is verified, read, and left as it is. Users,
    /// sessions, keys, tiers, overrides, the audit log and every entry go along; the database is
    /// verified before it is committed.
    Import,
    /// Write every entry: in the order of commits, or account by account from a database.
    Export {
        /// JSON Lines or CSV.
        #[arg(long, default_value = "jsonl")]
        format: Format,
        /// The file; standard output if absent.
        #[arg(long)]
        to: Option<PathBuf>,
    },
    /// Show which months would leave the ledger of a database; with --apply, detach them.
    Detach {
        /// The first month that stays, such as 2025-01; by default what store.retain_months says.
        #[arg(long)]
        before: Option<String>,
        /// Detach them: each becomes a table of its own, to archive or to drop.
        #[arg(long)]
        apply: bool,
    },
}

/// How an export looks.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    /// One JSON object per line.
    Jsonl,
    /// Comma-separated, with a header.
    Csv,
}

/// How a chore opens the data directory.
pub(super) fn options(config: &Config) -> anyhow::Result<Options> {
    embedded_options(config, Arc::new(SystemClock), Arc::new(Metrics::new()))
}

/// Runs a task.
pub(crate) fn run(config: &Config, task: Task) -> anyhow::Result<()> {
    match task {
        Task::Verify => verify(config),
        Task::Rebuild => {
            on_data_directory(config, "a database has no derived files, so nothing to rebuild")?;
            let entries = store::rebuild(&options(config)?)?;
            println!("derived files rebuilt from {entries} entries");
            Ok(())
        }
        Task::Import => super::import::run(config),
        Task::Export { format, to } => export(config, format, to),
        Task::Detach { before, apply: false } => detach::show(config, before.as_deref()),
        Task::Detach { before, apply: true } => detach::apply(config, before.as_deref()),
    }
}

fn verify(config: &Config) -> anyhow::Result<()> {
    let (clock, metrics) = (Arc::new(SystemClock), Arc::new(Metrics::new()));
    let findings = match &config.store.database_url {
        None => {
            let report = store::verify(&embedded_options(config, clock, metrics)?)?;
            let (entries, accounts) = (report.entries, report.accounts);
            println!("{entries} entries in {} batches of {accounts} accounts", report.batches);
            println!("{} memories", report.memories);
            report.findings
        }
        Some(url) => {
            let options = postgres_options(config, url, clock, metrics)?;
            let report = runtime()?.block_on(postgres::verify(&options));
            let report = report.context("store.database_url")?;
            println!("{} entries of {} accounts", report.entries, report.accounts);
            println!("{} memories", report.memories);
            if report.detached > 0 {
                println!("{} entries in detached months, as their openings say", report.detached);
            }
            report.findings
        }
    };
    for finding in &findings {
        println!("  {finding}");
    }
    if !findings.is_empty() {
        bail!("the ledger does not verify");
    }
    println!("the ledger verifies");
    Ok(())
}

fn export(config: &Config, format: Format, to: Option<PathBuf>) -> anyhow::Result<()> {
    let mut out: Box<dyn Write> = match &to {
        Some(path) => {
            let file = File::create_new(path).with_context(|| path.display().to_string())?;
            Box::new(BufWriter::new(file))
        }
        None => Box::new(BufWriter::new(io::stdout().lock())),
    };
    if matches!(format, Format::Csv) {
        writeln!(out, "{}", COLUMNS.join(","))?;
    }
    let each = |user, entry: &Entry| match format {
        Format::Jsonl => writeln!(out, "{}", object(user, entry)),
        Format::Csv => writeln!(out, "{}", line(user, entry)),
    };
    let count = match &config.store.database_url {
        None => store::export(&config.store.data_dir, each)?,
        Some(url) => {
            let exported = runtime()?.block_on(postgres::export(url.expose_secret(), each));
            let exported = exported.context("store.database_url")?;
            if let (Some(first), Some(last)) = (exported.detached.first(), exported.detached.last())
            {
                let (from, until) = (first.month, last.month);
                eprintln!("not in it: what was recorded from {from} to {until}, which is detached");
            }
            exported.entries
        }
    };
    out.flush()?;
    if let Some(path) = to {
        eprintln!("{count} entries written to {}", path.display());
    }
    Ok(())
}

const COLUMNS: [&str; 14] = [
    "id",
    "user_id",
    "version",
    "kind",
    "resource_type",
    "amount",
    "held",
    "timestamp",
    "counted_at",
    "occurred_at",
    "hold",
    "corrects",
    "flags",
    "metadata",
];

fn object(user: UserId, entry: &Entry) -> serde_json::Value {
    let metadata = entry.metadata.as_deref().map(serde_json::from_str::<serde_json::Value>);
    json!({
        "id": EntryId::of(user, entry.version, entry.recorded_at),
        "user_id": user,
        "version": entry.version,
        "kind": entry.kind.as_str(),
        "resource_type": entry.resource,
        "amount": entry.amount,
        "held": entry.held,
        "timestamp": entry.recorded_at,
        "counted_at": entry.counted_at,
        "occurred_at": entry.occurred_at,
        "hold": entry.hold,
        "corrects": entry.corrects,
        "flags": entry.flags.words().collect::<Vec<_>>(),
        "metadata": metadata.and_then(Result::ok),
    })
}

fn line(user: UserId, entry: &Entry) -> String {
    let object = object(user, entry);
    let cell = |name: &&str| match &object[*name] {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => quoted(text),
        other => quoted(&other.to_string()),
    };
    COLUMNS.iter().map(cell).collect::<Vec<_>>().join(",")
}

/// A CSV cell (RFC 4180).
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
