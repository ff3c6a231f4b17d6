//! Files as operators send them.

use super::*;
use crate::server::customers::export::{ExportFilter, export_bytes};
use crate::server::testing::TestApp;

sql!(TEST_SERVICES = "SELECT s.service_number, c.phone, s.stage, s.desired, s.due_day, s.covered_until, s.discount_value FROM service s
 JOIN customer c ON c.id = s.customer_id ORDER BY s.id");
sql!(TEST_SERVICE_ID = "SELECT id FROM service WHERE service_number = $1");
sql!(TEST_JOB = "INSERT INTO import_job (file_name, file_path, staff_id, state, rows_total, rows_done, result, created_at, finished_at)
 VALUES ('a.csv', $1, 1, 'running', 0, 0, '', $2, NULL) RETURNING id");
sql!(TEST_JOB_STATE = "SELECT state, rows_done, result FROM import_job WHERE id = $1");
sql!(TEST_AUDIT = "SELECT action, who, after_value FROM audit_event ORDER BY id");

const HEAD: &str = "nomor_layanan;nama_pelanggan;telepon;paket;tanggal_tempo;tunggakan;saldo;status;diskon;dibayar_sampai;tanggal_pasang;pppoe_username;lokasi_server";

async fn put(t: &TestApp, rows: &str) -> ImportReport {
    let bytes = format!("\u{feff}{HEAD}\r\n{rows}").into_bytes();
    import(&t.state, Who::command(), bytes, "a.csv", false, |_, _| {}).await.unwrap()
}

const GOOD: &str = "A1;Budi;081234567890;home 20m;5;300.000;;aktif;10%;2025-12;31/12/2025;;\n\
    ;Siti;0813-4567-8901;Home 20M;;;50000;nonaktif;25000;;2025-01-02;siti;\n";

#[tokio::test]
async fn a_good_file_twice() {
    for t in TestApp::each("2026-01-15 10:00").await {
        t.package("Home 20M", 300_000, 1).await;
        let preview =
            import(&t.state, Who::command(), format!("{HEAD}\n{GOOD}").into_bytes(), "a.csv", true, |_, _| {})
                .await
                .unwrap();
        let first = put(&t, GOOD).await;
        assert_eq!(first, preview);
        assert_eq!((first.rows, first.imported, first.updated, first.rejected.len()), (2, 2, 0, 0), "{first:?}");
        assert_eq!(first.opening, Opening { arrears: Rupiah(300_000), credit: Rupiah(50_000) });
        let again = put(&t, GOOD).await;
        assert_eq!(again, ImportReport { rows: 2, ..ImportReport::default() });
        type Seen = (String, String, String, String, i64, String, i64);
        let seen: Vec<Seen> = t.state.db.all(TEST_SERVICES, args![]).await.unwrap();
        let word = |text: &str| text.to_owned();
        assert_eq!(
            seen[0],
            (word("A1"), word("6281234567890"), word("aktif"), word("normal"), 5, word("2025-12"), 1000)
        );
        assert_eq!((seen[1].2.as_str(), seen[1].3.as_str(), seen[1].4, seen[1].6), ("berhenti", "as_is", 10, 25_000));
        assert!(seen[1].0.len() == 10);
        let id = t.state.db.number(TEST_SERVICE_ID, args!["A1"]).await.unwrap();
        assert_eq!(t.bills(id).await, vec![(word("2026-01"), 300_000, 0, word("open"))]);
        t.assert_books().await;
        // An export is a file that changes nothing.
        let bytes = export_bytes(&t.state, &ExportFilter::default()).await.unwrap();
        let back = import(&t.state, Who::command(), bytes, "e.xlsx", false, |_, _| {}).await.unwrap();
        assert_eq!(back, ImportReport { rows: 2, ..ImportReport::default() });
    }
}

#[tokio::test]
async fn each_row_that_came_in_has_a_trace() {
    for t in TestApp::each("2026-01-15 10:00").await {
        t.package("Home 20M", 300_000, 1).await;
        put(&t, GOOD).await;
        let trail: Vec<(String, String, String)> = t.state.db.all(TEST_AUDIT, args![]).await.unwrap();
        let (rows, whole) = (&trail[0], &trail[1]);
        assert_eq!((rows.0.as_str(), rows.2.as_str()), ("customer.import.rows", "a.csv: baris 2 sampai 3, 2 layanan"));
        assert_eq!((whole.0.as_str(), whole.1.as_str()), ("customer.import", Who::command().name.as_str()));
        assert_eq!(trail.len(), 2);
    }
}

#[tokio::test]
async fn a_column_that_nobody_knows_is_named_unless_it_is_empty() {
    for t in TestApp::each("2026-01-15 10:00").await {
        t.package("P", 300_000, 1).await;
        let file = "nama_pelanggan;telepon;paket;tunggakan_lama;kosong\nBudi;081234567890;P;300000;\n";
        let report = import(&t.state, Who::command(), file.into(), "a.csv", true, |_, _| {}).await.unwrap();
        assert_eq!((report.imported, report.unknown_columns), (1, vec!["tunggakan_lama".to_owned()]));
    }
}

#[tokio::test]
async fn changes_are_updates_and_blanks_are_not() {
    for t in TestApp::each("2026-01-15 10:00").await {
        t.package("Home 20M", 300_000, 1).await;
        put(&t, GOOD).await;
        let report = put(&t, "A1;Budi;081299999999;Home 20M;7;;;;;;;;\n").await;
        assert_eq!((report.imported, report.updated), (0, 1));
        let report = put(&t, "A1;Budi;081299999999;Home 20M;;;;;;;;;\n").await;
        assert_eq!((report.imported, report.updated), (0, 0));
        let report = put(&t, "A1;Budi;081299999999;Home 20M;;400000;;;;;;;\n").await;
        assert_eq!(report.rejected[0].column, "tunggakan");
        t.assert_books().await;
    }
}

#[tokio::test]
async fn bad_rows_say_where_and_good_ones_are_in() {
    for t in TestApp::each("2026-01-15 10:00").await {
        t.package("P", 300_000, 1).await;
        for (row, column) in [
            ("A;;081234567890;P;;;;;;;;;", "nama_pelanggan"),
            ("A;Budi;8.12E+10;P;;;;;;;;;", "telepon"),
            ("A;Budi;;P;;;;;;;;;", "telepon"),
            ("A;Budi;081234567890;Q;;;;;;;;;", "paket"),
            ("A;Budi;081234567890;P;32;;;;;;;;", "tanggal_tempo"),
            ("A;Budi;081234567890;P;;-5;;;;;;;", "tunggakan"),
            ("A;Budi;081234567890;P;;;1.5;;;;;;", "saldo"),
            ("A;Budi;081234567890;P;;;;hidup;;;;;", "status"),
            ("A;Budi;081234567890;P;;;;;110%;;;;", "diskon"),
            ("A;Budi;081234567890;P;;;;;;2026-13;;;", "dibayar_sampai"),
            ("A;Budi;081234567890;P;;;;;;;31/02/2026;;", "tanggal_pasang"),
            ("A;Budi;081234567890;P;;;;;;;;x;Router-9", "lokasi_server"),
        ] {
            let report = put(&t, &format!("{row}\nB;Ani;081234567891;P;;;;;;;;;\n")).await;
            assert_eq!(report.rejected.len(), 1, "{row}: {report:?}");
            assert_eq!((report.rejected[0].row, report.rejected[0].column.as_str()), (2, column), "{row}");
        }
        let report = put(&t, "C;Ina;081234567892;P;;;;;;;;;\n\nC;Ina;081234567892;P;;;;;;;;;\n").await;
        assert_eq!((report.imported, report.rejected[0].row), (1, 4));
        assert!(report.rejected[0].problem.contains("baris 2"), "{report:?}");
        let twins = "D1;Eka;081234567893;P;;;;;;;;;\nD2;Eka;081234567893;P;;;;;;;;;\n";
        assert_eq!(put(&t, twins).await.imported, 2);
        let report = put(&t, ";Eka;081234567893;P;;;;;;;;;\n").await;
        assert!(report.rejected[0].problem.contains("dua layanan"), "{report:?}");
    }
}

#[tokio::test]
async fn files_that_are_no_table_say_what_to_do() {
    let t = TestApp::sqlite("2026-01-15 10:00").await;
    for bytes in [
        b"".to_vec(),
        b"%PDF-1.7 words".to_vec(),
        b"PK\x03\x04 broken".to_vec(),
        vec![0xD0, 0xCF, 0x11, 0xE0, 1],
        b"Budi;0812\n".to_vec(),
        b"nama_pelanggan,telepon\nBudi,0812\n".to_vec(),
        b"nama_pelanggan,telepon,paket\n".to_vec(),
        vec![b'a'; 11 * 1024 * 1024],
        vec![0xFF, 0xFE, b'n'],
    ] {
        let result = import(&t.state, Who::command(), bytes, "a.xlsx", false, |_, _| {}).await;
        assert!(matches!(&result, Err(Error::Invalid { field, .. }) if field == "file"), "{result:?}");
    }
}

#[tokio::test]
async fn the_example_is_good_and_a_spreadsheet_may_hold_numbers_and_dates() {
    let t = TestApp::sqlite("2026-01-15 10:00").await;
    t.package("Home 20M", 300_000, 1).await;
    t.package("Home 10M", 200_000, 1).await;
    for imported in [3, 0] {
        let report =
            import(&t.state, Who::command(), example_xlsx().unwrap(), "c.xlsx", false, |_, _| {}).await.unwrap();
        assert_eq!((report.imported, report.updated, report.rejected.clone()), (imported, 0, vec![]));
    }
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, name) in (0..).zip(["nama_pelanggan *", "Phone", "Paket", "tanggal_pasang", "tunggakan", "diskon"]) {
        sheet.write_string(0, column, name).unwrap();
    }
    sheet.write_string(1, 0, "Nina").unwrap().write_number(1, 1, 81_234_567_899.0).unwrap();
    sheet
        .write_string(1, 2, "Home 20M")
        .unwrap()
        .write_number(1, 4, 150_000.0)
        .unwrap()
        .write_number(1, 5, 0.1)
        .unwrap();
    let day: chrono::NaiveDate = "2025-05-04".parse().unwrap();
    sheet.write_date_with_format(1, 3, day, &Format::new().set_num_format("dd/mm/yyyy")).unwrap();
    let bytes = book.save_to_buffer().unwrap();
    let report = import(&t.state, Who::command(), bytes, "d.xlsx", false, |_, _| {}).await.unwrap();
    assert_eq!((report.imported, report.rejected.len(), report.opening.arrears), (1, 0, Rupiah(150_000)), "{report:?}");
    t.assert_books().await;
}

#[tokio::test]
async fn a_job_ends_done_or_failed() {
    let t = TestApp::sqlite("2026-01-15 10:00").await;
    t.package("Home 20M", 300_000, 1).await;
    let path = t.folder().join("a.upload");
    std::fs::write(&path, format!("{HEAD}\n{GOOD}")).unwrap();
    for (path, state, done) in [(path.display().to_string(), "done", 2), ("nowhere".to_owned(), "failed", 0)] {
        let mut tx = t.state.db.begin().await.unwrap();
        let id = tx.number(TEST_JOB, args![path, t.state.clock.now()]).await.unwrap();
        tx.commit().await.unwrap();
        run_job(&t.state, id).await.unwrap();
        let seen: (String, i64, String) = t.state.db.one(TEST_JOB_STATE, args![id]).await.unwrap();
        assert_eq!((seen.0.as_str(), seen.1), (state, done), "{}", seen.2);
    }
}

sql!(TEST_COLLECTS = "SELECT COUNT(*) FROM service WHERE collector = $1 AND collector_id = $2");
sql!(TEST_GIVEN = "SELECT after_value FROM audit_event WHERE action = 'staff.collects' AND subject = $1");

#[tokio::test]
async fn a_collector_whom_nobody_is_is_named_and_gets_his_services_when_he_comes() {
    use crate::server::rights::Role;
    use crate::server::staff::{account, invite, manage};
    const FILE: &str = "nomor_layanan;nama_pelanggan;telepon;paket;kolektor\n\
        A;Budi;081234567890;P;Rina\nB;Siti;081234567891;P;rina\nC;Ani;081234567892;P;Tono\n";
    for t in TestApp::each("2026-01-15 10:00").await {
        t.package("P", 300_000, 1).await;
        let read = async |dry| import(&t.state, Who::command(), FILE.into(), "a.csv", dry, |_, _| {}).await.unwrap();
        let named = |report: ImportReport| report.unknown_collectors.join(", ");
        assert_eq!(named(read(true).await), "Rina, Tono, rina");
        assert_eq!(named(read(false).await), "Rina, Tono, rina");
        let come = async |name: &str, email: &str| {
            let typed = invite::Invitation {
                name: name.into(),
                email: email.into(),
                phone: String::new(),
                role: Role::Collector,
            };
            invite::invite(&t.state, Who::command(), typed).await.unwrap().staff_id
        };
        let collects = async |name: &str, id: i64| t.state.db.number(TEST_COLLECTS, args![name, id]).await.unwrap();
        let rina = come("Rina", "rina@k.test").await;
        assert_eq!((collects("Rina", rina).await, collects("rina", rina).await), (1, 1));
        let given: (String,) = t.state.db.one(TEST_GIVEN, args![format!("staff:{rina}")]).await.unwrap();
        assert_eq!(given.0, "2 layanan");
        // Who renames himself sees no more for it; who is renamed by the office does.
        let toni = come("Toni", "toni@k.test").await;
        account::change(&t.state, Who::command(), toni, "Tono", "").await.unwrap();
        assert_eq!(collects("Tono", toni).await, 0);
        manage::change(&t.state, Who::command(), toni, "Tono", "", Role::Collector).await.unwrap();
        assert_eq!(collects("Tono", toni).await, 1);
        assert_eq!(named(read(true).await), "");
    }
}
