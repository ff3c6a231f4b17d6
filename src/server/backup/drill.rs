//! The nightly drill: the newest backup is restored into a scratch database and its books are checked. A backup that was
//! never restored is a hope.

use super::archive;
use super::restore::{fits, judge};
use super::{BackupError, Workplace, blocking, path_of};
use crate::server::alerts;
use crate::server::db::dump::{Scratch, load};
use crate::server::error::{Error, Result};
use crate::server::secrets::token_hash;
use crate::server::state::AppState;
use crate::{args, sql};

/// Kind of the alert of a drill that went red.
pub const ALERT_DRILL: &str = "drill";
/// Reason kept in the row.
const TEXT_CHARS_MAX: usize = 500;

sql!(NEWEST = "SELECT id, file, sha256 FROM backup WHERE state = 'done' ORDER BY started_at DESC, id DESC LIMIT 1");
sql!(DRILLED = "UPDATE backup SET drill = $2, drill_text = $3, drill_at = $4 WHERE id = $1");

/// How it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drilled {
    /// The backup's file; empty where there is none yet.
    pub file: String,
    /// Whether it can be restored and its books agree.
    pub green: bool,
    /// What was found, in words.
    pub text: String,
}

/// Tries the newest backup and notes how it went: green, or red with its reason and an alert.
pub async fn drill(state: &AppState) -> Result<Drilled> {
    let Some((id, file, sha256)) = state.db.opt::<(i64, String, String)>(NEWEST, args![]).await? else {
        return Ok(Drilled { file: String::new(), green: false, text: "Belum ada cadangan.".to_owned() });
    };
    let (green, text) = match attempt(state, &file, &sha256).await {
        Ok(text) => (true, text),
        Err(error) => (false, error.to_string()),
    };
    let text: String = text.chars().take(TEXT_CHARS_MAX).collect();
    let (now, said, name) = (state.clock.now(), text.clone(), file.clone());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (said, name) = (said.clone(), name.clone());
            Box::pin(async move {
                tx.exec_one(DRILLED, args![id, if green { "green" } else { "red" }, &said, now]).await?;
                if green {
                    return alerts::close(tx, ALERT_DRILL, "", now).await;
                }
                let text = format!("Latihan pemulihan gagal untuk {name}: {said}");
                alerts::open(tx, ALERT_DRILL, "", &text, now).await?;
                Ok(())
            })
        })
        .await?;
    Ok(Drilled { file, green, text })
}

async fn attempt(state: &AppState, file: &str, sha256: &str) -> Result<String> {
    // As somebody would have it after the server burned: from where it is kept, not from this process's memory.
    let secrets = state.config.read_key()?;
    let path = path_of(state, file);
    if !path.is_file() {
        return Err(Error::Refused("Berkasnya tidak ada di server ini.".to_owned()));
    }
    let (to_hash, expected) = (path.clone(), sha256.to_owned());
    blocking(move || {
        let (_, found) = archive::digest(&to_hash)?;
        if found == expected {
            Ok(())
        } else {
            Err(BackupError::Broken(
                "Isi berkas tidak sama dengan saat dibuat (SHA-256 berbeda): rusak di disk, atau diubah.".to_owned(),
            ))
        }
    })
    .await?;
    let passphrase = state.fresh_settings().await?.secret("backup.passphrase")?;
    let (to_read, words) = (path.clone(), passphrase.clone());
    let manifest = blocking(move || archive::manifest(&to_read, Some(&words))).await?;
    fits(&manifest, &secrets, state.db.engine(), state.db.known())?;

    let work = Workplace::new(&state.config.data, "latihan")?;
    let into = work.0.clone();
    let manifest = blocking(move || archive::unpack(&path, Some(&passphrase), &into)).await?;
    let dump = work.0.join(manifest.members.first().map(|member| member.name.as_str()).unwrap_or_default());
    // The same each night: the job's lane lets one drill of this database run at a time.
    let name = format!("kimonet_latihan_{:.12}", token_hash(&state.config.database_url));
    let scratch = Scratch::make(&state.config.database_url, &work.0, &name).await?;
    let tried = async {
        load(&scratch.url, &dump).await?;
        let mut config = (*state.config).clone();
        config.database_url.clone_from(&scratch.url);
        config.data.clone_from(&work.0);
        let (trial, report) = judge(config, state.clock.clone(), secrets, &manifest).await?;
        trial.db.close().await;
        Ok::<_, Error>(report)
    }
    .await;
    let removed = scratch.remove().await;
    let report = tried?;
    removed?;
    drop(work);
    match report.differences.first() {
        None => Ok(format!(
            "Pulih utuh: {} pelanggan, {} tagihan, {} pembayaran, {} berkas, tidak ada selisih.",
            report.customers,
            report.invoices,
            report.payments,
            manifest.members.len().saturating_sub(1)
        )),
        Some(first) => Err(Error::Refused(format!("{} selisih, yang pertama: {first}", report.differences.len()))),
    }
}
