//! Do the books agree? Every line is derived again each night, and whoever asks may look in between; what the last look
//! found stands on Beranda, and as an alert until a look finds nothing.

use super::schedule::note_result;
use crate::server::alerts;
use crate::server::error::{Error, Result};
use crate::server::ledger::{VerifyReport, verify};
use crate::server::state::AppState;
use chrono::SecondsFormat;
use serde_json::json;

/// Its name in the schedule.
pub const NAME: &str = "verify";
/// Kind of its alert.
pub const ALERT: &str = "books";
/// Differences named in the result; the command names them all.
const NAMED: usize = 3;

/// Looks deeply; answers what it found, as JSON.
pub async fn run(state: &AppState) -> Result<String> {
    let report = verify(state, true).await?;
    tell(state, &report, true).await?;
    Ok(result(&report))
}

/// Looks at somebody's word, and notes it as a run of the job.
pub async fn look(state: &AppState, deep: bool) -> Result<VerifyReport> {
    let report = verify(state, deep).await?;
    let slot = state.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
    // Whoever looks at a database that can't be written any more learns what it holds all the same.
    if let Err(error) = note_result(state, NAME, &slot, "done", &result(&report)).await {
        tracing::warn!(%error, "the look at the books was not noted");
    } else {
        tell(state, &report, deep).await?;
    }
    Ok(report)
}

fn result(report: &VerifyReport) -> String {
    let n = report.differences.len();
    let text = if n == 0 {
        let lines = match report.derived {
            0 => String::new(),
            lines => format!(", {lines} baris dihitung ulang"),
        };
        format!("cocok: {} tagihan, {} pembayaran{lines}, tidak ada selisih", report.invoices, report.payments)
    } else {
        let named = report.differences.iter().take(NAMED).cloned().collect::<Vec<_>>().join("; ");
        format!("{n} selisih: {named}")
    };
    json!({ "green": n == 0, "text": text, "differences": n }).to_string()
}

async fn tell(state: &AppState, report: &VerifyReport, deep: bool) -> Result<()> {
    let (n, now) = (report.differences.len(), state.clock.now());
    let text = report.differences.first().map(|first| {
        format!("Pembukuan tidak cocok: {n} selisih. Pertama: {first}. Jalankan kimonet verify --deep untuk semuanya.")
    });
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let text = text.clone();
            Box::pin(async move {
                match text {
                    Some(text) => alerts::open(tx, ALERT, "", &text, now).await.map(|_| ()),
                    // Sums that agree say nothing about lines that did not.
                    None if deep => alerts::close(tx, ALERT, "", now).await,
                    None => Ok(()),
                }
            })
        })
        .await
}
