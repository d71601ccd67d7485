//! API keys.

use super::{account_no, append_audit, known_account_no};
use crate::{
    failure,
    row::{UserNo, malformed},
    store::SqliteStore,
    writer::Touch,
};
use async_trait::async_trait;
use novacore_access::{ApiKey, AuditEntry, KEYS_PER_USER_MAX, KeyHash, KeyName};
use novacore_store::{
    changes::Outdated,
    directory::{ApiKeys, KeyInserted, StoredKey},
    error::StoreError,
};
use novacore_vocab::{Account, KeyId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};
use uuid::Uuid;

#[async_trait]
impl ApiKeys for SqliteStore {
    async fn insert_key(
        &self,
        new: &StoredKey,
        audit: &AuditEntry,
    ) -> Result<KeyInserted, StoreError> {
        let (new, audit) = (new.clone(), audit.clone());
        self.control(move |connection| {
            let user_no = known_account_no(connection, new.key.account)?;
            let inserted = insert(connection, user_no, &new, &audit).map_err(failure::in_write)?;
            Ok((inserted, Touch::Nothing))
        })
        .await
    }

    async fn find_key(&self, account: Account, id: KeyId) -> Result<Option<StoredKey>, StoreError> {
        let read = move |connection: &Connection| {
            let Some(user_no) = account_no(connection, account)? else { return Ok(None) };
            find(connection, account, user_no, id)
        };
        self.readers.read(move |connection| read(connection).map_err(failure::of_read)).await
    }

    async fn list_keys(&self, account: Account) -> Result<Vec<ApiKey>, StoreError> {
        let read = move |connection: &Connection| {
            let Some(user_no) = account_no(connection, account)? else { return Ok(Vec::new()) };
            list(connection, account, user_no)
        };
        self.readers.read(move |connection| read(connection).map_err(failure::of_read)).await
    }

    async fn revoke_key(
        &self,
        account: Account,
        id: KeyId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let audit = audit.clone();
        let revoked = self.control(move |connection| {
            if !delete(connection, account, id).map_err(failure::in_write)? {
                return Err(StoreError::NotFound("key"));
            }
            append_audit(connection, &audit).map_err(failure::in_write)?;
            Ok(((), Touch::Nothing))
        });
        let revoked = revoked.await;
        // Whatever came of it: an error may mean that nobody knows.
        self.listeners.tell(Outdated::Key(id));
        revoked
    }

    async fn touch_key(
        &self,
        account: Account,
        id: KeyId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.control(move |connection| {
            touch(connection, account, id, at).map_err(failure::in_write)?;
            Ok(((), Touch::Nothing))
        })
        .await
    }
}

fn insert(
    connection: &Connection,
    user_no: UserNo,
    new: &StoredKey,
    audit: &AuditEntry,
) -> rusqlite::Result<KeyInserted> {
    let count: i64 = connection
        .prepare_cached("SELECT count(*) FROM api_key WHERE user_no = ?1")?
        .query_row([user_no], |row| row.get(0))?;
    if count >= KEYS_PER_USER_MAX as i64 {
        return Ok(KeyInserted::TooMany);
    }
    let key = &new.key;
    connection
        .prepare_cached(
            "INSERT INTO api_key (key_id, user_no, name, scopes, prefix, hash, created_at, \
             expires_at, last_used_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            key.id.0.as_bytes(),
            user_no,
            key.name.as_str(),
            key.scopes.to_string(),
            key.prefix,
            new.hash.0,
            key.created_at.micros(),
            key.expires_at.map(Timestamp::micros),
            key.last_used_at.map(Timestamp::micros),
        ])?;
    append_audit(connection, audit)?;
    Ok(KeyInserted::Stored)
}

fn find(
    connection: &Connection,
    account: Account,
    user_no: UserNo,
    id: KeyId,
) -> rusqlite::Result<Option<StoredKey>> {
    connection
        .prepare_cached(
            "SELECT key_id, name, scopes, prefix, created_at, expires_at, last_used_at, hash \
             FROM api_key WHERE key_id = ?1 AND user_no = ?2",
        )?
        .query_row(params![id.0.as_bytes(), user_no], |row| {
            Ok(StoredKey { key: read(row, account)?, hash: KeyHash(row.get(7)?) })
        })
        .optional()
}

fn list(
    connection: &Connection,
    account: Account,
    user_no: UserNo,
) -> rusqlite::Result<Vec<ApiKey>> {
    connection
        .prepare_cached(
            "SELECT key_id, name, scopes, prefix, created_at, expires_at, last_used_at \
             FROM api_key WHERE user_no = ?1 ORDER BY created_at DESC, key_id DESC",
        )?
        .query_map([user_no], |row| read(row, account))?
        .collect()
}

/// A user's keys with the hashes of their secrets.
pub(super) fn list_stored(
    connection: &Connection,
    account: Account,
    user_no: UserNo,
) -> rusqlite::Result<Vec<StoredKey>> {
    connection
        .prepare_cached(
            "SELECT key_id, name, scopes, prefix, created_at, expires_at, last_used_at, hash \
             FROM api_key WHERE user_no = ?1 ORDER BY key_id",
        )?
        .query_map([user_no], |row| {
            Ok(StoredKey { key: read(row, account)?, hash: KeyHash(row.get(7)?) })
        })?
        .collect()
}

/// Removes a key; whether there was one.
fn delete(connection: &Connection, account: Account, id: KeyId) -> rusqlite::Result<bool> {
    let Some(user_no) = account_no(connection, account)? else { return Ok(false) };
    let deleted = connection
        .prepare_cached("DELETE FROM api_key WHERE key_id = ?1 AND user_no = ?2")?
        .execute(params![id.0.as_bytes(), user_no])?;
    Ok(deleted == 1)
}

fn touch(
    connection: &Connection,
    account: Account,
    id: KeyId,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let Some(user_no) = account_no(connection, account)? else { return Ok(()) };
    connection
        .prepare_cached(
            "UPDATE api_key SET last_used_at = ?3 WHERE key_id = ?1 AND user_no = ?2 \
             AND (last_used_at IS NULL OR last_used_at < ?3)",
        )?
        .execute(params![id.0.as_bytes(), user_no, at.micros()])?;
    Ok(())
}

fn read(row: &SqlRow<'_>, account: Account) -> rusqlite::Result<ApiKey> {
    let text = |column| row.get::<_, String>(column);
    let maybe_at =
        |column| row.get::<_, Option<i64>>(column).map(|micros| micros.map(Timestamp::from_micros));
    Ok(ApiKey {
        id: KeyId(Uuid::from_bytes(row.get(0)?)),
        account,
        name: KeyName::parse(&text(1)?).map_err(|_| malformed(1))?,
        scopes: text(2)?.parse().map_err(|_| malformed(2))?,
        prefix: text(3)?,
        created_at: Timestamp::from_micros(row.get(4)?),
        expires_at: maybe_at(5)?,
        last_used_at: maybe_at(6)?,
    })
}
