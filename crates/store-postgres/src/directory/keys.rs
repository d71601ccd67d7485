//! API keys.
//!
//! Invariant: whoever stores a key holds the lock of its user's row while he counts.

use super::{
    ask, audit, lock_known_user,
    work::{self, Failed, Work},
};
use crate::{bucket::bucket_of, column::At, failure::damaged, open::PostgresStore};
use async_trait::async_trait;
use novacore_access::{ApiKey, AuditEntry, KEYS_PER_USER_MAX, KeyHash, KeyName};
use novacore_store::{
    changes::Outdated,
    directory::{ApiKeys, KeyInserted, StoredKey},
    error::StoreError,
};
use novacore_vocab::{Account, KeyId, Timestamp};
use tokio_postgres::{Row, Transaction};

#[async_trait]
impl ApiKeys for PostgresStore {
    async fn insert_key(
        &self,
        new: &StoredKey,
        audit: &AuditEntry,
    ) -> Result<KeyInserted, StoreError> {
        work::commit(&self.pool, &InsertKey { new, audit }).await
    }

    async fn find_key(&self, account: Account, id: KeyId) -> Result<Option<StoredKey>, StoreError> {
        let Account { org, user } = account;
        let row = ask::row(&self.pool, FIND, &[&bucket_of(org), &user.0, &org.0, &id.0]).await?;
        row.map(|row| read_stored(&row, account)).transpose()
    }

    async fn list_keys(&self, account: Account) -> Result<Vec<ApiKey>, StoreError> {
        let Account { org, user } = account;
        let rows = ask::rows(&self.pool, LIST, &[&bucket_of(org), &user.0, &org.0]).await?;
        rows.iter().map(|row| read(row, account)).collect()
    }

    async fn revoke_key(
        &self,
        account: Account,
        id: KeyId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let revoked = work::commit(&self.pool, &RevokeKey { account, id, audit }).await;
        self.changed(Outdated::Key(id)).await;
        revoked
    }

    async fn touch_key(
        &self,
        account: Account,
        id: KeyId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let Account { org, user } = account;
        let (bucket, at) = (bucket_of(org), At(at));
        ask::change(&self.pool, TOUCH, &[&bucket, &user.0, &org.0, &id.0, &at]).await?;
        Ok(())
    }
}

const FIND: &str = "SELECT key_id, name, scopes, prefix, created_at, expires_at, last_used_at, hash \
     FROM api_key WHERE bucket = $1 AND user_id = $2 AND org_id = $3 AND key_id = $4";
const LIST: &str = "SELECT key_id, name, scopes, prefix, created_at, expires_at, last_used_at \
     FROM api_key WHERE bucket = $1 AND user_id = $2 AND org_id = $3 \
     ORDER BY created_at DESC, key_id DESC";
const TOUCH: &str = "UPDATE api_key SET last_used_at = $5 \
     WHERE bucket = $1 AND user_id = $2 AND org_id = $3 AND key_id = $4 \
     AND (last_used_at IS NULL OR last_used_at < $5)";

struct InsertKey<'a> {
    new: &'a StoredKey,
    audit: &'a AuditEntry,
}

#[async_trait]
impl Work for InsertKey<'_> {
    type Done = KeyInserted;

    async fn run(&self, tx: &Transaction<'_>) -> Result<KeyInserted, Failed> {
        let account = self.new.key.account;
        lock_known_user(tx, account).await?;
        // Counted by a statement that begins under the lock.
        if count(tx, account).await? >= KEYS_PER_USER_MAX as i64 {
            return Ok(KeyInserted::TooMany);
        }
        insert(tx, self.new).await?;
        audit::append(tx, self.audit, None).await?;
        Ok(KeyInserted::Stored)
    }
}

struct RevokeKey<'a> {
    account: Account,
    id: KeyId,
    audit: &'a AuditEntry,
}

#[async_trait]
impl Work for RevokeKey<'_> {
    type Done = ();

    async fn run(&self, tx: &Transaction<'_>) -> Result<(), Failed> {
        if !delete(tx, self.account, self.id).await? {
            return Err(StoreError::NotFound("key").into());
        }
        audit::append(tx, self.audit, Some(Outdated::Key(self.id))).await
    }
}

async fn count(tx: &Transaction<'_>, account: Account) -> Result<i64, Failed> {
    const COUNT: &str =
        "SELECT count(*) FROM api_key WHERE bucket = $1 AND user_id = $2 AND org_id = $3";
    let Account { org, user } = account;
    Ok(tx.query_one(COUNT, &[&bucket_of(org), &user.0, &org.0]).await?.get(0))
}

async fn insert(tx: &Transaction<'_>, new: &StoredKey) -> Result<(), Failed> {
    const INSERT: &str = "INSERT INTO api_key (bucket, user_id, org_id, key_id, name, scopes, \
         prefix, hash, created_at, expires_at, last_used_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let key = &new.key;
    let Account { org, user } = key.account;
    tx.execute(
        INSERT,
        &[
            &bucket_of(org),
            &user.0,
            &org.0,
            &key.id.0,
            &key.name.as_str(),
            &key.scopes.to_string(),
            &key.prefix,
            &new.hash.0.as_slice(),
            &At(key.created_at),
            &key.expires_at.map(At),
            &key.last_used_at.map(At),
        ],
    )
    .await?;
    Ok(())
}

/// Removes a key; whether there was one.
async fn delete(tx: &Transaction<'_>, account: Account, id: KeyId) -> Result<bool, Failed> {
    const DELETE: &str =
        "DELETE FROM api_key WHERE bucket = $1 AND user_id = $2 AND org_id = $3 AND key_id = $4";
    let Account { org, user } = account;
    let deleted = tx.execute(DELETE, &[&bucket_of(org), &user.0, &org.0, &id.0]).await?;
    Ok(deleted == 1)
}

fn read_stored(row: &Row, account: Account) -> Result<StoredKey, StoreError> {
    let hash = row.get::<_, &[u8]>(7).try_into().map_err(|error| damaged("api_key", error))?;
    Ok(StoredKey { key: read(row, account)?, hash: KeyHash(hash) })
}

fn read(row: &Row, account: Account) -> Result<ApiKey, StoreError> {
    let text = |column: usize| row.get::<_, &str>(column);
    let maybe_at = |column: usize| row.get::<_, Option<At>>(column).map(|At(at)| at);
    let At(created_at) = row.get(4);
    Ok(ApiKey {
        id: KeyId(row.get(0)),
        account,
        name: KeyName::parse(text(1)).map_err(|error| damaged("api_key", error))?,
        scopes: text(2).parse().map_err(|error| damaged("api_key", error))?,
        prefix: row.get(3),
        created_at,
        expires_at: maybe_at(5),
        last_used_at: maybe_at(6),
    })
}
