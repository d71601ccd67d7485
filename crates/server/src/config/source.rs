//! Where the configuration comes from, and what is said when it is wrong.

use super::Config;
use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The file that is read if it is there and no other is named.
const DEFAULT_FILE: &str = "novacore.toml";
/// Names of the environment that need no section.
const SHORT: [(&str, &str, &str); 7] = [
    ("NOVACORE_DATA_DIR", "store", "data_dir"),
    ("NOVACORE_LISTEN", "server", "listen"),
    ("NOVACORE_DATABASE_URL", "store", "database_url"),
    ("NOVACORE_JWT_SECRET", "auth", "jwt_secret"),
    ("NOVACORE_SERVICE_TOKEN", "auth", "service_token"),
    ("NOVACORE_ADMIN_EMAIL", "auth", "admin_email"),
    ("NOVACORE_ADMIN_PASSWORD", "auth", "admin_password"),
];

/// What flags of the command line may set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flags {
    pub(crate) config: Option<PathBuf>,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) listen: Option<String>,
    pub(crate) database_url: Option<String>,
}

/// Reads file, environment and flags, the later ones before the earlier ones.
pub(crate) fn load(flags: &Flags) -> anyhow::Result<Config> {
    let file = match &flags.config {
        Some(path) => read(path)?,
        None if Path::new(DEFAULT_FILE).exists() => read(Path::new(DEFAULT_FILE))?,
        None => Table::new(),
    };
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    merge(file, environment, flags)
}

fn read(path: &Path) -> anyhow::Result<Table> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    text.parse::<Table>().with_context(|| path.display().to_string())
}

/// The configuration of these sources.
pub(super) fn merge(
    mut table: Table,
    environment: impl Iterator<Item = (String, String)>,
    flags: &Flags,
) -> anyhow::Result<Config> {
    for later in ["upstreams", "providers"] {
        if table.contains_key(later) {
            bail!("{later}: comes with the gateway, which this release does not have");
        }
    }
    for (name, value) in environment {
        if let Some((_, section, key)) = SHORT.iter().find(|(short, ..)| *short == name) {
            set(&mut table, section, key, Value::String(value))?;
        } else if let Some(path) = name.strip_prefix("NOVACORE__") {
            let (section, key) = path
                .split_once("__")
                .with_context(|| format!("{name}: must be NOVACORE__SECTION__KEY"))?;
            let (section, key) = (section.to_ascii_lowercase(), key.to_ascii_lowercase());
            set(&mut table, &section, &key, typed(value))?;
        }
    }
    let text = |path: &PathBuf| path.to_string_lossy().into_owned();
    for (section, key, value) in [
        ("store", "data_dir", flags.data_dir.as_ref().map(text)),
        ("server", "listen", flags.listen.clone()),
        ("store", "database_url", flags.database_url.clone()),
    ] {
        if let Some(value) = value {
            set(&mut table, section, key, Value::String(value))?;
        }
    }
    parse(table)
}

/// A value of the environment: what TOML takes for a number, a truth or a list is one, the rest is
/// text.
fn typed(text: String) -> Value {
    let parsed = format!("value = {text}").parse::<Table>();
    parsed.ok().and_then(|mut table| table.remove("value")).unwrap_or(Value::String(text))
}

fn set(table: &mut Table, section: &str, key: &str, value: Value) -> anyhow::Result<()> {
    let entry = table.entry(section.to_owned()).or_insert_with(|| Value::Table(Table::new()));
    let Value::Table(section) = entry else { bail!("{section}: must be a table") };
    section.insert(key.to_owned(), value);
    Ok(())
}

fn parse(table: Table) -> anyhow::Result<Config> {
    // The parser's own message would show the line, and with it a secret.
    Config::try_from_table(table).map_err(|message| anyhow::anyhow!("configuration: {message}"))
}

impl Config {
    fn try_from_table(table: Table) -> Result<Config, String> {
        use serde::Deserialize;
        Config::deserialize(table).map_err(|error| explain(&error.to_string()))
    }
}

/// A message of serde with the nearest known key, if it complains of an unknown one.
fn explain(message: &str) -> String {
    let line = message.lines().next().unwrap_or(message);
    let mut quoted = line.split('`').skip(1).step_by(2);
    if !line.contains("unknown field") {
        return line.to_owned();
    }
    let Some(unknown) = quoted.next() else { return line.to_owned() };
    let distance = |known: &&str| strsim::damerau_levenshtein(unknown, known);
    match quoted.min_by_key(distance) {
        Some(nearest) => format!("unknown key {unknown}; did you mean {nearest}?"),
        None => format!("unknown key {unknown}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, environment: &[(&str, &str)], flags: &Flags) -> Result<Config, String> {
        let pairs = environment.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        merge(file.parse().expect("TOML"), pairs, flags).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_file() {
        let file = "[server]\nlisten = \"127.0.0.1:1\"\ndrain_seconds = 5\n";
        let environment = [("NOVACORE_LISTEN", "127.0.0.1:2")];
        let none = Flags::default();
        let flags = Flags { listen: Some("127.0.0.1:3".into()), ..Flags::default() };
        let port = |config: Config| config.server.listen.port();
        assert_eq!(port(load("", &[], &none).unwrap()), 8080);
        assert_eq!(port(load(file, &[], &none).unwrap()), 1);
        assert_eq!(port(load(file, &environment, &none).unwrap()), 2);
        assert_eq!(port(load(file, &environment, &flags).unwrap()), 3);
        let sections = [("NOVACORE__SERVER__DRAIN_SECONDS", "7"), ("NOVACORE__LOG__LEVEL", "warn")];
        let config = load(file, &sections, &none).unwrap();
        assert_eq!((config.server.drain_seconds, config.log.level.as_str()), (7, "warn"));
    }

    #[test]
    fn an_unknown_key_is_an_error_that_helps() {
        for (file, environment, want) in [
            ("[server]\nlisten_on = \"x\"", None, "unknown key listen_on; did you mean listen?"),
            ("[serve]\nlisten = \"x\"", None, "unknown key serve; did you mean server?"),
            ("", Some(("NOVACORE__AUTH__TRAIL_DAYS", "3")), "trail_days; did you mean trial_days?"),
            ("[[providers]]\nname = \"x\"", None, "comes with the gateway"),
            ("[server]\nlisten = 5", None, "invalid type"),
        ] {
            let environment: Vec<_> = environment.into_iter().collect();
            let error = load(file, &environment, &Flags::default()).unwrap_err();
            assert!(error.contains(want), "{error}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let environment =
            [("NOVACORE_JWT_SECRET", "hush-hush"), ("NOVACORE_ADMIN_PASSWORD", "hush")];
        let config = load("", &environment, &Flags::default()).unwrap();
        assert!(!format!("{config:?}").contains("hush"));
    }

    #[test]
    fn tiers_and_resources_of_the_operator_join_the_built_in_ones() {
        let file = "[[resources]]\nname = \"images\"\nkind = \"flow\"\nunit = \"images\"\n\
            [tiers.free_trial.limits.images]\ncap = 20\nwindow = \"day\"\nmode = \"hard\"\nwarn_at = [80, 100]\n\
            [[tiers.team.limits.llm_tokens]]\nname = \"burst\"\ncap = 10\nwindow = \"hour\"\n\
            [[tiers.team.limits.llm_tokens]]\nname = \"month\"\ncap = -1\nwindow = \"month\"\nmode = \"soft\"\n";
        let config = load(file, &[], &Flags::default()).unwrap();
        let policy = super::super::policy_of(&config).unwrap();
        let names: Vec<_> = policy.tiers().iter().map(|tier| tier.name.to_string()).collect();
        assert_eq!(names, ["free_trial", "basic", "pro", "team"]);
        let bad = "[tiers.basic.limits.nope]\ncap = 1\nwindow = \"day\"\n";
        let config = load(bad, &[], &Flags::default()).unwrap();
        let error = super::super::policy_of(&config).unwrap_err().to_string();
        assert_eq!(error, "tier basic: unknown resource nope");
    }
}
