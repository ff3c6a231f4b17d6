//! A simulated MikroTik router: RouterOS API on loopback, PPPoE accounts, and sessions that dial again.
//!
//! What matters to a billing system is real: a session keeps the profile it came up with until it is removed, then the
//! device dials and gets the account's current one; a profile must exist to be set; a router can be slow, cut off, frozen
//! or lying. Sessions cost no sockets. Source of the wire's facts: MikroTik documentation, "API".

mod commands;
mod model;
mod query;
mod serve;
#[cfg(test)]
mod tests;

pub use model::{ActiveState, RouterState, SecretState};

use crate::server::{clock::Clock, routers::api::Wire};
use chrono::{DateTime, Utc};
use model::{Secret, Tables};
use serde::{Deserialize, Deserializer};
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::{
    net::TcpListener,
    sync::{Mutex as AsyncMutex, watch},
    task::JoinHandle,
    time::timeout,
};

/// Where the first simulated router listens unless told otherwise; the others on the next ports.
pub const ADDRESS: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 3928));
/// User of every simulated router.
pub const USER: &str = "billing";
/// Its password.
pub const PASSWORD: &str = "s3cret";
/// How long a device waits before it dials again, in milliseconds.
pub const REDIAL_MS: u64 = 150;
/// How long [`RouterSim::wait_for`] waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// What can go wrong with the simulator itself.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// A control request with a field or value that does not exist.
    #[error("control: {0}")]
    Control(#[from] serde_json::Error),
    /// [`RouterSim::wait_for`] waited in vain.
    #[error("the router never came into the state waited for")]
    NeverHappened,
}

/// How the router misbehaves.
#[derive(Debug, Clone, Default)]
struct Faults {
    latency_ms: u64,
    cut_after_bytes: Option<usize>,
    reject_login: bool,
    frozen: bool,
    lies: bool,
    read_only: bool,
}

/// A control request: fields left out stay as they are.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Patch {
    /// `false`: the port refuses and live connections drop. `true`: it listens again.
    up: Option<bool>,
    /// Before each answer; 0 or null: none.
    #[serde(deserialize_with = "given")]
    latency_ms: Option<Option<u64>>,
    /// Each connection breaks after so many bytes of answers, login not counted; 0 or null: never.
    #[serde(deserialize_with = "given")]
    cut_after_bytes: Option<Option<usize>>,
    reject_login: Option<bool>,
    frozen: Option<bool>,
    lies: Option<bool>,
    /// The user loses the policy `write`.
    read_only: Option<bool>,
    /// Removes a profile; accounts that name it keep naming it.
    drop_profile: Option<String>,
    /// Puts a profile (back), with the rate the sandbox knows for it.
    add_profile: Option<String>,
    /// Drops connections and sessions; devices dial again.
    reboot: Option<bool>,
    /// How long devices wait before they dial again.
    redial_ms: Option<u64>,
}

/// Tells `null` (given, off) from a field left out.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

struct Inner {
    tables: Tables,
    faults: Faults,
    version: String,
    says_empty: bool,
    old_login: bool,
    challenges_given: u64,
    redial: Duration,
    booted: DateTime<Utc>,
}

struct Shared {
    name: String,
    clock: Clock,
    inner: Mutex<Inner>,
    /// Counts changes, for those who wait for one.
    changes: watch::Sender<u64>,
    /// Counts the occasions on which all connections drop.
    drops: watch::Sender<u64>,
}

/// A handle on a running router; clones are the same router.
#[derive(Clone)]
pub struct RouterSim {
    shared: Arc<Shared>,
    address: SocketAddr,
    listener: Arc<AsyncMutex<Option<JoinHandle<()>>>>,
}

impl RouterSim {
    /// Starts a router named `name` on `address` (port 0: any free one), RouterOS 7.18, profiles as in CONTRACT.
    ///
    /// # Errors
    /// [`SimError::Listen`].
    pub async fn start(address: SocketAddr, name: &str, clock: Clock) -> Result<Self, SimError> {
        let socket = TcpListener::bind(address).await.map_err(|error| SimError::Listen(address, error))?;
        let address = socket.local_addr().map_err(|error| SimError::Listen(address, error))?;
        let inner = Inner {
            tables: Tables::new(),
            faults: Faults::default(),
            version: "7.18.2 (stable)".to_owned(),
            says_empty: true,
            old_login: false,
            challenges_given: 0,
            redial: Duration::from_millis(REDIAL_MS),
            booted: clock.now(),
        };
        let shared = Arc::new(Shared {
            name: name.to_owned(),
            clock,
            inner: Mutex::new(inner),
            changes: watch::Sender::new(0),
            drops: watch::Sender::new(0),
        });
        let listener = tokio::spawn(shared.clone().listen(socket));
        Ok(Self { shared, address, listener: Arc::new(AsyncMutex::new(Some(listener))) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Accounts and sessions, as `/control/state` shows them.
    pub fn state(&self) -> RouterState {
        let inner = self.shared.lock();
        let secret = |secret: &Secret| SecretState {
            name: secret.name.clone(),
            profile: secret.profile.clone(),
            disabled: secret.disabled,
        };
        let active = |session: &model::Session| ActiveState {
            name: session.name.clone(),
            profile: session.profile.clone(),
            since: session.since,
        };
        RouterState {
            name: self.shared.name.clone(),
            secrets: inner.tables.secrets.values().map(secret).collect(),
            active: inner.tables.sessions.values().map(active).collect(),
        }
    }

    /// Applies a control request (CONTRACT, "Sandbox control"); beyond it `read_only`, `add_profile`, `redial_ms`.
    /// When it returns, the port is open or closed as asked.
    ///
    /// # Errors
    /// [`SimError::Control`] for an unknown field or a value of the wrong kind, with nothing done;
    /// [`SimError::Listen`] when the port has been taken by someone else meanwhile.
    pub async fn control(&self, patch: serde_json::Value) -> Result<(), SimError> {
        let patch: Patch = serde_json::from_value(patch)?;
        {
            let mut inner = self.shared.lock();
            let inner = &mut *inner;
            let set = |fault: &mut bool, value: Option<bool>| *fault = value.unwrap_or(*fault);
            set(&mut inner.faults.reject_login, patch.reject_login);
            set(&mut inner.faults.frozen, patch.frozen);
            set(&mut inner.faults.lies, patch.lies);
            set(&mut inner.faults.read_only, patch.read_only);
            if let Some(latency_ms) = patch.latency_ms {
                inner.faults.latency_ms = latency_ms.unwrap_or(0);
            }
            if let Some(cut) = patch.cut_after_bytes {
                inner.faults.cut_after_bytes = cut.filter(|bytes| *bytes > 0);
            }
            if let Some(redial_ms) = patch.redial_ms {
                inner.redial = Duration::from_millis(redial_ms);
            }
            if let Some(name) = &patch.drop_profile {
                inner.tables.profiles.retain(|_, profile| profile.name != *name);
            }
            if let Some(name) = &patch.add_profile {
                let known = Tables::new();
                let rate = known.profiles.values().find(|profile| profile.name == *name);
                let rate = rate.and_then(|profile| profile.extra.get("rate-limit").map(String::as_str));
                inner.tables.add_profile(name, rate);
            }
            if patch.reboot == Some(true) {
                inner.tables.end_all_sessions();
                inner.booted = self.shared.clock.now();
            }
        }
        match patch.up {
            Some(false) => self.unplug().await,
            Some(true) => self.plug_in().await?,
            None => {}
        }
        if patch.reboot == Some(true) {
            self.shared.drops.send_modify(|count| *count += 1);
            self.shared.clone().redial_all();
        }
        self.shared.touched();
        Ok(())
    }

    /// Closes the port, then drops the live connections.
    async fn unplug(&self) {
        if let Some(task) = self.listener.lock().await.take() {
            task.abort();
            // The socket is closed when the task is gone, not when it is told to go.
            match task.await {
                Ok(()) => {}
                Err(error) => tracing::debug!(%error, "simulated router's listener ended"),
            }
        }
        self.shared.drops.send_modify(|count| *count += 1);
    }

    async fn plug_in(&self) -> Result<(), SimError> {
        let mut listener = self.listener.lock().await;
        if listener.is_none() {
            let socket =
                TcpListener::bind(self.address).await.map_err(|error| SimError::Listen(self.address, error))?;
            *listener = Some(tokio::spawn(self.shared.clone().listen(socket)));
        }
        Ok(())
    }

    /// Adds accounts (name, password, profile), with their sessions up at once. A name already there is left alone.
    pub fn preload(&self, accounts: Vec<(String, String, String)>) {
        let now = self.shared.clock.now();
        {
            let mut inner = self.shared.lock();
            for (name, password, profile) in accounts {
                let service = "pppoe".to_owned();
                let extra = BTreeMap::new();
                let secret = Secret { name: name.clone(), password, service, profile, disabled: false, extra };
                if inner.tables.add_secret(secret).is_some() {
                    inner.tables.dial(&name, now);
                }
            }
        }
        self.shared.touched();
    }

    /// Adds a profile, or gives an existing one another rate (`upload/download`, `10M/10M`).
    pub fn add_profile(&self, name: &str, rate: &str) {
        self.shared.lock().tables.add_profile(name, Some(rate));
        self.shared.touched();
    }

    /// Makes it a router before 6.43: challenge login, no `!empty`.
    pub fn make_old(&self) {
        let mut inner = self.shared.lock();
        inner.version = "6.42.12 (long-term)".to_owned();
        inner.says_empty = false;
        inner.old_login = true;
    }

    /// Serves one connection over any stream, as if it had come in on the port. Ends when the connection does.
    pub async fn serve_stream<S: Wire>(&self, stream: S) {
        self.shared.clone().serve(stream).await;
    }

    /// Waits until the state is as asked; gives it.
    ///
    /// # Errors
    /// [`SimError::NeverHappened`] after ten seconds.
    pub async fn wait_for(&self, wanted: impl Fn(&RouterState) -> bool) -> Result<RouterState, SimError> {
        let mut changes = self.shared.changes.subscribe();
        let reached = async {
            loop {
                let state = self.state();
                if wanted(&state) {
                    return Ok(state);
                }
                changes.changed().await.map_err(|_closed| SimError::NeverHappened)?;
            }
        };
        timeout(PATIENCE, reached).await.map_err(|_elapsed| SimError::NeverHappened).flatten()
    }
}

impl Shared {
    /// The router's inside. A panic elsewhere while it was held leaves it readable.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn touched(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Waits until the router is no longer frozen.
    async fn thawed(&self) {
        let mut changes = self.changes.subscribe();
        while self.lock().faults.frozen {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    async fn listen(self: Arc<Self>, socket: TcpListener) {
        loop {
            match socket.accept().await {
                Ok((stream, _peer)) => {
                    tokio::spawn(self.clone().serve(stream));
                }
                Err(error) => {
                    // Out of file handles, mostly: wait for some to come free.
                    tracing::warn!(%error, router = self.name, "simulated router cannot accept");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    /// Serves one connection until it ends or all connections drop. Listens for the drop from the moment of the call.
    fn serve<S: Wire>(self: Arc<Self>, stream: S) -> impl Future<Output = ()> {
        let mut drops = self.drops.subscribe();
        async move {
            tokio::select! {
                ended = serve::converse(self.clone(), stream) => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, router = self.name, "simulated router's connection broke");
                    }
                }
                _ = drops.changed() => {}
            }
        }
    }

    /// After a moment the account's device dials.
    fn redial(self: Arc<Self>, name: String) {
        let pause = self.lock().redial;
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            let now = self.clock.now();
            let up = self.lock().tables.dial(&name, now);
            if up {
                self.touched();
            }
        });
    }

    /// After a moment all devices dial.
    fn redial_all(self: Arc<Self>) {
        let pause = self.lock().redial;
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            let now = self.clock.now();
            self.lock().tables.dial_all(now);
            self.touched();
        });
    }
}
