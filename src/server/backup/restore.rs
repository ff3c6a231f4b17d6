//! Restoring: only with the key that sealed it, only into an empty installation, only what is whole.

use super::archive::{self, Manifest};
use super::{FILES, Workplace, blocking};
use crate::server::audit;
use crate::server::clock::Clock;
use crate::server::config::Config;
use crate::server::db::{Db, dump};
use crate::server::error::{Error, Result};
use crate::server::ledger::{VerifyReport, verify};
use crate::server::secrets::Secrets;
use crate::server::settings::{KEYS, Kind};
use crate::server::state::AppState;
use std::path::Path;

/// What was restored.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What the backup said of itself.
    pub manifest: Manifest,
    /// Whether the books agree.
    pub report: VerifyReport,
}

/// Says whether this key and this engine fit, before anything is written.
pub(super) fn fits(manifest: &Manifest, secrets: &Secrets, engine: &str, known: usize) -> Result<()> {
    if manifest.key_check != secrets.check_value() {
        return Err(Error::Refused(
            "Kunci aplikasi ini bukan kunci yang menyegel cadangan itu. Kunci tidak ikut dicadangkan: taruh kunci yang lama di KIMONET_KEY_FILE (atau KIMONET_KEY), lalu ulangi. Tidak ada yang ditulis.".to_owned(),
        ));
    }
    if manifest.engine != engine {
        return Err(Error::Refused(format!(
            "Cadangan ini dari {}, basis data tujuan {engine}. Pulihkan ke jenis yang sama (DATABASE_URL). Tidak ada yang ditulis.",
            manifest.engine
        )));
    }
    if manifest.migrations > known {
        return Err(Error::Refused(format!(
            "Cadangan ini dibuat Kimonet {} yang lebih baru. Pasang versi itu atau yang lebih baru, lalu ulangi. Tidak ada yang ditulis.",
            manifest.kimonet
        )));
    }
    Ok(())
}

/// Restores `file` into the empty installation of `config`, then checks the books.
pub async fn restore(
    config: Config,
    clock: Clock,
    secrets: Secrets,
    file: &Path,
    passphrase: Option<String>,
) -> Result<Restored> {
    if !file.is_file() {
        return Err(Error::NotFound(format!("Berkas cadangan {} tidak ada.", file.display())));
    }
    let (path, words) = (file.to_owned(), passphrase.clone());
    let manifest = blocking(move || archive::manifest(&path, words.as_deref())).await?;
    let engine = if dump::file_of(&config.database_url)?.is_some() { "sqlite" } else { "postgres" };
    let known = Db::known_of(engine);
    fits(&manifest, &secrets, engine, known)?;
    must_be_empty(&config).await?;

    std::fs::create_dir_all(&config.data)?;
    let work = Workplace::new(&config.data, "memulihkan")?;
    let (path, into) = (file.to_owned(), work.0.clone());
    let manifest = blocking(move || archive::unpack(&path, passphrase.as_deref(), &into)).await?;
    let name = manifest.members.first().map(|member| member.name.clone()).unwrap_or_default();
    dump::load(&config.database_url, &work.0.join(name)).await?;
    let files = work.0.join(FILES);
    if files.is_dir() {
        let target = config.data.join(FILES);
        if target.is_dir() {
            // Empty, or this would not have begun.
            std::fs::remove_dir(&target)?;
        }
        std::fs::rename(files, target)?;
    }
    drop(work);
    let (state, report) = judge(config, clock, secrets, &manifest).await?;
    state.db.close().await;
    Ok(Restored { manifest, report })
}

async fn must_be_empty(config: &Config) -> Result<()> {
    let filled = || {
        Error::Refused(format!(
            "Basis data tujuan tidak kosong. Pulihkan ke folder data (KIMONET_DATA, {}) dan basis data yang masih kosong; yang lama pindahkan dahulu. Tidak ada yang ditulis.",
            config.data.display()
        ))
    };
    let there = match dump::file_of(&config.database_url)? {
        Some(file) => file.exists(),
        None => true,
    };
    if there {
        let db = Db::connect(&config.database_url).await?;
        let bare = db.is_bare().await?;
        db.close().await;
        if !bare {
            return Err(filled());
        }
    }
    let files = config.data.join(FILES);
    if files.is_dir() && std::fs::read_dir(files)?.next().is_some() {
        return Err(filled());
    }
    Ok(())
}

/// Opens what was restored: soundness of the file, newest schema, key, every secret, the log's end as the manifest
/// noted it, and all sums.
pub(super) async fn judge(
    config: Config,
    clock: Clock,
    secrets: Secrets,
    manifest: &Manifest,
) -> Result<(AppState, VerifyReport)> {
    let db = Db::connect(&config.database_url).await?;
    let result = async {
        if let Some(problem) = db.unsound().await? {
            return Err(Error::Refused(format!("Basis data di cadangan rusak: {problem}")));
        }
        db.migrate().await?;
        let state = AppState::new(db.clone(), clock, config, secrets)?;
        state.check_key().await?;
        let settings = state.fresh_settings().await?;
        for key in KEYS.iter().filter(|key| key.kind == Kind::Secret) {
            settings.secret(key.name)?;
        }
        let mut report = verify(&state, false).await?;
        if !audit::had_head(&db, manifest.audit_rows, &manifest.audit_hash).await? {
            report
                .differences
                .push(format!("log aktivitas: baris {} bukan yang dicatat saat dicadangkan", manifest.audit_rows));
        }
        Ok((state, report))
    }
    .await;
    if result.is_err() {
        db.close().await;
    }
    result
}
