//! Live states of payments: one poller a process reads what changed, server-sent events tell the pages that watch.

use super::Site;
use crate::server::gateways::attempts;
use crate::server::state::AppState;
use crate::{args, sql};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::broadcast;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::BroadcastStream;

/// How often the poller looks while somebody watches.
const LOOK_EVERY: Duration = Duration::from_millis(700);
/// Changes remembered for a page that reads slowly.
const CHANNEL: usize = 256;
/// Changes told at once.
const CHANGES_MAX: i64 = 1_000;

/// The channel of changes: reference and state of an attempt.
#[derive(Clone, Debug)]
pub struct Live {
    sender: broadcast::Sender<(String, String)>,
    watchers: Arc<AtomicUsize>,
}

impl Live {
    /// A channel nobody watches yet.
    pub fn new() -> Self {
        Self { sender: broadcast::channel(CHANNEL).0, watchers: Arc::default() }
    }
}

struct Watching(Arc<AtomicUsize>);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

sql!(
    CHANGED_ATTEMPTS = "SELECT reference, status, updated_at FROM payment_attempt WHERE updated_at > $1 AND status <> 'creating' ORDER BY updated_at LIMIT $2"
);

/// Reads changed attempts while somebody watches; ends when the server stops.
pub async fn poll(app: AppState, live: Live) {
    let mut since = app.clock.now();
    loop {
        tokio::select! {
            () = app.stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        if live.watchers.load(Ordering::Relaxed) == 0 {
            since = app.clock.now();
            continue;
        }
        // A little back: a transaction may commit after a later one was read.
        let from = since - chrono::Duration::seconds(3);
        match app
            .db
            .all::<(String, String, chrono::DateTime<chrono::Utc>)>(CHANGED_ATTEMPTS, args![from, CHANGES_MAX])
            .await
        {
            Ok(changes) => {
                for (reference, status, at) in changes {
                    since = since.max(at);
                    // Nobody listening is no error.
                    let _listeners = live.sender.send((reference, status)).unwrap_or(0);
                }
            }
            Err(error) => tracing::warn!(%error, "live payments: the database does not answer"),
        }
    }
}

/// `GET /bayar/{reference}/events`: the state now, and again when it changes.
pub async fn watch(State(site): State<Site>, Path(reference): Path<String>) -> Response {
    let receiver = site.live.sender.subscribe();
    site.live.watchers.fetch_add(1, Ordering::Relaxed);
    let watching = Watching(Arc::clone(&site.live.watchers));
    let now = match attempts::find(&site.app, &reference).await {
        Ok(Some(attempt)) => attempt.status,
        Ok(None) => return StatusCode::NOT_FOUND.into_response(),
        Err(error) => return super::api::JsonError::from(error).into_response(),
    };
    let first = tokio_stream::once(now);
    // A page that reads too slowly has missed something: its stream ends, it comes again and is told the state.
    let changes = BroadcastStream::new(receiver).take_while(Result::is_ok).filter_map(move |change| {
        let _watching = &watching;
        match change {
            Ok((changed, status)) if changed == reference => Some(status),
            _ => None,
        }
    });
    let stop = site.app.stop.clone().cancelled_owned();
    let stream = futures::StreamExt::take_until(first.chain(changes), stop)
        .map(|status| Ok::<_, Infallible>(Event::default().event("state").data(status)));
    Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(20))).into_response()
}
