//! Rows of `entry`: how a ledger entry is stored and read back.
//!
//! Invariant: stored discriminants are positions in the `ALL` arrays of the domain and are only
//! appended to.

use crate::{
    bytes::{Put, Short, Take},
    names::Names,
};
use novacore_ledger::{Answer, Entry, EntryKind, Flags, KeyRecord, LimitName, Standing};
use novacore_store::stored::{crossing_text, read_crossing};
use novacore_vocab::{IdempotencyKey, ResourceName, Source, Timestamp, UserId, Version, Window};
use rusqlite::{CachedStatement, Row as SqlRow, params};
use std::sync::Arc;

/// The number of a row of `entry`; ascending in the order of commits, without gaps.
pub(crate) type Seq = u64;
/// The number of a user within this file.
pub(crate) type UserNo = i64;

/// An entry with its place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) seq: Seq,
    pub(crate) user_no: UserNo,
    pub(crate) entry: Arc<Entry>,
    /// The look-up hash of the idempotency key stored with this row.
    pub(crate) key_hash: Option<u64>,
}

/// The rows of one committed batch.
#[derive(Clone, Debug)]
pub(crate) struct CommittedBatch {
    pub(crate) last_seq: Seq,
    /// The chain hash after this batch.
    pub(crate) chain: [u8; 32],
    pub(crate) rows: Vec<Row>,
}

/// The hash under which a key is looked up. Its scope is the account.
pub(crate) fn key_hash(user: UserId, key: &str) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(user.0.as_bytes());
    hasher.update(key.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_be_bytes(first)
}

pub(crate) const INSERT: &str = "INSERT INTO entry (seq, user_no, version, kind, resource_no, source, \
     amount, held, recorded_at, counted_at, occurred_at, hold, corrects, expires_at, flags, crossing, \
     metadata, idem_key, fingerprint, answer) \
     VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20)";

macro_rules! select {
    ($more:literal) => {
        concat!(
            "SELECT entry.seq, entry.user_no, entry.version, entry.kind, entry.resource_no, \
             entry.source, entry.amount, entry.held, entry.recorded_at, entry.counted_at, \
             entry.occurred_at, entry.hold, entry.corrects, entry.expires_at, entry.flags, \
             entry.crossing, entry.metadata, entry.idem_key, user.user_id",
            $more,
            " FROM entry JOIN user USING (user_no)"
        )
    };
}

/// The columns that [`read`] expects. The user's id is needed for the key's hash.
pub(crate) const SELECT: &str = select!("");

/// As [`SELECT`], with the columns that [`read_own_key`] expects.
pub(crate) const SELECT_KEYED: &str = select!(", entry.fingerprint, entry.answer");

/// As [`SELECT_KEYED`], with the user's organisation in column [`ORG_COLUMN`].
pub(crate) const SELECT_MOVED: &str = select!(", entry.fingerprint, entry.answer, user.org_id");

/// The column of the organisation in [`SELECT_MOVED`].
pub(crate) const ORG_COLUMN: usize = 21;

/// The column of the user's id in all three.
pub(crate) const USER_COLUMN: usize = 18;

/// Inserts one row; the key belongs to the first row of its command.
pub(crate) fn insert(
    statement: &mut CachedStatement<'_>,
    row: &Row,
    resource_no: i64,
    key: Option<&KeyRecord>,
) -> rusqlite::Result<()> {
    let entry = row.entry.as_ref();
    let unless_now = |at: Timestamp| (at != entry.recorded_at).then_some(at.micros());
    let version = |version: Version| version.0 as i64;
    statement.execute(params![
        row.seq as i64,
        row.user_no,
        version(entry.version),
        kind_no(entry.kind),
        resource_no,
        entry.source as u8,
        entry.amount,
        entry.held,
        entry.recorded_at.micros(),
        unless_now(entry.counted_at),
        unless_now(entry.occurred_at),
        entry.hold.map(version),
        entry.corrects.map(version),
        entry.expires_at.map(Timestamp::micros),
        entry.flags.0,
        entry.crossing.as_ref().map(crossing_text),
        entry.metadata.as_deref(),
        key.map(|key| key.key.as_str()),
        key.map(|key| key.fingerprint.to_be_bytes()),
        key.map(|key| encode_answer(&key.answer)),
    ])?;
    Ok(())
}

/// Feeds the parts of a row that must never change into a hash: everything but the metadata, which
/// may be erased.
pub(crate) fn hash_into(hasher: &mut blake3::Hasher, row: &Row, key: Option<&KeyRecord>) {
    let mut put = Put(Vec::with_capacity(160));
    let entry = row.entry.as_ref();
    put.u64(row.seq);
    put.i64(row.user_no);
    put.u64(entry.version.0);
    put.u8(kind_no(entry.kind));
    put.text(entry.resource.as_str());
    put.u8(entry.source as u8);
    put.i64(entry.amount);
    put.i64(entry.held);
    for at in [entry.recorded_at, entry.counted_at, entry.occurred_at] {
        put.i64(at.micros());
    }
    put.u64(entry.hold.map_or(0, |version| version.0));
    put.u64(entry.corrects.map_or(0, |version| version.0));
    put.option_i64(entry.expires_at.map(Timestamp::micros));
    put.u64(u64::from(entry.flags.0));
    put.text(&entry.crossing.as_ref().map(crossing_text).unwrap_or_default());
    put.text(key.map_or("", |key| key.key.as_str()));
    if let Some(key) = key {
        put.0.extend_from_slice(&key.fingerprint.to_be_bytes());
        put.0.extend_from_slice(&encode_answer(&key.answer));
    }
    hasher.update(&put.0);
}

/// Reads a row of [`SELECT`].
pub(crate) fn read(sql: &SqlRow<'_>, names: &Names) -> rusqlite::Result<Row> {
    let recorded_at = Timestamp::from_micros(sql.get(8)?);
    let or_now = |at: Option<i64>| at.map_or(recorded_at, Timestamp::from_micros);
    let version = |number: Option<i64>| number.map(|number| Version(number as u64));
    let crossing: Option<String> = sql.get(15)?;
    let metadata: Option<String> = sql.get(16)?;
    let key: Option<String> = sql.get(17)?;
    let user = user_id(sql, USER_COLUMN)?;
    Ok(Row {
        seq: sql.get::<_, i64>(0)? as u64,
        user_no: sql.get(1)?,
        key_hash: key.map(|key| key_hash(user, &key)),
        entry: Arc::new(Entry {
            version: Version(sql.get::<_, i64>(2)? as u64),
            kind: *pick(&EntryKind::ALL, sql, 3)?,
            resource: names.name(sql.get(4)?).ok_or_else(|| malformed(4))?,
            source: *pick(&Source::ALL, sql, 5)?,
            amount: sql.get(6)?,
            held: sql.get(7)?,
            recorded_at,
            counted_at: or_now(sql.get(9)?),
            occurred_at: or_now(sql.get(10)?),
            hold: version(sql.get(11)?),
            corrects: version(sql.get(12)?),
            expires_at: sql.get::<_, Option<i64>>(13)?.map(Timestamp::from_micros),
            flags: Flags(sql.get(14)?),
            crossing: crossing
                .map(|text| read_crossing(&text).map_err(|_| malformed(15)))
                .transpose()?,
            metadata: metadata.map(Arc::from),
        }),
    })
}

/// Reads a column that holds a user's id.
pub(crate) fn user_id(sql: &SqlRow<'_>, column: usize) -> rusqlite::Result<UserId> {
    Ok(UserId(uuid::Uuid::from_bytes(sql.get(column)?)))
}

fn kind_no(kind: EntryKind) -> u8 {
    EntryKind::ALL.iter().position(|other| *other == kind).expect("every kind is listed") as u8
}

/// The element of a list of stored discriminants that a column names.
pub(crate) fn pick<'a, T>(
    all: &'a [T],
    sql: &SqlRow<'_>,
    column: usize,
) -> rusqlite::Result<&'a T> {
    let number: u8 = sql.get(column)?;
    all.get(usize::from(number)).ok_or_else(|| malformed(column))
}

/// What a column holds makes no sense.
pub(crate) fn malformed(column: usize) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Blob, Box::new(Short))
}

const ANSWER_FORMAT: u8 = 1;

fn encode_answer(answer: &Answer) -> Vec<u8> {
    let mut put = Put(Vec::with_capacity(96));
    put.u8(ANSWER_FORMAT);
    put.u64(answer.version.0);
    put.i64(answer.recorded_at.micros());
    put.u64(answer.hold.map_or(0, |version| version.0));
    put.option_i64(answer.expires_at.map(Timestamp::micros));
    put.u64(u64::from(answer.flags.0));
    put.u64(answer.standings.len() as u64);
    for standing in &answer.standings {
        put.text(standing.resource.as_str());
        put.text(standing.limit.as_ref().map_or("", |limit| limit.as_str()));
        put.u8(window_no(standing.window));
        for number in
            [standing.cap, standing.used, standing.held, standing.remaining, standing.grantable]
        {
            put.i64(number);
        }
        put.option_i64(standing.resets_at.map(Timestamp::micros));
    }
    put.0
}

fn decode_answer(bytes: &[u8]) -> Result<Answer, Short> {
    let mut take = Take(bytes);
    if take.u8()? != ANSWER_FORMAT {
        return Err(Short);
    }
    let version = Version(take.u64()?);
    let recorded_at = Timestamp::from_micros(take.i64()?);
    let hold = Some(Version(take.u64()?)).filter(|version| version.0 > 0);
    let expires_at = take.option_i64()?.map(Timestamp::from_micros);
    let flags = Flags(u16::try_from(take.u64()?).map_err(|_| Short)?);
    let standings = (0..take.count()?).map(|_| decode_standing(&mut take));
    let standings = standings.collect::<Result<Vec<_>, Short>>()?;
    take.end()?;
    Ok(Answer { version, recorded_at, hold, expires_at, flags, standings })
}

fn decode_standing(take: &mut Take<'_>) -> Result<Standing, Short> {
    let resource = ResourceName::parse(take.text()?).map_err(|_| Short)?;
    let limit = match take.text()? {
        "" => None,
        name => Some(LimitName::parse(name).map_err(|_| Short)?),
    };
    Ok(Standing {
        resource,
        limit,
        window: *Window::ALL.get(usize::from(take.u8()?)).ok_or(Short)?,
        cap: take.i64()?,
        used: take.i64()?,
        held: take.i64()?,
        remaining: take.i64()?,
        grantable: take.i64()?,
        resets_at: take.option_i64()?.map(Timestamp::from_micros),
    })
}

/// The stored discriminant of a kind of window.
pub(crate) fn window_no(window: Window) -> u8 {
    Window::ALL.iter().position(|other| *other == window).expect("every window is listed") as u8
}

/// Reads the key of a row: columns `user_no, idem_key, fingerprint, answer`. `None` if the row
/// belongs to another account or key, whose hash happens to be the same.
pub(crate) fn read_key(
    sql: &SqlRow<'_>,
    user_no: UserNo,
    key: &IdempotencyKey,
) -> rusqlite::Result<Option<KeyRecord>> {
    let stored: Option<String> = sql.get(1)?;
    if sql.get::<_, UserNo>(0)? != user_no || stored.as_deref() != Some(key.as_str()) {
        return Ok(None);
    }
    let fingerprint: [u8; 16] = sql.get(2)?;
    let answer: Vec<u8> = sql.get(3)?;
    Ok(Some(KeyRecord {
        key: key.clone(),
        fingerprint: u128::from_be_bytes(fingerprint),
        answer: decode_answer(&answer).map_err(|_| malformed(3))?,
    }))
}

/// Reads the key of a row of [`SELECT_KEYED`].
pub(crate) fn read_own_key(sql: &SqlRow<'_>) -> rusqlite::Result<Option<KeyRecord>> {
    let Some(text) = sql.get::<_, Option<String>>(17)? else { return Ok(None) };
    let fingerprint: [u8; 16] = sql.get(19)?;
    let answer: Vec<u8> = sql.get(20)?;
    Ok(Some(KeyRecord {
        key: IdempotencyKey::parse(&text).map_err(|_| malformed(17))?,
        fingerprint: u128::from_be_bytes(fingerprint),
        answer: decode_answer(&answer).map_err(|_| malformed(20))?,
    }))
}
