//! What Terima Pembayaran reads, and its one door to the ledger.

use super::{OpenBill, PayStart, PayWish, ReceiptView};
use crate::app::admin::words;
use crate::app::dto::money;
use crate::billing::words::parse_date_input;
use crate::billing::{Period, Rupiah};
use crate::server::audit::Who;
use crate::server::error::{Error, Result};
use crate::server::ledger::{PayForm, Source};
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::{Datelike, Days, NaiveDate};

/// How far back a cashier may date a payment, in days; RULES, "Money in".
const CASHIER_BACKDATE_DAYS: u64 = 7;

sql!(
    SERVICE = "SELECT s.customer_id, c.name, s.service_number, c.phone, p.name
 FROM service s JOIN customer c ON c.id = s.customer_id JOIN package p ON p.id = s.package_id WHERE s.id = $1"
);
sql!(OPEN = "SELECT id, number, period, due_on, total - paid FROM invoice
 WHERE service_id = $1 AND status IN ('open', 'partial') ORDER BY CASE WHEN kind = 'opening' THEN 0 ELSE 1 END, due_on, number");
sql!(SALDO = "SELECT CAST(COALESCE(SUM(unused), 0) AS BIGINT) FROM payment WHERE customer_id = $1 AND unused > 0");

/// What is owed, and a fresh form id.
pub async fn start(app: &AppState, service_id: i64) -> Result<PayStart> {
    let today = app.clock.today();
    let this = Period::of(today).to_string();
    let (customer_id, name, number, phone, package): (i64, String, String, String, String) = app
        .db
        .opt(SERVICE, args![service_id])
        .await?
        .ok_or_else(|| Error::NotFound("Layanan ini tidak ada.".to_owned()))?;
    let bills: Vec<(i64, String, String, NaiveDate, i64)> = app.db.all(OPEN, args![service_id]).await?;
    let saldo = app.db.number(SALDO, args![customer_id]).await?;
    Ok(PayStart {
        service_id,
        customer_id,
        name,
        number,
        phone: words::phone(&phone),
        package,
        bills: bills
            .into_iter()
            .map(|(id, number, period, due, left)| OpenBill {
                id,
                number,
                due: format!("jatuh tempo {}{}", words::day(due), if due < today { ", sudah lewat" } else { "" }),
                left,
                left_words: money(left),
                begun: period <= this,
                period: words::period(&period),
            })
            .collect(),
        saldo: if saldo == 0 { String::new() } else { money(saldo) },
        today: words::day(today),
        request_id: hex::encode(crate::server::secrets::random_bytes::<16>()?),
    })
}

/// Records a payment through the ledger.
pub async fn record(app: &AppState, who: Who, wish: PayWish, may_backdate: bool) -> Result<ReceiptView> {
    let today = app.clock.today();
    let received_on = parse_date_input(&wish.received_on, today.year())
        .ok_or_else(|| Error::invalid("received_on", "Tanggal tidak terbaca. Tulis seperti 15/1 atau 15/01/2026."))?;
    if !may_backdate && received_on < today - Days::new(CASHIER_BACKDATE_DAYS) {
        return Err(Error::invalid(
            "received_on",
            format!(
                "Kasir dapat mencatat paling lama {CASHIER_BACKDATE_DAYS} hari ke belakang. Minta pemilik untuk tanggal sebelumnya."
            ),
        ));
    }
    if wish.amount <= 0 || wish.amount > wish.received {
        return Err(Error::invalid("amount", "Isi uang yang diterima, lebih dari nol."));
    }
    let source = match wish.method.as_str() {
        "cash" => Source::Cash,
        "transfer" if wish.amount == wish.received => Source::Transfer,
        "transfer" => return Err(Error::invalid("amount", "Transfer dicatat seluruhnya; kelebihannya menjadi Saldo.")),
        _ => return Err(Error::invalid("method", "Pilih Tunai atau Transfer.")),
    };
    let is_request_id =
        (16..=64).contains(&wish.request_id.len()) && wish.request_id.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_request_id {
        return Err(Error::invalid("request_id", "Muat ulang halaman ini, lalu isi kembali."));
    }
    let change = wish.received - wish.amount;
    let form = PayForm {
        service_id: wish.service_id,
        amount: Rupiah(wish.amount),
        source,
        chosen: wish.chosen,
        received_on,
        received_by: who.name.clone(),
        holder_id: who.staff_id,
        reference: wish.reference.trim().chars().take(100).collect(),
        note: wish.note.trim().chars().take(200).collect(),
        request_id: Some(wish.request_id),
        attempt_id: None,
    };
    let receipt = app.ledger(who).await?.settle(form).await?;
    app.work_bell.notify_one();
    Ok(ReceiptView {
        receipt: receipt.receipt,
        amount: receipt.amount.html(),
        change: if change == 0 || receipt.already { String::new() } else { money(change) },
        used_for: receipt
            .allocated
            .into_iter()
            .map(|part| (part.invoice_id, part.number, part.amount.html()))
            .collect(),
        saldo: if receipt.credit.is_zero() { String::new() } else { receipt.credit.html() },
        already: receipt.already,
    })
}
