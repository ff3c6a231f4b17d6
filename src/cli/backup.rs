//! `backup`, `restore`.

use super::{Outcome, read_stdin};
use crate::server::audit::{self, Who};
use crate::server::backup;
use crate::server::clock::Clock;
use crate::server::config::Config;
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use serde_json::json;
use std::path::Path;

pub async fn write(state: &AppState, file: &Path) -> Result<Outcome> {
    if file.exists() {
        return Err(Error::Refused(format!("{} sudah ada. Pilih nama lain.", file.display())));
    }
    let (bytes, sha256) = backup::write_file(state, file).await?;
    let (now, name) = (state.clock.now(), file.display().to_string());
    let noted = sha256.clone();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (name, noted) = (name.clone(), noted.clone());
            Box::pin(async move { audit::record(tx, &Who::command(), now, "backup.make", &name, "", &noted).await })
        })
        .await?;
    Ok(Outcome::done(
        json!({ "file": file.display().to_string(), "bytes": bytes, "sha256": sha256 }),
        format!(
            "Cadangan ditulis ke {} ({} KB). Kunci aplikasi tidak ada di dalamnya: simpan terpisah.",
            file.display(),
            bytes / 1024
        ),
    ))
}

pub async fn restore(config: Config, clock: Clock, file: &Path, passphrase_stdin: bool) -> Result<Outcome> {
    let passphrase = if passphrase_stdin { Some(read_stdin()?) } else { None };
    let secrets = config.read_key()?;
    let bytes = std::fs::metadata(file).map(|meta| meta.len()).unwrap_or_default();
    let done = backup::restore(config, clock, secrets, file, passphrase).await?;
    let value = json!({
        "file": file.display().to_string(), "bytes": bytes, "made_at": done.manifest.made_at,
        "customers": done.report.customers, "invoices": done.report.invoices, "payments": done.report.payments,
        "differences": done.report.differences,
    });
    if !done.report.differences.is_empty() {
        for difference in &done.report.differences {
            eprintln!("{difference}");
        }
        return Ok(Outcome::failed(value, format!("dipulihkan, tetapi ada {} selisih", done.report.differences.len())));
    }
    let text = format!(
        "Dipulihkan dari cadangan {}: {} pelanggan, {} tagihan, {} pembayaran, tidak ada selisih.",
        done.manifest.made_at, done.report.customers, done.report.invoices, done.report.payments
    );
    Ok(Outcome::done(value, text))
}
