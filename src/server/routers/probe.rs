//! `mikrotik:test`: does this router work for us?

use super::{
    api::{Deadlines, Endpoint, connect_with},
    error::RouterError,
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// The answer, as the command and the office's test button show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Probe {
    /// Logged in and read.
    Works {
        /// Always `true`.
        ok: bool,
        /// The router's name.
        identity: String,
        /// `7.18.2 (stable)`.
        version: String,
        /// Model.
        board: String,
        /// All PPP profiles.
        profiles: Vec<String>,
        /// Whether the isolation profile is one of them; without it nobody can be isolated here.
        isolir_profile_exists: bool,
        /// Milliseconds of one question and answer, login not counted.
        latency_ms: u64,
        /// SHA-256 of the router's certificate in hex, to pin; absent without TLS.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        tls_fingerprint: Option<String>,
    },
    /// Not usable now.
    Fails {
        /// Always `false`.
        ok: bool,
        /// What is wrong, in Indonesian.
        problem: String,
        /// What to do, in Indonesian.
        advice: String,
    },
}

impl Probe {
    /// Whether the router answered everything.
    pub fn ok(&self) -> bool {
        matches!(self, Self::Works { .. })
    }
}

/// Connects, logs in, reads name, version and profiles; changes nothing.
pub async fn probe(endpoint: &Endpoint, isolir_profile: &str) -> Probe {
    probe_with(endpoint, isolir_profile, Deadlines::default()).await
}

/// [`probe`] with other deadlines.
pub async fn probe_with(endpoint: &Endpoint, isolir_profile: &str, deadlines: Deadlines) -> Probe {
    match ask(endpoint, isolir_profile, deadlines).await {
        Ok(works) => works,
        Err(error) => {
            tracing::warn!(router = ?endpoint, %error, "router probe failed");
            Probe::Fails { ok: false, problem: error.problem(), advice: error.advice() }
        }
    }
}

async fn ask(endpoint: &Endpoint, isolir_profile: &str, deadlines: Deadlines) -> Result<Probe, RouterError> {
    let mut router = connect_with(endpoint, deadlines).await?;
    let asked = Instant::now();
    let identity = router.identity().await?;
    let latency_ms = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
    let resource = router.resource().await?;
    let profiles = router.profiles().await?;
    Ok(Probe::Works {
        ok: true,
        identity,
        version: resource.version,
        board: resource.board,
        isolir_profile_exists: profiles.iter().any(|profile| profile == isolir_profile),
        profiles,
        latency_ms,
        tls_fingerprint: router.fingerprint().map(hex::encode),
    })
}
