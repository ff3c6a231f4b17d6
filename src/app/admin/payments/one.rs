//! One payment: what it paid, its receipt as a page and as a paper, and how often that was printed.

use super::query::way;
use super::{PaymentView, UsedFor};
use crate::app::admin::adjust::may_reverse;
use crate::app::admin::words::{self, day, instant};
use crate::app::dto::money;
use crate::billing::Rupiah;
use crate::billing::words::{date_words, mask_name, terbilang};
use crate::server::documents::bills::Reader;
use crate::server::documents::receipt::{DUTY_ABOVE, ReceiptPaper};
use crate::server::error::{Error, Result};
use crate::server::gateways::bills::mask_number;
use crate::server::guard::Asked;
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// So long after the first opening of a receipt its opener still prints the same one.
const SITTING_MINUTES: i64 = 10;

sql!(
    VIEW = "SELECT p.id, p.receipt, p.customer_id, p.service_id, c.name, c.phone, v.service_number, k.name AS package, p.amount, p.unused, p.method, p.channel,
   p.reference, p.note, p.received_on, p.at, p.received_by, p.staff_id, p.reversed_on, (SELECT text || ' · ' || who FROM ledger_entry e WHERE e.payment_id = p.id AND e.kind = 'reversal') AS reversal, (SELECT COUNT(*) FROM receipt_print r WHERE r.payment_id = p.id) AS prints
 FROM payment p JOIN customer c ON c.id = p.customer_id JOIN service v ON v.id = p.service_id JOIN package k ON k.id = v.package_id WHERE p.id = $1"
);
// Of a payment that was taken back: what it had paid until then.
sql!(
    USED = "SELECT a.invoice_id, i.number, i.period, i.kind, (SELECT l.text FROM invoice_line l WHERE l.invoice_id = i.id ORDER BY l.id LIMIT 1), CAST(SUM(a.amount) AS BIGINT)
 FROM payment p JOIN allocation a ON a.payment_id = p.id JOIN invoice i ON i.id = a.invoice_id WHERE p.id = $1 AND (a.amount > 0 OR p.reversed_on IS NULL)
 GROUP BY a.invoice_id, i.id, i.number, i.period, i.kind HAVING SUM(a.amount) > 0 ORDER BY MIN(a.id)"
);
sql!(PRINTED = "INSERT INTO receipt_print (payment_id, who, at) VALUES ($1, $2, $3)");
// Prints of another sitting, and of this one: what the same person began after `$3`.
sql!(
    PRINTS = "SELECT CAST(COALESCE(SUM(CASE WHEN who = $2 AND at > $3 THEN 0 ELSE 1 END), 0) AS BIGINT),
   CAST(COALESCE(SUM(CASE WHEN who = $2 AND at > $3 THEN 1 ELSE 0 END), 0) AS BIGINT) FROM receipt_print WHERE payment_id = $1"
);

#[derive(Debug, sqlx::FromRow)]
struct Whole {
    id: i64,
    receipt: String,
    customer_id: i64,
    service_id: i64,
    name: String,
    phone: String,
    service_number: String,
    package: String,
    amount: i64,
    unused: i64,
    method: String,
    channel: String,
    reference: String,
    note: String,
    received_on: NaiveDate,
    at: DateTime<Utc>,
    received_by: String,
    staff_id: Option<i64>,
    reversed_on: Option<NaiveDate>,
    reversal: Option<String>,
    prints: i64,
}

/// A payment as it is kept, and what it paid.
#[derive(Debug)]
pub struct Found {
    row: Whole,
    /// What it paid.
    pub used_for: Vec<UsedFor>,
}

impl Found {
    /// Reads a payment; whether he may see it is the caller's to ask.
    ///
    /// # Errors
    /// `NotFound` where there is none.
    pub async fn read(app: &AppState, id: i64) -> Result<Self> {
        let row: Whole = app
            .db
            .opt(VIEW, args![id])
            .await?
            .ok_or_else(|| Error::NotFound("Pembayaran itu tidak ada.".to_owned()))?;
        let used: Vec<(i64, String, String, String, Option<String>, i64)> = app.db.all(USED, args![id]).await?;
        let used_for = used
            .into_iter()
            .map(|(invoice_id, number, period, kind, text, amount)| UsedFor {
                invoice_id,
                number,
                period: words::bill(&kind, &period, text.as_deref()),
                amount: money(amount),
            })
            .collect();
        Ok(Self { row, used_for })
    }

    fn saldo(&self) -> String {
        if self.row.unused == 0 { String::new() } else { money(self.row.unused) }
    }

    fn reversal(&self) -> String {
        let why = self.row.reversal.as_deref().unwrap_or_default();
        self.row.reversed_on.map_or_else(String::new, |on| format!("Dibatalkan {}: {why}", day(on)))
    }

    fn is_money(&self) -> bool {
        matches!(self.row.method.as_str(), "cash" | "transfer" | "gateway")
    }

    /// The paper of its receipt; with `copy` it was printed before. To anybody it says no more than the public page does.
    pub fn paper(&self, copy: bool, duty: bool, reader: Reader) -> ReceiptPaper {
        let row = &self.row;
        // Why and by whom is the office's business.
        let reversed = match (reader, row.reversed_on) {
            (Reader::Anybody { .. }, Some(on)) => format!("Dibatalkan {}", day(on)),
            _ => self.reversal(),
        };
        let (name, number) = match reader {
            Reader::Office => (row.name.clone(), row.service_number.clone()),
            Reader::Anybody { names: true } => (row.name.clone(), mask_number(&row.service_number)),
            Reader::Anybody { names: false } => (mask_name(&row.name), mask_number(&row.service_number)),
        };
        let title = match row.method.as_str() {
            "credit" => "Nota Kredit",
            "write_off" => "Penghapusan Piutang",
            "opening" => "Saldo Awal",
            _ => "Kuitansi",
        };
        let saldo = self.saldo();
        let used = self.used_for.iter().map(|used| (used.period.clone(), used.number.clone(), used.amount.clone()));
        let facts = [
            ("Tanggal diterima", day(row.received_on)),
            ("Cara bayar", if self.is_money() { way(&row.method, &row.channel) } else { String::new() }),
            ("Referensi", row.reference.clone()),
            ("Penerima", row.received_by.clone()),
        ];
        ReceiptPaper {
            title: title.to_owned(),
            number: row.receipt.clone(),
            payer: vec![name, format!("No. layanan {number} · {}", row.package)],
            amount: money(row.amount),
            spelled: terbilang(Rupiah(row.amount)),
            facts: facts
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(word, value)| (word.to_owned(), value))
                .collect(),
            used: used
                .chain((!saldo.is_empty()).then(|| ("Menjadi Saldo".to_owned(), String::new(), saldo.clone())))
                .collect(),
            receiver: if row.method == "gateway" { String::new() } else { row.received_by.clone() },
            day: date_words(row.received_on),
            copy,
            reversed,
            duty: duty && self.is_money() && row.amount > DUTY_ABOVE,
        }
    }

    /// The payment.
    pub fn id(&self) -> i64 {
        self.row.id
    }

    /// The service that it was made for.
    pub fn service(&self) -> i64 {
        self.row.service_id
    }
}

/// One payment.
pub async fn view(asked: &Asked, id: i64) -> Result<PaymentView> {
    let app = &asked.app;
    let found = Found::read(app, id).await?;
    asked.reaches_service(found.row.service_id).await?;
    let (saldo, reversal, money_came) = (found.saldo(), found.reversal(), found.is_money());
    let Found { row, used_for } = found;
    let company = app.settings().await?.text("company.name").to_owned();
    let mut said = format!(
        "{company}\nKuitansi {}\nTerima kasih, {} ({}). Pembayaran {} kami terima pada {}.\n\nDipakai untuk:",
        row.receipt,
        row.name,
        row.service_number,
        money(row.amount),
        day(row.received_on)
    );
    for used in &used_for {
        said.push_str(&format!("\n- {} {}: {}", used.period, used.number, used.amount));
    }
    if !saldo.is_empty() {
        said.push_str(&format!("\n- Saldo: {saldo}"));
    }
    let encoded: String = url::form_urlencoded::byte_serialize(said.as_bytes()).collect();
    let whatsapp = if row.phone.is_empty() {
        String::new()
    } else {
        format!("https://wa.me/{}?text={}", row.phone, encoded.replace('+', "%20"))
    };
    Ok(PaymentView {
        id: row.id,
        receipt: row.receipt,
        customer_id: row.customer_id,
        name: row.name,
        number: row.service_number,
        package: row.package,
        amount: money(row.amount),
        spelled: terbilang(Rupiah(row.amount)),
        method: way(&row.method, &row.channel),
        reference: row.reference,
        note: row.note,
        day: day(row.received_on),
        at: instant(&app.clock, row.at),
        receiver: row.received_by,
        used_for,
        saldo,
        prints: row.prints,
        whatsapp: if row.reversed_on.is_some() { String::new() } else { whatsapp },
        may_reverse: row.reversed_on.is_none() && may_reverse(asked, &row.method, row.staff_id, row.at),
        reversal,
        money: money_came,
    })
}

/// Counts a print of a receipt by `who`; answers how many there were before. Who opens it again within a sitting (the other
/// width, paper that jammed) still prints the same one: opening is all that a paper without a script can count.
pub async fn printed(app: &AppState, who: &str, id: i64) -> Result<i64> {
    let (who, now) = (who.to_owned(), app.clock.now());
    app.db
        .write(move |tx| {
            let who = who.clone();
            Box::pin(async move {
                let since = now - TimeDelta::minutes(SITTING_MINUTES);
                let (before, here): (i64, i64) = tx.one(PRINTS, args![id, &who, since]).await?;
                if here == 0 {
                    tx.exec_one(PRINTED, args![id, who, now]).await?;
                }
                Ok::<_, Error>(before)
            })
        })
        .await
}
