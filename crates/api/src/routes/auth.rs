//! Registration, sign-in, sessions and API keys.

use crate::{
    body::{Json, Path, path},
    router::{ApiState, ClientAddress},
    session::{Carrier, Shown, with_cookie},
};
use axum::{
    Json as Reply,
    extract::State,
    http::{HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use novacore_access::{KeyAsk, KeyName, Scope, Scopes, User};
use novacore_app::auth::{SignedIn, register::EmailAndPassword};
use novacore_edge::{Failure, caller::Caller};
use novacore_vocab::{KeyId, SessionId, TierName, UserId};
use novacore_wire::auth as wire;
use secrecy::{ExposeSecret, SecretString};

/// A body, and a cookie beside it.
type Answered<T> = (Reply<T>, Option<HeaderValue>);

fn pair(ask: wire::Credentials) -> EmailAndPassword {
    EmailAndPassword { email: ask.email, password: SecretString::from(ask.password) }
}

/// A user who has registered or signed in, and where his refresh token goes.
fn signed_in(state: &ApiState, carrier: Carrier, done: &SignedIn) -> Answered<wire::SignedIn> {
    let user = &done.user;
    let (refresh_token, cookie) = carrier.carry(&done.tokens, state.cx.clock.now());
    let body = wire::SignedIn {
        user: wire::SignedInUser {
            id: user.id,
            email: email(user),
            role: user.role.as_str(),
            subscription_tier: user.tier.clone(),
            trial_ends_at: user.trial_ends_at,
        },
        access_token: done.tokens.access.expose_secret().to_owned(),
        refresh_token,
    };
    (Reply(body), cookie)
}

fn email(user: &User) -> Option<String> {
    user.email.as_ref().map(|email| email.as_str().to_owned())
}

pub(crate) async fn register(
    State(state): State<ApiState>,
    carrier: Carrier,
    from: ClientAddress,
    Json(ask): Json<wire::Credentials>,
) -> Result<Response, Failure> {
    let done = state.cx.auth.register(pair(ask), from.0).await?;
    let (body, cookie) = signed_in(&state, carrier, &done);
    Ok(with_cookie((StatusCode::CREATED, body), cookie))
}

pub(crate) async fn login(
    State(state): State<ApiState>,
    carrier: Carrier,
    from: ClientAddress,
    Json(ask): Json<wire::Credentials>,
) -> Result<Response, Failure> {
    let done = state.cx.auth.login(pair(ask), from.0).await?;
    let (body, cookie) = signed_in(&state, carrier, &done);
    Ok(with_cookie(body, cookie))
}

pub(crate) async fn refresh(State(state): State<ApiState>, shown: Shown) -> Response {
    let refreshed = match shown.needed() {
        Ok(token) => state.cx.auth.refresh(token).await.map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    let tokens = match refreshed {
        Ok(tokens) => tokens,
        Err(failure) => return shown.carrier.refused(failure),
    };
    let (refresh_token, cookie) = shown.carrier.carry(&tokens, state.cx.clock.now());
    let access_token = tokens.access.expose_secret().to_owned();
    with_cookie(Reply(wire::Refreshed { access_token, refresh_token }), cookie)
}

pub(crate) async fn logout(State(state): State<ApiState>, shown: Shown) -> Response {
    let left = match shown.token() {
        Ok(Some(token)) => state.cx.auth.logout(token).await.map_err(Failure::from),
        // Nobody is signed in here, which is what is asked for.
        Ok(None) => Ok(()),
        Err(failure) => Err(failure),
    };
    match left {
        Ok(()) => shown.carrier.over(Reply(wire::Done { success: true, message: "Signed out" })),
        Err(failure) => shown.carrier.refused(failure),
    }
}

pub(crate) async fn logout_all(
    State(state): State<ApiState>,
    caller: Caller,
) -> Result<Reply<wire::SessionsEnded>, Failure> {
    let permit = caller.principal.manage_self()?;
    let ended = state.cx.auth.logout_everywhere(permit).await?;
    Ok(Reply(wire::SessionsEnded { success: true, ended }))
}

pub(crate) async fn sessions(
    State(state): State<ApiState>,
    caller: Caller,
) -> Result<Reply<wire::SessionList>, Failure> {
    let permit = caller.principal.manage_self()?;
    let sessions = state.cx.directory.list_sessions(permit.account()).await;
    let sessions = sessions.map_err(novacore_app::error::AppError::from)?;
    let rows = sessions.into_iter().map(|session| wire::SessionRow {
        id: session.id,
        created_at: session.created_at,
        refreshed_at: session.rotated_at,
        expires_at: session.expires_at,
    });
    Ok(Reply(wire::SessionList { sessions: rows.collect() }))
}

pub(crate) async fn end_session(
    State(state): State<ApiState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Reply<wire::Done>, Failure> {
    let id: SessionId = path(&id)?;
    let permit = caller.principal.manage_self()?;
    state.cx.auth.end_session(permit, id).await?;
    Ok(Reply(wire::Done { success: true, message: "Session ended" }))
}

pub(crate) async fn me(State(state): State<ApiState>, caller: Caller) -> Result<Response, Failure> {
    let permit = caller.reads(&state.cx).await?;
    let user = state.cx.auth.find_user(permit.account().user).await?;
    let user = user.ok_or(novacore_access::Denied::NotFound)?;
    let body = wire::Me {
        id: user.id,
        email: email(&user),
        role: user.role.as_str(),
        subscription_tier: user.tier.clone(),
        trial_ends_at: user.trial_ends_at,
        created_at: user.created_at,
    };
    Ok(Reply(body).into_response())
}

fn key_row(key: &novacore_access::ApiKey) -> wire::KeyRow {
    wire::KeyRow {
        id: key.id,
        name: key.name.as_str().to_owned(),
        scopes: key.scopes.iter().map(Scope::as_str).collect(),
        prefix: key.prefix.clone(),
        created_at: key.created_at,
        expires_at: key.expires_at,
        last_used_at: key.last_used_at,
    }
}

pub(crate) async fn create_key(
    State(state): State<ApiState>,
    caller: Caller,
    Json(ask): Json<wire::KeyRequest>,
) -> Result<Response, Failure> {
    let permit = state.cx.auth.keys_permit(&caller.principal, ask.user_id).await?;
    let name = KeyName::parse(&ask.name).map_err(|error| Failure::invalid("name", error))?;
    let scopes = ask.scopes.iter().map(|scope| scope.parse::<Scope>());
    let scopes = scopes.collect::<Result<Scopes, _>>();
    let scopes = scopes.map_err(|error| Failure::invalid("scopes", error))?;
    let ask = KeyAsk { name, scopes, expires_at: ask.expires_at };
    let new = state.cx.auth.create_key(permit, ask).await?;
    let body = wire::NewKey { key: new.text.expose_secret().to_owned(), row: key_row(&new.key) };
    Ok((StatusCode::CREATED, Reply(body)).into_response())
}

pub(crate) async fn list_keys(
    State(state): State<ApiState>,
    caller: Caller,
) -> Result<Reply<wire::KeyList>, Failure> {
    let permit = state.cx.auth.keys_permit(&caller.principal, None).await?;
    let keys = state.cx.auth.list_keys(permit).await?;
    Ok(Reply(wire::KeyList { keys: keys.iter().map(key_row).collect() }))
}

pub(crate) async fn revoke_key(
    State(state): State<ApiState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Reply<wire::Done>, Failure> {
    let id: KeyId = path(&id)?;
    let permit = state.cx.auth.keys_permit(&caller.principal, None).await?;
    state.cx.auth.revoke_key(permit, id).await?;
    Ok(Reply(wire::Done { success: true, message: "Key revoked" }))
}

/// The user and tier that a path and a body name.
pub(crate) fn user_of(text: &str) -> Result<UserId, Failure> {
    path(text)
}

/// A tier that exists.
pub(crate) fn known_tier(state: &ApiState, tier: &TierName) -> Result<(), Failure> {
    let known = state.cx.ledger.policy().tier(tier).is_some();
    if known { Ok(()) } else { Err(Failure::invalid("tier", format!("unknown tier {tier}"))) }
}
