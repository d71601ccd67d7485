//! Control plane: usage, auth and admin handlers.
//!
//! Everything under `/api` is for bearers of a JWT or an API key; the same usage calls without
//! `/api` are for services, which show the service token and name the user in `X-User-Id`.
//!
//! Invariant: handlers are glue: extract, permit, use-case, view.
//! Invariant: whatever goes wrong is answered with a problem of the catalogue; no header of a
//! client is believed but those that this crate reads.
//! Not here: rules; how to listen.

mod body;
mod caller;
mod compress;
mod cors;
mod docs;
mod guard;
mod router;
mod routes;
mod session;
mod site;
mod view;

pub use cors::{OriginError, Origins};
pub use docs::openapi;
pub use router::{ApiOptions, internal_router, router};
pub use site::{SiteFile, SiteFiles};
