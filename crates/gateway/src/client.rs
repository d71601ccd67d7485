//! The HTTP clients towards upstreams: they send the bodies that the server reads.

use axum::body::Body;

/// A client; cheap to clone.
pub(crate) type Client = novacore_outbound::Client<Body>;

/// Makes clients, one of each kind.
pub(crate) type Clients = novacore_outbound::Clients<Body>;
