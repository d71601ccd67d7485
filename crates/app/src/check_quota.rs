//! Would this much more be admitted? A question, which changes nothing.

use crate::{cx::Cx, error::AppError};
use novacore_access::{Permit, ReadUsage};
use novacore_ledger::{Mode, limit_states, standing};
use novacore_vocab::{Amount, Percent, ResourceName, Timestamp, percent_of};

/// From this share of a cap on, whoever asks is warned.
pub const WARN_FROM: Percent = Percent(8_000);

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it would be admitted now.
    pub fits: bool,
    /// Why, in the platform's words.
    pub message: String,
    /// What is left under the least cap; -1 is unlimited.
    pub remaining: i64,
    /// When the window of that limit ends.
    pub resets_at: Option<Timestamp>,
}

/// Asks whether `amount` more of a resource would be admitted.
pub async fn check_quota(
    cx: &Cx,
    permit: Permit<ReadUsage>,
    resource: &ResourceName,
    amount: Amount,
) -> Result<Verdict, AppError> {
    let policy = cx.ledger.policy();
    if policy.resource(resource).is_none() {
        return Err(AppError::resource_unknown(resource));
    }
    if amount.get() < 0 {
        return Err(AppError::invalid("amount", "must not be negative"));
    }
    let view = cx.ledger.account(permit.account().user).await?;
    let now = cx.clock.now().max(view.state.last_at);
    let shown = standing(&view.state, &policy, resource, now);
    let asked = amount.get();
    let limits = limit_states(&view.state, &policy, resource, now).into_iter();
    let refuses = limits.filter(|limit| {
        limit.mode == Mode::Hard && limit.cap >= 0 && limit.used + limit.held + asked > limit.cap
    });
    // As in a refusal: of several limits the one whose window ends last.
    let refusing = refuses.max_by_key(|limit| limit.window.span_at(now).end);
    let message = match &refusing {
        Some(limit) => format!(
            "Quota exceeded. Current: {}, Requested: {asked}, Limit: {}",
            limit.used + limit.held,
            limit.cap
        ),
        None if shown.cap < 0 => "Unlimited quota".to_owned(),
        None => {
            let share = percent_of(shown.used + shown.held + asked, shown.cap);
            if share >= WARN_FROM {
                format!("Warning: {}% of quota will be used", share.one_decimal())
            } else {
                "Quota available".to_owned()
            }
        }
    };
    Ok(Verdict {
        fits: refusing.is_none(),
        message,
        remaining: shown.remaining,
        resets_at: refusing.map_or(shown.resets_at, |limit| limit.resets_at),
    })
}
