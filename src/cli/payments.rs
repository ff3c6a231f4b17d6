//! `payment:record`, `balance`, `work:drain`.

use super::Outcome;
use super::args::PaymentArgs;
use crate::billing::Rupiah;
use crate::server::audit::Who;
use crate::server::customers::find::{self, service_id};
use crate::server::error::{Error, Result};
use crate::server::ledger::{PayForm, Source};
use crate::server::state::AppState;
use serde_json::json;
use std::time::Duration;

pub async fn record(state: &AppState, options: PaymentArgs) -> Result<Outcome> {
    let service_id = service_id(state, &options.service_number).await?;
    let amount = Rupiah::parse_input(&options.amount).map_err(|error| Error::invalid("--amount", error.to_string()))?;
    let holder_id = find::staff_id(state, &options.received_by).await?;
    let form = PayForm {
        service_id,
        amount,
        source: if options.method == "cash" { Source::Cash } else { Source::Transfer },
        chosen: Vec::new(),
        received_on: options.received_on.unwrap_or_else(|| state.clock.today()),
        received_by: options.received_by,
        holder_id,
        reference: options.reference,
        note: options.note,
        request_id: options.request_id,
        attempt_id: None,
    };
    let receipt = state.ledger(Who::command()).await?.settle(form).await?;
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
