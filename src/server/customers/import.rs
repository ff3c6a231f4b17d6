//! `customer:import`: customers, services and opening amounts from XLSX or CSV (CONTRACT, "Import columns").
//!
//! Good rows are in, bad rows are named with what to mend, and the same file again changes nothing. Read, then plan
//! against what is there, then write; a preview stops before the last.

mod apply;
mod known;
mod plan;
mod row;
mod sheet;
#[cfg(test)]
mod tests;

use crate::billing::Rupiah;
use crate::server::audit::{self, Who};
use crate::server::customers::links;
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::{args, sql};
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use serde::Serialize;
use std::collections::BTreeSet;

pub use sheet::COLUMNS;

/// A row that was not taken, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// Number of the row, as Excel counts.
    pub row: i64,
    /// Column with the problem.
    pub column: String,
    /// What stood there; nothing where it is a password.
    pub value: String,
    /// What to do, in Indonesian.
    pub problem: String,
}

/// Opening amounts that were written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Opening {
    /// Arrears (tunggakan).
    pub arrears: Rupiah,
    /// Credit (saldo).
    pub credit: Rupiah,
}

/// What an import did, or in a preview would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// Rows that are not blank, without the header.
    pub rows: i64,
    /// Services that are new.
    pub imported: i64,
    /// Services of which something changed.
    pub updated: i64,
    /// Rows that were not taken.
    pub rejected: Vec<Rejected>,
    /// Opening amounts.
    pub opening: Opening,
    /// Titles of columns that hold something and were not read, since no column has that name.
    pub unknown_columns: Vec<String>,
    /// Collectors of unlinked services whose name is not that of one member of staff.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown_collectors: Vec<String>,
}

/// From so many new services on the planner is told.
const MANY_ROWS: i64 = 1_000;

sql!(FIND_JOB = "SELECT j.file_name, j.file_path, j.state, j.staff_id, COALESCE(s.name, '') FROM import_job j LEFT JOIN staff s ON s.id = j.staff_id
 WHERE j.id = $1");
sql!(
    END_JOB =
        "UPDATE import_job SET state = $2, result = $3, rows_total = CASE WHEN $4 > 0 THEN $4 ELSE rows_total END,
   rows_done = CASE WHEN $4 > 0 THEN $4 ELSE rows_done END, finished_at = $5 WHERE id = $1 AND state <> 'done'"
);

/// Imports a file, or with `dry_run` says what would happen. `progress` hears rows done and rows in all. A file that
/// cannot be read at all is `Invalid` with field `file`; a bad row is in the report.
pub async fn import(
    state: &AppState,
    who: Who,
    bytes: Vec<u8>,
    file_name: &str,
    dry_run: bool,
    progress: impl Fn(i64, i64) + Send + Sync,
) -> Result<ImportReport> {
    run(state, who, bytes, file_name, dry_run, None, &progress).await
}

async fn run(
    state: &AppState,
    who: Who,
    bytes: Vec<u8>,
    file_name: &str,
    dry_run: bool,
    job: Option<i64>,
    progress: &(impl Fn(i64, i64) + Send + Sync),
) -> Result<ImportReport> {
    let name = file_name.to_owned();
    let sheet::Sheet { lines, unknown } =
        tokio::task::spawn_blocking(move || sheet::read(bytes, &name)).await.map_err(|error| {
            tracing::warn!(%error, "a file broke the reader");
            Error::invalid("file", "Berkas ini rusak. Buka di Excel, simpan lagi sebagai .xlsx, lalu impor lagi.")
        })??;
    let total = i64::try_from(lines.len()).unwrap_or(i64::MAX);
    progress(0, total);
    let mut known = known::Known::load(&state.db).await?;
    let default_due_day = state.settings().await?.int("invoice.due_day").clamp(1, 31);
    let mut report = ImportReport { rows: total, unknown_columns: unknown, ..ImportReport::default() };
    let mut steps = Vec::with_capacity(lines.len());
    let mut collectors = BTreeSet::new();
    for line in &lines {
        match row::parse(line).and_then(|row| plan::plan(&mut known, row, default_due_day)) {
            Ok(step) => {
                report.imported += i64::from(step.is_new);
                report.updated += i64::from(step.is_update());
                report.opening.arrears += step.arrears;
                report.opening.credit += step.credit;
                let linked = known.services.get(step.service).is_some_and(|service| service.is_collected);
                if !step.row.collector.is_empty() && !linked {
                    collectors.insert(step.row.collector.clone());
                }
                steps.push(step);
            }
            Err(rejected) => report.rejected.push(rejected),
        }
    }
    report.unknown_collectors = links::nobodys(&state.db, collectors).await?;
    if dry_run {
        progress(total, total);
        return Ok(report);
    }
    apply::apply(state, (who.clone(), file_name), known, steps, job, total, progress).await?;
    let (now, text) = (state.clock.now(), audit_text(file_name, &report));
    // The first bills may be issued at once, before any housekeeping told the planner that the tables are no longer empty.
    let many = report.imported >= MANY_ROWS;
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (who, text) = (who.clone(), text.clone());
            Box::pin(async move {
                links::link(tx, now).await?;
                if many {
                    tx.analyze().await?;
                }
                audit::record(tx, &who, now, "customer.import", "import", "", &text).await
            })
        })
        .await?;
    Ok(report)
}

fn audit_text(file_name: &str, report: &ImportReport) -> String {
    format!(
        "{file_name}: {} baris, {} baru, {} diperbarui, {} ditolak, tunggakan awal {}, saldo awal {}",
        report.rows,
        report.imported,
        report.updated,
        report.rejected.len(),
        report.opening.arrears,
        report.opening.credit
    )
}

type JobRow = (String, String, String, i64, String);

/// Carries out an uploaded import: reads the stored file, moves `rows_done`, leaves the report in `result` with state
/// `done`, or a sentence with state `failed`. What may pass (a database that is away) is an error, to be tried again.
pub async fn run_job(state: &AppState, import_id: i64) -> Result<()> {
    let (file_name, path, stage, staff_id, staff): JobRow = state
        .db
        .opt(FIND_JOB, args![import_id])
        .await?
        .ok_or_else(|| Error::NotFound("Impor ini tidak ada.".to_owned()))?;
    if stage == "done" {
        return Ok(());
    }
    let who = Who { staff_id: Some(staff_id), name: staff, address: String::new() };
    let result = match tokio::fs::read(&path).await {
        Ok(bytes) => run(state, who, bytes, &file_name, false, Some(import_id), &|_, _| {}).await,
        Err(error) => {
            tracing::error!(%error, import_id, "the uploaded file is gone");
            Err(Error::NotFound("Berkas yang diunggah tidak ada lagi di server. Unggah sekali lagi.".to_owned()))
        }
    };
    match result {
        Ok(report) => end_job(state, import_id, "done", serde_json::to_string(&report)?, report.rows).await,
        Err(error) if error.is_for_people() => end_job(state, import_id, "failed", error.to_string(), 0).await,
        Err(error) => {
            let say =
                "Impor terhenti karena gangguan di server dan akan dicoba lagi. Yang sudah masuk tidak masuk dua kali.";
            end_job(state, import_id, "failed", say.to_owned(), 0).await?;
            Err(error)
        }
    }
}

async fn end_job(state: &AppState, id: i64, to: &'static str, result: String, rows: i64) -> Result<()> {
    let now = state.clock.now();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let values = args![id, to, &result, rows, now];
            Box::pin(async move { Ok(tx.exec(END_JOB, values).await?) })
        })
        .await?;
    Ok(())
}

/// Rows of the example, in the order of [`COLUMNS`].
const EXAMPLE: [[&str; 21]; 3] = [
    [
        "CUST001",
        "",
        "Budi Santoso",
        "081234567890",
        "budi@contoh.id",
        "Jl. Melati No. 1",
        "Dusun Krajan",
        "Rina",
        "Home 20M",
        "",
        "budi01",
        "rahasia01",
        "2025-03-15",
        "10",
        "aktif",
        "",
        "300000",
        "",
        "",
        "",
        "",
    ],
    [
        "CUST002",
        "P-7",
        "Siti Aminah",
        "0813-4567-8901",
        "",
        "Jl. Kenanga No. 2",
        "Dusun Krajan",
        "Rina",
        "Home 10M",
        "",
        "siti01",
        "",
        "15/04/2025",
        "20",
        "aktif",
        "2026-01",
        "",
        "50000",
        "10%",
        "Kantor desa",
        "",
    ],
    [
        "",
        "P-7",
        "Siti Aminah",
        "081345678901",
        "",
        "",
        "Dusun Wetan",
        "",
        "Home 20M",
        "",
        "siti02",
        "",
        "",
        "",
        "cuti",
        "",
        "",
        "",
        "25000",
        "",
        "",
    ],
];

/// The example file: every column, three rows.
pub fn example_xlsx() -> Result<Vec<u8>> {
    write_example().map_err(|error| Error::Internal(format!("berkas contoh: {error}")))
}

fn write_example() -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let (bold, text) = (Format::new().set_bold(), Format::new().set_num_format("@"));
    let sheet = book.add_worksheet();
    for (column, (name, _)) in (0..).zip(COLUMNS) {
        let star = if sheet::REQUIRED.contains(name) { "*" } else { "" };
        // Cells are text, so that Excel leaves the zero of a phone number alone.
        sheet.set_column_format(column, &text)?.set_column_width(column, 18)?;
        sheet.write_string_with_format(0, column, format!("{name}{star}"), &bold)?;
    }
    for (row, cells) in (1..).zip(EXAMPLE) {
        for (column, value) in (0..).zip(cells) {
            if !value.is_empty() {
                sheet.write_string_with_format(row, column, value, &text)?;
            }
        }
    }
    book.save_to_buffer()
}
