//! The server: listens, serves, and drains.

use crate::{compose::compose_now, config::Config, secrets};
use anyhow::Context;
use axum::{Router, extract::ConnectInfo, http::Request};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use novacore_access::Email;
use novacore_api::{ApiOptions, internal_router, router};
use novacore_app::{auth::bootstrap::FirstAdmin, cx::Cx};
use secrecy::ExposeSecret;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::{Semaphore, watch},
};
use tower::ServiceExt;

/// How long a client may take to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Most header fields of a request.
const HEADERS_MAX: usize = 100;

/// Serves until a signal comes.
pub(crate) async fn serve(config: &Config) -> anyhow::Result<()> {
    let cx = compose_now(config)?;
    let (stop, stopped) = watch::channel(());
    let trusted_proxies = config.server.trusted_proxies.clone();
    let options = ApiOptions { trusted_proxies, stop: Some(stopped.clone()) };
    let listener = bind(config.server.listen).await?;
    let address = listener.local_addr()?;
    let mut servers = vec![tokio::spawn(accept(
        listener,
        router(cx.clone(), options.clone()),
        config.server.clone(),
        stopped.clone(),
    ))];
    if let Some(internal) = config.server.internal_listen {
        let listener = bind(internal).await?;
        println!("internal calls on http://{}", listener.local_addr()?);
        let routes = internal_router(cx.clone(), options);
        servers.push(tokio::spawn(accept(listener, routes, config.server.clone(), stopped)));
    }
    greet(config, &cx, address).await?;
    wait_for_signal().await?;
    tracing::info!("stopping: no new connections, requests may finish");
    drop(stop);
    for server in servers {
        server.await?;
    }
    // The store drains its queue and ends its threads when the last holder lets go.
    drop(cx);
    tracing::info!("stopped");
    Ok(())
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// Accepts connections until `stopped` closes, then lets them finish within the drain time.
async fn accept(
    listener: TcpListener,
    routes: Router,
    server: crate::config::Server,
    mut stopped: watch::Receiver<()>,
) {
    let connections = Arc::new(Semaphore::new(server.connections_max));
    let graceful = GracefulShutdown::new();
    loop {
        let Ok(place) = connections.clone().acquire_owned().await else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!("a connection was not accepted: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // Answers are small and sent whole.
        let _ = stream.set_nodelay(true);
        let known = move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            request
        };
        let service = TowerToHyperService::new(routes.clone().map_request(known));
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_headers(HEADERS_MAX);
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let connection = graceful.watch(connection.into_owned());
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("a connection broke: {error}");
            }
            drop(place);
        });
    }
    drop(listener);
    let deadline = tokio::time::sleep(Duration::from_secs(server.drain_seconds));
    tokio::select! {
        () = graceful.shutdown() => {}
        () = deadline => tracing::warn!("some requests did not finish in time"),
    }
}

async fn wait_for_signal() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Says where to go, and makes the first administrator.
async fn greet(config: &Config, cx: &Cx, address: SocketAddr) -> anyhow::Result<()> {
    println!("listening on http://{address}");
    println!("  API      http://{address}/docs");
    println!("  health   http://{address}/health");
    let email = Email::parse(&config.auth.admin_email).context("auth.admin_email")?;
    let password = config.auth.admin_password.clone();
    match cx.auth.ensure_first_admin(email.clone(), password).await? {
        FirstAdmin::Exists => {}
        FirstAdmin::Created { generated: None, .. } => println!("  admin    {email}"),
        FirstAdmin::Created { generated: Some(password), .. } => {
            println!("  admin    {email}");
            println!("  password {}   (shown once)", password.expose_secret());
        }
    }
    let configured = config.auth.service_token.is_some();
    let token = if configured { "auth.service_token" } else { "novacore admin service-token" };
    secrets::load(config)?;
    println!("  services show X-Service-Token: see `{token}`");
    println!(
        "try: curl -s http://{address}/api/auth/register -H 'content-type: application/json' \
         -d '{{\"email\":\"ada@example.com\",\"password\":\"correct horse\"}}'"
    );
    Ok(())
}
