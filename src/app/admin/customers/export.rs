//! The filtered list as a file: chosen columns, as a sheet of any length or as a paper.

use super::CustomerFilter;
use super::query::{conditions, matching};
use crate::app::admin::words;
use crate::app::text;
use crate::billing::Period;
use crate::server::customers::place::place_words;
use crate::server::documents::sheet::{Column as SheetColumn, Kind, Sheet, Value};
use crate::server::documents::table::{Column, Table};
use crate::server::error::{Error, Result};
use crate::server::guard::{Asked, Permission};
use crate::{args, bills_now, found_by, in_scope, owed_now, sql};
use chrono::NaiveDate;

/// Rows read at a time.
const CHUNK: i64 = 1_000;
/// Rows of a paper at most: some 550 pages.
pub const PDF_ROWS_MAX: i64 = 20_000;

// A piece of the filtered list behind an id. $13, $14: after which id, how many.
sql!(
    CHUNK_SQL = concat!(
        "SELECT v.id, v.service_number, COALESCE(c.number, '') AS number, c.name, c.phone, c.email, c.address, v.area, v.collector, p.name AS package,
   COALESCE(r.name, '') AS router, v.pppoe_username, v.started_on, v.due_day, v.stage, s.access, v.never_isolate, v.lat_e6, v.lng_e6,
   CAST(", owed_now!("$11", "$12"), " AS BIGINT) AS owed
 FROM (SELECT s.service_id AS id ",
        matching!(),
        " AND s.service_id > $13 ORDER BY s.service_id LIMIT $14) hit
 JOIN service_row s ON s.service_id = hit.id JOIN service v ON v.id = hit.id JOIN customer c ON c.id = v.customer_id
 JOIN package p ON p.id = v.package_id LEFT JOIN router r ON r.id = v.router_id ORDER BY hit.id"
    )
);

/// A row of the file.
#[derive(Clone, Debug, sqlx::FromRow)]
struct Line {
    id: i64,
    service_number: String,
    number: String,
    name: String,
    phone: String,
    email: String,
    address: String,
    area: String,
    collector: String,
    package: String,
    router: String,
    pppoe_username: String,
    started_on: NaiveDate,
    due_day: i64,
    stage: String,
    access: String,
    never_isolate: String,
    lat_e6: Option<i64>,
    lng_e6: Option<i64>,
    owed: i64,
}

/// A column that can be chosen: its code, its title, its share of a paper's width, what stands in it.
type Choice = (&'static str, &'static str, u16, fn(&Line) -> String);

/// Every column, in the order of the file.
const COLUMNS: &[Choice] = &[
    ("nomor", "Nomor layanan", 10, |line| line.service_number.clone()),
    ("nama", "Nama", 16, |line| line.name.clone()),
    ("pelanggan", "Nomor pelanggan", 8, |line| line.number.clone()),
    ("telepon", "Telepon", 11, |line| words::phone(&line.phone)),
    ("email", "Email", 14, |line| line.email.clone()),
    ("alamat", "Alamat", 18, |line| line.address.clone()),
    ("wilayah", "Wilayah", 10, |line| line.area.clone()),
    ("kolektor", "Kolektor", 9, |line| line.collector.clone()),
    ("paket", "Paket", 9, |line| line.package.clone()),
    ("router", "Router", 9, |line| line.router.clone()),
    ("pppoe", "Akun PPPoE", 10, |line| line.pppoe_username.clone()),
    ("mulai", "Mulai", 7, |line| words::day(line.started_on)),
    ("tempo", "Tempo", 4, |line| line.due_day.to_string()),
    ("layanan", "Layanan", 8, |line| text::stage(&line.stage).word),
    ("akses", "Akses", 8, |line| text::access(&line.access).word),
    ("jangan_isolir", "Jangan isolir", 9, |line| line.never_isolate.clone()),
    ("letak", "Letak", 12, |line| place_words(line.lat_e6, line.lng_e6)),
    ("sisa", "Belum dibayar", 9, |line| crate::billing::Rupiah(line.owed).digits()),
];

/// Columns for the screen: code and title; money only for who may see it.
pub fn offered(asked: &Asked) -> Vec<(&'static str, &'static str)> {
    let sees_money = asked.staff.may(Permission::ViewInvoices);
    COLUMNS.iter().filter(|column| sees_money || column.0 != "sisa").map(|column| (column.0, column.1)).collect()
}

fn chosen(asked: &Asked, codes: &[String]) -> Result<Vec<&'static Choice>> {
    let offered = offered(asked);
    let columns: Vec<_> = COLUMNS
        .iter()
        .filter(|column| codes.iter().any(|code| code == column.0) && offered.iter().any(|one| one.0 == column.0))
        .collect();
    if columns.is_empty() { Err(Error::invalid("kolom", "Pilih sedikitnya satu kolom.")) } else { Ok(columns) }
}

/// The next piece of the list.
async fn piece(asked: &Asked, filter: &CustomerFilter, after: i64) -> Result<Vec<Line>> {
    let mut values = conditions(asked, filter);
    values.extend(args![after, CHUNK]);
    Ok(asked.app.db.all(CHUNK_SQL, values).await?)
}

/// The list as a sheet: rows go to the file as they are read, so that memory stays flat.
pub async fn xlsx(asked: &Asked, filter: &CustomerFilter, codes: &[String]) -> Result<Vec<u8>> {
    let columns = chosen(asked, codes)?;
    let (send, mut receive) = tokio::sync::mpsc::channel::<Vec<Line>>(2);
    let writer = tokio::task::spawn_blocking(move || {
        let titles = columns.iter().map(|column| match column.0 {
            "sisa" => SheetColumn::summed(column.1, Kind::Money),
            "mulai" => SheetColumn::new(column.1, Kind::Date),
            "tempo" => SheetColumn::new(column.1, Kind::Count),
            _ => SheetColumn::wide(column.1, f64::from(column.2) * 2.0),
        });
        let mut sheet = Sheet::begin("Pelanggan", titles.collect())?;
        while let Some(lines) = receive.blocking_recv() {
            for line in &lines {
                let cells: Vec<Value> = columns
                    .iter()
                    .map(|column| match column.0 {
                        "sisa" => line.owed.into(),
                        "mulai" => line.started_on.into(),
                        "tempo" => line.due_day.into(),
                        _ => (column.3)(line).into(),
                    })
                    .collect();
                sheet.row(&cells)?;
            }
        }
        sheet.finish()
    });
    let mut after = 0;
    loop {
        let lines = piece(asked, filter, after).await?;
        let Some(last) = lines.last() else { break };
        after = last.id;
        if send.send(lines).await.is_err() {
            break;
        }
    }
    drop(send);
    writer.await.map_err(|error| Error::Internal(format!("ekspor: {error}")))?
}

/// The list as a paper.
pub async fn pdf(asked: &Asked, filter: &CustomerFilter, codes: &[String]) -> Result<Vec<u8>> {
    let columns = chosen(asked, codes)?;
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut after = 0;
    loop {
        let lines = piece(asked, filter, after).await?;
        let Some(last) = lines.last() else { break };
        after = last.id;
        rows.extend(lines.iter().map(|line| columns.iter().map(|column| (column.3)(line)).collect()));
        if i64::try_from(rows.len()).unwrap_or(i64::MAX) > PDF_ROWS_MAX {
            return Err(Error::Refused(format!(
                "PDF memuat paling banyak {} baris. Saring daftarnya dulu, atau pilih Excel.",
                text::count(PDF_ROWS_MAX)
            )));
        }
    }
    let (app, today) = (&asked.app, asked.app.clock.today());
    let subtitle = format!(
        "{} · {} · {} layanan · {}",
        app.settings().await?.text("company.name"),
        words::day(today),
        text::count(i64::try_from(rows.len()).unwrap_or(i64::MAX)),
        Period::of(today).words()
    );
    let table = Table {
        title: text::CUSTOMERS.to_owned(),
        subtitle,
        columns: columns
            .iter()
            .map(|column| Column { title: column.1.to_owned(), share: column.2, right: column.0 == "sisa" })
            .collect(),
        rows,
        ..Table::default()
    };
    tokio::task::spawn_blocking(move || table.render())
        .await
        .map_err(|error| Error::Internal(format!("PDF: {error}")))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::guard::Role;
    use crate::server::testing::TestApp;
    use calamine::{Reader, Xlsx, open_workbook_from_rs};

    #[tokio::test]
    async fn the_file_has_the_chosen_columns_of_the_filtered_list() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let package = t.package("Home", 300_000, 1).await;
            for name in ["BUDI", "=SARI"] {
                t.service(name, package, "2025-06-01").await;
            }
            t.issue("2026-01").await;
            let codes: Vec<String> = ["nomor", "sisa"].map(str::to_owned).to_vec();
            let filter = CustomerFilter::default();
            let bytes = xlsx(&t.asked(Role::Owner, 1), &filter, &codes).await.unwrap();
            let mut book: Xlsx<_> = open_workbook_from_rs(std::io::Cursor::new(bytes)).unwrap();
            let sheet = book.worksheet_range_at(0).unwrap().unwrap();
            let cells: Vec<Vec<String>> =
                sheet.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect();
            assert_eq!(
                cells,
                [["Nomor layanan", "Belum dibayar"], ["BUDI", "300000"], ["=SARI", "300000"], ["Jumlah", "600000"]]
            );
            let only = CustomerFilter { q: "budi".to_owned(), ..CustomerFilter::default() };
            assert!(pdf(&t.asked(Role::Owner, 1), &only, &codes).await.unwrap().starts_with(b"%PDF-"));
            // No money for who sees none, whatever he asks for.
            let money = vec!["sisa".to_owned()];
            assert!(xlsx(&t.asked(Role::Technician, 1), &filter, &money).await.is_err());
        }
    }
}
