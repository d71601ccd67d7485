//! The server's secrets: as configured, else made once and kept in the data directory.
//!
//! Nodes on one database share them, and they come from the configuration alone. What a node made
//! for itself no other would accept; and what lay in the database, every dump, replica and reading
//! role would hand on: with it anyone can be signed in.
//!
//! Invariant: the file is readable by its owner alone, and never printed.
//! Invariant: on PostgreSQL a secret that is not configured is an error, never made.

use crate::config::Config;
use anyhow::{Context, bail};
use novacore_app::auth::AuthSecrets;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

const FILE: &str = "secrets.toml";
const SECRET_BYTES: usize = 32;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    jwt_secret: String,
    refresh_secret: String,
    service_token: String,
}

/// The secrets in force.
pub(crate) fn load(config: &Config) -> anyhow::Result<AuthSecrets> {
    if config.store.database_url.is_some() {
        return shared(config);
    }
    let kept = load_kept(&config.store.data_dir)?;
    let or = |given: &Option<SecretString>, kept: String| {
        given.clone().unwrap_or_else(|| SecretString::from(kept))
    };
    Ok(AuthSecrets {
        jwt: or(&config.auth.jwt_secret, kept.jwt_secret),
        refresh: or(&config.auth.refresh_secret, kept.refresh_secret),
        service_token: or(&config.auth.service_token, kept.service_token),
    })
}

/// The secrets of every node on one database.
fn shared(config: &Config) -> anyhow::Result<AuthSecrets> {
    let auth = &config.auth;
    let secrets = [
        ("auth.jwt_secret", "NOVACORE_JWT_SECRET", &auth.jwt_secret),
        ("auth.refresh_secret", "NOVACORE_REFRESH_SECRET", &auth.refresh_secret),
        ("auth.service_token", "NOVACORE_SERVICE_TOKEN", &auth.service_token),
    ];
    let unset = |(key, name, secret): &(&str, &str, &Option<_>)| {
        secret.is_none().then(|| format!("{key} ({name})"))
    };
    let unset: Vec<_> = secrets.iter().filter_map(unset).collect();
    let [Some(jwt), Some(refresh), Some(service_token)] =
        secrets.map(|(.., secret)| secret.clone())
    else {
        bail!(
            "all nodes on a database share their secrets, so they must be configured, each at \
             least 32 random bytes: {}",
            unset.join(", ")
        );
    };
    Ok(AuthSecrets { jwt, refresh, service_token })
}

/// The service token in force, for the operator at the machine.
pub(crate) fn service_token(config: &Config) -> anyhow::Result<String> {
    Ok(load(config)?.service_token.expose_secret().to_owned())
}

fn load_kept(dir: &Path) -> anyhow::Result<Kept> {
    let path = dir.join(FILE);
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            // The error of the parser would show a line of the file.
            toml::from_str(&text).map_err(|_| anyhow::anyhow!("{} is malformed", path.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            make(dir, &path).with_context(|| path.display().to_string())
        }
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

fn make(dir: &Path, path: &Path) -> anyhow::Result<Kept> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let kept = Kept {
        jwt_secret: random_text()?,
        refresh_secret: random_text()?,
        service_token: random_text()?,
    };
    // Whole or not there at all: half a file would keep every later start from working.
    let draft = dir.join(format!("{FILE}.{}", std::process::id()));
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&draft)?;
    file.write_all(toml::to_string(&kept)?.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    File::open(dir)?.sync_all()?;
    Ok(kept)
}

fn random_text() -> anyhow::Result<String> {
    let mut bytes = [0_u8; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
