//! Many people look up their bills at once, on the 1st above all: look-ups that come while one is read are read
//! together by the next statement. Alone, a look-up goes at once.

use super::bill::{self, PublicBills};
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc, oneshot};

/// Look-ups that wait at most; the rest wait to be allowed to.
const WAITING_MAX: usize = 1_024;
/// Statements at once: while one is read the next look-ups gather for the other.
const READERS: usize = 1;

struct Waiter {
    number: String,
    answer: oneshot::Sender<Option<PublicBills>>,
}

/// The way to the bills of a service for all who look up.
#[derive(Clone, Debug)]
pub struct LookUps {
    app: AppState,
    queue: mpsc::Sender<Waiter>,
}

impl LookUps {
    /// Starts the readers; they end with the last copy of what this answers.
    pub fn start(app: AppState) -> Self {
        let (queue, waiters) = mpsc::channel(WAITING_MAX);
        let waiters = Arc::new(Mutex::new(waiters));
        for _ in 0..READERS {
            tokio::spawn(read(app.clone(), Arc::clone(&waiters)));
        }
        Self { app, queue }
    }

    /// The bills of the service of that exact number: open ones, and the paid ones of the last six months.
    pub async fn find(&self, service_number: &str) -> Result<Option<PublicBills>> {
        let (answer, found) = oneshot::channel();
        let number = service_number.trim().to_owned();
        if self.queue.send(Waiter { number, answer }).await.is_ok()
            && let Ok(found) = found.await
        {
            return Ok(found);
        }
        // The common statement failed: this one says why.
        bill::find_each(&self.app, vec![service_number.trim().to_owned()])
            .await?
            .pop()
            .ok_or_else(|| Error::Internal("pencarian tanpa jawaban".to_owned()))
    }
}

async fn read(app: AppState, waiters: Arc<Mutex<mpsc::Receiver<Waiter>>>) {
    let mut together = Vec::with_capacity(bill::TOGETHER_MAX);
    while waiters.lock().await.recv_many(&mut together, bill::TOGETHER_MAX).await > 0 {
        let numbers = together.iter().map(|waiter| waiter.number.clone()).collect();
        match bill::find_each(&app, numbers).await {
            Ok(found) => {
                for (waiter, found) in together.drain(..).zip(found) {
                    // Whoever went away meanwhile needs no answer.
                    let _gone = waiter.answer.send(found);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "look-ups failed together; each is tried alone");
                together.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::testing::TestApp;

    #[tokio::test]
    async fn those_who_ask_together_get_each_their_own() {
        for app in TestApp::each("2026-01-15 10:00").await {
            let package = app.package("Home", 300_000, 1).await;
            for n in 0..40 {
                app.service(&format!("A{n}"), package, "2025-06-01").await;
            }
            let look_ups = LookUps::start(app.state.clone());
            let asked: Vec<String> = (0..120).map(|n| format!(" A{} ", n % 50)).collect();
            let found = futures::future::join_all(asked.iter().map(|number| look_ups.find(number))).await;
            for (number, found) in asked.iter().zip(found) {
                let known = number.trim()[1..].parse::<i32>().unwrap() < 40;
                let number_found = found.unwrap().map(|bills| bills.service_number);
                assert_eq!(number_found, known.then(|| number.trim().to_owned()));
            }
            assert!(look_ups.find("").await.unwrap().is_none());
            app.state.db.close().await;
            assert!(look_ups.find("A1").await.is_err(), "a database that is gone is an error, not an unknown number");
        }
    }
}
