//! `invoice:generate`, `invoice:prorate`, `invoice:list`, `verify`.

use super::Outcome;
use super::args::{IssueArgs, ListArgs};
use crate::args;
use crate::billing::Period;
use crate::server::audit::Who;
use crate::server::customers::find::service_id;
use crate::server::error::{Error, Result};
use crate::server::ledger::{IssueWish, Scope};
use crate::server::state::AppState;
use crate::sql;
use chrono::NaiveDate;
use serde::Serialize;
use serde_json::json;
use std::collections::HashMap;

#[derive(Serialize, sqlx::FromRow)]
struct Bill {
    id: i64,
    number: String,
    service_number: String,
    period: String,
    total: i64,
    paid: i64,
    status: String,
    issued_on: NaiveDate,
    due_on: NaiveDate,
    #[sqlx(skip)]
    lines: Vec<Line>,
}

#[derive(Serialize, sqlx::FromRow)]
struct LineRow {
    invoice_id: i64,
    kind: String,
    amount: i64,
    text: String,
}

#[derive(Serialize)]
struct Line {
    kind: String,
    amount: i64,
    text: String,
}

sql!(
    LIST_BILLS = "SELECT i.id, i.number, s.service_number, i.period, i.total, i.paid, i.status, i.issued_on, i.due_on
 FROM invoice i JOIN service s ON s.id = i.service_id
 WHERE ($1 = '' OR i.period = $1) AND ($2 = '' OR i.status = $2) AND ($3 = 0 OR i.service_id = $3) ORDER BY i.id"
);
sql!(
    LIST_LINES =
        "SELECT l.invoice_id, l.kind, l.amount, l.text FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
 WHERE ($1 = '' OR i.period = $1) AND ($2 = '' OR i.status = $2) AND ($3 = 0 OR i.service_id = $3) ORDER BY l.id"
);

fn parse_period(text: Option<&str>) -> Result<Option<Period>> {
    text.map(|text| {
        text.parse().map_err(|error: crate::billing::period::PeriodError| Error::invalid("--period", error.to_string()))
    })
    .transpose()
}

pub async fn generate(state: &AppState, options: &IssueArgs, starters: bool) -> Result<Outcome> {
    let wish = IssueWish {
        period: parse_period(options.period.as_deref())?,
        scope: if starters { Scope::Starters } else { Scope::All },
        notify: options.notify,
        dry_run: options.dry_run,
    };
    let report = state.ledger(Who::command()).await?.issue(wish).await?;
    let mut text = vec![format!(
        "{}: {} tagihan {}, {} sudah ada, {} dilewati; jumlah semua {}.",
        report.period.words(),
        report.issued,
        if options.dry_run { "akan diterbitkan" } else { "diterbitkan" },
        report.already,
        report.skipped.len(),
        report.total
    )];
    if report.parked > 0 {
        text.push(format!("  {} ditahan karena berbeda dari pratinjau yang disetujui.", report.parked));
    }
    if report.held {
        text.push("  Tidak ada yang terbit: terlalu banyak yang berbeda dari pratinjau yang disetujui. Putuskan di Pratinjau Tagihan.".to_owned());
    }
    text.extend(report.skipped.iter().take(50).map(|skip| format!("  {}: {}", skip.service_number, skip.reason)));
    Ok(Outcome::lines(serde_json::to_value(&report)?, text))
}

pub async fn list(state: &AppState, options: ListArgs) -> Result<Outcome> {
    let period = parse_period(options.period.as_deref())?.map(|period| period.to_string()).unwrap_or_default();
    let status = options.status.unwrap_or_default();
    let service = match &options.service_number {
        Some(name) => service_id(state, name).await?,
        None => 0,
    };
    let filter = || args![&period, &status, service];
    let mut bills: Vec<Bill> = state.db.all(LIST_BILLS, filter()).await?;
    let mut lines: HashMap<i64, Vec<Line>> = HashMap::new();
    for row in state.db.all::<LineRow>(LIST_LINES, filter()).await? {
        lines.entry(row.invoice_id).or_default().push(Line { kind: row.kind, amount: row.amount, text: row.text });
    }
    for bill in &mut bills {
        bill.lines = lines.remove(&bill.id).unwrap_or_default();
        bill.id = state.secrets.public_id("invoice", bill.id)?;
    }
    let text = bills
        .iter()
        .map(|bill| {
            let total = crate::billing::Rupiah(bill.total);
            format!(
                "{}  {}  {}  {total}  {}  tempo {}",
                bill.number, bill.service_number, bill.period, bill.status, bill.due_on
            )
        })
        .collect();
    Ok(Outcome::lines(json!({ "invoices": bills }), text))
}

pub async fn verify(state: &AppState, deep: bool) -> Result<Outcome> {
    let report = crate::jobs::books::look(state, deep).await?;
    let value = serde_json::to_value(&report)?;
    if report.differences.is_empty() {
        let text = format!(
            "Cocok: {} pelanggan, {} tagihan, {} pembayaran{}, tidak ada selisih.",
            report.customers,
            report.invoices,
            report.payments,
            if deep { format!(", {} baris dihitung ulang", report.derived) } else { String::new() }
        );
        Ok(Outcome::done(value, text))
    } else {
        for difference in &report.differences {
            eprintln!("{difference}");
        }
        Ok(Outcome::failed(value, format!("{} selisih ditemukan", report.differences.len())))
    }
}
