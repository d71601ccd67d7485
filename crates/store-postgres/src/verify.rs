//! Does everything that is derived still follow from the ledger? Every account is recounted.
//!
//! Invariant: an account is read in one snapshot of its own, so that nodes may write meanwhile and
//! no snapshot lives long.
//! Invariant: what is wrong is told, never put right.

mod compare;
mod memories;
mod opened;
pub(crate) mod recount;

use crate::{
    address::Address,
    failure,
    ledger::{place::Place, policy},
    migrate,
    open::{OpenError, Options},
    pool::{Client, Pool},
};
use novacore_ledger::Policy;
use novacore_vocab::{OrgId, UserId};
use recount::Recount;
use std::sync::Arc;
use uuid::Uuid;

/// Most differences that are told one by one.
const FINDINGS_MAX: usize = 20;
/// Accounts that are listed at once.
const PAGE_ACCOUNTS: i64 = 1_000;

const SESSION: &str = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0";
/// The lock comes before the snapshot: whether a month is in the ledger is no part of that, and is
/// not to change meanwhile.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
     LOCK TABLE usage_ledger IN ACCESS SHARE MODE";
const ACCOUNTS: &str = "SELECT a.bucket, a.user_id, coalesce(p.org_id, a.user_id), \
     p.user_id IS NOT NULL AND p.bucket = a.bucket \
     FROM account a LEFT JOIN account_place p USING (user_id) \
     WHERE (a.bucket, a.user_id) > ($1, $2) ORDER BY a.bucket, a.user_id LIMIT $3";
/// One snapshot: of a batch that commits meanwhile it sees both or neither.
const STRAYS: &str = "SELECT DISTINCT l.user_id FROM usage_ledger l WHERE NOT EXISTS \
     (SELECT 1 FROM account a WHERE a.bucket = l.bucket AND a.user_id = l.user_id) LIMIT $1";

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Entries read.
    pub entries: u64,
    /// Accounts recounted.
    pub accounts: u64,
    /// Memories read.
    pub memories: u64,
    /// Entries in detached months.
    pub detached: u64,
    /// What is wrong, at most twenty findings; empty if nothing is.
    pub findings: Vec<String>,
}

impl VerifyReport {
    fn note(&mut self, finding: String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }
}

/// Recounts every account from its entries, and compares with its counters, holds, days,
/// corrections and memories. Nodes may go on meanwhile.
pub async fn verify(options: &Options) -> Result<VerifyReport, OpenError> {
    let pool = Pool::new(Address::parse(&options.url)?, 1)?;
    let client = pool.get().await?;
    migrate::check(&client).await?;
    client.batch_execute(SESSION).await?;
    let policy = policy::read(&client, &options.resources).await?.policy;
    let mut report = VerifyReport::default();
    verify_all(&client, &policy, Within::OwnSnapshots, &mut report).await?;
    Pool::discard(client);
    Ok(report)
}

/// What an account is read in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Within {
    /// Each in a snapshot of its own.
    OwnSnapshots,
    /// All in the transaction that the session is in, which sees what it has written.
    Transaction,
}

pub(crate) async fn verify_all(
    client: &Client,
    policy: &Arc<Policy>,
    within: Within,
    report: &mut VerifyReport,
) -> Result<(), OpenError> {
    let mut after = (i32::MIN, Uuid::nil());
    loop {
        let page = client.query(ACCOUNTS, &[&after.0, &after.1, &PAGE_ACCOUNTS]).await?;
        for row in &page {
            let place =
                Place { bucket: row.get(0), user: UserId(row.get(1)), org: OrgId(row.get(2)) };
            if !row.get::<_, bool>(3) {
                report.note(format!("{} is misplaced", place.user));
            }
            match within {
                Within::OwnSnapshots => verify_alone(client, policy, place, report).await?,
                Within::Transaction => verify_account(client, policy, place, report).await?,
            }
            report.accounts += 1;
            after = (place.bucket, place.user.0);
        }
        if page.is_empty() {
            break;
        }
    }
    for row in client.query(STRAYS, &[&(FINDINGS_MAX as i64)]).await? {
        report.note(format!("{} has entries and no account", UserId(row.get(0))));
    }
    memories::find_strays(client, report).await?;
    opened::compare_all(client, report).await?;
    Ok(())
}

async fn verify_alone(
    client: &Client,
    policy: &Arc<Policy>,
    place: Place,
    report: &mut VerifyReport,
) -> Result<(), OpenError> {
    client.batch_execute(BEGIN).await?;
    let verified = verify_account(client, policy, place, report).await;
    client.batch_execute("ROLLBACK").await?;
    verified
}

async fn verify_account(
    client: &Client,
    policy: &Arc<Policy>,
    place: Place,
    report: &mut VerifyReport,
) -> Result<(), OpenError> {
    let mut recount = Recount::new(place, policy.clone());
    opened::begin(client, &mut recount, report).await?;
    let counted = recount.run(client, report).await;
    let compared = match counted {
        Ok(true) => {
            compare::compare(client, place, &recount, report).await?;
            memories::compare(client, place, &recount.state, report).await
        }
        // What does not follow from the entry before it was told; the rest would be noise.
        Ok(false) => Ok(()),
        Err(error) => Err(error),
    };
    Ok(compared?)
}

/// Why an account could not be read.
pub(crate) enum Wrong {
    Database(tokio_postgres::Error),
    Store(novacore_store::error::StoreError),
}

impl From<Wrong> for OpenError {
    fn from(wrong: Wrong) -> OpenError {
        match wrong {
            Wrong::Database(error) => OpenError::Store(failure::told(&error)),
            Wrong::Store(error) => OpenError::Store(error),
        }
    }
}

impl From<tokio_postgres::Error> for Wrong {
    fn from(error: tokio_postgres::Error) -> Wrong {
        Wrong::Database(error)
    }
}

impl From<novacore_store::error::StoreError> for Wrong {
    fn from(error: novacore_store::error::StoreError) -> Wrong {
        Wrong::Store(error)
    }
}
