//! `payment:record`, `payment:reverse`, `invoice:void`, `balance`, `work:drain`.

use super::Outcome;
use super::args::PaymentArgs;
use crate::billing::Rupiah;
use crate::server::audit::Who;
use crate::server::customers::find::{self, service_id};
use crate::server::error::{Error, Result};
use crate::server::ledger::{PayForm, Source};
use crate::server::state::AppState;
use crate::{args, sql};
use serde_json::json;
use std::time::Duration;

sql!(BILL_BY_NUMBER = "SELECT id, service_id FROM invoice WHERE number = $1");

pub async fn record(state: &AppState, options: PaymentArgs) -> Result<Outcome> {
    let service_id = service_id(state, &options.service_number).await?;
    let amount = Rupiah::parse_input(&options.amount).map_err(|error| Error::invalid("--amount", error.to_string()))?;
    let holder_id = find::staff_id(state, &options.received_by).await?;
    if options.months != 0 && !options.invoice.is_empty() {
        let say = "--months membayar semua tagihan terbuka; jangan dipakai bersama --invoice.";
        return Err(Error::invalid("--months", say));
    }
    let mut chosen = Vec::new();
    for number in &options.invoice {
        let (id, of): (i64, i64) =
            state.db.opt(BILL_BY_NUMBER, args![number.trim()]).await?.ok_or_else(|| no_bill(number))?;
        if of != service_id {
            return Err(Error::invalid("--invoice", format!("{number} bukan tagihan layanan ini.")));
        }
        chosen.push(id);
    }
    let form = PayForm {
        service_id,
        amount,
        source: if options.method == "cash" { Source::Cash } else { Source::Transfer },
        chosen,
        received_on: options.received_on.unwrap_or_else(|| state.clock.today()),
        received_by: options.received_by,
        holder_id,
        reference: options.reference,
        note: options.note,
        request_id: options.request_id,
        attempt_id: None,
    };
    let ledger = state.ledger(Who::command()).await?;
    let receipt = match options.months {
        0 => ledger.settle(form).await?,
        months => ledger.settle_ahead(form, months).await?,
    };
    let allocated: Vec<_> =
        receipt.allocated.iter().map(|part| json!({ "invoice": part.number, "amount": part.amount })).collect();
    let mut text = vec![format!("{} {}", receipt.receipt, receipt.amount)];
    text.extend(receipt.allocated.iter().map(|part| format!("  {} {}", part.number, part.amount)));
    if receipt.credit.is_positive() {
        text.push(format!("  Saldo {}", receipt.credit));
    }
    let value = json!({ "payment_id": receipt.payment_id, "allocated": allocated, "credit": receipt.credit });
    Ok(Outcome::lines(value, text))
}

fn no_bill(number: &str) -> Error {
    Error::NotFound(format!("Tagihan {number} tidak ada; lihat nomornya dengan invoice:list."))
}

pub async fn reverse(state: &AppState, id: i64, reason: &str) -> Result<Outcome> {
    let receipt = state.ledger(Who::command()).await?.reverse_payment(id, reason).await?;
    Ok(Outcome::done(json!({ "reversed": id }), format!("{receipt} dibatalkan")))
}

pub async fn void(state: &AppState, number: &str, reason: &str) -> Result<Outcome> {
    let (id, _): (i64, i64) =
        state.db.opt(BILL_BY_NUMBER, args![number.trim()]).await?.ok_or_else(|| no_bill(number))?;
    let voided = state.ledger(Who::command()).await?.void_invoice(id, reason).await?;
    Ok(Outcome::done(json!({ "voided": voided }), format!("{voided} dibatalkan")))
}

pub async fn balance(state: &AppState, name: &str) -> Result<Outcome> {
    let service_id = service_id(state, name).await?;
    let balance = state.ledger(Who::command()).await?.balance(service_id).await?;
    let mut text =
        vec![format!("Tagihan {} (lewat tempo {}), Saldo {}", balance.owed, balance.overdue, balance.credit)];
    text.extend(balance.ledger.iter().map(|line| format!("  {}  {}  {}", line.date, line.amount, line.text)));
    Ok(Outcome::lines(serde_json::to_value(&balance)?, text))
}

pub async fn drain(state: &AppState, timeout_s: u64) -> Result<Outcome> {
    let drained = crate::jobs::worker::drain(state, Duration::from_secs(timeout_s)).await?;
    let text = format!(
        "{} selesai, {} dicoba lagi nanti, {} macet, {} tersisa",
        drained.done, drained.retry, drained.dead, drained.left
    );
    Ok(Outcome::done(
        json!({ "done": drained.done, "retry": drained.retry, "dead": drained.dead, "left": drained.left }),
        text,
    ))
}
