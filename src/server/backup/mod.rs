//! Backups: one file with the database and the files, kept for days and months, copied to a second place, restored into
//! an empty installation, and tried every night. The application key is never in it.

pub mod archive;
mod drill;
mod keep;
mod make;
mod place;
mod restore;
#[cfg(test)]
mod tests;

pub use archive::Manifest;
pub use drill::{ALERT_DRILL, Drilled, drill};
pub use make::{ALERT_BACKUP, ALERT_COPY, Made, make, write_file};
pub use place::check_second;
pub use restore::{Restored, restore};

use crate::server::db::DbError;
use crate::server::error::Error;
use crate::server::state::AppState;
use std::path::{Path, PathBuf};

/// Folder of the backups in the data folder.
const FOLDER: &str = "backups";
/// Folder of customers' files and the logo in the data folder; in the archive too.
const FILES: &str = "files";

/// Why a backup could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The file is not what was written.
    #[error("{0}")]
    Broken(String),
    /// It is sealed, and no passphrase was given.
    #[error("Cadangan ini disegel dengan kata sandi. Berikan kata sandinya (--passphrase-stdin).")]
    NeedsPassphrase,
    /// It is sealed with another passphrase.
    #[error("Kata sandi cadangan tidak cocok. Tanpa kata sandi yang benar cadangan ini tidak dapat dibuka.")]
    WrongPassphrase,
    /// Against a rule.
    #[error("{0}")]
    Refused(String),
    /// A file could not be read or written.
    #[error("berkas: {0}")]
    Io(#[from] std::io::Error),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

impl From<BackupError> for Error {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Io(_) | BackupError::Failed(_) => Self::Unavailable(error.to_string()),
            _ => Self::Refused(error.to_string()),
        }
    }
}

impl From<DbError> for BackupError {
    fn from(error: DbError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Where a backup of that name lies. The name is one of ours, from the database.
pub fn path_of(state: &AppState, file: &str) -> PathBuf {
    state.config.data.join(FOLDER).join(file)
}

/// Runs something that reads or writes files, where it may take long.
async fn blocking<T, F>(deed: F) -> Result<T, BackupError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, BackupError> + Send + 'static,
{
    tokio::task::spawn_blocking(deed).await.map_err(|error| BackupError::Failed(error.to_string()))?
}

/// A folder of its own in the data folder that goes when it is dropped, whatever happens.
struct Workplace(PathBuf);

/// What a killed process left behind is old after so long.
const LEFT_BEHIND: std::time::Duration = std::time::Duration::from_secs(24 * 3_600);

impl Workplace {
    fn new(data: &Path, purpose: &str) -> Result<Self, Error> {
        sweep(data, |name| name.starts_with(&format!("{purpose}-")))?;
        let path = data.join(format!("{purpose}-{}", hex::encode(crate::server::secrets::random_bytes::<4>()?)));
        std::fs::create_dir_all(&path)?;
        // Copies of customers' data: for the owner of the process only.
        #[cfg(unix)]
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        Ok(Self(path))
    }
}

/// Takes away what is named so and was not touched for a day.
fn sweep(folder: &Path, named: impl Fn(&str) -> bool) -> Result<(), Error> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let old = entry.metadata()?.modified()?.elapsed().is_ok_and(|age| age > LEFT_BEHIND);
        if !old || !entry.file_name().to_str().is_some_and(&named) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

impl Drop for Workplace {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(folder = %self.0.display(), %error, "a working folder stays behind");
        }
    }
}
