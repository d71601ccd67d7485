//! How much is held before a call is sent, and whether there is room for it.
//!
//! Invariant: a stated maximum is held in full, or lowered to what is left if the operator says so.
//! Invariant: a call without one is admitted only while each open call of its kind has room for
//! one step more.

use super::{
    account::{Account, CallHold},
    asked::{Asked, Output},
    open_calls::{OpenCall, OpenCalls},
    options::HoldOptions,
    refuse::Refusal,
};
use novacore_app::error::AppError;
use novacore_edge::Failure;
use novacore_ledger::{QuotaRefusal, Refusal as LedgerRefusal, Standing, standing};
use novacore_vocab::IdempotencyKey;
use novacore_wire::problem::{Exceeded, Problem, ProblemKind};

/// How often what is left is asked for again, when others are quicker.
const TRIES: u32 = 4;

/// What a call may do.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) hold: CallHold,
    /// Counts the call among those that grow, while it is open.
    pub(crate) grower: Option<OpenCall>,
    /// The maximum of each answer, if it was lowered.
    pub(crate) clamp: Option<u64>,
}

/// Holds what the call may use.
pub(crate) async fn admit(
    account: &Account,
    asked: &Asked,
    holds: &HoldOptions,
    growing: &OpenCalls,
    key: Option<&IdempotencyKey>,
) -> Result<Admission, Refusal> {
    match asked.output {
        Output::Stated(output) => stated(account, asked, holds, output, key).await,
        Output::Open(most) => {
            let step = holds.step.saturating_mul(asked.outputs.max(1));
            let step = most.map_or(step, |most| most.min(step));
            let (grower, before) = growing.begin(account.permit.account().user);
            let want = asked.prompt_max.saturating_add(step);
            if before > 0 {
                leave_room(account, want, before.saturating_mul(holds.step)).await?;
            }
            let least = asked.prompt_max.saturating_add(1);
            let hold = as_much_as_is_left(account, want, least, key).await?;
            Ok(Admission { hold, grower: Some(grower), clamp: None })
        }
    }
}

async fn stated(
    account: &Account,
    asked: &Asked,
    holds: &HoldOptions,
    output: u64,
    key: Option<&IdempotencyKey>,
) -> Result<Admission, Refusal> {
    let want = asked.prompt_max.saturating_add(output);
    if !holds.clamp || output == 0 {
        let hold = account.hold(want, key).await?;
        return Ok(Admission { hold, grower: None, clamp: None });
    }
    let least = asked.prompt_max.saturating_add(asked.outputs.max(1));
    let hold = as_much_as_is_left(account, want, least, key).await?;
    let each = (hold.reserved() - asked.prompt_max) / asked.outputs.max(1);
    let clamp = (hold.reserved() < want).then_some(each);
    Ok(Admission { hold, grower: None, clamp })
}

/// Holds `want`, or what is left of it, but `least`.
async fn as_much_as_is_left(
    account: &Account,
    want: u64,
    least: u64,
    key: Option<&IdempotencyKey>,
) -> Result<CallHold, Refusal> {
    let mut ask = want;
    for _ in 0..TRIES {
        match account.hold(ask, key).await {
            Err(AppError::Refused(LedgerRefusal::Quota(quota)))
                if left_of(&quota) >= least && left_of(&quota) < ask =>
            {
                ask = left_of(&quota);
            }
            told => return Ok(told?),
        }
    }
    Ok(account.hold(least, key).await?)
}

fn left_of(quota: &QuotaRefusal) -> u64 {
    u64::try_from(quota.remaining).unwrap_or(0)
}

/// Refuses unless there is room for `want` and for what others will need.
async fn leave_room(account: &Account, want: u64, others: u64) -> Result<(), Refusal> {
    let cx = &account.cx;
    let view = cx.ledger.account(account.permit.account().user).await.map_err(AppError::from)?;
    let now = cx.clock.now().max(view.state.last_at);
    let shown = standing(&view.state, &cx.ledger.policy(), &account.resource, now);
    let needed = i64::try_from(want.saturating_add(others)).unwrap_or(i64::MAX);
    if shown.grantable < 0 || shown.grantable >= needed {
        return Ok(());
    }
    let numbers = exceeded(&shown, want, now);
    let detail = "what is left of the quota is for the calls that are under way";
    Err(Failure(Problem::exceeded(ProblemKind::QuotaExceeded, detail, numbers)).into())
}

fn exceeded(shown: &Standing, want: u64, now: novacore_vocab::Timestamp) -> Exceeded {
    Exceeded {
        resource_type: shown.resource.to_string(),
        limit_name: shown.limit.as_ref().map_or_else(String::new, ToString::to_string),
        limit: shown.cap,
        used: shown.used,
        held: shown.held,
        requested: i64::try_from(want).unwrap_or(i64::MAX),
        remaining: shown.remaining,
        resets_at: shown.resets_at,
        upgrade_to: None,
        window_s: Exceeded::window_length_s(shown.window, shown.resets_at),
        reset_s: shown.resets_at.map(|end| now.seconds_until_ceil(end)),
    }
}
