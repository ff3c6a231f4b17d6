//! The papers of bills as the books have them: one, or all of a month, written to its file piece by piece.

use super::flow::Sender;
use super::invoice::{Paper, PaperLine, Stamp, pages};
use super::pdf::Pdf;
use super::sender::sender;
use crate::app::admin::words;
use crate::app::dto::money;
use crate::billing::pricing::{TaxRate, percent};
use crate::billing::words::mask_name;
use crate::billing::{Period, Rupiah};
use crate::server::error::{Error, Result};
use crate::server::guard::Asked;
use crate::server::state::AppState;
use crate::{args, in_scope, sql};
use chrono::NaiveDate;
use std::collections::HashMap;
use std::io::Write;
use tokio::sync::mpsc;

/// Bills read, drawn and written at a time.
const PIECE: i64 = 250;

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    service_id: i64,
    number: String,
    customer_name: String,
    service_number: String,
    slug: String,
    address: String,
    package_name: String,
    period: String,
    kind: String,
    issued_on: NaiveDate,
    due_on: NaiveDate,
    total: i64,
    paid: i64,
    written_off: i64,
    status: String,
}

macro_rules! bills {
    ($which:literal) => {
        concat!(
            "SELECT i.id, i.service_id, i.number, i.customer_name, s.service_number, s.slug, c.address, i.package_name, i.period, i.kind, i.issued_on, i.due_on,
   i.total, i.paid, i.written_off, i.status
 FROM invoice i JOIN service s ON s.id = i.service_id JOIN customer c ON c.id = i.customer_id WHERE ",
            $which
        )
    };
}

sql!(ONE = bills!("i.id = $1"));
// The `$4` next of a month behind `$3` in reach of `$1`; the month begins where its first bill is.
sql!(
    MONTH = concat!(
        bills!("i.period = $2 AND i.status <> 'void' AND i.id > $3 AND "),
        in_scope!("$1"),
        " ORDER BY i.id LIMIT $4"
    )
);
sql!(
    COUNT = concat!(
        "SELECT COUNT(*), CAST(COALESCE(MIN(i.id), 0) AS BIGINT) FROM invoice i JOIN service s ON s.id = i.service_id WHERE i.period = $2 AND i.status <> 'void' AND ",
        in_scope!("$1")
    )
);
sql!(
    LINES = "SELECT invoice_id, text, derivation, amount, kind FROM invoice_line WHERE invoice_id >= $1 AND invoice_id <= $2
  AND invoice_id IN (SELECT CAST(value AS BIGINT) FROM json_each($3)) ORDER BY invoice_id, id"
);
// What each payment gave, after what was taken back.
sql!(
    SHARES = "SELECT a.invoice_id, p.receipt, p.method, p.channel, MAX(a.business_date) AS used_on, CAST(SUM(a.amount) AS BIGINT) AS amount
 FROM allocation a JOIN payment p ON p.id = a.payment_id WHERE a.invoice_id >= $1 AND a.invoice_id <= $2
  AND a.invoice_id IN (SELECT CAST(value AS BIGINT) FROM json_each($3))
 GROUP BY a.invoice_id, p.id, p.receipt, p.method, p.channel HAVING SUM(a.amount) > 0 ORDER BY a.invoice_id, p.id"
);
sql!(RATES = "SELECT valid_from, rate, base_num, base_den FROM tax_rate ORDER BY valid_from");

#[derive(sqlx::FromRow)]
struct Line {
    invoice_id: i64,
    text: String,
    derivation: String,
    amount: i64,
    kind: String,
}

#[derive(sqlx::FromRow)]
struct Share {
    invoice_id: i64,
    receipt: String,
    method: String,
    channel: String,
    used_on: NaiveDate,
    amount: i64,
}

/// Rates by the day from which they hold, the oldest first.
type Rates = Vec<(NaiveDate, TaxRate)>;

async fn rates(app: &AppState) -> Result<Rates> {
    let rows: Vec<(NaiveDate, i64, i64, i64)> = app.db.all(RATES, args![]).await?;
    Ok(rows.into_iter().map(|(from, rate, base_num, base_den)| (from, TaxRate { rate, base_num, base_den })).collect())
}

/// Who reads the paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// The office, and its customer from its hand.
    Office,
    /// Whoever knows the service number: no more than the public page says, the name masked unless `names`.
    Anybody {
        /// Whether he reads the whole name.
        names: bool,
    },
}

fn paper(app: &AppState, rates: &Rates, reader: Reader, row: &Row, lines: Vec<Line>, shares: &[Share]) -> Paper {
    let left = if matches!(row.status.as_str(), "open" | "partial") { row.total - row.paid } else { 0 };
    let tax: i64 = lines.iter().filter(|line| line.kind == "tax").map(|line| line.amount).sum();
    let mut sums = vec![("Jumlah tagihan".to_owned(), money(row.total))];
    let paid: i64 = shares.iter().map(|share| share.amount).sum();
    if matches!(reader, Reader::Anybody { .. }) && paid != 0 {
        sums.push(("Sudah dibayar".to_owned(), money(-paid)));
    }
    for share in shares.iter().filter(|_| reader == Reader::Office) {
        let on = words::day(share.used_on);
        let word = match share.method.as_str() {
            "credit" => format!("Nota kredit {}, {on}", share.receipt),
            "write_off" => format!("Dihapus {}, {on}", share.receipt),
            "opening" => format!("Saldo awal, {on}"),
            method => {
                let way = crate::app::admin::payments::query::way(method, &share.channel);
                format!("Dibayar {on}, {way}, {}", share.receipt)
            }
        };
        sums.push((word, money(-share.amount)));
    }
    sums.push(("Sisa yang harus dibayar".to_owned(), money(left)));
    let (tax, tax_words) = ppn(rates, row, tax);
    let payer = match reader {
        Reader::Office => {
            vec![row.customer_name.clone(), format!("No. layanan {}", row.service_number), row.address.clone()]
        }
        Reader::Anybody { names } => {
            let name = if names { row.customer_name.clone() } else { mask_name(&row.customer_name) };
            vec![name, format!("No. layanan {}", row.service_number)]
        }
    };
    Paper {
        number: row.number.clone(),
        payer: payer.into_iter().filter(|line| !line.trim().is_empty()).collect(),
        facts: vec![
            ("Untuk".to_owned(), words::bill(&row.kind, &row.period, lines.first().map(|line| line.text.as_str()))),
            ("Paket".to_owned(), row.package_name.clone()),
            ("Terbit".to_owned(), words::day(row.issued_on)),
            ("Jatuh tempo".to_owned(), words::day(row.due_on)),
        ],
        lines: lines
            .into_iter()
            .map(|line| PaperLine { text: line.text, derivation: line.derivation, amount: money(line.amount) })
            .collect(),
        tax,
        tax_words,
        sums,
        stamp: match row.status.as_str() {
            "paid" if row.written_off > 0 => Stamp::WrittenOff,
            "paid" => Stamp::Paid(shares.iter().map(|share| share.used_on).max().map_or_else(String::new, words::day)),
            "void" => Stamp::Void,
            _ => Stamp::None,
        },
        link: if left > 0 { words::portal(&app.config, &row.slug) } else { String::new() },
    }
}

/// The block of PPN that a PKP prints: price, base, tax, and how they belong together. Source: protocols/indonesia.md, section 3.
fn ppn(rates: &Rates, row: &Row, tax: i64) -> (Vec<(String, String)>, String) {
    let held = rates.iter().rev().find(|(from, _)| *from <= row.issued_on).map(|(_, rate)| *rate);
    let Some(rate) = held.filter(|_| tax != 0) else { return (Vec::new(), String::new()) };
    let net = Rupiah(row.total - tax);
    let base = if rate.base_num == rate.base_den {
        "DPP".to_owned()
    } else {
        format!("DPP nilai lain ({}/{})", rate.base_num, rate.base_den)
    };
    let block = vec![
        ("Harga sebelum PPN".to_owned(), money(net.0)),
        (base.clone(), money(rate.base(net).0)),
        (format!("PPN {}", percent(rate.rate)), money(tax)),
    ];
    (block, format!("PPN {} x {base}{}.", percent(rate.rate), rate.effect().replace(" (", ", ").replace(')', "")))
}

async fn papers(app: &AppState, rates: &Rates, reader: Reader, rows: &[Row]) -> Result<Vec<Paper>> {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(Vec::new()) };
    let ids = serde_json::to_string(&rows.iter().map(|row| row.id).collect::<Vec<_>>())?;
    let mut lines: HashMap<i64, Vec<Line>> = HashMap::new();
    for line in app.db.all::<Line>(LINES, args![first.id, last.id, &ids]).await? {
        lines.entry(line.invoice_id).or_default().push(line);
    }
    let mut shares: HashMap<i64, Vec<Share>> = HashMap::new();
    for share in app.db.all::<Share>(SHARES, args![first.id, last.id, &ids]).await? {
        shares.entry(share.invoice_id).or_default().push(share);
    }
    Ok(rows
        .iter()
        .map(|row| {
            let shares = shares.remove(&row.id).unwrap_or_default();
            paper(app, rates, reader, row, lines.remove(&row.id).unwrap_or_default(), &shares)
        })
        .collect())
}

/// The paper of one bill, with the service that it is for; whether it may be seen is the caller's to ask.
///
/// # Errors
/// `NotFound` where there is none.
pub async fn paper_of(app: &AppState, id: i64, reader: Reader) -> Result<(i64, Paper)> {
    let missing = || Error::NotFound("Tagihan ini tidak ada.".to_owned());
    let row: Row = app.db.opt(ONE, args![id]).await?.ok_or_else(missing)?;
    let mut made = papers(app, &rates(app).await?, reader, std::slice::from_ref(&row)).await?;
    Ok((row.service_id, made.pop().ok_or_else(missing)?))
}

/// One bill as PDF.
///
/// # Errors
/// Those of drawing.
pub async fn pdf(app: &AppState, paper: Paper) -> Result<Vec<u8>> {
    super::file(paper.number.clone(), sender(app).await?, move |sender| pages(sender, &paper)).await
}

/// Bills of a month in his reach.
///
/// # Errors
/// `NotFound` where the month has none.
pub async fn count(asked: &Asked, period: Period) -> Result<i64> {
    match found(asked, period).await? {
        (0, _) => Err(Error::NotFound(format!("Belum ada tagihan {}.", period.words()))),
        (count, _) => Ok(count),
    }
}

async fn found(asked: &Asked, period: Period) -> Result<(i64, i64)> {
    Ok(asked.app.db.one(COUNT, args![asked.scope().arg(), period]).await?)
}

/// Writes every bill of a month to `out` as one PDF, each from a page of its own, void ones left out; `told` hears how many
/// are done. Memory holds a few pieces of the month, however long it is.
///
/// # Errors
/// Those of reading, drawing and writing.
pub async fn write_month<W>(asked: &Asked, period: Period, out: W, told: impl Fn(i64) + Send + 'static) -> Result<W>
where
    W: Write + Send + 'static,
{
    let app = &asked.app;
    let (_, first) = found(asked, period).await?;
    let (sender, rates) = (sender(app).await?, rates(app).await?);
    let (send, receive) = mpsc::channel::<Vec<Paper>>(2);
    let writer =
        tokio::task::spawn_blocking(move || draw(&format!("Tagihan {}", period.words()), &sender, receive, out, &told));
    let mut after = first - 1;
    loop {
        let rows: Vec<Row> = app.db.all(MONTH, args![asked.scope().arg(), period, after, PIECE]).await?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        // Nobody receives any more: the writer failed, and says why below.
        if send.send(papers(app, &rates, Reader::Office, &rows).await?).await.is_err() {
            break;
        }
    }
    drop(send);
    writer.await.map_err(|error| Error::Internal(format!("PDF: {error}")))?
}

fn draw<W: Write>(
    title: &str,
    sender: &Sender,
    mut receive: mpsc::Receiver<Vec<Paper>>,
    out: W,
    told: &impl Fn(i64),
) -> Result<W> {
    let mut pdf = Pdf::begin(out, title, sender.logo.clone())?;
    let mut done = 0;
    while let Some(papers) = receive.blocking_recv() {
        for paper in &papers {
            for page in pages(sender, paper)? {
                pdf.page(page)?;
            }
            done += 1;
        }
        told(done);
    }
    pdf.finish()
}
