//! A page of PDF on one core, and a month of 10,000 bills in one file.

use crate::Number;
use kimonet::server::audit::Who;
use kimonet::server::documents::bills::write_month;
use kimonet::server::documents::flow::Sender;
use kimonet::server::documents::invoice::{Paper, PaperLine, pages};
use kimonet::server::documents::pdf::Pdf;
use kimonet::server::guard::{Asked, Rights, Role};
use kimonet::server::session::StaffSession;
use kimonet::server::state::AppState;
use std::io::BufWriter;
use std::time::Instant;

/// Bills of the month.
pub const BILLS: i64 = 10_000;
/// Pages that the time of one is the mean of.
const PAGES: u16 = 1_000;
const PAGE_MS_MAX: f64 = 10.0;
const MEMORY_MB_MAX: u64 = 300;

/// Highest memory of this process since the last reset, in MB (proc(5), `VmHWM`).
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("status");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("VmHWM");
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).expect("kB") / 1024
}

fn paper() -> Paper {
    let text = |text: &str| text.to_owned();
    let line = |what: &str, amount: &str| PaperLine {
        text: text(what),
        derivation: text("Paket Home 20M Rp 300.000 / 31 hari x 17 hari (15-31 Januari) = Rp 164.516"),
        amount: text(amount),
    };
    Paper {
        number: text("INV/2026/01/000123"),
        payer: [
            "Ni Luh Putu Ayu Sri Dewi",
            "No. layanan 1000000123",
            "Jalan Melati Raya Gang Kenanga Dalam Nomor 17 RT 003 RW 011, Karanganyar",
        ]
        .map(text)
        .to_vec(),
        facts: vec![(text("Untuk"), text("Januari 2026")), (text("Jatuh tempo"), text("10/01/2026"))],
        lines: vec![line("Paket Home 20M", "Rp 164.516"), line("Sewa alat", "Rp 25.000"), line("PPN", "Rp 20.847")],
        tax: vec![(text("DPP nilai lain (11/12)"), text("Rp 173.723")), (text("PPN 12%"), text("Rp 20.847"))],
        tax_words: text("PPN 12% x DPP nilai lain (11/12), setara 11%."),
        sums: vec![(text("Jumlah tagihan"), text("Rp 210.363")), (text("Sisa yang harus dibayar"), text("Rp 210.363"))],
        link: text("https://1000000123.tagihan.example/"),
        ..Paper::default()
    }
}

fn page() -> Number {
    let sender = Sender {
        name: "Kimonet Karanganyar".to_owned(),
        lines: vec!["Jalan Lawu 7, Karanganyar".to_owned()],
        ..Sender::default()
    };
    let paper = paper();
    let start = Instant::now();
    let mut pdf = Pdf::begin(std::io::sink(), "bench", None).expect("pdf");
    for _ in 0..PAGES {
        for page in pages(&sender, &paper).expect("pages") {
            pdf.page(page).expect("page");
        }
    }
    pdf.finish().expect("end");
    let ms = start.elapsed().as_secs_f64() * 1000.0 / f64::from(PAGES);
    Number::limited(
        "a page of PDF with QR code, on one core",
        format!("{ms:.2} ms"),
        format!("at most {PAGE_MS_MAX} ms"),
        ms <= PAGE_MS_MAX,
    )
}

pub async fn run(state: &AppState) -> Vec<Number> {
    let mut numbers = vec![page()];
    let staff = StaffSession {
        id: 1,
        name: "Bench".to_owned(),
        role: Role::Owner,
        rights: Rights::delivered(Role::Owner),
        must_secure: false,
    };
    let asked = Asked { app: state.clone(), who: Who::command(), staff };
    let path = state.config.data.join("month.pdf");
    let file = BufWriter::new(std::fs::File::create(&path).expect("file"));
    // 5: the highest memory is counted anew (proc(5)).
    std::fs::write("/proc/self/clear_refs", "5").expect("clear_refs");
    let start = Instant::now();
    write_month(&asked, "2026-01".parse().expect("period"), file, |_| {}).await.expect("month");
    let (took, memory) = (start.elapsed(), peak());
    let size = std::fs::metadata(&path).expect("size").len() / 1_000_000;
    numbers.push(Number::limited(
        format!("a month of {BILLS} bills as one PDF"),
        format!("{took:.1?}, {size} MB, memory at most {memory} MB"),
        format!("memory under {MEMORY_MB_MAX} MB"),
        memory < MEMORY_MB_MAX,
    ));
    numbers
}
