//! Refusals in the shapes of the wire.

use novacore_app::refusals::{KnownRefused, Refused};
use novacore_wire::{operate::UserRefusal, refusals::Refusal};

/// A refusal.
pub(crate) fn refusal(refused: &Refused) -> Refusal {
    Refusal {
        at: refused.at,
        resource_type: refused.resource.clone(),
        limit: refused.limit.clone(),
        window: refused.window,
        cap: refused.cap,
        used: refused.used,
        held: refused.held,
        requested: refused.requested,
        remaining: refused.remaining,
        resets_at: refused.resets_at,
    }
}

/// A refusal for an operator.
pub(crate) fn user_refusal(known: KnownRefused) -> UserRefusal {
    let user_id = known.refused.user;
    UserRefusal { refusal: refusal(&known.refused), user_id, email: known.email }
}
