//! One route: who may call, and the call itself.
//!
//! Invariant: the ladder of checks: credential, right, role, a free place, size; nothing is sent
//! before the last of them.
//! Not here: sending it (`exchange`), bodies on their way (`upload`, `download`).

use super::{
    download::{Download, Place},
    exchange::{Call, Exchange, Failed, RETRY},
    headers::{self, REQUEST_ID, Told},
    options::Parsed,
    path::Prefix,
    tunnel,
    upload::{Upload, UploadFault, UploadLimits},
    upstreams::Upstreams,
};
use crate::{breaker::Health, client::Client};
use axum::{
    body::{Body, HttpBody},
    extract::ConnectInfo,
    http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header, request},
    response::Response,
};
use hyper::{body::Incoming, upgrade::OnUpgrade};
use novacore_access::{Forward, Permit, Role, User};
use novacore_app::{auth::context_token::ContextTokens, cx::Cx, metrics::RouteMeter};
use novacore_edge::{Failure, caller, forwarded};
use novacore_wire::problem::ProblemKind;
use secrecy::ExposeSecret;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::sync::Semaphore;

/// What a call may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) head: Duration,
    pub(super) idle: Duration,
    pub(super) body_bytes_max: u64,
    pub(super) body_idle: Duration,
    pub(super) body: Duration,
    pub(super) in_flight_max: usize,
}

/// The clients of a route.
#[derive(Clone, Debug)]
pub(super) struct Clients {
    /// For calls.
    pub(super) calls: Client,
    /// For upgrades, which only HTTP/1.1 knows.
    pub(super) upgrades: Client,
}

/// A route.
#[derive(Debug)]
pub(super) struct Route {
    prefix: Prefix,
    rewrite: Option<String>,
    roles: Vec<Role>,
    limits: Limits,
    places: Arc<Semaphore>,
    upstreams: Upstreams,
    tokens: ContextTokens,
    clients: Clients,
    trusted_proxies: Arc<[IpAddr]>,
    meter: RouteMeter,
}

/// For whom a call is made.
struct For {
    user: User,
    permit: Permit<Forward>,
}

impl Route {
    pub(super) fn new(
        parsed: Parsed,
        cx: &Cx,
        clients: Clients,
        trusted_proxies: Arc<[IpAddr]>,
    ) -> Route {
        let meter = cx.metrics.routes.of(parsed.prefix.as_str());
        Route {
            rewrite: parsed.rewrite,
            roles: parsed.roles,
            limits: parsed.limits,
            places: Arc::new(Semaphore::new(parsed.limits.in_flight_max)),
            upstreams: Upstreams::new(parsed.bases, parsed.breaker, meter.clone()),
            tokens: cx.auth.context_tokens(&parsed.audience),
            prefix: parsed.prefix,
            clients,
            trusted_proxies,
            meter,
        }
    }

    /// What of the path follows the prefix, if it lies under it.
    pub(super) fn rest<'p>(&self, path: &'p str) -> Option<&'p str> {
        self.prefix.rest(path)
    }

    pub(super) fn prefix(&self) -> &str {
        self.prefix.as_str()
    }

    pub(super) fn health(&self) -> Vec<Health> {
        self.upstreams.health()
    }

    /// Answers a call whose path, in one spelling, is `path`, of which `rest` follows the prefix.
    pub(super) async fn answer(
        &self,
        cx: &Cx,
        request: Request<Body>,
        path: &str,
        rest: &str,
    ) -> Result<Response, Failure> {
        let answer = self.checked(cx, request, path, rest).await;
        let status = match &answer {
            Ok(answer) => answer.status().as_u16(),
            Err(failure) => failure.0.kind.status(),
        };
        self.meter.answered(status);
        answer
    }

    async fn checked(
        &self,
        cx: &Cx,
        mut request: Request<Body>,
        path: &str,
        rest: &str,
    ) -> Result<Response, Failure> {
        let of = self.authorize(cx, request.headers()).await?;
        // An echo would show the client what only the service is told.
        if request.method() == Method::TRACE {
            return Err(Failure::new(ProblemKind::MethodNotAllowed, "TRACE is not forwarded"));
        }
        let place = self.place()?;
        let bytes_max = self.limits.body_bytes_max;
        if request.body().size_hint().lower() > bytes_max {
            return Err(Failed::Client(UploadFault::TooLarge).into());
        }
        let client = tunnel::asked(&mut request);
        let (mut parts, body) = request.into_parts();
        self.tell(&of, &mut parts)?;
        if client.is_some() {
            tunnel::mark(&mut parts.headers);
        }
        let call = Call {
            method: parts.method,
            headers: parts.headers,
            path: match &self.rewrite {
                Some(rewrite) => format!("{rewrite}{rest}"),
                None => path.to_owned(),
            },
            query: parts.uri.query().map(str::to_owned),
            client: if client.is_some() { &self.clients.upgrades } else { &self.clients.calls },
        };
        let (idle, whole) = (self.limits.body_idle, self.limits.body);
        let upload = Upload::new(body, UploadLimits { bytes_max, idle, whole });
        let answer = self.exchange().send(&call, &upload).await?;
        Ok(self.pass_on(answer, client, place)?)
    }

    async fn authorize(&self, cx: &Cx, headers: &HeaderMap) -> Result<For, Failure> {
        let principal = caller::bearer(headers, cx).await?.principal;
        let id = principal.subject()?.account().user;
        let user = match principal.user().filter(|user| user.id == id) {
            Some(user) => user.clone(),
            None => match cx.auth.find_user(id).await? {
                Some(user) => User::clone(&user),
                None => return Err(Failure::new(ProblemKind::NotFound, "not found")),
            },
        };
        let permit = principal.forward(&user)?;
        if !self.roles.is_empty() && !self.roles.contains(&user.role) {
            return Err(Failure::new(ProblemKind::Forbidden, "this path is for other roles"));
        }
        Ok(For { user, permit })
    }

    fn place(&self) -> Result<Place, Failure> {
        let permit = self.places.clone().try_acquire_owned().map_err(|_| {
            Failure::new(ProblemKind::Overloaded, "too many calls of this service are in flight")
        })?;
        Ok(Place { _permit: permit, _in_flight: self.meter.begin() })
    }

    /// Puts what the service is told in the place of what the client said.
    fn tell(&self, of: &For, parts: &mut request::Parts) -> Result<(), Failure> {
        let token = self.tokens.issue(&of.permit, &of.user)?;
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        let authority = || HeaderValue::try_from(parts.uri.authority()?.as_str()).ok();
        let told = Told {
            user: &of.user,
            token: token.expose_secret(),
            request_id: parts.headers.get(&REQUEST_ID).cloned(),
            hops: &forwarded::chain(peer, &parts.headers, &self.trusted_proxies),
            proto: forwarded::proto(peer, &parts.headers, &self.trusted_proxies),
            host: parts.headers.get(header::HOST).cloned().or_else(authority),
        };
        headers::scrub_request(&mut parts.headers);
        headers::tell(&mut parts.headers, &told);
        Ok(())
    }

    fn exchange(&self) -> Exchange<'_> {
        Exchange {
            prefix: self.prefix.as_str(),
            upstreams: &self.upstreams,
            head: self.limits.head,
            meter: &self.meter,
        }
    }

    /// The service's answer as the client gets it.
    fn pass_on(
        &self,
        mut answer: Response<Incoming>,
        client: Option<OnUpgrade>,
        place: Place,
    ) -> Result<Response, Failed> {
        let mut passed = Response::new(Body::empty());
        *passed.status_mut() = answer.status();
        let is_websocket = tunnel::is_websocket(answer.headers());
        headers::scrub_answer(answer.headers_mut());
        *passed.headers_mut() = std::mem::take(answer.headers_mut());
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            let body = answer.into_body();
            let body = Download::new(body, self.limits.idle, self.meter.clone(), place);
            *passed.body_mut() = Body::new(body);
            return Ok(passed);
        }
        // A switch that nobody asked for, or to something else, leads nowhere.
        let Some(client) = client.filter(|_| is_websocket) else {
            return Err(Failed::Unavailable(RETRY));
        };
        let service = hyper::upgrade::on(answer);
        tokio::spawn(tunnel::carry(client, service, self.limits.idle, place));
        tunnel::mark(passed.headers_mut());
        Ok(passed)
    }
}
