//! A small month, reckoned by hand, in every report; and every number against the rows that it leads to.

use super::*;
use crate::billing::Rupiah;
use crate::server::audit::Who;
use crate::server::guard::Role;
use crate::server::ledger::expenses::{self, ExpenseForm};
use crate::server::ledger::{CreditForm, CreditKind, RefundForm, Source};
use crate::server::testing::TestApp;
use crate::{args, sql};
use calamine::{Data, Reader, Xlsx, open_workbook_from_rs};

sql!(
    HIRE = "INSERT INTO staff (id, email, name, role, password_hash, active, created_at) VALUES ($1, $2, $3, $4, '-', TRUE, $5)"
);
sql!(PLACE = "UPDATE service SET area = $2, collector_id = $3 WHERE id = $1");
sql!(BILL_OF = "SELECT id FROM invoice WHERE service_id = $1 AND period = $2");
sql!(
    STOPPED = "INSERT INTO service_change (service_id, kind, from_on, state, reason, who, created_at, ended_at) VALUES ($1, 'stop', $2, 'done', '', '', $3, $3)"
);
sql!(EXPENSES = "SELECT COUNT(*), CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM expense");
sql!(NEWEST = "SELECT MAX(id) FROM expense");

const ID: &str = "0123456789abcdef";

async fn pay(t: &TestApp, service_id: i64, amount: i64, source: Source, by: &str) -> i64 {
    let form = crate::server::ledger::PayForm { received_by: by.to_owned(), ..t.form(service_id, amount, source) };
    t.state.ledger(Who::command()).await.unwrap().settle(form).await.unwrap().payment_id
}

async fn lower(t: &TestApp, kind: CreditKind, service_id: i64, period: &str, amount: i64) -> i64 {
    let invoice_id = t.state.db.number(BILL_OF, args![service_id, period]).await.unwrap();
    let form = CreditForm {
        kind,
        service_id,
        invoice_id: Some(invoice_id),
        amount: Rupiah(amount),
        reason: "Gangguan".to_owned(),
        request_id: format!("{kind:?}{invoice_id}"),
    };
    t.state.ledger(Who::command()).await.unwrap().credit(form).await.unwrap().payment_id
}

fn spent(day: &str, category: &str, amount: &str, request_id: &str) -> ExpenseForm {
    ExpenseForm {
        day: day.to_owned(),
        category: category.to_owned(),
        amount: amount.to_owned(),
        method: "cash".to_owned(),
        note: String::new(),
        request_id: request_id.to_owned(),
    }
}

/// January and half of February of five services; it is 15 February.
async fn worked(t: &TestApp) {
    t.set(&[("invoice.next_on_payment", "false")]).await;
    let (home, business) = (t.package("Home", 300_000, 1).await, t.package("Bisnis", 500_000, 1).await);
    let siti = t.service("SITI", home, "2025-06-01").await;
    let budi = t.service("BUDI", home, "2025-06-01").await;
    let tono = t.service("TONO", business, "2025-06-01").await;
    let dewi = t.service("DEWI", home, "2025-06-01").await;
    let eko = t.service("EKO", home, "2026-01-16").await;
    let mut tx = t.state.db.begin().await.unwrap();
    let now = t.state.clock.now();
    tx.exec_one(HIRE, args![1, "p@kantor.test", "Pemilik", "owner", now]).await.unwrap();
    tx.exec_one(HIRE, args![7, "k@kantor.test", "Koko", "collector", now]).await.unwrap();
    for (service, area, collector) in
        [(siti, "Utara", Some(7)), (budi, "Utara", Some(7)), (tono, "Selatan", None), (eko, "Selatan", None)]
    {
        tx.exec_one(PLACE, args![service, area, collector]).await.unwrap();
    }
    tx.commit().await.unwrap();
    let owner = t.asked(Role::Owner, 1);
    t.issue("2026-01").await;
    t.at("2026-01-05 10:00");
    pay(t, siti, 300_000, Source::Cash, "Rina").await;
    t.at("2026-01-06 10:00");
    pay(t, budi, 750_000, Source::Transfer, "Bank").await;
    t.at("2026-01-07 10:00");
    let flip = Source::Gateway { gateway: "flip".to_owned(), reference: "F1".to_owned(), channel: "qris".to_owned() };
    pay(t, tono, 200_000, flip, "Flip").await;
    t.at("2026-01-08 10:00");
    let mistaken = pay(t, dewi, 300_000, Source::Cash, "Koko").await;
    t.at("2026-01-09 10:00");
    lower(t, CreditKind::Note, tono, "2026-01", 50_000).await;
    t.at("2026-01-16 10:00");
    t.issue("2026-01").await;
    t.at("2026-01-20 10:00");
    let refund = RefundForm {
        service_id: budi,
        amount: Rupiah(20_000),
        cash: false,
        holder_id: None,
        reference: String::new(),
        reason: "Diminta".to_owned(),
        request_id: "r1".to_owned(),
    };
    t.state.ledger(Who::command()).await.unwrap().refund(refund).await.unwrap();
    t.at("2026-01-28 10:00");
    expenses::record(&owner, spent("25/1", "gaji", "400.000", "a123456789abcdef")).await.unwrap();
    expenses::record(&owner, spent("26/1", "listrik", "100rb", "b123456789abcdef")).await.unwrap();
    let wrong = t.state.db.number(NEWEST, args![]).await.unwrap();
    expenses::take_back(&owner, wrong, "Salah catat").await.unwrap();
    t.at("2026-02-01 00:01");
    t.issue("2026-02").await;
    t.at("2026-02-03 10:00");
    t.state.ledger(Who::command()).await.unwrap().reverse_payment(mistaken, "Salah orang").await.unwrap();
    t.at("2026-02-04 10:00");
    lower(t, CreditKind::WriteOff, tono, "2026-01", 250_000).await;
    expenses::record(&owner, spent("", "bandwidth", "50.000", "c123456789abcdef")).await.unwrap();
    let mut tx = t.state.db.begin().await.unwrap();
    let day: NaiveDate = "2026-02-10".parse().unwrap();
    tx.exec_one(STOPPED, args![eko, day, t.state.clock.now()]).await.unwrap();
    tx.commit().await.unwrap();
    t.at("2026-02-15 10:00");
    t.assert_books().await;
}

async fn of(t: &TestApp, name: &str, query: &str) -> Report {
    read(&t.asked(Role::Owner, 1), &Wish::of(name, query), Extent::Page).await.unwrap()
}

/// Rows as their first text and their numbers.
fn numbers(report: &Report) -> Vec<(String, Vec<i64>)> {
    let line = |row: &Vec<Cell>| (row[0].value.words(), row[1..].iter().map(|cell| cell.value.number()).collect());
    report.rows.iter().map(line).collect()
}

fn row(word: &str, numbers: &[i64]) -> (String, Vec<i64>) {
    (word.to_owned(), numbers.to_vec())
}

fn sums(report: &Report) -> Vec<i64> {
    report.totals[1..].iter().map(|cell| cell.value.number()).collect()
}

#[tokio::test]
async fn a_month_is_reckoned_as_by_hand() {
    for t in TestApp::each("2026-01-01 00:01").await {
        worked(&t).await;
        let month = of(&t, "ringkasan", "?bulan=2026-02").await;
        let lines: Vec<(i64, i64)> = [
            "Tagihan",
            "Ditagih",
            "Dikurangi nota kredit",
            "Seharusnya diterima",
            "Terkumpul dari tagihan itu",
            "Dihapus (tidak tertagih)",
            "Belum dibayar",
            "Uang masuk bulan itu",
            "– tunai",
            "– transfer",
            "– bayar online",
            "Layanan mulai",
            "Layanan berhenti",
        ]
        .into_iter()
        .map(|word| month::line(&month, word))
        .collect();
        // 154,839: 16 of 31 days of Eko's first month. Dewi's payment was taken back in February; Budi's Saldo paid his.
        let expected = [
            (5, 5),
            (1_700_000, 1_554_839),
            (0, 50_000),
            (1_700_000, 1_504_839),
            (300_000, 800_000),
            (0, 250_000),
            (1_400_000, 454_839),
            (-300_000, 1_550_000),
            (-300_000, 600_000),
            (0, 750_000),
            (0, 200_000),
            (0, 1),
            (1, 0),
        ];
        assert_eq!(lines, expected, "on {}", t.state.db.engine());
        assert!(month.notes[0].0.contains(&money(130_000)), "{:?}", month.notes);

        let months = of(&t, "pendapatan", "").await;
        assert_eq!(months.rows.len(), 12);
        assert_eq!(
            numbers(&months)[..2],
            [
                row("Februari 2026", &[-300_000, 0, 0, -300_000]),
                row("Januari 2026", &[600_000, 750_000, 200_000, 1_550_000])
            ]
        );
        assert_eq!(sums(&months), [300_000, 750_000, 200_000, 1_250_000]);
        let by =
            async |what: &str| numbers(&of(&t, "pendapatan", &format!("per={what}&dari=2026-01&sampai=2026-02")).await);
        assert_eq!(
            by("wilayah").await,
            [
                row("Utara", &[2, 1_050_000, 0, 1_050_000]),
                row("Selatan", &[1, 200_000, 0, 200_000]),
                row("Tanpa wilayah", &[1, 300_000, -300_000, 0])
            ]
        );
        assert_eq!(
            by("paket").await,
            [row("Home", &[3, 1_350_000, -300_000, 1_050_000]), row("Bisnis", &[1, 200_000, 0, 200_000])]
        );
        assert_eq!(
            by("cara").await,
            [
                row("Transfer", &[1, 750_000, 0, 750_000]),
                row("Tunai", &[2, 600_000, -300_000, 300_000]),
                row("Bayar online", &[1, 200_000, 0, 200_000])
            ]
        );
        assert_eq!(by("penerima").await.len(), 4);

        let debts = of(&t, "piutang", "").await;
        let expected = [
            row("Tanpa wilayah", &[0, 300_000, 300_000, 0, 0, 600_000]),
            row("Selatan", &[0, 954_839, 0, 0, 0, 954_839]),
            row("Utara", &[0, 300_000, 0, 0, 0, 300_000]),
        ];
        assert_eq!(numbers(&debts), expected);
        let later = of(&t, "piutang", "?tanggal=20/3/2026").await;
        assert_eq!(sums(&later), [0, 0, 1_554_839, 300_000, 0, 1_854_839]);
        let past = read(&t.asked(Role::Owner, 1), &Wish::of("piutang", "tanggal=14/2/2026"), Extent::Page).await;
        assert!(matches!(past, Err(Error::Invalid { field, .. }) if field == "tanggal"));

        assert_eq!(numbers(&of(&t, "saldo", "").await), [row("BUDI", &[0, 0, 130_000])]);
        let cash = of(&t, "arus-kas", "").await;
        assert_eq!(
            numbers(&cash)[..2],
            [
                row("Februari 2026", &[-300_000, 50_000, 0, -350_000]),
                row("Januari 2026", &[1_550_000, 400_000, 20_000, 1_130_000])
            ]
        );
        let kinds = of(&t, "arus-kas", "?per=jenis&dari=2026-01&sampai=2026-01").await;
        assert_eq!(
            numbers(&kinds),
            [
                row("Uang masuk, tunai", &[600_000, 0]),
                row("Uang masuk, transfer", &[750_000, 0]),
                row("Uang masuk, bayar online", &[200_000, 0]),
                row("Gaji dan upah", &[0, 400_000]),
                row("Saldo dikembalikan", &[0, 20_000])
            ]
        );
        assert!(kinds.says.contains(&money(1_130_000)), "{}", kinds.says);
        assert_eq!(
            numbers(&of(&t, "kolektor", "?bulan=2026-01").await),
            [
                row("Tanpa kolektor", &[3, 904_839, 200_000, 250_000, 454_839, 0, 0]),
                row("Koko", &[2, 600_000, 600_000, 0, 0, 0, 300_000])
            ]
        );
    }
}

#[tokio::test]
async fn ppn_goes_by_the_day_of_issue_without_what_was_cancelled_or_credited() {
    for t in TestApp::each("2026-01-01 00:01").await {
        t.set(&[("invoice.next_on_payment", "false"), ("invoice.tax.pkp", "true")]).await;
        let (home, business) = (t.package("Home", 300_000, 1).await, t.package("Bisnis", 500_000, 1).await);
        t.service("SITI", home, "2025-06-01").await;
        let budi = t.service("BUDI", home, "2025-06-01").await;
        let tono = t.service("TONO", business, "2025-06-01").await;
        t.issue("2026-01").await;
        t.at("2026-01-10 10:00");
        let ledger = t.state.ledger(Who::command()).await.unwrap();
        ledger.void_invoice(t.state.db.number(BILL_OF, args![budi, "2026-01"]).await.unwrap(), "Salah").await.unwrap();
        let note = lower(&t, CreditKind::Note, tono, "2026-01", 111_000).await;
        t.at("2026-02-01 00:01");
        t.issue("2026-02").await;
        t.at("2026-02-05 10:00");
        t.state.ledger(Who::command()).await.unwrap().reverse_payment(note, "Keliru").await.unwrap();
        let tax = of(&t, "ppn", "").await;
        assert_eq!(
            numbers(&tax)[..2],
            [
                row("Februari 2026", &[3, 1_100_000, 100_000, 1_100_000, 121_000, 11_000, 132_000]),
                // 11/12 of 700,000 is 641,666.67.
                row("Januari 2026", &[2, 800_000, -100_000, 641_667, 88_000, -11_000, 77_000])
            ],
            "on {}",
            t.state.db.engine()
        );
        assert!(tax.notes.is_empty());
        assert_sums_agree(&t, "ppn", "").await;
    }
}

/// Follows every number of a report to the rows behind it, whose sums must hold exactly that number.
async fn assert_sums_agree(t: &TestApp, name: &str, query: &str) {
    let asked = t.asked(Role::Owner, 1);
    let report = of(t, name, query).await;
    let mut followed = 0;
    for cells in report.rows.iter().chain([&report.totals]) {
        for (cell, column) in cells.iter().zip(&report.columns) {
            let Some(rest) = cell.href.strip_prefix("/admin/laporan/") else { continue };
            let (to, asks) = rest.split_once('?').unwrap_or((rest, ""));
            // Profit is no sum of rows, and the base of the tax is a share of one.
            if matches!(cell.value, Value::Text(_)) || matches!(column.title, "Laba" | "DPP") {
                continue;
            }
            let behind = read(&asked, &Wish::of(to, asks), Extent::Whole(1_000)).await.unwrap();
            let place = format!("{name}?{query}: {} {:?} -> {rest}", column.title, cell.value);
            match cell.value {
                Value::Count(count) => {
                    assert_eq!(i64::try_from(behind.rows.len()).unwrap(), count, "{place}");
                    assert!(behind.totals[0].value.words().starts_with(&text::count(count)), "{place}");
                }
                _ => {
                    let hit = behind.totals.iter().any(|total| total.value == cell.value);
                    assert!(hit, "{place}: {:?}", sums(&behind));
                }
            }
            for (at, column) in behind.columns.iter().enumerate().filter(|column| column.1.sum) {
                let sum: i64 = behind.rows.iter().map(|row| row[at].value.number()).sum();
                assert_eq!(sum, behind.totals[at].value.number(), "{place}: {}", column.title);
            }
            followed += 1;
        }
    }
    assert!(followed > 0, "{name}?{query} leads nowhere");
}

#[tokio::test]
async fn every_number_is_the_sum_of_the_rows_it_leads_to() {
    for t in TestApp::each("2026-01-01 00:01").await {
        worked(&t).await;
        for (name, query) in [
            ("ringkasan", "bulan=2026-01"),
            ("ringkasan", "bulan=2026-02"),
            ("pendapatan", ""),
            ("pendapatan", "per=paket&dari=2026-01&sampai=2026-02"),
            ("pendapatan", "per=wilayah&dari=2026-01&sampai=2026-02"),
            ("pendapatan", "per=cara&dari=2026-01&sampai=2026-02"),
            ("pendapatan", "per=penerima&dari=2026-01&sampai=2026-02"),
            ("piutang", ""),
            ("piutang", "tanggal=20/3/2026"),
            ("arus-kas", ""),
            ("arus-kas", "per=jenis&dari=2026-01&sampai=2026-02"),
            ("kolektor", "bulan=2026-01"),
        ] {
            assert_sums_agree(&t, name, query).await;
        }
    }
}

#[tokio::test]
async fn files_hold_the_whole_report_with_its_totals() {
    for t in TestApp::each("2026-01-01 00:01").await {
        worked(&t).await;
        let owner = t.asked(Role::Owner, 1);
        let wish = Wish::of("uang-masuk", "dari=1/1/2026&sampai=28/2/2026");
        let mut book: Xlsx<_> =
            open_workbook_from_rs(std::io::Cursor::new(xlsx(&owner, &wish).await.unwrap())).unwrap();
        let sheet = book.worksheet_range_at(0).unwrap().unwrap();
        assert_eq!(sheet.get_value((4, 0)), Some(&Data::String("Kuitansi".to_owned())));
        // Five rows from the sixth on, and their sum as a formula that has its value.
        assert_eq!(sheet.get_value((10, 7)), Some(&Data::Float(1_250_000.0)));
        assert!(matches!(sheet.get_value((5, 1)), Some(Data::DateTime(_))), "{:?}", sheet.get_value((5, 1)));
        assert_eq!(sheet.get_value((5, 7)), Some(&Data::Float(-300_000.0)));
        let formulas = book.worksheet_formula("Rincian Uang Masuk").unwrap();
        assert_eq!(formulas.get_value((10, 7)).map(String::as_str), Some("SUBTOTAL(109,H6:H10)"));
        for name in
            ["ringkasan", "pendapatan", "piutang", "saldo", "arus-kas", "kolektor", "ppn", "pengeluaran", "tagihan"]
        {
            let wish = Wish::of(name, "");
            assert!(xlsx(&owner, &wish).await.unwrap().starts_with(b"PK"), "{name}");
            assert!(pdf(&owner, &wish).await.unwrap().starts_with(b"%PDF-"), "{name}");
        }
        assert!(matches!(xlsx(&owner, &Wish::of("rahasia", "")).await, Err(Error::NotFound(_))));
        let many = part(Extent::Whole(10), &wish, 11).unwrap_err().to_string();
        assert!(many.contains("Ada 11 baris"), "{many}");
    }
}

#[tokio::test]
async fn what_cannot_be_an_expense_is_told_beside_its_field_and_nothing_is_written() {
    for t in TestApp::each("2026-02-15 10:00").await {
        t.set(&[("books.closed_until", "2025-12")]).await;
        let mut tx = t.state.db.begin().await.unwrap();
        tx.exec_one(HIRE, args![1, "p@kantor.test", "Pemilik", "owner", t.state.clock.now()]).await.unwrap();
        tx.commit().await.unwrap();
        let owner = t.asked(Role::Owner, 1);
        let good = || spent("15/2", "gaji", "100.000", ID);
        let long = "x".repeat(201);
        let bad: Vec<(&str, ExpenseForm)> = vec![
            ("amount", ExpenseForm { amount: "0".into(), ..good() }),
            ("amount", ExpenseForm { amount: "-5000".into(), ..good() }),
            ("amount", ExpenseForm { amount: "1000000000000000".into(), ..good() }),
            ("amount", ExpenseForm { amount: "2.000.000.000.000".into(), ..good() }),
            ("amount", ExpenseForm { amount: "banyak".into(), ..good() }),
            ("day", ExpenseForm { day: "1/1/1970".into(), ..good() }),
            ("day", ExpenseForm { day: "1/1/2999".into(), ..good() }),
            ("day", ExpenseForm { day: "16/2/2026".into(), ..good() }),
            ("day", ExpenseForm { day: "31/12/2025".into(), ..good() }),
            ("day", ExpenseForm { day: "kemarin".into(), ..good() }),
            ("note", ExpenseForm { note: long, ..good() }),
            ("category", ExpenseForm { category: "pesta".into(), ..good() }),
            ("method", ExpenseForm { method: "utang".into(), ..good() }),
            ("request_id", ExpenseForm { request_id: "x".into(), ..good() }),
        ];
        for (wanted, form) in bad {
            let typed = format!("{form:?}");
            match expenses::record(&owner, form).await {
                Err(Error::Invalid { field, message }) => {
                    assert_eq!(field, wanted, "{typed}: {message}");
                    assert!(message.ends_with('.') && message.len() > 15, "{message}");
                }
                other => panic!("{typed}: {other:?}"),
            }
        }
        let stored = async || t.state.db.one::<(i64, i64)>(EXPENSES, args![]).await.unwrap();
        assert_eq!(stored().await, (0, 0));
        // The same form twice is one; with another amount it is a mistake.
        for _ in 0..2 {
            assert!(expenses::record(&owner, good()).await.unwrap().contains("100.000"));
        }
        assert_eq!(stored().await, (1, 100_000));
        let other = expenses::record(&owner, ExpenseForm { amount: "5.000".into(), ..good() }).await;
        assert!(matches!(other, Err(Error::Conflict(_))));
        let id = t.state.db.number(NEWEST, args![]).await.unwrap();
        assert!(
            matches!(expenses::take_back(&owner, id, " ").await, Err(Error::Invalid { field, .. }) if field == "reason")
        );
        assert!(matches!(expenses::take_back(&owner, 999, "salah").await, Err(Error::NotFound(_))));
        let (one, two) =
            tokio::join!(expenses::take_back(&owner, id, "salah"), expenses::take_back(&owner, id, "salah"));
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
        assert_eq!(stored().await, (2, 0));
        let reversal = t.state.db.number(NEWEST, args![]).await.unwrap();
        assert!(matches!(expenses::take_back(&owner, reversal, "salah").await, Err(Error::Refused(_))));
        t.set(&[("books.closed_until", "2026-02")]).await;
        assert!(
            matches!(expenses::record(&owner, spent("", "gaji", "1.000", "d123456789abcdef")).await, Err(Error::Invalid { field, .. }) if field == "day")
        );
    }
}

#[tokio::test]
async fn a_filter_that_cannot_be_read_stays_as_it_was_typed() {
    let t = TestApp::sqlite("2026-02-15 10:00").await;
    let owner = t.asked(Role::Owner, 1);
    let (report, wrong) = page(&owner, &Wish::of("uang-masuk", "dari=kemarin&sampai=15/2/2026")).await.unwrap();
    assert_eq!(wrong.unwrap().0, "dari");
    let typed: Vec<_> = report.filters.iter().map(|filter| (filter.name, filter.value.as_str())).collect();
    assert_eq!(typed, [("dari", "kemarin"), ("sampai", "15/2/2026")]);
    for (query, field) in [
        ("dari=2026-03&sampai=2026-01", "dari"),
        ("dari=2020-01&sampai=2026-01", "dari"),
        ("sampai=2999-01", "sampai"),
        ("dari=1970-01", "dari"),
    ] {
        assert_eq!(page(&owner, &Wish::of("pendapatan", query)).await.unwrap().1.unwrap().0, field, "{query}");
    }
    assert!(matches!(page(&owner, &Wish::of("apa", "")).await, Err(Error::NotFound(_))));
}
