//! What decides a user's limits, as stored: tier and overrides.

use crate::row::{UserNo, malformed};
use novacore_ledger::{Cap, LimitName, Mode, Override, Profile};
use novacore_vocab::{Account, OrgId, ResourceName, TierName, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension, Row as SqlRow};

/// Stands in for an account where it does not matter whose it is; told by its number.
pub(crate) fn nobody(user_no: UserNo) -> Account {
    Account::personal(UserId(uuid::Uuid::from_u128(user_no as u128)))
}

/// Stands in for a profile where no command is judged by it.
pub(crate) fn of_nobody() -> Profile {
    Profile { tier: TierName::parse("none").expect("a valid name"), overrides: Vec::new() }
}

/// The number, account and profile of a user.
pub(crate) fn find(
    connection: &Connection,
    user: UserId,
) -> rusqlite::Result<Option<(UserNo, Account, Profile)>> {
    let found = connection
        .prepare_cached("SELECT user_no, org_id, tier FROM user WHERE user_id = ?1")?
        .query_row([user.0.as_bytes()], |row| {
            let org: [u8; 16] = row.get(1)?;
            Ok((row.get::<_, UserNo>(0)?, org, row.get::<_, String>(2)?))
        })
        .optional()?;
    let Some((user_no, org, tier)) = found else { return Ok(None) };
    let account = Account { org: OrgId(uuid::Uuid::from_bytes(org)), user };
    let tier = TierName::parse(&tier).map_err(|_| malformed(2))?;
    let overrides = overrides(connection, user_no)?;
    Ok(Some((user_no, account, Profile { tier, overrides })))
}

/// A user's overrides, expired ones too.
pub(crate) fn overrides(
    connection: &Connection,
    user_no: UserNo,
) -> rusqlite::Result<Vec<Override>> {
    connection
        .prepare_cached(
            "SELECT resource, limit_name, cap, mode, warn_at, expires_at, reason, author, version \
             FROM override WHERE user_no = ?1 ORDER BY resource, limit_name",
        )?
        .query_map([user_no], read_override)?
        .collect()
}

/// An override of the first limit has an empty `limit_name`.
fn read_override(row: &SqlRow<'_>) -> rusqlite::Result<Override> {
    let text = |column| row.get::<_, String>(column);
    let limit = Some(text(1)?).filter(|name| !name.is_empty());
    let cap: Option<i64> = row.get(2)?;
    let mode: Option<String> = row.get(3)?;
    let warn_at: Option<String> = row.get(4)?;
    let reason = text(6)?;
    Ok(Override {
        resource: ResourceName::parse(&text(0)?).map_err(|_| malformed(0))?,
        limit: limit.map(|name| LimitName::parse(&name)).transpose().map_err(|_| malformed(1))?,
        cap: cap.map(|cap| Cap::of_shown(cap).ok_or_else(|| malformed(2))).transpose()?,
        mode: mode.map(|mode| Mode::parse(&mode).ok_or_else(|| malformed(3))).transpose()?,
        warn_at: warn_at
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|_| malformed(4))?,
        expires_at: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_micros),
        reason: reason.into(),
        author: text(7)?.into(),
        version: row.get::<_, i64>(8)? as u64,
    })
}
