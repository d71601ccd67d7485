//! Providers and models by the names that callers use.
//!
//! Invariant: a name leads to at least one model, the one to try first in front.
//! Invariant: what leads here was checked: a URL can be called, a key can be a header.

use super::options::{Dialect, LlmOptions, ModelOptions, ProviderOptions, Tokenizer};
use crate::{
    breaker::{BreakerLimits, Watch},
    client::{Client, Clients},
    options::OptionsError,
};
use axum::http::{HeaderValue, Uri};
use novacore_dialects::{Family, Route};
use novacore_outbound::Protocol;
use secrecy::ExposeSecret;
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

/// Longest name of a provider, model or alias, in bytes.
const NAME_BYTES_MAX: usize = 128;

/// A provider that can be called.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) name: String,
    pub(crate) dialect: Dialect,
    pub(crate) client: Client,
    /// Without a slash at its end.
    base_url: String,
    /// A header that is marked as sensitive, so that it is in no log.
    pub(crate) key: Option<HeaderValue>,
    pub(crate) enforces_maximum: bool,
    pub(crate) head_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    /// How it is, and whether it is left alone.
    pub(crate) watch: Watch,
}

impl Provider {
    /// Where calls of this route go.
    pub(crate) fn uri(&self, route: Route) -> Uri {
        let text = format!("{}{}", self.base_url, route.path());
        text.parse().unwrap_or_default()
    }
}

/// A model at a provider.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) provider: Arc<Provider>,
    pub(crate) model: Arc<ModelOptions>,
}

impl Target {
    /// The provider's name for the model.
    pub(crate) fn upstream_name(&self) -> &str {
        self.model.upstream_name.as_deref().unwrap_or(&self.model.name)
    }
}

/// All that can be called.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    pub(crate) providers: Vec<Arc<Provider>>,
    names: BTreeMap<String, Vec<Target>>,
}

impl Catalog {
    pub(crate) fn new(
        options: &LlmOptions,
        clients: &mut Clients,
    ) -> Result<Catalog, OptionsError> {
        let mut catalog = Catalog::default();
        for (index, own) in options.providers.iter().enumerate() {
            let at = format!("providers[{index}]");
            let provider = Arc::new(provider(&at, own, clients)?);
            if catalog.providers.iter().any(|known| known.name == provider.name) {
                let why = format!("{:?} is named twice", provider.name);
                return Err(OptionsError::new(format!("{at}.name"), why));
            }
            for (index, model) in own.models.iter().enumerate() {
                check_model(&format!("{at}.models[{index}]"), model)?;
                let target = Target { provider: provider.clone(), model: Arc::new(model.clone()) };
                catalog.names.entry(model.name.clone()).or_default().push(target);
            }
            catalog.providers.push(provider);
        }
        let mut aliases = BTreeMap::new();
        for (index, alias) in options.aliases.iter().enumerate() {
            let at = format!("models[{index}]");
            check_name(&format!("{at}.name"), &alias.name)?;
            if catalog.names.contains_key(&alias.name) || aliases.contains_key(&alias.name) {
                let why = format!("{:?} is the name of a model already", alias.name);
                return Err(OptionsError::new(format!("{at}.name"), why));
            }
            let targets = alias.targets.iter().map(|name| catalog.target(&at, name));
            let targets = targets.collect::<Result<Vec<_>, _>>()?;
            if targets.is_empty() {
                return Err(OptionsError::new(format!("{at}.targets"), "must not be empty"));
            }
            aliases.insert(alias.name.clone(), targets);
        }
        catalog.names.extend(aliases);
        Ok(catalog)
    }

    /// Every tokenizer that a model uses.
    pub(crate) fn tokenizers(&self) -> HashSet<Tokenizer> {
        self.names.values().flatten().map(|target| target.model.tokenizer).collect()
    }

    /// The models behind a name that speak this family, the one to try first in front.
    pub(crate) fn find(&self, name: &str, family: Family) -> Vec<Target> {
        let all = self.names.get(name).map_or(&[][..], Vec::as_slice);
        all.iter().filter(|target| target.provider.dialect.speaks(family)).cloned().collect()
    }

    /// Every name with the provider that is tried first.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        let first = |targets: &'_ [Target]| targets.first().map(|target| target.provider.clone());
        self.names.iter().filter_map(move |(name, targets)| {
            first(targets)?;
            Some((name.as_str(), targets.first()?.provider.name.as_str()))
        })
    }

    fn target(&self, at: &str, name: &str) -> Result<Target, OptionsError> {
        let unknown = || {
            let why = format!("{name:?} must be provider/model, both of them configured");
            OptionsError::new(format!("{at}.targets"), why)
        };
        let (provider, model) = name.split_once('/').ok_or_else(unknown)?;
        let mut known = self.names.get(model).into_iter().flatten();
        known.find(|target| target.provider.name == provider).cloned().ok_or_else(unknown)
    }
}

fn provider(
    at: &str,
    own: &ProviderOptions,
    clients: &mut Clients,
) -> Result<Provider, OptionsError> {
    check_name(&format!("{at}.name"), &own.name)?;
    if own.name.contains('/') {
        return Err(OptionsError::new(format!("{at}.name"), "must not contain a slash"));
    }
    let base_url = own.base_url.trim_end_matches('/').to_owned();
    if own.dialect != Dialect::Echo {
        check_url(&format!("{at}.base_url"), &base_url)?;
    }
    for (name, timeout) in [
        ("timeout_ms", own.head_timeout),
        ("idle_ms", own.idle_timeout),
        ("breaker_pause_ms", own.breaker_pause),
    ] {
        if timeout.is_zero() {
            return Err(OptionsError::new(format!("{at}.{name}"), "must not be 0"));
        }
    }
    if own.breaker_failures == 0 {
        return Err(OptionsError::new(format!("{at}.breaker_failures"), "must not be 0"));
    }
    let breaker = BreakerLimits { failures_max: own.breaker_failures, pause: own.breaker_pause };
    let key = own.key.as_ref().map(|key| {
        let bearer = match own.dialect {
            Dialect::OpenAi | Dialect::Echo => format!("Bearer {}", key.expose_secret()),
            Dialect::Anthropic => key.expose_secret().to_owned(),
        };
        let mut value = HeaderValue::try_from(bearer).map_err(|_| {
            OptionsError::new(format!("{at}.api_key"), "cannot be sent in a header")
        })?;
        value.set_sensitive(true);
        Ok(value)
    });
    let client = clients.get(Protocol::Offered, own.ca_file.as_deref());
    let client = client.map_err(|why| OptionsError::new(format!("{at}.ca_file"), why))?;
    Ok(Provider {
        name: own.name.clone(),
        dialect: own.dialect,
        client,
        base_url,
        key: key.transpose()?,
        enforces_maximum: own.enforces_maximum,
        head_timeout: own.head_timeout,
        idle_timeout: own.idle_timeout,
        watch: Watch::new(breaker),
    })
}

fn check_url(at: &str, text: &str) -> Result<(), OptionsError> {
    let wrong = |why: &str| Err(OptionsError::new(at, why));
    let Ok(uri) = text.parse::<Uri>() else { return wrong("is no URL") };
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return wrong("must begin with http:// or https://");
    }
    if uri.authority().is_none_or(|authority| authority.as_str().contains('@')) {
        return wrong("must name a host and no user");
    }
    if uri.query().is_some() {
        return wrong("must not have a query");
    }
    Ok(())
}

fn check_model(at: &str, model: &ModelOptions) -> Result<(), OptionsError> {
    check_name(&format!("{at}.name"), &model.name)?;
    for (name, figure) in
        [("max_output_tokens", model.max_output_tokens), ("context_window", model.context_window)]
    {
        if figure == Some(0) {
            return Err(OptionsError::new(format!("{at}.{name}"), "must not be 0"));
        }
    }
    if model.margin_percent > 1_000 {
        return Err(OptionsError::new(format!("{at}.margin_percent"), "at most 1000"));
    }
    Ok(())
}

fn check_name(at: &str, name: &str) -> Result<(), OptionsError> {
    let fits = (1..=NAME_BYTES_MAX).contains(&name.len());
    if fits && name.chars().all(|letter| letter.is_ascii_graphic()) {
        return Ok(());
    }
    Err(OptionsError::new(at, "must be 1 to 128 letters, digits and signs of ASCII"))
}

#[cfg(test)]
mod tests {
    use super::super::options::AliasOptions;
    use super::*;

    fn provider(name: &str, dialect: Dialect, models: &[&str]) -> ProviderOptions {
        ProviderOptions {
            name: name.into(),
            dialect,
            base_url: "http://127.0.0.1:1/v1/".into(),
            ca_file: None,
            key: Some("secret".into()),
            enforces_maximum: true,
            head_timeout: Duration::from_secs(1),
            idle_timeout: Duration::from_secs(1),
            breaker_failures: 3,
            breaker_pause: Duration::from_secs(1),
            models: models.iter().map(|name| ModelOptions::named(*name)).collect(),
        }
    }

    fn options() -> LlmOptions {
        LlmOptions {
            providers: vec![
                provider("one", Dialect::OpenAi, &["m", "org/big"]),
                provider("two", Dialect::OpenAi, &["m"]),
                provider("three", Dialect::Anthropic, &["c"]),
            ],
            aliases: vec![AliasOptions {
                name: "best".into(),
                targets: vec!["two/m".into(), "one/org/big".into(), "three/c".into()],
            }],
            ..LlmOptions::default()
        }
    }

    #[test]
    fn a_name_leads_to_its_models_in_order() {
        let catalog = Catalog::new(&options(), &mut Clients::default()).unwrap();
        let found = |name: &str, family| -> Vec<String> {
            let targets = catalog.find(name, family);
            targets.iter().map(|it| format!("{}/{}", it.provider.name, it.model.name)).collect()
        };
        for (name, family, want) in [
            ("m", Family::OpenAi, &["one/m", "two/m"][..]),
            ("best", Family::OpenAi, &["two/m", "one/org/big"]),
            ("best", Family::Anthropic, &["three/c"]),
            ("c", Family::OpenAi, &[]),
            ("x", Family::OpenAi, &[]),
        ] {
            assert_eq!(found(name, family), want, "{name}");
        }
        let names: Vec<_> = catalog.names().collect();
        assert_eq!(names, [("best", "two"), ("c", "three"), ("m", "one"), ("org/big", "one")]);
        let uri = catalog.providers[0].uri(Route::Chat).to_string();
        assert_eq!(uri, "http://127.0.0.1:1/v1/chat/completions");
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        type Spoil = fn(&mut LlmOptions);
        let cases: [(&str, Spoil); 13] = [
            ("providers[0].base_url", |o| o.providers[0].base_url = "ftp://x/".into()),
            ("providers[0].base_url", |o| o.providers[0].base_url = "http://u:p@x/".into()),
            ("providers[0].base_url", |o| o.providers[0].base_url = "http://x/?a".into()),
            ("providers[1].name", |o| o.providers[1].name = "one".into()),
            ("providers[1].name", |o| o.providers[1].name = "a/b".into()),
            ("providers[2].api_key", |o| o.providers[2].key = Some("a\nb".into())),
            ("providers[1].ca_file", |o| o.providers[1].ca_file = Some("/dev/null".into())),
            ("providers[2].timeout_ms", |o| o.providers[2].head_timeout = Duration::ZERO),
            ("providers[0].breaker_failures", |o| o.providers[0].breaker_failures = 0),
            ("providers[1].breaker_pause_ms", |o| o.providers[1].breaker_pause = Duration::ZERO),
            ("providers[0].models[1].name", |o| o.providers[0].models[1].name = "ü".into()),
            ("models[0].targets", |o| o.aliases[0].targets[0] = "two/x".into()),
            ("models[0].name", |o| o.aliases[0].name = "m".into()),
        ];
        for (field, spoil) in cases {
            let mut options = options();
            spoil(&mut options);
            let error = Catalog::new(&options, &mut Clients::default()).unwrap_err();
            assert_eq!(error.field, field, "{error}");
            assert!(!error.to_string().contains("secret"));
        }
    }
}
