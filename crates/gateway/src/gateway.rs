//! The composition: routes to services beside the calls of models.

use crate::{
    client::Clients,
    llm::Llm,
    options::{Options, OptionsError},
    proxy::Proxy,
};
use axum::{body::Body, http::Request, response::Response};
use futures::future::{BoxFuture, FutureExt};
use novacore_app::cx::Cx;
use novacore_edge::DataPlane;
use novacore_wire::health::Upstream;
use std::sync::Arc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The data plane. One per process.
#[derive(Debug)]
pub struct Gateway {
    llm: Llm,
    proxy: Proxy,
    /// Calls that are being metered, also after their clients have gone.
    tasks: TaskTracker,
    /// Ends them.
    stop: CancellationToken,
}

impl Gateway {
    /// A gateway over these use-cases.
    pub fn new(cx: Cx, options: Options) -> Result<Gateway, OptionsError> {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let mut clients = Clients::default();
        Ok(Gateway {
            llm: Llm::new(cx.clone(), &mut clients, tasks.clone(), stop.clone(), options.llm)?,
            proxy: Proxy::new(cx, &mut clients, options.proxy)?,
            tasks,
            stop,
        })
    }

    /// Waits until every call that is under way has come to its end and is settled.
    pub async fn idle(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }

    /// Ends the calls that are under way, and waits until every one is settled.
    pub async fn drain(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl DataPlane for Gateway {
    fn serves(&self, path: &str) -> bool {
        self.llm.serves(path) || self.proxy.serves(path)
    }

    fn answer(self: Arc<Self>, request: Request<Body>) -> BoxFuture<'static, Response> {
        async move {
            if self.llm.serves(request.uri().path()) {
                self.llm.answer(request).await
            } else {
                self.proxy.answer(request).await
            }
        }
        .boxed()
    }

    fn upstreams(&self) -> Vec<Upstream> {
        let mut all = self.proxy.upstreams();
        all.extend(self.llm.upstreams());
        all
    }
}
