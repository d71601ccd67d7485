//! The API's own description: OpenAPI 3.1 from a table of operations and the shapes of `wire`.

mod typed;

use axum::{
    Json,
    http::{HeaderName, header},
    response::{Html, IntoResponse, Response},
};
use novacore_wire::{
    admin, auth, entries, events, health, limits, memories, models, operate, problem, refusals,
    reservations, usage,
};
use serde_json::{Value, json};
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(components(schemas(
    usage::Stats,
    usage::StatsRow,
    usage::Current,
    usage::StatsLimits,
    usage::Tokens,
    usage::Storage,
    usage::CheckQuotaRequest,
    usage::CheckQuota,
    usage::DayRow,
    usage::TierOf,
    usage::Quota,
    usage::QuotaRow,
    usage::QuotaStorage,
    usage::History,
    usage::HistoryRow,
    usage::RecordRequest,
    usage::Recorded,
    limits::Limits,
    limits::ResourceLimits,
    limits::LimitStanding,
    limits::LimitSource,
    limits::Upgrade,
    limits::UpgradeLimit,
    models::ModelUse,
    models::ModelRow,
    models::ModelDay,
    refusals::RefusalPage,
    refusals::Refusal,
    refusals::AccountEvent,
    reservations::ReserveRequest,
    reservations::AmountOf,
    reservations::OnExpiry,
    reservations::SettleRequest,
    reservations::ExtendRequest,
    reservations::Decision,
    reservations::StandingRow,
    reservations::Reserved,
    reservations::Settled,
    reservations::Reservation,
    reservations::ReservationAmount,
    events::UsageEvent,
    events::UsageData,
    events::EventsReport,
    events::EventResult,
    entries::EntryPage,
    entries::EntryRow,
    entries::ThresholdRow,
    memories::StoreRequest,
    memories::BulkRequest,
    memories::BulkMemory,
    memories::BulkMode,
    memories::UpdateRequest,
    memories::PromoteRequest,
    memories::SearchRequest,
    memories::ForgetRequest,
    memories::EraseRequest,
    memories::StmRequest,
    memories::Memory,
    memories::FoundMemory,
    memories::MemoryPage,
    memories::SessionMemories,
    memories::SearchResults,
    memories::ContextParts,
    memories::Deleted,
    memories::Forgotten,
    memories::Erased,
    memories::BulkAnswer,
    memories::BulkStored,
    memories::BulkEach,
    memories::BulkResult,
    memories::MemoryUsage,
    memories::TotalStorage,
    memories::MemoryCounts,
    memories::TermsStats,
    memories::TermStats,
    memories::QuotaCheck,
    memories::StorageLimit,
    memories::NoLimit,
    memories::MemoryStats,
    memories::EmbeddingState,
    memories::EmbeddingProgress,
    memories::ModelMemories,
    auth::Credentials,
    auth::SignedIn,
    auth::SignedInUser,
    auth::Me,
    auth::RefreshRequest,
    auth::Refreshed,
    auth::KeyRequest,
    auth::NewKey,
    auth::KeyRow,
    auth::KeyList,
    auth::SessionList,
    auth::SessionRow,
    auth::Done,
    auth::SessionsEnded,
    admin::TierView,
    admin::LimitView,
    admin::LimitMode,
    admin::TierList,
    admin::PutTierRequest,
    admin::PutLimit,
    admin::UserPage,
    admin::UserView,
    admin::SetTierRequest,
    admin::SetRoleRequest,
    admin::SetDisabledRequest,
    admin::PutOverrideRequest,
    admin::OverrideView,
    admin::Overview,
    admin::OverviewRow,
    admin::OverviewUser,
    operate::UsageSeries,
    operate::SeriesDay,
    operate::Decisions,
    operate::DecisionRow,
    operate::UserRefusal,
    operate::OverrideList,
    operate::PreviewRequest,
    operate::TierPreview,
    operate::PreviewChange,
    operate::PreviewExample,
    admin::AuditPage,
    admin::AuditView,
    health::Health,
    health::StoreFigures,
    health::Probe,
    health::Status,
    problem::ProblemShape,
)))]
struct Schemas;

/// Method, path, what it does, body, status, answer. `[]` after an answer is a list of it.
type Row = (&'static str, &'static str, &'static str, &'static str, u16, &'static str);

const OPERATIONS: &[Row] = &[
    ("get", "/api/usage/stats?days", "Use of the last days, limits and warnings", "", 200, "Stats"),
    ("get", "/api/usage/tokens", "Today's tokens", "", 200, "Tokens"),
    ("get", "/api/usage/storage", "What is stored", "", 200, "Storage"),
    (
        "post",
        "/api/usage/check-quota",
        "Would this much more be admitted?",
        "CheckQuotaRequest",
        200,
        "CheckQuota",
    ),
    ("get", "/api/usage/timeseries/{resource}?days", "Use per day", "", 200, "DayRow[]"),
    ("get", "/api/usage/tier", "The tier", "", 200, "TierOf"),
    ("get", "/api/usage/quota", "The quota at a glance", "", 200, "Quota"),
    ("get", "/api/usage/history?days", "Use per day, the newest first", "", 200, "History"),
    (
        "post",
        "/api/usage/record",
        "State use; enforce asks for admission",
        "RecordRequest",
        201,
        "Recorded",
    ),
    ("post", "/api/usage/reservations", "Set headroom aside", "ReserveRequest", 201, "Reserved"),
    ("get", "/api/usage/reservations/{id}", "A reservation", "", 200, "Reservation"),
    (
        "post",
        "/api/usage/reservations/{id}/settle",
        "Charge use under a reservation",
        "SettleRequest",
        200,
        "Settled",
    ),
    (
        "post",
        "/api/usage/reservations/{id}/extend",
        "Give a reservation more time or headroom",
        "ExtendRequest",
        200,
        "Reserved",
    ),
    (
        "post",
        "/api/usage/reservations/{id}/release",
        "End a reservation unused",
        "",
        200,
        "Settled",
    ),
    (
        "post",
        "/api/usage/events",
        "CloudEvents, one or up to 1,000",
        "UsageEvent",
        200,
        "EventsReport",
    ),
    (
        "get",
        "/api/usage/entries?resourceType&kind&from&until&cursor&limit",
        "The caller's ledger",
        "",
        200,
        "EntryPage",
    ),
    ("get", "/api/usage/limits", "All limits, and what the next tier gives", "", 200, "Limits"),
    (
        "get",
        "/api/usage/models?resourceType&days",
        "Use by model, as entries name it",
        "",
        200,
        "ModelUse",
    ),
    (
        "get",
        "/api/usage/refusals?limit",
        "What limits refused lately: in the memory of the node that is asked, since it started",
        "",
        200,
        "RefusalPage",
    ),
    (
        "get",
        "/api/usage/stream",
        "Usage as it happens, refusals of this node, changed limits (account): server-sent events",
        "",
        200,
        "",
    ),
    ("post", "/api/memory/store", "Store a memory", "StoreRequest", 201, "Memory"),
    ("get", "/api/memory/retrieve/{id}", "A memory", "", 200, "Memory"),
    (
        "get",
        "/api/memory/list?tier&memory_type&session_id&tag&created_from&created_to&min_confidence&\
         limit&offset",
        "Memories, the newest first",
        "",
        200,
        "MemoryPage",
    ),
    ("post", "/api/memory/search", "Find memories", "SearchRequest", 200, "SearchResults"),
    ("patch", "/api/memory/update/{id}", "Change a memory", "UpdateRequest", 200, "Memory"),
    ("delete", "/api/memory/delete/{id}", "Delete a memory", "", 200, "Deleted"),
    (
        "post",
        "/api/memory/promote/{id}",
        "Keep a memory for longer",
        "PromoteRequest",
        200,
        "Memory",
    ),
    ("get", "/api/memory/stats", "Memories in figures", "", 200, "MemoryStats"),
    (
        "post",
        "/api/memory/stm/store?session_id",
        "Store a turn of a conversation",
        "StmRequest",
        201,
        "Memory",
    ),
    (
        "get",
        "/api/memory/stm/retrieve/{session_id}?limit",
        "A session's short-term memories",
        "",
        200,
        "SessionMemories",
    ),
    (
        "delete",
        "/api/memory/stm/clear/{session_id}",
        "Forget a session's short-term memories",
        "",
        200,
        "Forgotten",
    ),
    ("get", "/api/memory/itm/retrieve?limit", "Intermediate memories", "", 200, "MemoryPage"),
    (
        "get",
        "/api/memory/context?session_id&query&limit",
        "What to have in mind for a conversation",
        "",
        200,
        "ContextParts",
    ),
    ("get", "/api/memory/usage", "What memories take", "", 200, "MemoryUsage"),
    (
        "get",
        "/api/memory/usage/quota-check",
        "Is there room for more memories?",
        "",
        200,
        "QuotaCheck",
    ),
    (
        "post",
        "/api/memory/bulk",
        "Store up to 100 memories, all or none (BulkStored) or each for itself (BulkEach, 207)",
        "BulkRequest",
        201,
        "BulkAnswer",
    ),
    ("post", "/api/memory/forget", "Forget what fits", "ForgetRequest", 200, "Forgotten"),
    ("post", "/api/auth/register", "Register", "Credentials", 201, "SignedIn"),
    ("post", "/api/auth/login", "Sign in", "Credentials", 200, "SignedIn"),
    ("post", "/api/auth/refresh", "Rotate the refresh token", "RefreshRequest", 200, "Refreshed"),
    ("post", "/api/auth/logout", "End this session", "RefreshRequest", 200, "Done"),
    ("post", "/api/auth/logout-all", "End all sessions", "", 200, "SessionsEnded"),
    ("get", "/api/auth/me", "Who am I", "", 200, "Me"),
    ("get", "/api/auth/usage/quota", "The quota at a glance", "", 200, "Quota"),
    ("get", "/api/auth/sessions", "The caller's sessions", "", 200, "SessionList"),
    ("delete", "/api/auth/sessions/{id}", "End one of the caller's sessions", "", 200, "Done"),
    ("get", "/api/auth/keys", "The caller's API keys", "", 200, "KeyList"),
    ("post", "/api/auth/keys", "Create an API key, shown once", "KeyRequest", 201, "NewKey"),
    ("delete", "/api/auth/keys/{id}", "Revoke an API key", "", 200, "Done"),
    ("get", "/api/admin/tiers", "All tiers", "", 200, "TierList"),
    ("get", "/api/admin/tiers/{name}", "A tier", "", 200, "TierView"),
    ("put", "/api/admin/tiers/{name}", "Add or replace a tier", "PutTierRequest", 200, "TierView"),
    (
        "post",
        "/api/admin/tiers/{name}/preview",
        "Whom a change of a tier would affect; changes nothing",
        "PreviewRequest",
        200,
        "TierPreview",
    ),
    ("get", "/api/admin/users?search&tier&cursor&limit", "Users", "", 200, "UserPage"),
    ("get", "/api/admin/users/{id}", "A user", "", 200, "UserView"),
    ("put", "/api/admin/users/{id}/tier", "Set a user's tier", "SetTierRequest", 200, "UserView"),
    ("put", "/api/admin/users/{id}/role", "Set a user's role", "SetRoleRequest", 200, "UserView"),
    (
        "put",
        "/api/admin/users/{id}/disabled",
        "Shut or open an account",
        "SetDisabledRequest",
        200,
        "UserView",
    ),
    ("get", "/api/admin/users/{id}/overrides", "All overrides of a user", "", 200, "OverrideList"),
    (
        "get",
        "/api/admin/users/{id}/overrides/{resource}?limit",
        "A user's override",
        "",
        200,
        "OverrideView",
    ),
    (
        "put",
        "/api/admin/users/{id}/overrides/{resource}?limit",
        "Override a user's limit",
        "PutOverrideRequest",
        200,
        "OverrideView",
    ),
    (
        "delete",
        "/api/admin/users/{id}/overrides/{resource}?limit&reason",
        "Remove an override",
        "",
        200,
        "Done",
    ),
    (
        "delete",
        "/api/admin/users/{id}/memories",
        "Erase all memories of a user",
        "EraseRequest",
        200,
        "Erased",
    ),
    (
        "get",
        "/api/admin/memory/embeddings",
        "How far embedding has come",
        "",
        200,
        "EmbeddingProgress",
    ),
    ("get", "/api/admin/usage?days&top", "What all users use", "", 200, "Overview"),
    (
        "get",
        "/api/admin/usage/series?resourceType&days",
        "What all users use, day by day",
        "",
        200,
        "UsageSeries",
    ),
    (
        "get",
        "/api/admin/decisions?limit",
        "What this node has decided and refused since it started",
        "",
        200,
        "Decisions",
    ),
    ("get", "/api/admin/audit?target&cursor&limit", "The audit log", "", 200, "AuditPage"),
    ("get", "/api/status", "Is it up", "", 200, "Status"),
    ("get", "/health", "How is it doing", "", 200, "Health"),
    ("get", "/health/live", "Is it alive", "", 200, "Probe"),
    ("get", "/health/ready", "Does it accept commands", "", 200, "Probe"),
    ("get", "/metrics", "Prometheus metrics", "", 200, ""),
];

/// Calls that need no credential.
const OPEN: [&str; 9] = [
    "/api/auth/register",
    "/api/auth/login",
    "/api/auth/refresh",
    "/api/auth/logout",
    "/api/status",
    "/health",
    "/health/live",
    "/health/ready",
    "/metrics",
];

/// The whole description.
pub fn openapi() -> Value {
    let mut paths = serde_json::Map::new();
    for row in OPERATIONS {
        let path = row.1.split('?').next().unwrap_or(row.1);
        let methods = paths.entry(path).or_insert_with(|| json!({}));
        methods[row.0] = operation(row);
    }
    let schemas = serde_json::to_value(Schemas::openapi()).unwrap_or_default();
    let mut components = schemas["components"].clone();
    components["securitySchemes"] = json!({
        "bearer": { "type": "http", "scheme": "bearer", "description": "A JWT or an API key" },
        "service": { "type": "apiKey", "in": "header", "name": "X-Service-Token",
            "description": "For the same calls without /api, between services" },
    });
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "NovaCore",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Usage ledger and quota gate of an AI platform.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "paths": paths,
        "components": components,
    });
    typed::complete(&mut document);
    document
}

fn operation((method, path, summary, body, status, answer): &Row) -> Value {
    let (route, query) = path.split_once('?').unwrap_or((path, ""));
    let names = route.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let text = json!({ "type": "string" });
    let in_path =
        names.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": text }));
    let in_query = query.split('&').filter(|name| !name.is_empty());
    let in_query = in_query.map(|name| {
        json!({ "name": name, "in": "query", "required": typed::is_needed(method, name),
            "schema": typed::parameter(route, name) })
    });
    let problem = json!({
        "description": "A problem",
        "content": { "application/problem+json": { "schema": reference("Problem") } },
    });
    let mut operation = json!({
        "operationId": operation_id(method, route),
        "summary": summary,
        "parameters": in_path.chain(in_query).chain(typed::session(route)).collect::<Vec<_>>(),
        "responses": { status.to_string(): { "description": summary }, "default": problem },
    });
    if !answer.is_empty() {
        let schema = match answer.strip_suffix("[]") {
            Some(item) => json!({ "type": "array", "items": reference(item) }),
            None => reference(answer),
        };
        operation["responses"][status.to_string()]["content"] =
            json!({ "application/json": { "schema": schema } });
    }
    if !body.is_empty() {
        operation["requestBody"] =
            json!({ "required": typed::needs_body(route), "content": content(body) });
    }
    if !OPEN.contains(&route) {
        operation["security"] = json!([{ "bearer": [] }]);
    }
    operation
}

/// Events have media types of their own.
fn content(body: &str) -> Value {
    let schema = reference(body);
    if body == "UsageEvent" {
        return json!({
            events::EVENT_TYPE: { "schema": schema },
            events::EVENT_BATCH_TYPE: { "schema": { "type": "array", "items": schema } },
        });
    }
    json!({ "application/json": { "schema": schema } })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn operation_id(method: &str, route: &str) -> String {
    let parts = route.split('/').filter(|part| !part.is_empty() && *part != "api");
    let parts = parts.map(|part| part.trim_matches(['{', '}']).replace('-', "_"));
    [method.to_owned()].into_iter().chain(parts).collect::<Vec<_>>().join("_")
}

pub(crate) async fn document() -> Json<Value> {
    Json(openapi())
}

/// No page of another's shows ours within it.
const UNFRAMED: (HeaderName, &str) = (header::X_FRAME_OPTIONS, "DENY");

/// Where to go from here, until there is a page.
pub(crate) async fn home() -> Response {
    let text = "NovaCore: usage ledger and quota gate.\n\nAPI: /docs, /openapi.json\n\
                Health: /health, metrics: /metrics\n";
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), UNFRAMED];
    (headers, text).into_response()
}

/// The operations as a page, without script.
pub(crate) async fn page() -> Response {
    let mut rows = String::new();
    for (method, path, summary, body, _, answer) in OPERATIONS {
        let method = method.to_uppercase();
        rows.push_str(&format!(
            "<tr><td>{method}</td><td><code>{path}</code></td><td>{summary}</td>\
             <td>{body}</td><td>{answer}</td></tr>\n"
        ));
    }
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>NovaCore API</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>body{{font:16px/1.5 system-ui;\
         margin:2rem auto;max-width:70rem;padding:0 1rem;color-scheme:light dark}}table{{border-collapse:\
         collapse;width:100%}}td,th{{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #8884}}\
         </style></head><body><h1>NovaCore API</h1><p>The full description with all shapes is \
         <a href=\"/openapi.json\">/openapi.json</a>. Calls under <code>/api</code> take \
         <code>Authorization: Bearer</code> with a token or an API key; services call the same paths \
         without <code>/api</code> and show <code>X-Service-Token</code>.</p><table><thead><tr><th>Method\
         </th><th>Path</th><th>What</th><th>Body</th><th>Answer</th></tr></thead><tbody>\n{rows}</tbody>\
         </table></body></html>"
    );
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; \
                  base-uri 'none'; form-action 'none'";
    ([(header::CONTENT_SECURITY_POLICY, policy), UNFRAMED], Html(page)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use novacore_wire::words;

    #[test]
    fn the_description_in_the_docs_is_this_one() {
        let kept = include_str!("../../../docs/reference/openapi.json");
        let kept: Value = serde_json::from_str(kept).unwrap();
        let how = "run `novacore openapi > docs/reference/openapi.json`";
        assert!(kept == openapi(), "{how}");
    }

    #[test]
    fn the_words_of_the_description_are_those_of_the_domain() {
        use novacore_access::{AuditAction, Role, Scope};
        use novacore_ledger::{EntryKind, Flags, HoldStatus};
        use novacore_memory::{Kind, Mode, Outcome, Term};
        use novacore_vocab::Window;
        let holds = [
            HoldStatus::Open,
            HoldStatus::Settled,
            HoldStatus::Released,
            HoldStatus::Expired,
            HoldStatus::SettledLate,
        ];
        let flags: Vec<_> = Flags(u16::MAX).words().collect();
        for (said, known) in [
            (words::Role::ALL, Role::ALL.map(Role::as_str).to_vec()),
            (words::Scope::ALL, Scope::ALL.map(Scope::as_str).to_vec()),
            (words::AuditAction::ALL, AuditAction::ALL.map(AuditAction::as_str).to_vec()),
            (words::Window::ALL, Window::ALL.map(Window::as_str).to_vec()),
            (words::EntryKind::ALL, EntryKind::ALL.map(EntryKind::as_str).to_vec()),
            (words::Flag::ALL, flags),
            (words::ReservationStatus::ALL, holds.map(HoldStatus::as_str).to_vec()),
            (words::MemoryType::ALL, Kind::ALL.map(Kind::as_str).to_vec()),
            (words::Outcome::ALL, Outcome::ALL.map(Outcome::as_str).to_vec()),
            (words::MemoryTier::ALL, Term::ALL.map(Term::as_str).to_vec()),
            (words::SearchMode::ALL, Mode::ALL.map(Mode::as_str).to_vec()),
        ] {
            assert_eq!(said, known);
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_id_is_unique() {
        let document = openapi();
        let text = document.to_string();
        for part in text.split("#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
        }
        let ids: std::collections::BTreeSet<_> = OPERATIONS
            .iter()
            .map(|row| operation_id(row.0, row.1.split('?').next().unwrap()))
            .collect();
        assert_eq!(ids.len(), OPERATIONS.len());
    }
}
