//! Import of a 10,000-row XLSX.

use crate::Number;
use kimonet::server::audit::Who;
use kimonet::server::state::AppState;
use rust_xlsxwriter::Workbook;
use std::time::Instant;

const ROWS: u32 = 10_000;

pub async fn run(state: &AppState) -> Vec<Number> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, name) in ["nama_pelanggan", "telepon", "paket", "alamat", "tanggal_tempo"].iter().enumerate() {
        sheet.write_string(0, u16::try_from(column).expect("column"), *name).expect("cell");
    }
    let package = state
        .db
        .opt::<(String,)>(ANY_PACKAGE, kimonet::args![])
        .await
        .expect("package")
        .expect("the seed makes packages")
        .0;
    for row in 1..=ROWS {
        sheet.write_string(row, 0, format!("Pelanggan Impor {row}")).expect("cell");
        sheet.write_string(row, 1, format!("0857{:08}", row)).expect("cell");
        sheet.write_string(row, 2, &package).expect("cell");
        sheet.write_string(row, 3, format!("Jl. Melati No. {row}")).expect("cell");
        sheet.write_number(row, 4, f64::from(row % 28 + 1)).expect("cell");
    }
    let bytes = book.save_to_buffer().expect("workbook");
    let start = Instant::now();
    let report =
        kimonet::server::customers::import::import(state, Who::command(), bytes, "bench.xlsx", false, |_, _| {})
            .await
            .expect("import");
    let took = start.elapsed();
    assert_eq!(report.imported, i64::from(ROWS), "{:?}", report.rejected.first());
    vec![Number::plain(format!("import of a {ROWS}-row XLSX"), format!("{took:.2?}"))]
}

kimonet::sql!(ANY_PACKAGE = "SELECT name FROM package ORDER BY id LIMIT 1");
