//! `customer:export`: services with their payers as XLSX, in the import's own columns, so that the file can be
//! imported again and changes nothing. Secrets are not in it. Rows go to the file as they are read, so that memory stays
//! flat whatever the number of customers.

use crate::billing::pricing::percent;
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::NaiveDate;
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use std::path::Path;

/// What to export; empty texts take everything.
#[derive(Clone, Debug, Default)]
pub struct ExportFilter {
    /// Status word of the import (`aktif`, `nonaktif`, `cuti`, `calon`) or a stage.
    pub status: String,
    /// Package name.
    pub package: String,
    /// Router name.
    pub router: String,
    /// Area.
    pub area: String,
}

/// Rows read at a time.
const PIECE: i64 = 2_000;

sql!(EXPORT = "SELECT s.id, s.service_number, c.number, c.name, c.phone, c.email, c.address, s.area, s.collector, p.name AS package, r.name AS router,
   s.pppoe_username, s.started_on, s.due_day, s.stage, s.covered_until, s.discount_kind, s.discount_value, s.never_isolate, s.desired,
   CAST(COALESCE((SELECT SUM(i.total - i.paid) FROM invoice i WHERE i.service_id = s.id AND i.status IN ('open', 'partial')), 0) AS BIGINT) AS owed
 FROM service s JOIN customer c ON c.id = s.customer_id JOIN package p ON p.id = s.package_id LEFT JOIN router r ON r.id = s.router_id
 WHERE ($1 = '' OR s.stage = $1) AND ($2 = '' OR p.name = $2) AND ($3 = '' OR r.name = $3) AND ($4 = '' OR s.area = $4)
  AND s.id > $5 ORDER BY s.id LIMIT $6");

#[derive(sqlx::FromRow)]
struct Line {
    id: i64,
    service_number: String,
    number: Option<String>,
    name: String,
    phone: String,
    email: String,
    address: String,
    area: String,
    collector: String,
    package: String,
    router: Option<String>,
    pppoe_username: String,
    started_on: NaiveDate,
    due_day: i64,
    stage: String,
    covered_until: String,
    discount_kind: String,
    discount_value: i64,
    never_isolate: String,
    desired: String,
    owed: i64,
}

/// Titles; the last three are for reading only (`import::sheet::READ_ONLY`).
const TITLES: [&str; 20] = [
    "nomor_layanan",
    "nomor_pelanggan",
    "nama_pelanggan",
    "telepon",
    "email",
    "alamat",
    "wilayah",
    "kolektor",
    "paket",
    "lokasi_server",
    "pppoe_username",
    "tanggal_pasang",
    "tanggal_tempo",
    "status",
    "dibayar_sampai",
    "diskon",
    "jangan_isolir",
    "tahap",
    "akses",
    "sisa_tagihan",
];

/// Writes the file; answers how many rows it has. An existing file is replaced.
pub async fn export(state: &AppState, filter: &ExportFilter, file: &Path) -> Result<i64> {
    let (rows, bytes) = build(state, filter).await?;
    tokio::fs::write(file, bytes)
        .await
        .map_err(|error| Error::invalid("FILE", format!("Berkas {} tidak dapat ditulis: {error}", file.display())))?;
    Ok(rows)
}

/// The same, as bytes for a download.
pub async fn export_bytes(state: &AppState, filter: &ExportFilter) -> Result<Vec<u8>> {
    Ok(build(state, filter).await?.1)
}

async fn build(state: &AppState, filter: &ExportFilter) -> Result<(i64, Vec<u8>)> {
    let stage = match filter.status.trim().to_lowercase().as_str() {
        "nonaktif" => "berhenti".to_owned(),
        known @ ("" | "calon" | "menunggu_pemasangan" | "aktif" | "cuti" | "siap_dicabut" | "berhenti") => {
            known.to_owned()
        }
        _ => {
            let say = format!("Status {:?} tidak dikenal; pilih aktif, nonaktif, cuti, atau calon.", filter.status);
            return Err(Error::invalid("--status", say));
        }
    };
    let (send, receive) = tokio::sync::mpsc::channel::<Vec<Line>>(2);
    let writer = tokio::task::spawn_blocking(move || write(receive));
    let (mut rows, mut after) = (0, 0);
    loop {
        let texts = args![&stage, filter.package.trim(), filter.router.trim(), filter.area.trim(), after, PIECE];
        let lines: Vec<Line> = state.db.all(EXPORT, texts).await?;
        let Some(last) = lines.last() else { break };
        after = last.id;
        rows += i64::try_from(lines.len()).unwrap_or(i64::MAX);
        // The writer ended early: what it ended with is told below.
        if send.send(lines).await.is_err() {
            break;
        }
    }
    drop(send);
    let bytes = writer
        .await
        .map_err(|error| Error::Internal(format!("ekspor: {error}")))?
        .map_err(|error| Error::Internal(format!("ekspor: {error}")))?;
    Ok((rows, bytes))
}

/// The import's word for a stage.
fn status_word(stage: &str) -> &'static str {
    match stage {
        "berhenti" => "nonaktif",
        "cuti" => "cuti",
        "calon" | "menunggu_pemasangan" => "calon",
        _ => "aktif",
    }
}

/// As the import reads it: `12,5%`, `25000`, or nothing.
fn discount(kind: &str, value: i64) -> String {
    match kind {
        "percent" => percent(value),
        "amount" => value.to_string(),
        _ => String::new(),
    }
}

fn write(mut receive: tokio::sync::mpsc::Receiver<Vec<Line>>) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let (bold, text) = (Format::new().set_bold(), Format::new().set_num_format("@"));
    let sheet = book.add_worksheet_with_constant_memory()?;
    // No row of sums: the file is imported again.
    sheet.set_freeze_panes(1, 0)?;
    for (column, title) in (0..).zip(TITLES) {
        sheet.set_column_width(column, 18)?;
        sheet.write_string_with_format(0, column, title, &bold)?;
    }
    let mut row = 1;
    while let Some(lines) = receive.blocking_recv() {
        for line in lines {
            for (column, value) in (0..).zip(cells(line)) {
                // Always text: a name that begins with `=` is no formula, a phone number keeps its zero.
                if !value.is_empty() {
                    sheet.write_string_with_format(row, column, value, &text)?;
                }
            }
            row += 1;
        }
    }
    sheet.autofilter(0, 0, row - 1, u16::try_from(TITLES.len()).unwrap_or(1) - 1)?;
    book.save_to_buffer()
}

fn cells(line: Line) -> [String; TITLES.len()] {
    let phone = line.phone.strip_prefix("62").map_or_else(|| line.phone.clone(), |national| format!("0{national}"));
    [
        line.service_number,
        line.number.unwrap_or_default(),
        line.name,
        phone,
        line.email,
        line.address,
        line.area,
        line.collector,
        line.package,
        line.router.unwrap_or_default(),
        line.pppoe_username,
        line.started_on.to_string(),
        line.due_day.to_string(),
        status_word(&line.stage).to_owned(),
        line.covered_until,
        discount(&line.discount_kind, line.discount_value),
        line.never_isolate,
        line.stage,
        line.desired,
        line.owed.to_string(),
    ]
}
