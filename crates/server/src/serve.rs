//! The server: listens, serves, and drains.

mod connections;

use crate::{
    commands::demo,
    compose::{compose_server, gateway},
    config::Config,
    embedder::embedding,
    site::Site,
};
use anyhow::{Context, bail};
use connections::{Limits, accept};
use novacore_access::Email;
use novacore_api::{ApiOptions, Origins, internal_router, router};
use novacore_app::{auth::bootstrap::FirstAdmin, cx::Cx, memories::background};
use novacore_gateway::Gateway;
use secrecy::ExposeSecret;
use std::{
    fmt,
    io::{self, Write},
    net::SocketAddr,
    sync::Arc,
};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    task::JoinHandle,
};

/// Serves until a signal comes.
pub(crate) async fn serve(config: &Config) -> anyhow::Result<()> {
    // Heard from here on: a signal that comes while the server starts must not kill it undrained.
    let mut signals = Signals::listen()?;
    let cx = compose_server(config, embedding(config).await?).await?;
    let demo = demo::open_accounts(&cx).await?;
    if let Some(account) = demo.first().filter(|_| !config.server.listen.ip().is_loopback()) {
        bail!(
            "server.listen is {}, and everyone knows the password of the demo's {account}: listen \
             on loopback, or shut the demo's accounts there first",
            config.server.listen
        );
    }
    let (stop, stopped) = watch::channel(());
    let trusted_proxies = config.server.trusted_proxies.clone();
    let gateway = Arc::new(gateway(config, &cx)?);
    let options = ApiOptions {
        trusted_proxies,
        stop: Some(stopped.clone()),
        origins: Origins::parse(&config.server.cors_origins).context("server.cors_origins")?,
        data_plane: Some(gateway.clone()),
        site: Some(Arc::new(Site)),
    };
    let background = tokio::spawn(background::run(cx.clone(), stopped.clone()));
    let limits = Limits::new(&config.server, gateway.clone());
    let listener = bind(config.server.listen).await?;
    let address = listener.local_addr()?;
    let mut servers = vec![tokio::spawn(accept(
        listener,
        router(cx.clone(), options.clone()),
        limits.clone(),
        stopped.clone(),
    ))];
    if let Some(internal) = config.server.internal_listen {
        let listener = bind(internal).await?;
        say(format_args!("internal calls on http://{}", listener.local_addr()?));
        let routes = internal_router(cx.clone(), options);
        servers.push(tokio::spawn(accept(listener, routes, limits, stopped)));
    }
    greet(config, &cx, address, &demo).await?;
    signals.next().await;
    tracing::info!("stopping: no new connections, requests may finish");
    drop(stop);
    tokio::select! {
        drained = drain(servers, &gateway) => drained?,
        () = signals.next() => {
            tracing::warn!("asked again: requests are cut short");
        }
    }
    background.await?;
    // What was read of memories, by the last requests too, is noted before the store goes.
    background::note_all_reads(&cx).await;
    // The store drains its queue and ends its threads when the last holder lets go.
    drop(cx);
    tracing::info!("stopped");
    Ok(())
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

async fn drain(servers: Vec<JoinHandle<()>>, gateway: &Gateway) -> anyhow::Result<()> {
    for server in servers {
        server.await?;
    }
    gateway.drain().await;
    Ok(())
}

/// The signals that ask the server to stop; one that comes before anybody waits is kept.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// The next signal.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Says where to go, and makes the first administrator.
async fn greet(config: &Config, cx: &Cx, address: SocketAddr, demo: &[&str]) -> anyhow::Result<()> {
    say(format_args!("listening on http://{address}"));
    let app = if Site::is_built() { "" } else { "   (not built: `make web`)" };
    say(format_args!("  web app  http://{address}/{app}"));
    say(format_args!("  API      http://{address}/docs"));
    say(format_args!("  health   http://{address}/health"));
    say(format_args!("  models   http://{address}/v1"));
    let email = Email::parse(&config.auth.admin_email).context("auth.admin_email")?;
    let password = config.auth.admin_password.clone();
    match cx.auth.ensure_first_admin(email.clone(), password).await? {
        FirstAdmin::Exists => {}
        FirstAdmin::Created { generated: None, .. } => say(format_args!("  admin    {email}")),
        FirstAdmin::Created { generated: Some(password), .. } => {
            say(format_args!("  admin    {email}"));
            say(format_args!("  password {}   (shown once)", password.expose_secret()));
        }
    }
    if let Some(account) = demo.first() {
        say(format_args!(
            "  demo     {account} {}   (and {} more)",
            demo::PASSWORD,
            demo.len() - 1
        ));
        say(format_args!(
            "           made-up use; everyone knows this password: for loopback alone"
        ));
    }
    let configured = config.auth.service_token.is_some();
    let token = if configured { "auth.service_token" } else { "novacore admin service-token" };
    say(format_args!("  services show X-Service-Token: see `{token}`"));
    say(format_args!(
        "try: curl -s http://{address}/api/auth/register -H 'content-type: application/json' \
         -d '{{\"email\":\"ada@example.com\",\"password\":\"correct horse\"}}'"
    ));
    Ok(())
}

/// Says a line to whoever started the server. One who does not listen does not stop it.
fn say(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}
