//! The sandbox's HTTP port: `/flip`, `/whatsapp`, `/control`, and the control page at `/`.

use super::control::{self, RouterDoor};
use super::flip::{FlipSim, FlipSimConfig};
use super::page;
use super::whatsapp::WhatsappSim;
use crate::server::clock::Clock;
use axum::Router;
use axum::routing::get;
use futures::future::join_all;
use serde_json::Value;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::MissedTickBehavior;

/// How the sandbox behaves.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// Origin of the server that gets the notices: `http://127.0.0.1:3000`.
    pub callback_base: String,
    /// Wait between repeats of a notice (the real Flip: 2 minutes).
    pub retry_delay: Duration,
    /// How long Flip's bni `12345679` stays pending.
    pub pending_delay: Duration,
    /// Whether Flip refuses redirect addresses on this machine.
    pub reject_local_redirect: bool,
    /// Seed of all random numbers: the same seed gives the same account numbers.
    pub seed: u64,
}

impl SandboxConfig {
    /// The usual sandbox, whose notices go to `callback_base`.
    pub fn new(callback_base: impl Into<String>) -> Self {
        Self {
            callback_base: callback_base.into(),
            retry_delay: Duration::from_secs(2),
            pending_delay: Duration::from_secs(3),
            reject_local_redirect: true,
            seed: 1,
        }
    }
}

/// All simulators behind one port; clones share one state.
#[derive(Clone)]
pub struct Sandbox {
    /// Flip.
    pub flip: FlipSim,
    /// WhatsApp.
    pub whatsapp: WhatsappSim,
    /// Routers, each on its own port, here only for state and orders.
    pub routers: Arc<[Arc<dyn RouterDoor>]>,
}

impl Sandbox {
    /// A sandbox with this clock; `http` carries its notices and should follow no proxy.
    pub fn new(config: SandboxConfig, clock: Clock, http: reqwest::Client, routers: Vec<Arc<dyn RouterDoor>>) -> Self {
        let flip = FlipSimConfig {
            callback_base: config.callback_base,
            retry_delay: config.retry_delay,
            pending_delay: config.pending_delay,
            reject_local_redirect: config.reject_local_redirect,
            seed: config.seed,
        };
        Self {
            flip: FlipSim::new(flip, clock.clone(), http),
            whatsapp: WhatsappSim::new(clock, config.seed),
            routers: routers.into(),
        }
    }

    /// All routes.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/", get(page::show))
            .merge(control::router())
            .with_state(self.clone())
            .nest("/flip", self.flip.router())
            .nest("/whatsapp", self.whatsapp.router())
    }

    /// Serves until `shutdown` is done; meanwhile payments expire by themselves.
    ///
    /// # Errors
    /// Those of the listener.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let flip = self.flip.clone();
        let sweeper = tokio::spawn(async move {
            let mut every_second = tokio::time::interval(Duration::from_secs(1));
            every_second.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                every_second.tick().await;
                flip.expire_due();
            }
        });
        let served = axum::serve(listener, self.router()).with_graceful_shutdown(shutdown).await;
        sweeper.abort();
        served
    }

    /// States of all routers, in their order.
    pub(crate) async fn router_states(&self) -> Vec<Value> {
        join_all(self.routers.iter().map(|door| door.state_json())).await
    }
}
