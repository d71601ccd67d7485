//! Users with all that is theirs, and the audit log.

use super::{
    ImportError, Moved,
    copy::{Json, Target, Value, copy},
};
use crate::{bucket::bucket_of, column::At, pool::Client};
use novacore_access::{ApiKey, PasswordHash, Session, User};
use novacore_ledger::Override;
use novacore_store::{
    directory::{AuditRow, StoredKey},
    moving::Person,
};
use tokio_postgres::types::Type;

const PLACES: Target = Target {
    into: "account_place (user_id, org_id, bucket)",
    types: &[Type::UUID, Type::UUID, Type::INT4],
};
const EMAILS: Target = Target {
    into: "user_email (email, user_id, bucket)",
    types: &[Type::TEXT, Type::UUID, Type::INT4],
};
const USERS: Target = Target {
    into: "users (bucket, user_id, org_id, email, password_hash, role, tier, disabled, \
           trial_ends_at, created_at)",
    types: &[
        Type::INT4,
        Type::UUID,
        Type::UUID,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::BOOL,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
    ],
};
const OVERRIDES: Target = Target {
    into: "user_override (bucket, user_id, resource, limit_name, cap, mode, warn_at, expires_at, \
           reason, author, version)",
    types: &[
        Type::INT4,
        Type::UUID,
        Type::TEXT,
        Type::TEXT,
        Type::INT8,
        Type::TEXT,
        Type::JSON,
        Type::TIMESTAMPTZ,
        Type::TEXT,
        Type::TEXT,
        Type::INT8,
    ],
};
const SESSIONS: Target = Target {
    into: "session (bucket, user_id, org_id, session_id, generation, created_at, rotated_at, \
           expires_at)",
    types: &[
        Type::INT4,
        Type::UUID,
        Type::UUID,
        Type::UUID,
        Type::INT8,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
    ],
};
const API_KEYS: Target = Target {
    into: "api_key (bucket, user_id, org_id, key_id, name, scopes, prefix, hash, created_at, \
           expires_at, last_used_at)",
    types: &[
        Type::INT4,
        Type::UUID,
        Type::UUID,
        Type::UUID,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::BYTEA,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
    ],
};
const AUDIT: Target = Target {
    into: "audit (seq, at, actor, action, target, before, after, reason)",
    types: &[
        Type::INT8,
        Type::TIMESTAMPTZ,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
    ],
};

pub(super) async fn write(
    client: &Client,
    people: &[Person],
    moved: &mut Moved,
) -> Result<(), ImportError> {
    let users = || people.iter().map(|person| &person.credentials.user);
    let places: Vec<_> = users().map(place_row).collect();
    copy(client, &PLACES, &places).await?;
    let emails: Vec<_> = users().filter_map(email_row).collect();
    copy(client, &EMAILS, &emails).await?;
    let rows: Vec<_> = people.iter().map(user_row).collect();
    moved.users += copy(client, &USERS, &rows).await?;
    let overrides = people.iter().flat_map(|person| {
        person.overrides.iter().map(|value| override_row(&person.credentials.user, value))
    });
    let overrides: Vec<_> = overrides.collect();
    moved.overrides += copy(client, &OVERRIDES, &overrides).await?;
    let sessions: Vec<_> =
        people.iter().flat_map(|person| person.sessions.iter().map(session_row)).collect();
    moved.sessions += copy(client, &SESSIONS, &sessions).await?;
    let keys: Vec<_> = people.iter().flat_map(|person| person.keys.iter().map(key_row)).collect();
    moved.api_keys += copy(client, &API_KEYS, &keys).await?;
    Ok(())
}

/// The audit log keeps its numbers, and the next one follows the last.
pub(super) async fn write_audit(
    client: &Client,
    rows: &[AuditRow],
    moved: &mut Moved,
) -> Result<(), ImportError> {
    let copied: Vec<_> = rows.iter().map(audit_row).collect();
    moved.audit += copy(client, &AUDIT, &copied).await?;
    if let Some(last) = rows.last() {
        client.execute("UPDATE audit_last SET seq = $1", &[&(last.seq.0 as i64)]).await?;
    }
    Ok(())
}

fn place_row(user: &User) -> Vec<Value<'_>> {
    vec![Box::new(user.id.0), Box::new(user.org.0), Box::new(bucket_of(user.org))]
}

fn email_row(user: &User) -> Option<Vec<Value<'_>>> {
    let email = user.email.as_ref()?;
    Some(vec![Box::new(email.as_str()), Box::new(user.id.0), Box::new(bucket_of(user.org))])
}

fn user_row(person: &Person) -> Vec<Value<'_>> {
    let user = &person.credentials.user;
    vec![
        Box::new(bucket_of(user.org)),
        Box::new(user.id.0),
        Box::new(user.org.0),
        Box::new(user.email.as_ref().map(|email| email.as_str())),
        Box::new(person.credentials.password.as_ref().map(PasswordHash::expose)),
        Box::new(user.role.as_str()),
        Box::new(user.tier.as_str()),
        Box::new(user.disabled),
        Box::new(user.trial_ends_at.map(At)),
        Box::new(At(user.created_at)),
    ]
}

fn override_row<'a>(user: &User, value: &'a Override) -> Vec<Value<'a>> {
    let warn_at = value.warn_at.as_ref();
    let warn_at =
        warn_at.map(|percents| serde_json::to_string(percents).expect("numbers serialise"));
    vec![
        Box::new(bucket_of(user.org)),
        Box::new(user.id.0),
        Box::new(value.resource.as_str()),
        Box::new(value.limit.as_ref().map_or("", |name| name.as_str())),
        Box::new(value.cap.map(|cap| cap.shown())),
        Box::new(value.mode.map(|mode| mode.to_string())),
        Box::new(warn_at.map(Json)),
        Box::new(value.expires_at.map(At)),
        Box::new(&*value.reason),
        Box::new(&*value.author),
        Box::new(value.version as i64),
    ]
}

fn session_row(session: &Session) -> Vec<Value<'_>> {
    vec![
        Box::new(bucket_of(session.account.org)),
        Box::new(session.account.user.0),
        Box::new(session.account.org.0),
        Box::new(session.id.0),
        Box::new(i64::from(session.generation.0)),
        Box::new(At(session.created_at)),
        Box::new(At(session.rotated_at)),
        Box::new(At(session.expires_at)),
    ]
}

fn key_row(stored: &StoredKey) -> Vec<Value<'_>> {
    let key: &ApiKey = &stored.key;
    vec![
        Box::new(bucket_of(key.account.org)),
        Box::new(key.account.user.0),
        Box::new(key.account.org.0),
        Box::new(key.id.0),
        Box::new(key.name.as_str()),
        Box::new(key.scopes.to_string()),
        Box::new(key.prefix.as_str()),
        Box::new(stored.hash.0.as_slice()),
        Box::new(At(key.created_at)),
        Box::new(key.expires_at.map(At)),
        Box::new(key.last_used_at.map(At)),
    ]
}

fn audit_row(row: &AuditRow) -> Vec<Value<'_>> {
    let entry = &row.entry;
    vec![
        Box::new(row.seq.0 as i64),
        Box::new(At(entry.at)),
        Box::new(entry.actor.to_string()),
        Box::new(entry.action.as_str()),
        Box::new(entry.target.as_str()),
        Box::new(entry.before.as_deref()),
        Box::new(entry.after.as_deref()),
        Box::new(entry.reason.as_str()),
    ]
}
