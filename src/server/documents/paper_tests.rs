//! What stands on paper, read back by poppler (`scripts/tools.sh poppler`): a program that has nothing to do with ours.

use super::bills::{self, Reader};
use super::canvas::Canvas;
use super::flow::Sender;
use super::invoice::tests::hard;
use super::invoice::{Paper, Stamp};
use super::pdf::Pdf;
use super::picture::Picture;
use super::receipt::{self, ReceiptPaper};
use super::several::Several;
use super::statement::Statement;
use super::{file, invoice, sender::sender};
use crate::app::admin::payments::one::{Found, printed};
use crate::app::dto::money;
use crate::server::audit::Who;
use crate::server::ledger::Source;
use crate::server::state::AppState;
use crate::server::testing::TestApp;
use crate::{args, sql};
use std::process::Command;

/// Points between the edge of a page and the first ink: what any printer reaches.
const WHITE: usize = 24;

/// Runs one of poppler's programs on a file.
fn poppler(program: &str, options: &[&str], pdf: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("paper.pdf");
    std::fs::write(&path, pdf).unwrap();
    // Pictures go to the standard output by themselves, text where it is told.
    let out: &[&str] = if program == "pdftotext" { &["-"] } else { &[] };
    let run = Command::new(program).args(options).arg(&path).args(out).output();
    let run =
        run.unwrap_or_else(|error| panic!("{program} is missing ({error}): `. scripts/tools.sh poppler` installs it"));
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && said.is_empty(), "{program}: {said}");
    run.stdout
}

/// The text of a file, its white space made one space each.
pub(crate) fn text(pdf: &[u8]) -> String {
    let text = String::from_utf8(poppler("pdftotext", &["-layout", "-enc", "UTF-8"], pdf)).unwrap();
    words(&text)
}

/// Whether a stamp is on it. Stamps are tilted: their letters belong together as they were drawn, not by lines.
fn stamped(pdf: &[u8], word: &str) -> bool {
    String::from_utf8(poppler("pdftotext", &["-raw", "-enc", "UTF-8"], pdf)).unwrap().contains(word)
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Fails unless every page has ink, and none in its margin.
fn assert_margins(pdf: &[u8], pages: usize) {
    // At 72 dots an inch a dot is a point.
    let pictures = poppler("pdftoppm", &["-r", "72", "-gray"], pdf);
    let mut rest = pictures.as_slice();
    let mut count = 0;
    while !rest.is_empty() {
        let head: Vec<&[u8]> = rest.splitn(4, |byte| byte.is_ascii_whitespace()).take(3).collect();
        let number = |part: &[u8]| String::from_utf8_lossy(part).parse::<usize>().unwrap();
        let (width, height) = (number(head[1]), number(head[2]));
        let begin = head.iter().map(|part| part.len() + 1).sum::<usize>() + "255\n".len();
        let pixels = &rest[begin..begin + width * height];
        let ink: Vec<(usize, usize)> =
            (0..width * height).filter(|at| pixels[*at] < 250).map(|at| (at % width, at / width)).collect();
        assert!(ink.len() > 500, "page {count} is empty");
        for (x, y) in ink {
            let inside = (WHITE..width - WHITE).contains(&x) && (WHITE..height - WHITE).contains(&y);
            assert!(inside, "ink at {x}, {y} of {width} x {height}, page {}", count + 1);
        }
        count += 1;
        rest = &rest[begin + width * height..];
    }
    assert_eq!(count, pages);
}

/// A file of these pages; kept where `PAPERS_LOOK` names a folder, to be looked at.
fn made(name: &str, sender: &Sender, pages: Vec<Canvas>) -> Vec<u8> {
    let mut pdf = Pdf::begin(Vec::new(), name, sender.logo.clone()).unwrap();
    for page in pages {
        pdf.page(page).unwrap();
    }
    kept(name, pdf.finish().unwrap())
}

fn kept(name: &str, pdf: Vec<u8>) -> Vec<u8> {
    if let Ok(folder) = std::env::var("PAPERS_LOOK") {
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.pdf")), &pdf).unwrap();
    }
    pdf
}

fn company() -> Sender {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 220, 80);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let pixels: Vec<u8> = (0..220 * 80)
        .flat_map(|at| if (at % 220 / 20 + at / 220 / 20) % 2 == 0 { [15, 92, 140, 255] } else { [15, 140, 92, 60] })
        .collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    Sender {
        name: "PT Jaringan Nusantara Sejahtera Bersama".to_owned(),
        lines: vec![
            "Jalan Raya Solo-Tawangmangu Km 12, Kompleks Ruko Permata Blok C 7-8, Karanganyar, Jawa Tengah 57716"
                .to_owned(),
            "0812 3456 7890".to_owned(),
        ],
        logo: Picture::of(&file),
        accounts: vec!["BCA 1234567890 a.n. PT Jaringan Nusantara Sejahtera Bersama".to_owned()],
    }
}

#[test]
fn forty_lines_a_long_address_and_unusual_letters_stay_inside_the_page() {
    let company = company();
    for (name, lines) in [("faktur-40-baris", 40), ("faktur-1-baris", 1), ("faktur-24-baris", 24)] {
        let paper = hard(lines);
        let pages = invoice::pages(&company, &paper).unwrap();
        let count = pages.len();
        let pdf = made(name, &company, pages);
        assert_margins(&pdf, count);
        let text = text(&pdf);
        assert!(text.contains(&format!("Halaman {count} dari {count}")), "{text}");
        assert_eq!(text.matches("= Rp 164.516").count(), lines, "every derivation is there");
        for n in 1..=lines {
            assert!(text.contains(&format!("bagian {n} ")), "line {n}: {text}");
        }
        for word in paper.payer[0].split(' ').chain(paper.payer[2].split(' ')) {
            assert!(text.contains(word), "{word}: {text}");
        }
    }
    let endless = Paper {
        payer: vec!["Nama".repeat(60), "محمد 陈伟 🛰".to_owned(), "Jl. Mawar ".repeat(120)],
        stamp: Stamp::Paid("15/01/2026".to_owned()),
        link: String::new(),
        ..hard(3)
    };
    let pdf = made("faktur-alamat-panjang", &company, invoice::pages(&company, &endless).unwrap());
    assert_margins(&pdf, pages_of(&pdf));
    let text = text(&pdf);
    assert!(text.contains("mHmd Chen Wei") && !text.contains('\u{fffd}'), "{text}");
}

#[test]
fn stamps_stand_beside_the_sums_and_cover_nothing() {
    let company = company();
    let pair = |word: &str, amount: i64| (word.to_owned(), money(amount));
    let paid = Paper {
        payer: ["Ni Luh Putu Ayu Śrī Dewi", "No. layanan 1000000123", "Jalan Melati 17 RT 003 RW 011, Karanganyar"]
            .map(str::to_owned)
            .to_vec(),
        sums: vec![
            pair("Jumlah tagihan", 182_613),
            pair("Nota kredit KW/2026/01/000118, 16/01/2026", -32_613),
            pair("Dibayar 18/01/2026, QRIS, KW/2026/01/000123", -150_000),
            pair("Sisa yang harus dibayar", 0),
        ],
        tax: vec![pair("Harga sebelum PPN", 164_516), pair("DPP nilai lain (11/12)", 150_806), pair("PPN 12%", 18_097)],
        tax_words: "PPN 12% x DPP nilai lain (11/12), setara 11%.".to_owned(),
        stamp: Stamp::Paid("18/01/2026".to_owned()),
        link: String::new(),
        ..hard(2)
    };
    let void = Paper { stamp: Stamp::Void, ..paid.clone() };
    let written_off = Paper { stamp: Stamp::WrittenOff, ..paid.clone() };
    for (name, paper, word) in [
        ("tagihan-lunas", paid, "LUNAS"),
        ("tagihan-batal", void, "DIBATALKAN"),
        ("tagihan-hapus", written_off, "TIDAK TERTAGIH"),
    ] {
        let pdf = made(name, &company, invoice::pages(&company, &paper).unwrap());
        assert_margins(&pdf, 1);
        assert!(stamped(&pdf, word), "{name}");
    }
}

#[test]
fn a_receipt_says_amount_words_and_use_and_marks_a_copy() {
    let company = company();
    let few = ReceiptPaper {
        title: "Kuitansi".to_owned(),
        number: "KW/2026/01/000123".to_owned(),
        payer: vec!["Ñi Lúh Pütu Śrī Łukasz".to_owned(), "No. layanan 1000000123 · Home 20M".to_owned()],
        amount: money(6_164_516),
        spelled: crate::billing::words::terbilang(crate::billing::Rupiah(6_164_516)),
        facts: [("Tanggal diterima", "15/01/2026"), ("Cara bayar", "Tunai"), ("Penerima", "Rina")]
            .map(|(word, value)| (word.to_owned(), value.to_owned()))
            .to_vec(),
        used: vec![
            ("Januari 2026".to_owned(), "INV/2026/01/000123".to_owned(), money(164_516)),
            ("Menjadi Saldo".to_owned(), String::new(), money(6_000_000)),
        ],
        receiver: "Rina".to_owned(),
        day: "15 Januari 2026".to_owned(),
        copy: false,
        reversed: String::new(),
        duty: true,
    };
    let row = ("Februari 2026".to_owned(), "INV/2026/02/000123".to_owned(), money(300_000));
    let many = ReceiptPaper { used: vec![row; 13], copy: true, duty: false, ..few.clone() };
    let back = ReceiptPaper { reversed: "Dibatalkan 16/01/2026: salah ketik · Dewi".to_owned(), ..few.clone() };
    for (name, paper) in [("kuitansi", &few), ("kuitansi-salinan", &many), ("kuitansi-batal", &back)] {
        let pages = receipt::pages(&company, paper).unwrap();
        assert_eq!(pages.len(), 1, "{name}");
        let pdf = made(name, &company, pages);
        assert_margins(&pdf, 1);
        let text = text(&pdf);
        assert!(text.contains(&paper.number) && text.contains("Rp 6.164.516") && text.contains("Łukasz"), "{text}");
        assert_eq!(stamped(&pdf, "SALINAN"), paper.copy, "{name}: {text}");
        assert_eq!(stamped(&pdf, "DIBATALKAN"), !paper.reversed.is_empty(), "{name}: {text}");
        assert_eq!(text.contains("Meterai"), paper.duty, "{name}: {text}");
        for word in paper.spelled.split(' ') {
            assert!(text.contains(word), "{word}: {text}");
        }
    }
}

sql!(ALL_BILLS = "SELECT id, number, customer_name, total, total - paid FROM invoice ORDER BY id");
sql!(ALL_LINES = "SELECT text, derivation, amount FROM invoice_line WHERE invoice_id = $1 ORDER BY id");
sql!(LEDGER_SUM = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM ledger_entry WHERE customer_id = $1");
sql!(PAYMENTS = "SELECT id, receipt, amount FROM payment WHERE method IN ('cash', 'transfer', 'gateway') ORDER BY id");

/// The text of every bill and of every receipt is what the books say.
pub async fn assert_papers(app: &AppState) {
    let plain = |amount: i64| words(&money(amount));
    let bills: Vec<(i64, String, String, i64, i64)> = app.db.all(ALL_BILLS, args![]).await.unwrap();
    assert!(!bills.is_empty());
    for (id, number, name, total, _) in bills {
        let (_, paper) = bills::paper_of(app, id, Reader::Office).await.unwrap();
        let (stamp, sums) = (paper.stamp.clone(), paper.sums.clone());
        let pdf = bills::pdf(app, paper).await.unwrap();
        assert_margins(&pdf, pages_of(&pdf));
        let text = text(&pdf);
        for word in name.split_whitespace().chain([number.as_str()]) {
            assert!(text.contains(word), "{number}, {word}: {text}");
        }
        assert!(text.contains(&format!("Jumlah tagihan {}", plain(total))), "{number}: {text}");
        for (word, amount) in &sums {
            let last = word.split(' ').next_back().unwrap_or_default();
            assert!(text.contains(last) && text.contains(&words(amount)), "{number}, {word} {amount}: {text}");
        }
        let lines: Vec<(String, String, i64)> = app.db.all(ALL_LINES, args![id]).await.unwrap();
        for (what, derivation, amount) in lines {
            for word in what.split_whitespace().chain(derivation.split_whitespace()) {
                assert!(text.contains(word), "{number}, {word}: {text}");
            }
            assert!(text.contains(&plain(amount)), "{number}, {amount}: {text}");
        }
        assert_eq!(stamped(&pdf, "LUNAS"), matches!(stamp, Stamp::Paid(_)), "{number}");
        assert_eq!(stamped(&pdf, "DIBATALKAN"), stamp == Stamp::Void, "{number}");
    }
    let payments: Vec<(i64, String, i64)> = app.db.all(PAYMENTS, args![]).await.unwrap();
    for (id, number, amount) in payments {
        let found = Found::read(app, id).await.unwrap();
        let paper = found.paper(false, false, Reader::Office);
        let used = paper.used.clone();
        let company = sender(app).await.unwrap();
        let pdf = file(number.clone(), company, move |sender| receipt::pages(sender, &paper)).await.unwrap();
        let text = text(&pdf);
        assert!(text.contains(&number) && text.contains(&plain(amount)), "{number}: {text}");
        for (_, bill, part) in used {
            assert!(text.contains(&bill) && text.contains(&words(&part)), "{number}, {bill}: {text}");
        }
    }
}

fn pages_of(pdf: &[u8]) -> usize {
    let facts = String::from_utf8(poppler("pdfinfo", &[], pdf)).unwrap();
    let pages = facts.lines().find_map(|line| line.strip_prefix("Pages:")).unwrap();
    pages.trim().parse().unwrap()
}

#[tokio::test]
async fn every_paper_says_what_the_books_say() {
    for t in TestApp::each("2026-01-20 10:00").await {
        t.set(&[
            ("invoice.tax.pkp", "true"),
            ("invoice.next_on_payment", "false"),
            ("company.name", "Kimonet Karanganyar"),
            ("company.npwp", "01.234.567.8-901.000"),
        ])
        .await;
        let package = t.package("Home 20M", 300_000, 1).await;
        let siti = t.service("SITI", package, "2025-06-01").await;
        let budi = t.service("BUDI", package, "2026-01-15").await;
        t.issue("2026-01").await;
        let paid = t.cash(siti, 400_000).await;
        t.cash(budi, 100_000).await;
        t.at("2026-02-02 10:00");
        t.issue("2026-02").await;
        let ledger = t.state.ledger(Who::system()).await.unwrap();
        let wrong = ledger.settle(t.form(budi, 82_613, Source::Transfer)).await.unwrap();
        ledger.reverse_payment(wrong.payment_id, "salah ketik").await.unwrap();
        assert_papers(&t.state).await;

        let (_, paper) = bills::paper_of(&t.state, 2, Reader::Office).await.unwrap();
        let text_of_bill = text(&kept("faktur-ppn", bills::pdf(&t.state, paper).await.unwrap()));
        for words in [
            "Harga sebelum PPN Rp 164.516",
            "DPP nilai lain (11/12) Rp 150.806",
            "PPN 12% Rp 18.097",
            "DPP nilai lain (11/12), setara 11%.",
        ] {
            assert!(text_of_bill.contains(words), "{words}: {text_of_bill}");
        }
        assert!(text_of_bill.contains("NPWP 01.234.567.8-901.000"), "{text_of_bill}");
        assert!(text_of_bill.contains("Sisa yang harus dibayar Rp 82.613"), "{text_of_bill}");
        // Whoever only knows the number reads no name.
        let (_, masked) = bills::paper_of(&t.state, 1, Reader::Anybody { names: false }).await.unwrap();
        assert!(!masked.payer.concat().contains("SITI (") && masked.payer[0].contains('*'), "{:?}", masked.payer);

        // Nor how it was paid, nor why and by whom something was taken back.
        let seen = masked.sums.iter().map(|(word, _)| word.as_str()).collect::<Vec<_>>();
        assert_eq!(seen, ["Jumlah tagihan", "Sudah dibayar", "Sisa yang harus dibayar"]);
        let taken_back = Found::read(&t.state, wrong.payment_id).await.unwrap();
        assert!(taken_back.paper(false, false, Reader::Office).reversed.contains("salah ketik"));
        let public = taken_back.paper(false, false, Reader::Anybody { names: true }).reversed;
        assert_eq!(public, "Dibatalkan 02/02/2026");

        // Prints count alike whichever paper they are.
        assert_eq!(printed(&t.state, "Rina", paid.payment_id).await.unwrap(), 0);
        assert_eq!(printed(&t.state, "Pelanggan", paid.payment_id).await.unwrap(), 1);

        let (from, to) = ("2026-01-01".parse().unwrap(), "2026-02-28".parse().unwrap());
        let company = sender(&t.state).await.unwrap();
        for customer in [1, 2] {
            let sum: i64 = t.state.db.number(LEDGER_SUM, args![customer]).await.unwrap();
            let whole = Statement::read(&t.state, customer, from, to).await.unwrap();
            assert_eq!((whole.opening, whole.closing), (0, sum), "the closing balance is the sum of the ledger");
            let late = Statement::read(&t.state, customer, "2026-02-01".parse().unwrap(), to).await.unwrap();
            assert_eq!(late.closing, sum, "from whichever day");
            assert!(late.rows.len() < whole.rows.len());
            let pdf = made("kartu-piutang", &company, whole.pages(&company, to).unwrap());
            assert_margins(&pdf, 1);
            let text = text(&pdf);
            assert!(text.contains(&words(&whole.in_words())), "{text}");
            for row in &whole.rows {
                for word in row.text.split_whitespace() {
                    assert!(text.contains(word), "{word}: {text}");
                }
                assert!(text.contains(&words(&money(row.amount.abs()))), "{}: {text}", row.amount);
            }
            assert!(whole.xlsx().unwrap().starts_with(b"PK"));
        }
        assert!(Statement::read(&t.state, 1, to, from).await.is_err());

        let several = Several::read(&t.state, 2).await.unwrap();
        assert_eq!(several.total(), 82_613 + 333_000);
        let pdf = made("semua-tagihan", &company, several.pages(&company, to).unwrap());
        assert_margins(&pdf, 1);
        let text = text(&pdf);
        assert!(
            text.contains("Bayar semua sekaligus") && text.contains("Rp 415.613") && text.contains("://BUDI."),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_months_file_holds_every_bill_and_its_memory_is_a_piece() {
    for t in TestApp::each("2026-01-20 10:00").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        for n in 0..260 {
            t.service(&format!("S{n:04}"), package, "2025-06-01").await;
        }
        t.issue("2026-01").await;
        let asked = t.asked(crate::server::guard::Role::Owner, 1);
        let heard = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let told = std::sync::Arc::clone(&heard);
        let period = "2026-01".parse().unwrap();
        let pdf =
            bills::write_month(&asked, period, Vec::new(), move |done| told.lock().unwrap().push(done)).await.unwrap();
        assert_eq!(*heard.lock().unwrap(), [250, 260], "piece by piece");
        assert_eq!(pages_of(&pdf), 260);
        let text = text(&pdf);
        for n in 0..260 {
            assert!(text.contains(&format!("S{n:04}")), "S{n:04}");
        }
        let collector = t.asked(crate::server::guard::Role::Collector, 9);
        assert!(bills::count(&collector, period).await.is_err(), "none of them are his");
    }
}
