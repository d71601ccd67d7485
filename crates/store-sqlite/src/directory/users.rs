//! Users.

use super::{append_audit, known_account_no, page_rows, sessions};
use crate::{
    failure,
    row::{UserNo, malformed},
    store::SqliteStore,
    writer::Touch,
};
use async_trait::async_trait;
use novacore_access::{AuditEntry, Email, PasswordHash, User};
use novacore_store::{
    changes::Outdated,
    directory::{Credentials, Ensured, UserChange, UserQuery, Users},
    error::StoreError,
};
use novacore_vocab::{Account, OrgId, TierName, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};
use uuid::Uuid;

#[async_trait]
impl Users for SqliteStore {
    async fn create_user(
        &self,
        new: &Credentials,
        audit: Option<&AuditEntry>,
    ) -> Result<(), StoreError> {
        let (new, audit) = (new.clone(), audit.cloned());
        self.control(move |connection| {
            insert(connection, &new)?;
            if let Some(audit) = &audit {
                append_audit(connection, audit).map_err(failure::in_write)?;
            }
            Ok(((), Touch::Nothing))
        })
        .await
    }

    async fn has_admin(&self) -> Result<bool, StoreError> {
        self.readers.read(|connection| has_admin(connection).map_err(failure::of_read)).await
    }

    async fn create_first_admin(
        &self,
        new: &Credentials,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let (new, audit) = (new.clone(), audit.clone());
        self.control(move |connection| {
            if has_admin(connection).map_err(failure::in_write)? {
                return Ok((false, Touch::Nothing));
            }
            insert(connection, &new)?;
            append_audit(connection, &audit).map_err(failure::in_write)?;
            Ok((true, Touch::Nothing))
        })
        .await
    }

    async fn ensure_user(&self, unknown: &User) -> Result<Ensured, StoreError> {
        // Nearly always he is known, and a read is cheaper than a commit.
        if let Some(user) = self.find_user(unknown.id).await? {
            return Ok(Ensured { user, created: false });
        }
        let unknown = unknown.clone();
        self.control(move |connection| Ok((ensure(connection, unknown)?, Touch::Nothing))).await
    }

    async fn find_user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.readers.read(move |connection| find(connection, id).map_err(failure::of_read)).await
    }

    async fn find_credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        let email = email.clone();
        let read = move |connection: &Connection| find_credentials(connection, &email);
        self.readers.read(move |connection| read(connection).map_err(failure::of_read)).await
    }

    async fn change_user(
        &self,
        id: UserId,
        change: &UserChange,
        audit: &AuditEntry,
    ) -> Result<User, StoreError> {
        let (change, audit) = (change.clone(), audit.clone());
        let touch = match change {
            UserChange::Tier { .. } => Touch::Profile(id),
            UserChange::Role { .. } | UserChange::Disabled { .. } => Touch::Nothing,
        };
        let changed = self.control(move |connection| {
            let user = change_user(connection, id, &change)?;
            append_audit(connection, &audit).map_err(failure::in_write)?;
            Ok((user, touch))
        });
        let changed = changed.await;
        // Whatever came of it: an error may mean that nobody knows.
        self.listeners.tell(Outdated::User(id));
        changed
    }

    async fn set_password(
        &self,
        account: Account,
        password: &PasswordHash,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let (password, audit) = (password.clone(), audit.clone());
        self.control(move |connection| {
            let user_no = known_account_no(connection, account)?;
            set_password(connection, user_no, &password).map_err(failure::in_write)?;
            append_audit(connection, &audit).map_err(failure::in_write)?;
            Ok(((), Touch::Nothing))
        })
        .await
    }

    async fn list_users(&self, query: &UserQuery) -> Result<Vec<User>, StoreError> {
        let query = query.clone();
        self.readers
            .read(move |connection| list(connection, &query).map_err(failure::of_read))
            .await
    }
}

fn insert(connection: &Connection, new: &Credentials) -> Result<(), StoreError> {
    let user = &new.user;
    let mut statement = connection
        .prepare_cached(
            "INSERT INTO user (user_id, org_id, email, role, tier, disabled, trial_ends_at, \
             created_at, password) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )
        .map_err(failure::in_write)?;
    let inserted = statement.execute(params![
        user.id.0.as_bytes(),
        user.org.0.as_bytes(),
        user.email.as_ref().map(Email::as_str),
        user.role.as_str(),
        user.tier.as_str(),
        user.disabled,
        user.trial_ends_at.map(Timestamp::micros),
        user.created_at.micros(),
        new.password.as_ref().map(PasswordHash::expose),
    ]);
    inserted.map(|_| ()).map_err(taken)
}

/// The unique constraints of `user` in the port's words.
fn taken(error: rusqlite::Error) -> StoreError {
    match failure::violated_unique(&error) {
        Some("user.email") => StoreError::Taken { field: "email" },
        Some("user.user_id") => StoreError::Taken { field: "id" },
        _ => failure::in_write(error),
    }
}

/// Read from the index `user_active_admin`.
fn has_admin(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM user WHERE role = 'admin' AND disabled = 0)")?
        .query_row([], |row| row.get(0))
}

fn ensure(connection: &Connection, mut unknown: User) -> Result<Ensured, StoreError> {
    if let Some(user) = find(connection, unknown.id).map_err(failure::in_write)? {
        return Ok(Ensured { user, created: false });
    }
    if let Some(email) = &unknown.email {
        let owner = find_credentials(connection, email).map_err(failure::in_write)?;
        if owner.is_some() {
            unknown.email = None;
        }
    }
    let new = Credentials { user: unknown, password: None };
    insert(connection, &new)?;
    Ok(Ensured { user: new.user, created: true })
}

const COLUMNS: &str = "user_id, org_id, email, role, tier, disabled, trial_ends_at, created_at";

fn find(connection: &Connection, id: UserId) -> rusqlite::Result<Option<User>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM user WHERE user_id = ?1"))?
        .query_row([id.0.as_bytes()], read)
        .optional()
}

fn find_credentials(
    connection: &Connection,
    email: &Email,
) -> rusqlite::Result<Option<Credentials>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS}, password FROM user WHERE email = ?1"))?
        .query_row([email.as_str()], |row| {
            let password: Option<String> = row.get(8)?;
            Ok(Credentials { user: read(row)?, password: password.map(PasswordHash::new) })
        })
        .optional()
}

/// The next users after a number, with the hashes of their passwords.
pub(super) fn numbered(
    connection: &Connection,
    after: UserNo,
    rows_max: usize,
) -> rusqlite::Result<Vec<(UserNo, Credentials)>> {
    let sql = format!(
        "SELECT {COLUMNS}, password, user_no FROM user WHERE user_no > ?1 \
         ORDER BY user_no LIMIT ?2"
    );
    connection
        .prepare_cached(&sql)?
        .query_map(params![after, rows_max as i64], |row| {
            let password: Option<String> = row.get(8)?;
            let password = password.map(PasswordHash::new);
            Ok((row.get(9)?, Credentials { user: read(row)?, password }))
        })?
        .collect()
}

fn change_user(
    connection: &Connection,
    id: UserId,
    change: &UserChange,
) -> Result<User, StoreError> {
    let changed = update(connection, id, change).map_err(failure::in_write)?;
    let user = find(connection, id).map_err(failure::in_write)?;
    let user = user.ok_or(StoreError::NotFound("user"))?;
    if changed { Ok(user) } else { Err(StoreError::Stale("user")) }
}

/// Makes a change if what was read is still so; whether it was.
fn update(connection: &Connection, id: UserId, change: &UserChange) -> rusqlite::Result<bool> {
    let id = id.0.as_bytes();
    let updated = match change {
        UserChange::Tier { from, to } => connection
            .prepare_cached("UPDATE user SET tier = ?3 WHERE user_id = ?1 AND tier = ?2")?
            .execute(params![id, from.as_str(), to.as_str()])?,
        UserChange::Role { from, to } => connection
            .prepare_cached("UPDATE user SET role = ?3 WHERE user_id = ?1 AND role = ?2")?
            .execute(params![id, from.as_str(), to.as_str()])?,
        UserChange::Disabled { from, to } => connection
            .prepare_cached("UPDATE user SET disabled = ?3 WHERE user_id = ?1 AND disabled = ?2")?
            .execute(params![id, from, to])?,
    };
    Ok(updated == 1)
}

fn set_password(
    connection: &Connection,
    user_no: UserNo,
    password: &PasswordHash,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE user SET password = ?2 WHERE user_no = ?1")?
        .execute(params![user_no, password.expose()])?;
    sessions::end_all(connection, user_no)?;
    Ok(())
}

/// Walks the index on the id. What is searched for is compared here, since SQLite's LIKE knows the
/// case of ASCII letters only, and takes some characters for patterns.
fn list(connection: &Connection, query: &UserQuery) -> rusqlite::Result<Vec<User>> {
    let rows_max = page_rows(query.rows_max);
    let wanted = query.search.as_deref().unwrap_or_default().to_lowercase();
    let tier = query.tier.as_ref().map(TierName::as_str);
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM user WHERE user_id > ?1 AND (?2 IS NULL OR tier = ?2) \
         ORDER BY user_id"
    ))?;
    let after: &[u8] = query.after.as_ref().map_or(&[], |id| id.0.as_bytes());
    let mut rows = statement.query(params![after, tier])?;
    let mut users = Vec::new();
    while users.len() < rows_max
        && let Some(row) = rows.next()?
    {
        if matches(row, &wanted)? {
            users.push(read(row)?);
        }
    }
    Ok(users)
}

/// Whether the e-mail of a user, or his id as text, contains `wanted`, which is in lower case like
/// both of them.
fn matches(row: &SqlRow<'_>, wanted: &str) -> rusqlite::Result<bool> {
    if wanted.is_empty() {
        return Ok(true);
    }
    let email = row.get_ref(2)?.as_str_or_null()?;
    if email.is_some_and(|email| email.contains(wanted)) {
        return Ok(true);
    }
    let id = Uuid::from_bytes(row.get(0)?);
    Ok(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).contains(wanted))
}

fn read(row: &SqlRow<'_>) -> rusqlite::Result<User> {
    let text = |column| row.get::<_, String>(column);
    let email: Option<String> = row.get(2)?;
    Ok(User {
        id: UserId(Uuid::from_bytes(row.get(0)?)),
        org: OrgId(Uuid::from_bytes(row.get(1)?)),
        email: email.map(|text| Email::parse(&text)).transpose().map_err(|_| malformed(2))?,
        role: text(3)?.parse().map_err(|_| malformed(3))?,
        tier: TierName::parse(&text(4)?).map_err(|_| malformed(4))?,
        disabled: row.get(5)?,
        trial_ends_at: row.get::<_, Option<i64>>(6)?.map(Timestamp::from_micros),
        created_at: Timestamp::from_micros(row.get(7)?),
    })
}
