//! The command line.

mod admin;
pub(crate) mod demo;
mod import;
mod ledger;
mod migrate;

use crate::{
    config::{self, Config, Flags, Log},
    logging, serve,
};
use anyhow::bail;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Usage ledger and quota gate of an AI platform.
#[derive(Debug, Parser)]
#[command(name = "novacore", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Where the configuration and the data are.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// Configuration file; `novacore.toml` if there is one.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    /// Folder of the ledger.
    #[arg(long, global = true)]
    data_dir: Option<PathBuf>,
    /// PostgreSQL instead. Who lists processes sees it: NOVACORE_DATABASE_URL hides a password
    /// better.
    #[arg(long, global = true)]
    database_url: Option<String>,
}

impl Common {
    /// The configuration of a chore, which logs only what is wrong.
    fn load(self) -> anyhow::Result<Config> {
        let config = config::load(&self.flags())?;
        logging::start(&Log { level: "warn".to_owned(), ..config.log.clone() })?;
        Ok(config)
    }

    fn flags(self) -> Flags {
        let Common { config, data_dir, database_url } = self;
        Flags { config, data_dir, database_url, ..Flags::default() }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server.
    Serve {
        #[command(flatten)]
        common: Common,
        /// Address and port; port 0 picks a free one.
        #[arg(long)]
        listen: Option<String>,
        /// Which part to run: all, or usage, which is all that this release has.
        #[arg(long, default_value = "all")]
        roles: String,
        /// Do not start without what embeds memories.
        #[arg(long)]
        require_embedder: bool,
    },
    /// Fill an empty data directory with 90 days of plausible use.
    Demo {
        #[command(flatten)]
        common: Common,
    },
    /// An operator's tasks without a browser, on a data directory that no server has open.
    Admin {
        #[command(flatten)]
        common: Common,
        #[command(subcommand)]
        task: admin::Task,
    },
    /// Verify, rebuild, export or import the ledger.
    Ledger {
        #[command(flatten)]
        common: Common,
        #[command(subcommand)]
        task: ledger::Task,
    },
    /// Copy the ledger into a new file, beside a running server too.
    Backup {
        #[command(flatten)]
        common: Common,
        /// The new file; it must not exist.
        to: PathBuf,
    },
    /// Bring the database, or the data directory if none is configured, to this release's schema.
    Migrate {
        #[command(flatten)]
        common: Common,
    },
    /// Print the effective configuration, secrets masked.
    Config {
        #[command(flatten)]
        common: Common,
        /// Print the reference of all keys instead.
        #[arg(long)]
        reference: bool,
    },
    /// Print the API's description.
    Openapi,
}

/// Runs a command.
pub(crate) fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Serve { common, listen, roles, require_embedder } => {
            let flags = Flags { listen, require_embedder, ..common.flags() };
            run_server(&config::load(&flags)?, &roles)
        }
        Command::Demo { common } => demo::fill(&common.load()?),
        Command::Admin { common, task } => admin::run(&common.load()?, task),
        Command::Ledger { common, task } => ledger::run(&common.load()?, task),
        Command::Backup { common, to } => {
            let config = common.load()?;
            on_data_directory(&config, "back a database up with PostgreSQL's pg_dump")?;
            novacore_store_sqlite::backup(&config.store.data_dir, &to)?;
            println!("backed up to {}", to.display());
            Ok(())
        }
        Command::Migrate { common } => migrate::run(&common.load()?),
        Command::Config { reference: true, .. } => {
            print!("{}", config::reference());
            Ok(())
        }
        Command::Config { common, reference: false } => {
            print_config(&common.load()?);
            Ok(())
        }
        Command::Openapi => {
            println!("{}", serde_json::to_string_pretty(&novacore_api::openapi())?);
            Ok(())
        }
    }
}

/// Refuses what is for a data directory alone; `instead` says what to do on a database.
fn on_data_directory(config: &Config, instead: &str) -> anyhow::Result<()> {
    match config.store.database_url {
        Some(_) => bail!("store.database_url is set, and this is for a data directory: {instead}"),
        None => Ok(()),
    }
}

fn run_server(config: &Config, roles: &str) -> anyhow::Result<()> {
    // Usage is all that this release has, so both words mean the same.
    match roles {
        "all" | "usage" => {}
        "gateway" | "memory" => {
            bail!("--roles {roles}: not in this release; all and usage are")
        }
        other => bail!("--roles {other}: unknown; all and usage are known"),
    }
    logging::start(&config.log)?;
    runtime()?.block_on(serve::serve(config))
}

/// The runtime of every command that needs one.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

fn print_config(config: &Config) {
    for (key, _) in config::KEYS {
        let value = config::value_of(config, key);
        println!("{key} = {}", if value.is_empty() { "(unset)" } else { value.trim_matches('`') });
    }
    for resource in &config.resources {
        println!("resource {} ({:?}, {})", resource.name, resource.kind, resource.unit);
    }
    for (name, tier) in &config.tiers {
        let limits: Vec<_> = tier.limits.keys().map(String::as_str).collect();
        println!("tier {name}: limits on {}", limits.join(", "));
    }
}
