//! Posting a gateway's notices, with the gateway's patience.

use axum::http::header::CONTENT_TYPE;
use futures::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;

/// Longest wait for the answer to a notice (Flip: 30 s).
const TIMEOUT: Duration = Duration::from_secs(30);

/// A body and how it says what it is.
#[derive(Clone, Debug)]
pub(crate) enum Envelope {
    /// `application/x-www-form-urlencoded`.
    Form { body: String },
    /// `application/json`.
    Json { body: String, headers: Vec<(&'static str, String)> },
}

/// A notice ready to go.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) envelope: Envelope,
    pub(crate) retries: u32,
    pub(crate) retry_delay: Duration,
}

/// What became of a notice's first attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// Answered with this HTTP status.
    Answered(u16),
    /// Not answered.
    Lost(String),
}

impl Delivered {
    /// `{"status":200}` or `{"status":null,"error":"…"}`.
    pub fn json(&self) -> Value {
        match self {
            Self::Answered(status) => json!({ "status": status }),
            Self::Lost(error) => json!({ "status": null, "error": error }),
        }
    }
}

impl Post {
    /// Sends `times` copies at once and waits for their first answers; those not answered with exactly 200 are
    /// repeated in the background.
    pub(crate) async fn send_copies(self, times: usize) -> Vec<Delivered> {
        let delivered = join_all((0..times).map(|_| self.attempt())).await;
        for first in &delivered {
            if *first != Delivered::Answered(200) {
                tokio::spawn(self.clone().repeat());
            }
        }
        delivered
    }

    async fn repeat(self) {
        for _ in 0..self.retries {
            tokio::time::sleep(self.retry_delay).await;
            if self.attempt().await == Delivered::Answered(200) {
                return;
            }
        }
        if self.retries > 0 {
            tracing::warn!(url = self.url, "gateway simulator: notice given up");
        }
    }

    async fn attempt(&self) -> Delivered {
        let request = self.http.post(&self.url).timeout(TIMEOUT);
        let request = match &self.envelope {
            Envelope::Form { body } => {
                request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body.clone())
            }
            Envelope::Json { body, headers } => headers
                .iter()
                .fold(request.header(CONTENT_TYPE, "application/json"), |request, (name, value)| {
                    request.header(*name, value)
                })
                .body(body.clone()),
        };
        match request.send().await {
            Ok(answer) => Delivered::Answered(answer.status().as_u16()),
            Err(error) => Delivered::Lost(error.to_string()),
        }
    }
}
