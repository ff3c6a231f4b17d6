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

#[cfg(test)]
mod tests {
    use super::{look, run};
    use crate::args;
    use crate::server::alerts::open_ones;
    use crate::server::db::Sql;
    use crate::server::testing::TestApp;
    use crate::sql;

    sql!(HURT = "UPDATE invoice_line SET derivation = 'Gratis = Rp 0', text = 'x' || text WHERE id = 1");
    sql!(
        HEAL = "UPDATE invoice_line SET text = SUBSTR(text, 2),
   derivation = (SELECT o.derivation FROM invoice_line o WHERE o.id = 2) WHERE id = 1"
    );

    async fn write(t: &TestApp, sql: Sql) {
        let mut tx = t.state.db.begin().await.unwrap();
        tx.exec_one(sql, args![]).await.unwrap();
        tx.commit().await.unwrap();
    }

    #[tokio::test]
    async fn the_last_look_is_told_and_an_alert_stands_until_one_finds_nothing() {
        for t in TestApp::each("2026-01-01 00:01").await {
            let package = t.package("Home 20M", 300_000, 1).await;
            t.service("Siti", package, "2025-06-01").await;
            t.service("Budi", package, "2025-06-01").await;
            t.issue("2026-01").await;
            write(&t, HURT).await;
            let result = run(&t.state).await.unwrap();
            assert!(result.contains("\"green\":false") && result.contains("INV/2026/01/000001"), "{result}");
            assert_eq!(open_ones(&t.state).await.unwrap().len(), 1);
            assert!(look(&t.state, false).await.unwrap().differences.is_empty());
            assert_eq!(open_ones(&t.state).await.unwrap().len(), 1, "sums alone do not clear lines");
            write(&t, HEAL).await;
            let result = run(&t.state).await.unwrap();
            assert!(result.contains("2 baris dihitung ulang"), "{result}");
            assert!(open_ones(&t.state).await.unwrap().is_empty());
        }
    }
}
