//! How long backups stay: so many daily and monthly ones; those by hand as long as a daily one would.

use super::{path_of, place};
use crate::server::error::{Error, Result};
use crate::server::settings::Settings;
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::Duration;

// Of each kind all but the newest so many.
sql!(
    BEYOND = "SELECT id, file FROM backup WHERE kind = $1 AND state = 'done' ORDER BY started_at DESC, id DESC LIMIT 1000 OFFSET $2"
);
sql!(
    MANUAL_BEFORE = "SELECT id, file FROM backup WHERE kind = 'manual' AND state = 'done' AND started_at < $1
   AND id <> (SELECT MAX(id) FROM backup WHERE state = 'done') ORDER BY id LIMIT 1000"
);
sql!(REMOVED = "UPDATE backup SET state = 'removed' WHERE id = $1 AND state = 'done'");

/// Lets go what is beyond; how many that were. One whose file cannot be deleted stays in the list and is tried again.
pub(super) async fn prune(state: &AppState, settings: &Settings) -> Result<usize> {
    let days = settings.int("backup.keep_days");
    let mut old: Vec<(i64, String)> = state.db.all(BEYOND, args!["harian", days]).await?;
    old.extend(
        state.db.all::<(i64, String)>(BEYOND, args!["bulanan", settings.int("backup.keep_months").max(1)]).await?,
    );
    let before = state.clock.now() - Duration::days(days);
    old.extend(state.db.all::<(i64, String)>(MANUAL_BEFORE, args![before]).await?);
    let mut gone = 0;
    for (id, file) in old {
        let deleted = async {
            match tokio::fs::remove_file(path_of(state, &file)).await {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Error::from(error)),
                _ => {}
            }
            place::remove(settings, &file).await
        };
        if let Err(error) = deleted.await {
            tracing::warn!(file, %error, "an old backup could not be deleted; the next run tries again");
            continue;
        }
        state
            .db
            .write::<_, Error, _>(move |tx| Box::pin(async move { Ok(tx.exec(REMOVED, args![id]).await?) }))
            .await?;
        gone += 1;
    }
    Ok(gone)
}
