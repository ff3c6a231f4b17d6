//! An import's row, and letting it start.

use super::{ImportView, RowProblem};
use crate::app::dto::money;
use crate::server::audit::{self, Who};
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::server::work::{self, Job};
use crate::{args, sql};
use serde::Deserialize;
use std::collections::BTreeSet;

/// Rejected rows that are shown; the count counts all.
const REJECTED_SHOWN: usize = 200;

#[derive(sqlx::FromRow)]
struct Row {
    file_name: String,
    state: String,
    rows_total: i64,
    rows_done: i64,
    result: String,
}

/// What `result` holds: the report of preview or run, in CONTRACT's words (`customer:import`).
#[derive(Default, Deserialize)]
#[serde(default)]
struct Report {
    rows: i64,
    imported: i64,
    updated: i64,
    rejected: Vec<RowProblem>,
    opening: Opening,
    unknown_columns: Vec<String>,
    unknown_collectors: Vec<String>,
    problem: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Opening {
    arrears: i64,
    credit: i64,
}

sql!(FIND = "SELECT file_name, state, rows_total, rows_done, result FROM import_job WHERE id = $1");
sql!(START = "UPDATE import_job SET state = 'running', rows_done = 0 WHERE id = $1 AND state = 'preview'");

/// An import as it stands.
pub async fn view(app: &AppState, id: i64) -> Result<ImportView> {
    let row: Row =
        app.db.opt(FIND, args![id]).await?.ok_or_else(|| Error::NotFound("Impor ini tidak ada.".to_owned()))?;
    let report: Report = match row.result.as_str() {
        "" => Report::default(),
        // A run that failed may leave a sentence instead of a report.
        text if row.state == "failed" && !text.starts_with('{') => {
            Report { problem: text.to_owned(), ..Report::default() }
        }
        text => serde_json::from_str(text)?,
    };
    // One row may have several problems.
    let rejected_rows: BTreeSet<i64> = report.rejected.iter().map(|problem| problem.row).collect();
    let rejected_rows = i64::try_from(rejected_rows.len()).unwrap_or(i64::MAX);
    let rejected_count = i64::try_from(report.rejected.len()).unwrap_or(i64::MAX);
    let mut rejected = report.rejected;
    rejected.truncate(REJECTED_SHOWN);
    let rows = row.rows_total.max(report.rows);
    Ok(ImportView {
        id,
        file: row.file_name,
        state: row.state,
        rows,
        done: row.rows_done,
        imported: report.imported,
        updated: report.updated,
        same: (rows - report.imported - report.updated - rejected_rows).max(0),
        rejected_rows,
        rejected_count,
        rejected,
        arrears: money(report.opening.arrears),
        credit: money(report.opening.credit),
        unknown_columns: report.unknown_columns,
        unknown_collectors: report.unknown_collectors,
        problem: report.problem,
    })
}

/// Starts a previewed import. A second click finds it started.
pub async fn start(app: &AppState, who: Who, id: i64) -> Result<()> {
    let now = app.clock.now();
    app.db
        .write::<_, Error, _>(move |tx| {
            let who = who.clone();
            Box::pin(async move {
                if tx.exec(START, args![id]).await? == 0 {
                    return Err(Error::Conflict("Impor ini sudah dimulai.".to_owned()));
                }
                work::enqueue(tx, &Job::RunImport { import_id: id }, now, now).await?;
                audit::record(tx, &who, now, "import.start", &format!("import_job:{id}"), "preview", "running").await
            })
        })
        .await?;
    app.work_bell.notify_one();
    Ok(())
}
