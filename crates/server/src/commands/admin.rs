//! `novacore admin`: an operator at the machine.

use super::runtime;
use crate::{compose::compose_now, config::Config, secrets};
use anyhow::{Context, anyhow, bail};
use clap::Subcommand;
use novacore_access::{Email, KeyAsk, KeyName, Principal, Reason, Role, Scope, Scopes};
use novacore_app::{auth::administer::NewUser, cx::Cx};
use novacore_store_sqlite::OpenError;
use novacore_vocab::{TierName, UserId};
use secrecy::{ExposeSecret, SecretString};

/// A task of an operator.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Create a user; without a password one is made and printed once.
    CreateUser {
        /// The address to sign in with.
        email: String,
        /// student, subscriber, admin or service.
        #[arg(long, default_value = "student")]
        role: String,
        /// The tier.
        #[arg(long, default_value = "free_trial")]
        tier: String,
        /// The password; better left out than seen in a list of processes.
        #[arg(long)]
        password: Option<String>,
    },
    /// Set a user's tier.
    SetTier {
        /// The user's id or e-mail.
        user: String,
        /// The tier.
        tier: String,
        /// Why; kept in the audit log.
        #[arg(long, default_value = "set at the console")]
        reason: String,
    },
    /// Create an API key; it is printed once.
    CreateKey {
        /// The user's id or e-mail.
        user: String,
        /// What to call it.
        #[arg(long, default_value = "console")]
        name: String,
        /// Scopes, separated by commas.
        #[arg(long, default_value = "usage:read,usage:write")]
        scopes: String,
    },
    /// Print the service token.
    ServiceToken,
}

/// Runs a task.
pub(crate) fn run(config: &Config, task: Task) -> anyhow::Result<()> {
    if let Task::ServiceToken = task {
        println!("{}", secrets::service_token(config)?);
        return Ok(());
    }
    runtime()?.block_on(async {
        let cx = compose_now(config).await.map_err(|error| match error.downcast_ref() {
            Some(OpenError::InUse(_)) => {
                anyhow!("{error}; while a server has it open, {}", call_of(&task))
            }
            _ => error,
        })?;
        work(&cx, task).await
    })
}

/// The call of the running server that does the same.
fn call_of(task: &Task) -> &'static str {
    match task {
        Task::CreateUser { .. } => {
            "use POST /api/auth/register, then PUT /api/admin/users/{id}/tier and /role"
        }
        Task::SetTier { .. } => "use PUT /api/admin/users/{id}/tier",
        Task::CreateKey { .. } => "the user makes keys with POST /api/auth/keys",
        Task::ServiceToken => "this works too",
    }
}

async fn work(cx: &Cx, task: Task) -> anyhow::Result<()> {
    match task {
        Task::CreateUser { email, role, tier, password } => {
            let ask = NewUser {
                email: Email::parse(&email)?,
                password: password.map(SecretString::from),
                role: role.parse::<Role>()?,
                tier: known_tier(cx, &tier)?,
                org: None,
            };
            create_user(cx, ask).await
        }
        Task::SetTier { user, tier, reason } => {
            let (user, tier) = (find_user(cx, &user).await?, known_tier(cx, &tier)?);
            let permit = Principal::console().administer()?;
            let user = cx.auth.set_tier(permit, user, tier, Reason::parse(&reason)?).await?;
            println!("{} is on {}", user.id, user.tier);
            Ok(())
        }
        Task::CreateKey { user, name, scopes } => {
            let scopes = scopes.split(',').map(|scope| scope.trim().parse::<Scope>());
            let scopes = scopes.collect::<Result<Scopes, _>>()?;
            let ask = KeyAsk { name: KeyName::parse(&name)?, scopes, expires_at: None };
            let user = find_user(cx, &user).await?;
            let permit = cx.auth.keys_permit(&Principal::console(), Some(user)).await?;
            let new = cx.auth.create_key(permit, ask).await?;
            println!("{}", new.text.expose_secret());
            Ok(())
        }
        Task::ServiceToken => Ok(()),
    }
}

async fn create_user(cx: &Cx, ask: NewUser) -> anyhow::Result<()> {
    let permit = Principal::console().administer()?;
    let reason = Reason::parse("created at the console")?;
    let created = cx.auth.create_user(permit, ask, reason).await?;
    println!("user {}", created.user.id);
    if let Some(password) = created.generated {
        println!("password {}   (shown once)", password.expose_secret());
    }
    Ok(())
}

/// The user of an id or an e-mail.
async fn find_user(cx: &Cx, text: &str) -> anyhow::Result<UserId> {
    if !text.contains('@') {
        return text.parse().with_context(|| format!("{text}: neither an id nor an e-mail"));
    }
    let found = cx.directory.find_credentials(&Email::parse(text)?).await?;
    Ok(found.with_context(|| format!("{text}: there is no such user"))?.user.id)
}

fn known_tier(cx: &Cx, text: &str) -> anyhow::Result<TierName> {
    let tier = TierName::parse(text)?;
    if cx.ledger.policy().tier(&tier).is_none() {
        bail!("unknown tier {tier}");
    }
    Ok(tier)
}
