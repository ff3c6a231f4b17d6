//! A month's bills as a file that is made in the background: the person sees how far it is, may close the page, and finds the
//! file when he comes back. The files lie in the data folder of the process that made them, for an hour.

use super::bills::write_month;
use crate::billing::Period;
use crate::server::error::{Error, Result};
use crate::server::guard::Asked;
use crate::server::secrets::random_bytes;
use crate::server::state::AppState;
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// Where the files lie below the data folder.
pub const FOLDER: &str = "papers";
/// So long a file is kept.
const KEPT_S: i64 = 3_600;

/// How far a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// So many bills are in it.
    Running,
    /// It lies here, of the books at this moment.
    Ready(PathBuf, DateTime<Utc>),
    /// It could not be made.
    Failed,
}

/// A file on its way.
#[derive(Debug)]
pub struct Making {
    /// Bills that it will hold.
    pub total: i64,
    done: AtomicI64,
    state: Mutex<State>,
}

impl Making {
    /// Bills that are in it.
    pub fn done(&self) -> i64 {
        self.done.load(Ordering::Relaxed)
    }

    /// How far it is.
    pub fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

/// Whose reach, and which month.
type Key = (i64, Period);

/// The files of this process, one being made at a time: two would only share the same core.
#[derive(Clone, Debug)]
pub struct Months {
    all: Arc<Mutex<HashMap<Key, Arc<Making>>>>,
    turn: Arc<Semaphore>,
}

impl Default for Months {
    fn default() -> Self {
        Self { all: Arc::default(), turn: Arc::new(Semaphore::new(1)) }
    }
}

impl Months {
    /// The file of this month in his reach, where one was asked for.
    pub fn find(&self, asked: &Asked, period: Period) -> Option<Arc<Making>> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&(asked.scope().arg(), period)).cloned()
    }

    /// Begins a file of `total` bills, unless one is being made.
    ///
    /// # Errors
    /// Those of the folder.
    pub async fn begin(&self, asked: Asked, period: Period, total: i64) -> Result<()> {
        let key = (asked.scope().arg(), period);
        let making = Arc::new(Making { total, done: AtomicI64::new(0), state: Mutex::new(State::Running) });
        let folder = asked.app.config.data.join(FOLDER);
        // Its age is in its name, by the same clock that looks at it later.
        let begun = asked.app.clock.now().timestamp();
        let path = folder.join(format!("{begun}-tagihan-{period}-{}.pdf", hex::encode(random_bytes::<6>()?)));
        tokio::fs::create_dir_all(&folder).await?;
        {
            let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
            if all.get(&key).is_some_and(|making| making.state() == State::Running) {
                return Ok(());
            }
            all.insert(key, Arc::clone(&making));
        }
        let (turn, stop) = (Arc::clone(&self.turn), asked.app.stop.clone());
        tokio::spawn(async move {
            let (own, file) = (Arc::clone(&making), path.clone());
            // In a task of its own, so that a panic is an error like others: nothing stays at "running".
            let made = tokio::spawn(async move {
                let _turn = turn.acquire().await.map_err(|error| Error::Internal(error.to_string()))?;
                sweep(&folder, asked.app.clock.now()).await;
                make(&asked, period, &file, &own).await
            });
            let result = tokio::select! {
                result = made => result.map_err(|error| Error::Internal(error.to_string())).flatten(),
                () = stop.cancelled() => Err(Error::Internal("server berhenti".to_owned())),
            };
            match result {
                Ok(at) => making.set(State::Ready(path, at)),
                Err(error) => {
                    tracing::error!(%error, %period, "the file of a month's bills could not be made");
                    making.set(State::Failed);
                    if let Err(error) = tokio::fs::remove_file(&path).await {
                        tracing::warn!(%error, "half a paper stays until the next hour's sweep");
                    }
                }
            }
        });
        Ok(())
    }
}

async fn make(asked: &Asked, period: Period, path: &Path, making: &Arc<Making>) -> Result<DateTime<Utc>> {
    let at = asked.app.clock.now();
    let file = BufWriter::with_capacity(256 * 1024, File::create(path)?);
    let counter = Arc::clone(making);
    write_month(asked, period, file, move |done| counter.done.store(done, Ordering::Relaxed)).await?;
    Ok(at)
}

/// Removes what nobody fetches any more from the data folder, also what an earlier process left.
pub async fn sweep_all(state: &AppState) {
    sweep(&state.config.data.join(FOLDER), state.clock.now()).await;
}

/// Removes files that nobody fetches any more.
async fn sweep(folder: &Path, now: DateTime<Utc>) {
    let mut files = match tokio::fs::read_dir(folder).await {
        Ok(files) => files,
        // Nothing was ever printed.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
        Err(error) => {
            tracing::warn!(%error, "the folder of papers can't be read");
            return;
        }
    };
    while let Ok(Some(file)) = files.next_entry().await {
        let name = file.file_name();
        let begun = name.to_str().and_then(|name| name.split('-').next()).and_then(|begun| begun.parse::<i64>().ok());
        let old = begun.is_none_or(|begun| now.timestamp() - begun > KEPT_S);
        if old && let Err(error) = tokio::fs::remove_file(file.path()).await {
            tracing::warn!(%error, "an old paper stays");
        }
    }
}
