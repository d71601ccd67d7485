//! Where the database is, how its connections are protected, and what every session is told.
//!
//! `sslmode` and `sslrootcert` mean what they mean to PostgreSQL's own clients, but for this: what
//! asks for a verification is never less than verified, and what makes no sense is refused.
//!
//! Invariant: a connection is never protected less than the address asks for.
//! Invariant: a session never waits without bound; a node that stands still in a transaction loses
//! it, so that its locks cannot outlive it.
//! Invariant: nothing is logged of the address but host, port and database.

use crate::{
    pool::{ANSWER, CONNECT},
    tls::{Roots, Trust},
};
use percent_encoding::percent_decode_str;
use std::{path::PathBuf, str::FromStr, time::Duration};
use thiserror::Error;
use tokio_postgres::{Config, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a statement may take, unless its transaction asks for more.
pub(crate) const STATEMENT: Duration = Duration::from_secs(10);

/// What a session is told besides. Times end statements that wait for a lock as well. Pages of an
/// account's entries come from its index in order: a planner that takes every account for a small
/// one would rather read all of them and sort.
const SESSION: &str = "-c lock_timeout=5s \
     -c idle_in_transaction_session_timeout=5s -c default_transaction_isolation=read\\ committed \
     -c timezone=UTC -c jit=off -c plan_cache_mode=force_generic_plan \
     -c enable_sort=off -c client_min_messages=warning";

/// What the session of a read is told besides. A table that was empty a minute ago is read from end
/// to end by whoever believes its statistics.
const READS: &str = " -c enable_seqscan=off";

/// What a transaction outside the lanes is told that finds its rows as theirs do, see [`LANE`].
pub(crate) const BY_KEY: &str = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off";

/// What the session of a lane is told besides: its statements find every row by its key, whatever
/// the statistics of a table that was empty a minute ago say.
const LANE: &str = " -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off";

/// What the session of a report is told besides: it may take long, by one processor and with memory
/// for its groups.
const REPORTS: &str = " -c statement_timeout=300s -c work_mem=64MB -c enable_sort=on \
     -c max_parallel_workers_per_gather=0";

/// When the answer to a report that has not come will not come.
pub(crate) const REPORT: Duration = Duration::from_secs(305);

/// When a peer that says nothing is gone.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// An address that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UrlError {
    /// Not the address of a database.
    #[error("the database URL is not valid: {0}")]
    Malformed(String),
    /// It asks for a protection that there is not. What it asks for is not repeated: it could be a
    /// part of a password that the URL does not quote.
    #[error(
        "the database URL has an unknown sslmode; it is one of disable, prefer, require, \
         verify-ca and verify-full"
    )]
    SslMode,
    /// It names authorities and does not ask that they be looked at.
    #[error(
        "the database URL has sslrootcert and sslmode={0}, which verifies nothing; say verify-full"
    )]
    RootsUnused(&'static str),
    /// There are no authorities to verify by.
    #[error("no certificates of authorities for the database in {place}: {why}")]
    Roots {
        /// Where they were looked for.
        place: String,
        /// Why there are none.
        why: String,
    },
}

/// How to connect.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) config: Config,
    pub(crate) tls: MakeRustlsConnect,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The configuration holds a password.
        f.debug_struct("Address").finish_non_exhaustive()
    }
}

impl Address {
    /// Reads a URL and the certificates that it names.
    pub(crate) fn parse(url: &str) -> Result<Address, UrlError> {
        let Parts { rest, mode, roots } = split(url)?;
        let mut config =
            Config::from_str(&rest).map_err(|error| UrlError::Malformed(error.to_string()))?;
        let (mode, trust) = protection(mode.as_deref(), roots)?;
        config.ssl_mode(mode);
        let own = config.get_options().unwrap_or_default();
        let millis = STATEMENT.as_millis();
        let options = format!("{own} -c statement_timeout={millis} {SESSION}");
        config
            .options(options.trim())
            .application_name("novacore")
            .connect_timeout(CONNECT)
            .keepalives_idle(KEEPALIVE)
            .keepalives_interval(KEEPALIVE)
            .keepalives_retries(3)
            .tcp_user_timeout(ANSWER);
        Ok(Address { config, tls: trust.connector()? })
    }

    /// The same for the connections of a node's reads, and of its work outside the lanes.
    pub(crate) fn for_reads(&self) -> Address {
        self.with_options(READS)
    }

    /// The same for a lane's connections.
    pub(crate) fn for_lanes(&self) -> Address {
        self.with_options(LANE)
    }

    /// The same for the connection that counts reports.
    pub(crate) fn for_reports(&self) -> Address {
        self.with_options(REPORTS)
    }

    fn with_options(&self, more: &str) -> Address {
        let mut address = self.clone();
        let options = format!("{}{more}", self.config.get_options().unwrap_or_default());
        address.config.options(options);
        address
    }
}

/// A URL without what the client of the database does not read itself.
struct Parts {
    rest: String,
    mode: Option<String>,
    roots: Option<String>,
}

fn split(url: &str) -> Result<Parts, UrlError> {
    let malformed = |why: &str| UrlError::Malformed(why.to_owned());
    let is_url = ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
    if !is_url {
        return Err(malformed("it does not begin with postgres://"));
    }
    // A password may hold a question mark.
    let host = url.find('@').unwrap_or(0);
    let Some(question) = url[host..].find('?').map(|at| host + at) else {
        return Ok(Parts { rest: url.to_owned(), mode: None, roots: None });
    };
    let (mut mode, mut roots, mut kept) = (None, None, Vec::new());
    for parameter in url[question + 1..].split('&') {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let own = match name {
            "sslmode" => &mut mode,
            "sslrootcert" => &mut roots,
            _ => {
                kept.push(parameter);
                continue;
            }
        };
        let value = percent_decode_str(value).decode_utf8();
        let value = value.map_err(|_| malformed("a parameter is not UTF-8"))?;
        if own.replace(value.into_owned()).is_some() {
            return Err(UrlError::Malformed(format!("{name} is given twice")));
        }
    }
    let mut rest = url[..question].to_owned();
    if !kept.is_empty() {
        rest = format!("{rest}?{}", kept.join("&"));
    }
    Ok(Parts { rest, mode, roots })
}

/// What a mode asks of the client of the database, and what of the certificate.
fn protection(mode: Option<&str>, roots: Option<String>) -> Result<(SslMode, Trust), UrlError> {
    let given = roots.is_some();
    let roots = match roots.as_deref() {
        None | Some("system") => Roots::System,
        Some(path) => Roots::File(PathBuf::from(path)),
    };
    match mode {
        Some("disable") if given => Err(UrlError::RootsUnused("disable")),
        None | Some("prefer") if given => Err(UrlError::RootsUnused("prefer")),
        Some("disable") => Ok((SslMode::Disable, Trust::Anyone)),
        None | Some("prefer") => Ok((SslMode::Prefer, Trust::Anyone)),
        // Whoever names authorities wants them looked at; PostgreSQL's clients do the same.
        Some("require") if given => Ok((SslMode::Require, Trust::Authority(roots))),
        Some("require") => Ok((SslMode::Require, Trust::Anyone)),
        Some("verify-ca") => Ok((SslMode::Require, Trust::Authority(roots))),
        Some("verify-full") => Ok((SslMode::Require, Trust::Host(roots))),
        Some(_) => Err(UrlError::SslMode),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<(SslMode, Trust), UrlError> {
        let parts = split(&format!("postgres://u:p?w@127.0.0.1/db{query}"))?;
        protection(parts.mode.as_deref(), parts.roots)
    }

    #[test]
    fn a_mode_asks_for_what_its_name_says() {
        use SslMode::{Disable, Prefer, Require};
        let file = || Roots::File(PathBuf::from("/a b/ca.pem"));
        for (query, mode, trust) in [
            ("", Prefer, Trust::Anyone),
            ("?sslmode=disable", Disable, Trust::Anyone),
            ("?sslmode=prefer", Prefer, Trust::Anyone),
            ("?sslmode=require", Require, Trust::Anyone),
            ("?sslmode=require&sslrootcert=/a%20b/ca.pem", Require, Trust::Authority(file())),
            ("?sslmode=verify-ca", Require, Trust::Authority(Roots::System)),
            ("?sslrootcert=system&sslmode=verify-full", Require, Trust::Host(Roots::System)),
            ("?sslmode=verify-full&sslrootcert=/a%20b/ca.pem", Require, Trust::Host(file())),
        ] {
            assert_eq!(read(query), Ok((mode, trust)), "{query}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_and_never_a_lesser_protection() {
        let twice = UrlError::Malformed("sslmode is given twice".to_owned());
        for (query, expected) in [
            ("?sslmode=verify_full", UrlError::SslMode),
            ("?sslmode=allow", UrlError::SslMode),
            ("?sslmode=", UrlError::SslMode),
            ("?sslmode=require&sslmode=disable", twice),
            ("?sslrootcert=/ca.pem", UrlError::RootsUnused("prefer")),
            ("?sslrootcert=/ca.pem&sslmode=disable", UrlError::RootsUnused("disable")),
        ] {
            assert_eq!(read(query), Err(expected), "{query}");
        }
        for url in ["mysql://u@127.0.0.1/db", "host=127.0.0.1 sslmode=require"] {
            assert!(matches!(Address::parse(url), Err(UrlError::Malformed(_))), "{url}");
        }
        // A certificate of one's own is not supported, and not passed over in silence either.
        let with_key = Address::parse("postgres://u@127.0.0.1/db?sslmode=require&sslkey=/key");
        assert!(matches!(with_key, Err(UrlError::Malformed(_))));
    }

    #[test]
    fn authorities_that_are_not_there_are_an_error() {
        let with = |path: &str| {
            let url = format!("postgres://u@127.0.0.1/db?sslmode=verify-full&sslrootcert={path}");
            Address::parse(&url).map(|_| ())
        };
        let missing = with("/does/not/exist.pem");
        assert!(matches!(missing, Err(UrlError::Roots { .. })), "{missing:?}");
        let none = with(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        assert!(matches!(none, Err(UrlError::Roots { .. })), "{none:?}");
    }

    #[test]
    fn own_options_of_an_address_are_kept() {
        let url = "postgres://u@127.0.0.1/db?sslmode=disable&options=-c%20work_mem%3D8MB";
        let address = Address::parse(url).unwrap();
        let options = address.config.get_options().unwrap();
        assert!(options.starts_with("-c work_mem=8MB -c statement_timeout="), "{options}");
    }
}
