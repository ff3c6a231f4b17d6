//! The paper of a bill: who owes what and how each amount came about, what was paid, the PPN, a stamp when nothing is left,
//! and the payment link as a QR code.

use super::canvas::{A4, Canvas, GREEN, RED};
use super::flow::{Cell, Column, Flow, MARGIN, SMALL, Sender};
use super::font::Weight;
use crate::server::error::Result;

/// Side of the QR code.
const QR: f32 = 84.0;
/// Room for a stamp.
const STAMP: f32 = 62.0;

/// A line of a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaperLine {
    /// What for.
    pub text: String,
    /// How the amount came about.
    pub derivation: String,
    /// Amount, formatted.
    pub amount: String,
}

/// What is printed over a bill.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stamp {
    /// Nothing: something is left to pay.
    #[default]
    None,
    /// `LUNAS`, and since when.
    Paid(String),
    /// `DIBATALKAN`.
    Void,
    /// `TIDAK TERTAGIH`: it was written off.
    WrittenOff,
}

/// A bill.
#[derive(Clone, Debug, Default)]
pub struct Paper {
    /// Its number.
    pub number: String,
    /// Who pays: name, service number, address.
    pub payer: Vec<String>,
    /// Word and value: month, package, issued, due.
    pub facts: Vec<(String, String)>,
    /// Its lines.
    pub lines: Vec<PaperLine>,
    /// The PPN, word and amount: price, base, tax. Empty without.
    pub tax: Vec<(String, String)>,
    /// What the PPN comes from, in a sentence.
    pub tax_words: String,
    /// Word and amount, the last in bold: total, what was paid and credited, what is left.
    pub sums: Vec<(String, String)>,
    /// What is printed over it.
    pub stamp: Stamp,
    /// Where it is paid; empty when nothing is open.
    pub link: String,
}

/// The pages of a bill.
///
/// # Errors
/// `Internal` when the program's own fonts can't be read.
pub fn pages(sender: &Sender, paper: &Paper) -> Result<Vec<Canvas>> {
    let mut flow = Flow::begin(sender, A4, "Tagihan", &paper.number)?;
    flow.beside(&paper.payer, &paper.facts);
    flow.table(&[
        Column { title: "Untuk", share: 78, right: false },
        Column { title: "Jumlah", share: 22, right: true },
    ])?;
    for line in &paper.lines {
        flow.row(&[
            Cell { text: line.text.clone(), small: line.derivation.clone(), bold: false },
            Cell::new(line.amount.clone()),
        ])?;
    }
    flow.end_table();
    flow.y += 6.0;
    let last = paper.sums.len().saturating_sub(1);
    // What is left to pay never stands alone on a page: the last sums go together.
    flow.room(16.0 * 3.0 + if paper.link.is_empty() { STAMP } else { 0.0 })?;
    let top = (flow.page.size, flow.y);
    let sums: Vec<(String, String, bool)> =
        paper.sums.iter().enumerate().map(|(at, (word, amount))| (word.clone(), amount.clone(), at == last)).collect();
    flow.sums(&sums)?;
    if !paper.tax.is_empty() {
        flow.y += 8.0;
        flow.room(60.0)?;
        let rows: Vec<_> = paper.tax.iter().map(|(word, amount)| (word.clone(), amount.clone(), false)).collect();
        flow.sums(&rows)?;
        flow.words(Weight::Regular, SMALL, &paper.tax_words)?;
    }
    stamp(&mut flow, &paper.stamp, top.1)?;
    if !paper.link.is_empty() {
        flow.y += 10.0;
        let mut lines = vec![paper.link.clone()];
        if !sender.accounts.is_empty() {
            lines.push("atau transfer ke".to_owned());
            lines.extend(sender.accounts.iter().take(3).cloned());
        }
        flow.pay_at("Pindai atau buka untuk membayar", &paper.link, &lines, QR)?;
    }
    Ok(flow.finish(&paper.number))
}

/// The stamp beside the sums, where the left half of the page is white.
fn stamp(flow: &mut Flow<'_>, stamp: &Stamp, top: f32) -> Result<()> {
    let (colour, size, word, under) = match stamp {
        Stamp::None => return Ok(()),
        Stamp::Paid(since) => (GREEN, 30.0, "LUNAS", since.as_str()),
        Stamp::Void => (RED, 22.0, "DIBATALKAN", ""),
        Stamp::WrittenOff => (RED, 17.0, "TIDAK TERTAGIH", ""),
    };
    let middle = if flow.y > top { top } else { flow.y };
    flow.y = flow.y.max(middle + STAMP);
    flow.page.stamp(colour, size, (MARGIN + 88.0, middle + STAMP / 2.0 - 4.0), word, under);
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::server::documents::pdf::Pdf;

    /// A bill that asks much of its page.
    pub fn hard(lines: usize) -> Paper {
        Paper {
            number: "INV/2026/01/000123".to_owned(),
            payer: vec![
                "Ny. Ñi Lúh Pütu Ayu Śrī Dewi d'Ombak-Segara binti Abdul Rahman bin Haji Mohammad Saleh Łukasz Şahin"
                    .to_owned(),
                "No. layanan 1000000123".to_owned(),
                "Jalan Melati Raya Gang Kenanga Dalam Nomor 17 RT 003 RW 011 ".repeat(4),
            ],
            facts: vec![
                ("Bulan".to_owned(), "Januari 2026".to_owned()),
                ("Paket".to_owned(), "Paket Keluarga Bahagia Sejahtera 100 Mbps Tanpa Batas Pemakaian".to_owned()),
                ("Jatuh tempo".to_owned(), "10/01/2026".to_owned()),
            ],
            lines: (1..=lines)
                .map(|n| PaperLine {
                    text: format!("Paket Home 20M bagian {n}"),
                    derivation: "Paket Home 20M Rp 300.000 / 31 hari x 17 hari (15-31 Januari) = Rp 164.516".to_owned(),
                    amount: "Rp\u{a0}164.516".to_owned(),
                })
                .collect(),
            sums: vec![
                ("Jumlah tagihan".to_owned(), "Rp\u{a0}164.516".to_owned()),
                ("Sisa yang harus dibayar".to_owned(), "Rp\u{a0}164.516".to_owned()),
            ],
            link: "https://1000000123.tagihan.example/".to_owned(),
            ..Paper::default()
        }
    }

    #[test]
    fn a_bill_is_a_page_a_long_one_more_and_a_month_one_file() {
        let sender = Sender { name: "Kimonet".to_owned(), lines: vec!["Karanganyar".to_owned()], ..Sender::default() };
        assert_eq!(pages(&sender, &hard(2)).unwrap().len(), 1);
        let long = pages(&sender, &hard(40)).unwrap();
        assert!((2..=3).contains(&long.len()));
        let count = long.len();
        let mut pdf = Pdf::begin(Vec::new(), "Januari", None).unwrap();
        for page in (0..150).flat_map(|_| pages(&sender, &hard(2)).unwrap()).chain(long) {
            pdf.page(page).unwrap();
        }
        let bytes = pdf.finish().unwrap();
        assert!(bytes.starts_with(b"%PDF-1.7") && bytes.ends_with(b"%%EOF\n"));
        let plain = String::from_utf8_lossy(&bytes);
        assert!(plain.contains(&format!("/Count {}", 150 + count)), "all of them below the root");
    }
}
