//! The papers of bills as the books have them: one, or all of a month for printing.

use super::invoice::{Paper, PaperLine, Sender, render};
use crate::app::admin::words;
use crate::app::dto::money;
use crate::billing::Period;
use crate::server::error::{Error, Result};
use crate::server::guard::Asked;
use crate::server::state::AppState;
use crate::{args, in_scope, sql};
use chrono::NaiveDate;
use std::collections::HashMap;

/// Bills of one file at most.
pub const BILLS_MAX: usize = 2_000;
/// Bills read at a time.
const PIECE: i64 = 500;

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    number: String,
    customer_name: String,
    service_number: String,
    slug: String,
    address: String,
    package_name: String,
    period: String,
    issued_on: NaiveDate,
    due_on: NaiveDate,
    total: i64,
    paid: i64,
    status: String,
}

// $1: whose customers; $2: a bill, or 0; $3: a month; $4: after which bill; $5: how many.
sql!(
    BILLS = concat!(
        "SELECT i.id, i.number, i.customer_name, s.service_number, s.slug, c.address, i.package_name, i.period, i.issued_on, i.due_on, i.total, i.paid, i.status
 FROM invoice i JOIN service s ON s.id = i.service_id JOIN customer c ON c.id = i.customer_id
 WHERE ((i.id = $2) OR ($2 = 0 AND i.period = $3 AND i.status <> 'void')) AND i.id > $4 AND ",
        in_scope!("$1"),
        " ORDER BY i.id LIMIT $5"
    )
);
sql!(
    LINES = "SELECT invoice_id, text, derivation, amount, kind FROM invoice_line WHERE invoice_id >= $1 AND invoice_id <= $2
  AND invoice_id IN (SELECT CAST(value AS BIGINT) FROM json_each($3)) ORDER BY invoice_id, id"
);
sql!(BANKS = "SELECT bank || ' ' || number || ' a.n. ' || holder FROM bank_account WHERE active ORDER BY id");

async fn sender(app: &AppState) -> Result<Sender> {
    let settings = app.settings().await?;
    let text = |key: &str| settings.text(key).to_owned();
    let accounts: Vec<(String,)> = app.db.all(BANKS, args![]).await?;
    Ok(Sender {
        name: text("company.name"),
        lines: ["company.address", "company.phone"].map(text).into_iter().filter(|line| !line.is_empty()).collect(),
        logo: crate::server::http::logo_bytes(app).await?,
        accounts: accounts.into_iter().map(|row| row.0).collect(),
    })
}

fn paper(app: &AppState, row: &Row, lines: Vec<(String, String, i64, String)>) -> Paper {
    let left = if matches!(row.status.as_str(), "open" | "partial") { row.total - row.paid } else { 0 };
    let tax: i64 = lines.iter().filter(|line| line.3 == "tax").map(|line| line.2).sum();
    let mut sums = vec![("Jumlah tagihan".to_owned(), money(row.total))];
    if row.paid > 0 {
        sums.push(("Sudah dibayar".to_owned(), format!("-{}", money(row.paid))));
    }
    sums.push(("Sisa yang harus dibayar".to_owned(), money(left)));
    Paper {
        number: row.number.clone(),
        payer: [row.customer_name.clone(), format!("No. layanan {}", row.service_number), row.address.clone()]
            .into_iter()
            .filter(|line| !line.trim().is_empty())
            .collect(),
        facts: vec![
            ("Bulan".to_owned(), words::period(&row.period)),
            ("Paket".to_owned(), row.package_name.clone()),
            ("Terbit".to_owned(), words::day(row.issued_on)),
            ("Jatuh tempo".to_owned(), words::day(row.due_on)),
        ],
        lines: lines
            .into_iter()
            .map(|(text, derivation, amount, _)| PaperLine { text, derivation, amount: money(amount) })
            .collect(),
        sums,
        tax: if tax == 0 {
            String::new()
        } else {
            format!("Jumlah sebelum PPN {}, PPN {}.", money(row.total - tax), money(tax))
        },
        stamp: match row.status.as_str() {
            "paid" => "LUNAS",
            "void" => "DIBATALKAN",
            _ => "",
        },
        link: if left > 0 { words::portal(&app.config, &row.slug) } else { String::new() },
    }
}

async fn papers(asked: &Asked, id: i64, period: &str) -> Result<Vec<Paper>> {
    let app = &asked.app;
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let rows: Vec<Row> = app.db.all(BILLS, args![asked.scope().arg(), id, period, after, PIECE]).await?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { break };
        if all.len() + rows.len() > BILLS_MAX {
            return Err(Error::Refused(format!(
                "Satu berkas memuat paling banyak {BILLS_MAX} tagihan. Cetak satu per satu, atau unduh daftarnya sebagai Excel."
            )));
        }
        let ids = serde_json::to_string(&rows.iter().map(|row| row.id).collect::<Vec<_>>())?;
        let mut lines: HashMap<i64, Vec<(String, String, i64, String)>> = HashMap::new();
        let found: Vec<(i64, String, String, i64, String)> = app.db.all(LINES, args![first.id, last.id, ids]).await?;
        for (invoice, text, derivation, amount, kind) in found {
            lines.entry(invoice).or_default().push((text, derivation, amount, kind));
        }
        after = last.id;
        all.extend(rows.iter().map(|row| paper(app, row, lines.remove(&row.id).unwrap_or_default())));
    }
    Ok(all)
}

async fn pdf(app: &AppState, title: String, papers: Vec<Paper>) -> Result<Vec<u8>> {
    let sender = sender(app).await?;
    tokio::task::spawn_blocking(move || render(&title, &sender, &papers))
        .await
        .map_err(|error| Error::Internal(format!("PDF: {error}")))?
}

/// One bill as PDF, with its number.
///
/// # Errors
/// `NotFound` where there is none in his reach.
pub async fn one(asked: &Asked, id: i64) -> Result<(String, Vec<u8>)> {
    let papers = papers(asked, id, "").await?;
    let number = papers
        .first()
        .map(|paper| paper.number.clone())
        .ok_or_else(|| Error::NotFound("Tagihan ini tidak ada.".to_owned()))?;
    Ok((number.clone(), pdf(&asked.app, number, papers).await?))
}

/// Every bill of a month as one PDF.
///
/// # Errors
/// `NotFound` where the month has none; `Refused` for more than [`BILLS_MAX`].
pub async fn month(asked: &Asked, period: Period) -> Result<Vec<u8>> {
    let papers = papers(asked, 0, &period.to_string()).await?;
    if papers.is_empty() {
        return Err(Error::NotFound(format!("Belum ada tagihan {}.", period.words())));
    }
    pdf(&asked.app, format!("Tagihan {}", period.words()), papers).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::guard::Role;
    use crate::server::testing::TestApp;

    #[tokio::test]
    async fn a_bill_and_a_month_become_papers_that_say_what_the_books_say() {
        for t in TestApp::each("2026-01-20 10:00").await {
            t.set(&[("invoice.tax.pkp", "true"), ("invoice.next_on_payment", "false")]).await;
            let package = t.package("Home 20M", 300_000, 1).await;
            let siti = t.service("SITI", package, "2025-06-01").await;
            t.service("BUDI", package, "2026-01-15").await;
            t.issue("2026-01").await;
            t.cash(siti, 333_000).await;
            let asked = t.asked(Role::Owner, 1);
            let all = papers(&asked, 0, "2026-01").await.unwrap();
            let told: Vec<_> = all.iter().map(|paper| (paper.stamp, paper.lines.len(), paper.tax.as_str())).collect();
            assert_eq!(
                told,
                [
                    ("LUNAS", 2, format!("Jumlah sebelum PPN {}, PPN {}.", money(300_000), money(33_000)).as_str()),
                    ("", 2, format!("Jumlah sebelum PPN {}, PPN {}.", money(164_516), money(18_097)).as_str())
                ]
            );
            assert!(all[0].link.is_empty() && !all[1].link.is_empty());
            let (number, bytes) = one(&asked, 1).await.unwrap();
            assert!(number.starts_with("INV/2026/01/") && bytes.starts_with(b"%PDF-"));
            assert!(month(&asked, "2026-01".parse().unwrap()).await.unwrap().len() > bytes.len());
            assert!(matches!(month(&asked, "2025-01".parse().unwrap()).await, Err(Error::NotFound(_))));
            assert!(matches!(one(&t.asked(Role::Collector, 9), 1).await, Err(Error::NotFound(_))));
        }
    }
}
