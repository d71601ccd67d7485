//! The first flight: begin, lock, read.
//!
//! Invariant: locks are taken in the order of the accounts' keys, and nothing that a judgement
//! rests on is read by the statement that locks them, nor before it.
//! Invariant: where an account's bound says that holds may have run out, they are read before the
//! judgement, which is the one thing that takes a flight more.
//! Invariant: an account whose rows make no sense fails its own commands only.

use super::{
    Batch, Failed,
    memories::LoadedMemories,
    texts::{IS_COMMITTED, POLICY, Texts},
};
use crate::{
    column::At,
    distribution::Distribution,
    ledger::{
        entry, hold,
        node::{ClockReading, Node},
        place::{Keys, Place},
        policy::{self, Versioned},
        profile::{read_override, read_tier_name},
        text::{read_answer, read_head},
    },
    memories,
    pool::Client,
};
use novacore_ledger::{AccountState, Correctable, KeyRecord, Profile, Verb};
use novacore_store::error::StoreError;
use novacore_vocab::{IdempotencyKey, Timestamp, UserId, Version};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use tokio_postgres::{Error, Row, Statement, types::ToSql};
use uuid::Uuid;

/// What a batch is judged by.
pub(super) struct Loaded {
    pub(super) policy: Arc<Versioned>,
    pub(super) accounts: HashMap<UserId, Result<LoadedAccount, StoreError>>,
    pub(super) keys: HashMap<(UserId, IdempotencyKey), Result<KeyRecord, StoreError>>,
    pub(super) memories: LoadedMemories,
    /// Whether this very batch was committed by an earlier try.
    pub(super) is_committed: bool,
    pub(super) clocks: ClockReading,
}

/// An account as stored.
pub(super) struct LoadedAccount {
    pub(super) state: AccountState,
    /// No open hold that is not loaded runs out before this.
    pub(super) unloaded_due: Option<Timestamp>,
}

/// Which accounts and which of their rows are read: columns of the keys.
struct Needs {
    buckets: Vec<i32>,
    users: Vec<Uuid>,
    holds: Keys<i64>,
    corrected: Keys<i64>,
    keys: Keys<String>,
    memories: Keys<Uuid>,
    /// Users of these, each once.
    shelves: Keys<()>,
}

impl Needs {
    fn of(batch: &Batch) -> Needs {
        let (mut holds, mut corrected, mut keys) = (Vec::new(), Vec::new(), Vec::new());
        let (mut memories, mut shelves) = (Vec::new(), Vec::new());
        for ask in &batch.asks {
            let at = |version: Version| (ask.place, entry::version_no(version));
            match &ask.command.verb {
                Verb::Settle(settle) => holds.push(at(settle.hold)),
                Verb::Extend(extend) => holds.push(at(extend.hold)),
                Verb::Release(version) => holds.push(at(*version)),
                Verb::Record(record) => corrected.extend(record.corrects.map(at)),
                Verb::Reserve(_) | Verb::Sweep => {}
            }
            let key = ask.command.key.as_ref();
            keys.extend(key.map(|key| (ask.place, key.as_str().to_owned())));
            if let Some(write) = &ask.write {
                memories.extend(write.changes().iter().map(|change| (ask.place, change.id().0)));
                shelves.push((ask.place, ()));
            }
        }
        Needs {
            buckets: batch.places.iter().map(|place| place.bucket).collect(),
            users: batch.places.iter().map(|place| place.user.0).collect(),
            holds: Keys::of(holds),
            corrected: Keys::of(corrected),
            keys: Keys::of(keys),
            memories: Keys::of(memories),
            shelves: Keys::of(shelves),
        }
    }
}

/// The rows of the first flight.
struct Rows {
    heads: Vec<Row>,
    overrides: Vec<Row>,
    due: Vec<Row>,
    next_due: Vec<Row>,
    holds: Vec<Row>,
    keys: Vec<Row>,
    corrected: Vec<Row>,
    memories: Vec<Row>,
    shelves: Vec<Row>,
    policy: Vec<Row>,
    is_committed: Vec<Row>,
}

/// Begins the transaction, locks the accounts of a batch and reads what it needs of them.
pub(super) async fn load(
    node: &Node,
    client: &Client,
    batch: &Batch,
    in_doubt: bool,
) -> Result<Loaded, Failed> {
    let failed = |error: Error| Failed::before_commit(&error);
    let needs = Needs::of(batch);
    let before = node.clock.now();
    let mut rows = fly(node, client, batch, &needs, in_doubt).await.map_err(failed)?;
    let after = node.clock.now();
    let (version, database): (i64, At) = match rows.policy.first() {
        Some(row) => (row.get(0), row.get(1)),
        None => return Err(crate::failure::damaged("policy", "it has no row").into()),
    };
    let mut policy = node.policy.load_full();
    if policy.version != version {
        let read = policy::read(client, &node.resources).await;
        policy = node.take_policy(read.map_err(|error| match error {
            StoreError::Unavailable => Failed::Lost,
            other => Failed::Final(other),
        })?);
    }
    let is_committed = rows.is_committed.first().is_some_and(|row| row.get(0));
    let mut accounts = assemble(batch, &rows);
    // Rare, so that only then it is asked which holds have run out.
    let is_late = |account: &Result<LoadedAccount, _>| {
        let due = account.as_ref().ok().and_then(|account| account.unloaded_due);
        due.is_some_and(|due| due <= after)
    };
    if accounts.values().any(is_late) {
        (rows.due, rows.next_due) = read_due(node, client, &needs, after).await.map_err(failed)?;
        accounts = assemble(batch, &rows);
    }
    let clocks = ClockReading { before, database: database.0, after };
    let keys = read_keys(&rows.keys);
    let memories = LoadedMemories::of(&rows.memories, &rows.shelves);
    Ok(Loaded { policy, accounts, keys, memories, is_committed, clocks })
}

/// The flight itself: the statements are sent one behind the other and answered in that order.
async fn fly(
    node: &Node,
    client: &Client,
    batch: &Batch,
    needs: &Needs,
    in_doubt: bool,
) -> Result<Rows, Error> {
    let missing = node.places.without_row(&batch.places);
    let missing_buckets: Vec<i32> = missing.iter().map(|place| place.bucket).collect();
    let missing_users: Vec<Uuid> = missing.iter().map(|place| place.user.0).collect();
    let (never, bucket) = (At(Timestamp::MIN), batch.bucket());
    let lie = node.distribution;
    let own: [&(dyn ToSql + Sync); 2] = [lie.buckets(&needs.buckets), &needs.users];
    let (holds, keys) = (needs.holds.params(lie), needs.keys.params(lie));
    let (corrected, memories) = (needs.corrected.params(lie), needs.memories.params(lie));
    let shelves: [&(dyn ToSql + Sync); 2] =
        [lie.buckets(&needs.shelves.buckets), &needs.shelves.users];
    let missing_ones: [&(dyn ToSql + Sync); 3] =
        [lie.buckets(&missing_buckets), &missing_users, &never];
    let op: [&(dyn ToSql + Sync); 2] = [&bucket, &batch.op];
    let sql = Statements::prepare(client, lie).await?;
    let begin = batch.patience.begin();
    // `join!` polls in the order of its arguments, and a statement is sent when first polled.
    let (begun, created, locked, heads, overrides, holds, rest) = futures::join!(
        client.batch_execute(&begin),
        unless(missing.is_empty(), client, &sql.create, &missing_ones),
        client.query(&sql.lock, &own),
        client.query(&sql.heads, &own),
        client.query(&sql.overrides, &own),
        unless(needs.holds.keys.is_empty(), client, &sql.named_holds, &holds),
        async {
            futures::join!(
                unless(needs.keys.keys.is_empty(), client, &sql.keys, &keys),
                unless(needs.corrected.keys.is_empty(), client, &sql.corrected, &corrected),
                unless(needs.memories.keys.is_empty(), client, &sql.memories, &memories),
                unless(needs.shelves.keys.is_empty(), client, &sql.shelves, &shelves),
                unless(!in_doubt, client, &sql.is_committed, &op),
                client.query(&sql.policy, &[]),
            )
        },
    );
    let (keys, corrected, memories, shelves, is_committed, policy) = rest;
    begun?;
    created?;
    locked?;
    Ok(Rows {
        heads: heads?,
        overrides: overrides?,
        due: Vec::new(),
        next_due: Vec::new(),
        holds: holds?,
        keys: keys?,
        corrected: corrected?,
        memories: memories?,
        shelves: shelves?,
        is_committed: is_committed?,
        policy: policy?,
    })
}

/// Asks, unless there is nothing to ask.
async fn unless(
    nothing: bool,
    client: &Client,
    statement: &Statement,
    params: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, Error> {
    if nothing { Ok(Vec::new()) } else { client.query(statement, params).await }
}

async fn read_due(
    node: &Node,
    client: &Client,
    needs: &Needs,
    now: Timestamp,
) -> Result<(Vec<Row>, Vec<Row>), Error> {
    let now = At(now);
    let params: [&(dyn ToSql + Sync); 3] =
        [node.distribution.buckets(&needs.buckets), &needs.users, &now];
    let texts = Texts::of(node.distribution);
    let due = client.prepare_cached(&texts.due).await?;
    let next_due = client.prepare_cached(&texts.next_due).await?;
    futures::try_join!(client.query(&due, &params), client.query(&next_due, &params))
}

/// The statements of the flight, prepared once per connection.
struct Statements {
    create: Statement,
    lock: Statement,
    heads: Statement,
    overrides: Statement,
    named_holds: Statement,
    keys: Statement,
    corrected: Statement,
    memories: Statement,
    shelves: Statement,
    is_committed: Statement,
    policy: Statement,
}

impl Statements {
    async fn prepare(client: &Client, distribution: Distribution) -> Result<Statements, Error> {
        let texts = Texts::of(distribution);
        let memories = memories::texts::Texts::of(distribution);
        Ok(Statements {
            create: client.prepare_cached(&texts.create).await?,
            lock: client.prepare_cached(&texts.lock).await?,
            heads: client.prepare_cached(&texts.heads).await?,
            overrides: client.prepare_cached(&texts.overrides).await?,
            named_holds: client.prepare_cached(&texts.named_holds).await?,
            keys: client.prepare_cached(&texts.keys).await?,
            corrected: client.prepare_cached(&texts.corrected).await?,
            memories: client.prepare_cached(&memories.lock).await?,
            shelves: client.prepare_cached(&memories.heads).await?,
            is_committed: client.prepare_cached(IS_COMMITTED).await?,
            policy: client.prepare_cached(POLICY).await?,
        })
    }
}

/// Puts the rows of each account together.
fn assemble(batch: &Batch, rows: &Rows) -> HashMap<UserId, Result<LoadedAccount, StoreError>> {
    let places: BTreeMap<UserId, Place> =
        batch.places.iter().map(|place| (place.user, *place)).collect();
    let mut accounts = HashMap::with_capacity(places.len());
    for row in &rows.heads {
        let user = UserId(row.get(0));
        if let Some(place) = places.get(&user) {
            accounts.insert(user, read_account(*place, row));
        }
    }
    amend(&mut accounts, &rows.overrides, |account, row| {
        account.state.profile.overrides.push(read_override(row, 1)?);
        Ok(())
    });
    // Where the bound was reached, it is the first of the holds that have not run out.
    amend(&mut accounts, &rows.due, |account, _| {
        account.unloaded_due = None;
        Ok(())
    });
    amend(&mut accounts, &rows.next_due, |account, row| {
        account.unloaded_due = Some(row.get::<_, At>(1).0);
        Ok(())
    });
    amend(&mut accounts, &rows.due, load_hold);
    amend(&mut accounts, &rows.holds, load_hold);
    amend(&mut accounts, &rows.corrected, |account, row| {
        let corrected = entry::read(row, 2)?;
        if let Some(found) = Correctable::of(&corrected) {
            let found = Correctable { corrected: row.get(1), ..found };
            account.state.correctable.insert(corrected.version, found);
        }
        Ok(())
    });
    amend_all(&mut accounts);
    accounts
}

/// Applies each row to the account that it names; one that fails is lost for this batch.
fn amend(
    accounts: &mut HashMap<UserId, Result<LoadedAccount, StoreError>>,
    rows: &[Row],
    apply: impl Fn(&mut LoadedAccount, &Row) -> Result<(), StoreError>,
) {
    for row in rows {
        let Some(slot) = accounts.get_mut(&UserId(row.get(0))) else { continue };
        let Ok(account) = slot else { continue };
        if let Err(error) = apply(account, row) {
            *slot = Err(error);
        }
    }
}

fn load_hold(account: &mut LoadedAccount, row: &Row) -> Result<(), StoreError> {
    let hold = hold::read(row, 1)?;
    if !account.state.holds.contains_key(&hold.version) {
        account.state.insert_hold(hold);
    }
    Ok(())
}

/// What is stored as open and was not loaded is elsewhere.
fn amend_all(accounts: &mut HashMap<UserId, Result<LoadedAccount, StoreError>>) {
    for slot in accounts.values_mut() {
        let Ok(account) = slot else { continue };
        let stored = account.state.open_unloaded;
        account.state.open_unloaded = 0;
        match stored.checked_sub(account.state.open_holds()) {
            Some(unloaded) => {
                account.state.open_unloaded = unloaded;
                if unloaded == 0 {
                    account.unloaded_due = None;
                }
            }
            None => *slot = Err(crate::failure::damaged("account", "more open holds than counted")),
        }
    }
}

fn read_account(place: Place, row: &Row) -> Result<LoadedAccount, StoreError> {
    let tier = read_tier_name(row.get(6))?;
    let mut state = AccountState::new(place.account(), Profile { tier, overrides: Vec::new() });
    state.version = Version(row.get::<_, i64>(1) as u64);
    state.last_at = row.get::<_, At>(2).0;
    // For the time being all of them; those that get loaded are taken off.
    state.open_unloaded = usize::try_from(row.get::<_, i32>(3))
        .map_err(|error| crate::failure::damaged("account", error))?;
    state.meters = read_head(row.get(5))?;
    Ok(LoadedAccount { state, unloaded_due: row.get::<_, Option<At>>(4).map(|at| at.0) })
}

fn read_keys(rows: &[Row]) -> HashMap<(UserId, IdempotencyKey), Result<KeyRecord, StoreError>> {
    let read = |row: &Row| {
        let damaged = |what: &str| crate::failure::damaged("idempotency", what);
        let key = IdempotencyKey::parse(row.get(1)).ok()?;
        let fingerprint: Result<[u8; 16], _> = row.get::<_, &[u8]>(2).try_into();
        let record = fingerprint.map_err(|_| damaged("fingerprint")).and_then(|fingerprint| {
            Ok(KeyRecord {
                key: key.clone(),
                fingerprint: u128::from_be_bytes(fingerprint),
                answer: read_answer(row.get(3))?,
            })
        });
        Some(((UserId(row.get(0)), key), record))
    };
    rows.iter().filter_map(read).collect()
}
