//! All routes on one screen.

use crate::{
    caller::{self, Mount},
    compress,
    cors::Origins,
    docs, guard,
    routes::{admin, auth, events, health, memories, operate, reservations, stream, usage},
    site::{self, SiteFiles},
};
use axum::{
    Router,
    extract::{ConnectInfo, DefaultBodyLimit, FromRequestParts, Request, State},
    http::request::Parts,
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::{any, delete, get, patch, post, put},
};
use novacore_app::cx::Cx;
use novacore_edge::{DataPlane, Failure, forwarded};
use novacore_wire::{
    body::{BATCH_BYTES_MAX, BODY_BYTES_MAX},
    problem::ProblemKind,
};
use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};
use tokio::sync::watch;

/// How to serve.
#[derive(Clone, Debug, Default)]
pub struct ApiOptions {
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Closes when the server stops, which ends the streams: they would never finish by themselves.
    pub stop: Option<watch::Receiver<()>>,
    /// Origins whose pages may read answers.
    pub origins: Origins,
    /// What answers other paths.
    pub data_plane: Option<Arc<dyn DataPlane>>,
    /// The web app.
    pub site: Option<Arc<dyn SiteFiles>>,
}

/// What handlers are given.
#[derive(Clone, Debug)]
pub(crate) struct ApiState {
    pub(crate) cx: Cx,
    pub(crate) mount: Mount,
    pub(crate) options: Arc<ApiOptions>,
}

/// Everything: bearers under `/api`, services without it, health, metrics and the API's
/// description.
pub fn router(cx: Cx, options: ApiOptions) -> Router {
    let state = |mount| ApiState { cx: cx.clone(), mount, options: Arc::new(options.clone()) };
    let public = Router::new()
        .merge(usage_routes())
        .merge(native_routes())
        .merge(memory_routes())
        .merge(auth_routes())
        .merge(admin_routes())
        .route("/status", get(health::status))
        .with_state(state(Mount::Public));
    let internal = internal_routes(&state(Mount::Internal));
    let open = open_routes().with_state(state(Mount::Internal));
    finish(Router::new().nest("/api", public).merge(internal).merge(open), state(Mount::Public))
}

/// Only what services call, for a listener of its own.
pub fn internal_router(cx: Cx, options: ApiOptions) -> Router {
    // Services call services by themselves, and no page calls as one.
    let options =
        ApiOptions { data_plane: None, origins: Origins::default(), site: None, ..options };
    let state = ApiState { cx, mount: Mount::Internal, options: Arc::new(options) };
    let open = open_routes().with_state(state.clone());
    finish(internal_routes(&state).merge(open), state)
}

fn finish(routes: Router, state: ApiState) -> Router {
    let cors = state.options.origins.layer();
    let guarded = routes
        .fallback_service(any(other).with_state(state.clone()))
        .method_not_allowed_fallback(|| async {
            Failure::new(ProblemKind::MethodNotAllowed, "this path has no such method")
        })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(state.clone(), site::serve))
        .layer(from_fn_with_state(state, guard::guard))
        .layer(compress::layer());
    match cors {
        // Outermost: the question whether a call may be made is answered before the call.
        Some(cors) => guarded.layer(cors),
        None => guarded,
    }
}

/// A path that is none of ours.
async fn other(State(state): State<ApiState>, request: Request) -> Response {
    match &state.options.data_plane {
        Some(plane) if plane.serves(request.uri().path()) => plane.clone().answer(request).await,
        _ => Failure::new(ProblemKind::NotFound, "there is no such path").into_response(),
    }
}

/// The same calls between services; none of them is heard without the service token.
fn internal_routes(state: &ApiState) -> Router {
    Router::new()
        .merge(usage_routes())
        .merge(native_routes())
        .merge(memory_routes())
        .merge(auth_routes())
        .merge(admin_routes())
        .route_layer(from_fn_with_state(state.clone(), caller::require_service))
        .with_state(state.clone())
}

fn usage_routes() -> Router<ApiState> {
    Router::new()
        .route("/usage/stats", get(usage::stats))
        .route("/usage/tokens", get(usage::tokens))
        .route("/usage/storage", get(usage::storage))
        .route("/usage/check-quota", post(usage::check))
        .route("/usage/timeseries/{resource}", get(usage::timeseries))
        .route("/usage/tier", get(usage::tier))
        .route("/usage/quota", get(usage::quota))
        .route("/usage/history", get(usage::history))
        .route("/usage/record", post(usage::record))
}

fn native_routes() -> Router<ApiState> {
    let batches = DefaultBodyLimit::max(BATCH_BYTES_MAX);
    Router::new()
        .route("/usage/reservations", post(reservations::reserve))
        .route("/usage/reservations/{id}", get(reservations::find))
        .route("/usage/reservations/{id}/settle", post(reservations::settle))
        .route("/usage/reservations/{id}/extend", post(reservations::extend))
        .route("/usage/reservations/{id}/release", post(reservations::release))
        .route("/usage/events", post(events::send).layer(batches))
        .route("/usage/entries", get(events::list))
        .route("/usage/limits", get(usage::limits))
        .route("/usage/models", get(usage::models))
        .route("/usage/refusals", get(usage::refusals))
        .route("/usage/stream", get(stream::open))
}

fn memory_routes() -> Router<ApiState> {
    let bulks = DefaultBodyLimit::max(BATCH_BYTES_MAX);
    Router::new()
        .route("/memory/store", post(memories::store))
        .route("/memory/retrieve/{id}", get(memories::retrieve))
        .route("/memory/list", get(memories::list))
        .route("/memory/search", post(memories::search))
        .route("/memory/update/{id}", patch(memories::update))
        .route("/memory/delete/{id}", delete(memories::delete))
        .route("/memory/promote/{id}", post(memories::promote))
        .route("/memory/stats", get(memories::stats))
        .route("/memory/stm/store", post(memories::store_turn))
        .route("/memory/stm/retrieve/{session_id}", get(memories::list_session))
        .route("/memory/stm/clear/{session_id}", delete(memories::clear_session))
        .route("/memory/itm/retrieve", get(memories::list_intermediate))
        .route("/memory/context", get(memories::context))
        .route("/memory/usage", get(memories::usage))
        .route("/memory/usage/quota-check", get(memories::quota_check))
        .route("/memory/bulk", post(memories::store_many).layer(bulks))
        .route("/memory/forget", post(memories::forget))
}

fn auth_routes() -> Router<ApiState> {
    Router::new()
        .route("/auth/register", post(auth::register))
        .route("/auth/login", post(auth::login))
        .route("/auth/refresh", post(auth::refresh))
        .route("/auth/logout", post(auth::logout))
        .route("/auth/logout-all", post(auth::logout_all))
        .route("/auth/me", get(auth::me))
        .route("/auth/usage/quota", get(usage::quota))
        .route("/auth/sessions", get(auth::sessions))
        .route("/auth/sessions/{id}", delete(auth::end_session))
        .route("/auth/keys", get(auth::list_keys).post(auth::create_key))
        .route("/auth/keys/{id}", delete(auth::revoke_key))
}

fn admin_routes() -> Router<ApiState> {
    let overrides =
        get(admin::find_override).put(admin::put_override).delete(admin::remove_override);
    Router::new()
        .route("/admin/tiers", get(admin::list_tiers))
        .route("/admin/tiers/{name}", get(admin::find_tier).put(admin::put_tier))
        .route("/admin/tiers/{name}/preview", post(operate::preview))
        .route("/admin/users", get(admin::list_users))
        .route("/admin/users/{id}", get(admin::find_user))
        .route("/admin/users/{id}/tier", put(admin::set_tier))
        .route("/admin/users/{id}/role", put(admin::set_role))
        .route("/admin/users/{id}/disabled", put(admin::set_disabled))
        .route("/admin/users/{id}/overrides", get(operate::list_overrides))
        .route("/admin/users/{id}/overrides/{resource}", overrides)
        .route("/admin/users/{id}/memories", delete(memories::erase))
        .route("/admin/memory/embeddings", get(memories::embeddings))
        .route("/admin/usage", get(admin::usage))
        .route("/admin/usage/series", get(operate::series))
        .route("/admin/decisions", get(operate::decisions))
        .route("/admin/audit", get(admin::audit))
}

fn open_routes() -> Router<ApiState> {
    Router::new()
        .route("/", get(docs::home))
        .route("/docs", get(docs::page))
        .route("/openapi.json", get(docs::document))
        .route("/health", get(health::health))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(health::metrics))
}

/// Who is at the other end of the connection.
pub(crate) fn peer(parts: &Parts) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip())
}

/// The address of the client, for limits on login and register: the peer's, or what a trusted proxy
/// says it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl FromRequestParts<ApiState> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &ApiState,
    ) -> Result<ClientAddress, Infallible> {
        let peer = peer(parts);
        // A service has shown the token by now, and says for whom it calls.
        let is_service = state.mount == Mount::Internal;
        let trusted = &state.options.trusted_proxies;
        let client = if is_service {
            forwarded::client_said(&parts.headers, trusted)
        } else {
            forwarded::chain(peer, &parts.headers, trusted).first().copied()
        };
        Ok(ClientAddress(client.unwrap_or(peer)))
    }
}
