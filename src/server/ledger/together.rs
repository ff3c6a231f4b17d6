//! Payments that come in at the same moment are taken in one transaction. The receipts' numbers have no gap, so payments
//! wait for each other whatever one does; together they wait once. Who is refused alone is refused alone: then each is taken
//! by itself.

use super::{Ledger, PayForm, Receipt};
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// So many in one transaction: on SQLite, where one writes at a time, others wait some milliseconds for them.
const TOGETHER_MAX: usize = 32;

/// How often others are let go first between two transactions, so that more come together; microseconds.
const GATHER: usize = 3;

/// The payments of this process that wait to be taken.
#[derive(Debug, Default)]
pub struct Settling {
    line: Mutex<Line>,
}

#[derive(Debug, Default)]
struct Line {
    waiting: VecDeque<Waiting>,
    /// Whether somebody is taking them.
    busy: bool,
}

#[derive(Debug)]
struct Waiting {
    ledger: Ledger,
    form: PayForm,
    answer: oneshot::Sender<Result<Receipt>>,
}

impl Settling {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets one wait; whether the caller has to see to it that those who wait are taken.
    fn join(&self, waiting: Waiting) -> bool {
        let mut line = self.line();
        line.waiting.push_back(waiting);
        !std::mem::replace(&mut line.busy, true)
    }

    /// Those that are taken next: of one day and one hand, and no two for the same service. None: nobody waits any more.
    fn next(&self) -> Vec<Waiting> {
        let mut line = self.line();
        let mut batch: Vec<Waiting> = Vec::new();
        let mut services = BTreeSet::new();
        let mut later = VecDeque::new();
        while batch.len() < TOGETHER_MAX
            && let Some(waiting) = line.waiting.pop_front()
        {
            let fits = batch.first().is_none_or(|first| {
                first.ledger.today == waiting.ledger.today && first.ledger.who == waiting.ledger.who
            });
            if fits && services.insert(waiting.form.service_id) {
                batch.push(waiting);
            } else {
                later.push_back(waiting);
            }
        }
        later.append(&mut line.waiting);
        line.waiting = later;
        line.busy = !batch.is_empty();
        batch
    }
}

/// Whoever sees to the line; if he falls, those who wait are told, and the next one sees to it.
struct Leading(AppState);

impl Drop for Leading {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut line = self.0.settling.line();
            line.busy = false;
            line.waiting.clear();
        }
    }
}

impl Ledger {
    /// Takes a payment together with those that wait.
    pub(super) async fn settle_together(&self, form: PayForm) -> Result<Receipt> {
        let (answer, told) = oneshot::channel();
        if self.state.settling.join(Waiting { ledger: self.clone(), form, answer }) {
            // In a task of its own: a client that goes away leaves nobody waiting.
            let leading = Leading(self.state.clone());
            tokio::spawn(async move {
                loop {
                    let batch = leading.0.settling.next();
                    if batch.is_empty() {
                        break;
                    }
                    take(batch).await;
                    // Who was answered may have the next one at hand.
                    for _ in 0..GATHER {
                        tokio::task::yield_now().await;
                    }
                }
            });
        }
        told.await.unwrap_or_else(|_| Err(Error::Internal("pembayaran terputus sebelum tercatat".to_owned())))
    }

    async fn settle_batch(&self, forms: Vec<PayForm>) -> Result<Vec<Receipt>> {
        let ledger = self.clone();
        self.state
            .db
            .write(move |tx| {
                let (ledger, forms) = (ledger.clone(), forms.clone());
                Box::pin(async move { ledger.settle_set(tx, &forms).await })
            })
            .await
    }
}

/// Takes those who wait in one transaction; if one of them cannot be taken, each in his own. Nobody is tried alone while
/// the database does not answer.
async fn take(batch: Vec<Waiting>) {
    let mut away = false;
    if let [first, _, ..] = batch.as_slice() {
        let forms: Vec<PayForm> = batch.iter().map(|waiting| waiting.form.clone()).collect();
        match first.ledger.settle_batch(forms).await {
            Ok(receipts) => {
                for (waiting, receipt) in batch.into_iter().zip(receipts) {
                    // Who has gone away needs no answer.
                    let _gone = waiting.answer.send(Ok(receipt));
                }
                return;
            }
            Err(Error::Db(error)) if error.is_away() => away = true,
            Err(error) => tracing::debug!(%error, "payments are taken one by one"),
        }
    }
    for Waiting { ledger, form, answer } in batch {
        let receipt = if away {
            Err(Error::Unavailable(
                "Basis data tidak menjawab; pembayaran belum tercatat. Coba lagi sebentar.".to_owned(),
            ))
        } else {
            let receipts = ledger.settle_batch(vec![form]).await;
            receipts.and_then(|receipts| {
                receipts.into_iter().next().ok_or_else(|| Error::Corrupt("pembayaran tidak tertulis".to_owned()))
            })
        };
        let _gone = answer.send(receipt);
    }
}
