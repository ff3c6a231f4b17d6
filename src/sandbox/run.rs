//! Starting the outside world: routers on ports in a row, the rest on one HTTP port.

use super::control::RouterDoor;
use super::http::{Sandbox, SandboxConfig};
use super::routeros::RouterSim;
use crate::server::clock::Clock;
use crate::server::error::{Error, Result};
use async_trait::async_trait;
use serde_json::Value;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

struct Door(RouterSim);

#[async_trait]
impl RouterDoor for Door {
    fn name(&self) -> &str {
        self.0.name()
    }

    async fn state_json(&self) -> Value {
        serde_json::to_value(self.0.state()).unwrap_or(Value::Null)
    }

    async fn control(&self, change: Value) -> Result<(), String> {
        self.0.control(change).await.map_err(|error| error.to_string())
    }
}

/// Starts a router for each name: the first on `first`, the next on the ports after it.
pub async fn routers(first: SocketAddr, names: &[String], clock: &Clock) -> Result<Vec<RouterSim>> {
    let mut sims = Vec::new();
    for (n, name) in (0_u16..).zip(names) {
        let port = first
            .port()
            .checked_add(n)
            .ok_or_else(|| Error::invalid("--routeros", "terlalu banyak router untuk nomor port itu"))?;
        let address = SocketAddr::new(first.ip(), port);
        let sim = RouterSim::start(address, name, clock.clone())
            .await
            .map_err(|error| Error::Refused(format!("Router tiruan di {address}: {error}")))?;
        sims.push(sim);
    }
    Ok(sims)
}

/// Serves Flip, WhatsApp, the control page and its API until `stop`.
pub async fn http(
    address: SocketAddr,
    callback_base: &str,
    clock: &Clock,
    routers: Vec<RouterSim>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let (sandbox, listener) = prepare(address, callback_base, clock, routers).await?;
    sandbox.serve(listener, stop).await.map_err(|error| Error::Internal(error.to_string()))
}

/// The same, in the background.
pub async fn spawn_http(
    address: SocketAddr,
    callback_base: &str,
    clock: &Clock,
    routers: Vec<RouterSim>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let (sandbox, listener) = prepare(address, callback_base, clock, routers).await?;
    tokio::spawn(async move {
        if let Err(error) = sandbox.serve(listener, stop).await {
            tracing::error!(%error, "the sandbox ended");
        }
    });
    Ok(())
}

async fn prepare(
    address: SocketAddr,
    callback_base: &str,
    clock: &Clock,
    routers: Vec<RouterSim>,
) -> Result<(Sandbox, TcpListener)> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(std::time::Duration::from_secs(30))
        .build()
        .map_err(|error| Error::Internal(error.to_string()))?;
    let doors = routers.into_iter().map(|sim| -> Arc<dyn RouterDoor> { Arc::new(Door(sim)) }).collect();
    let sandbox = Sandbox::new(SandboxConfig::new(callback_base), clock.clone(), client, doors);
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| Error::Refused(format!("Alamat {address} tidak dapat dipakai: {error}")))?;
    Ok((sandbox, listener))
}
