//! What the forms that put money right ask of the ledger.

use super::{CreditWish, RefundWish};
use crate::app::dto::money;
use crate::billing::Rupiah;
use crate::server::checks::form_id;
use crate::server::error::{Error, Result};
use crate::server::guard::{Asked, Permission};
use crate::server::ledger::{CreditForm, CreditKind, RefundForm};
use crate::{args, sql};
use chrono::{DateTime, Utc};

sql!(PAYMENT = "SELECT service_id, method, staff_id, at FROM payment WHERE id = $1");
sql!(BILL = "SELECT service_id, number FROM invoice WHERE id = $1");

fn amount(typed: &str) -> Result<Rupiah> {
    Rupiah::parse_input(typed).map_err(|error| Error::invalid("amount", error.to_string()))
}

/// Whether he may take this payment back: his own on the day he wrote it down, else by right. Source: RULES, "Money in".
pub fn may_reverse(asked: &Asked, method: &str, staff_id: Option<i64>, at: DateTime<Utc>) -> bool {
    let clock = &asked.app.clock;
    let own_of_today = staff_id == Some(asked.staff.id) && clock.day_of(at) == clock.today();
    asked.staff.may(Permission::ReversePayment)
        || (own_of_today && matches!(method, "cash" | "transfer"))
        || (matches!(method, "credit" | "write_off") && asked.staff.may(Permission::AdjustBills))
}

pub async fn reverse(asked: &Asked, id: i64, reason: &str) -> Result<String> {
    let (service_id, method, staff_id, at): (i64, String, Option<i64>, DateTime<Utc>) = asked
        .app
        .db
        .opt(PAYMENT, args![id])
        .await?
        .ok_or_else(|| Error::NotFound("Pembayaran itu tidak ada.".to_owned()))?;
    asked.reaches_service(service_id).await?;
    if !may_reverse(asked, &method, staff_id, at) {
        return Err(Error::Refused(
            "Kasir hanya membatalkan pembayaran yang ia catat sendiri, pada hari yang sama. Minta pemilik membatalkannya."
                .to_owned(),
        ));
    }
    let receipt = asked.app.ledger(asked.who.clone()).await?.reverse_payment(id, reason).await?;
    Ok(format!("{receipt} dibatalkan. Tagihannya terbuka lagi, kecuali yang ditutup Saldo."))
}

/// The bill's service and number, if it is in his reach.
async fn bill(asked: &Asked, id: i64) -> Result<(i64, String)> {
    let found: (i64, String) =
        asked.app.db.opt(BILL, args![id]).await?.ok_or_else(|| Error::NotFound("Tagihan itu tidak ada.".to_owned()))?;
    asked.reaches_service(found.0).await?;
    Ok(found)
}

pub async fn void(asked: &Asked, id: i64, reason: &str) -> Result<String> {
    bill(asked, id).await?;
    let number = asked.app.ledger(asked.who.clone()).await?.void_invoice(id, reason).await?;
    Ok(format!("{number} dibatalkan."))
}

pub async fn again(asked: &Asked, id: i64) -> Result<String> {
    bill(asked, id).await?;
    let number = asked.app.ledger(asked.who.clone()).await?.issue_again(id).await?;
    Ok(format!("{number} terbit sebagai gantinya."))
}

pub async fn credit(asked: &Asked, wish: CreditWish) -> Result<String> {
    let (service_id, number) = bill(asked, wish.invoice_id).await?;
    let kind = if wish.write_off { CreditKind::WriteOff } else { CreditKind::Note };
    let form = CreditForm {
        kind,
        service_id,
        invoice_id: Some(wish.invoice_id),
        amount: amount(&wish.amount)?,
        reason: wish.reason,
        request_id: form_id(wish.request_id)?,
    };
    let written = asked.app.ledger(asked.who.clone()).await?.credit(form).await?;
    Ok(match kind {
        CreditKind::WriteOff => format!("{} dari {number} dihapus ({}).", money(written.amount.0), written.receipt),
        CreditKind::Note if written.credit.is_positive() => {
            format!("{} ditulis; {} menjadi Saldo.", written.receipt, money(written.credit.0))
        }
        CreditKind::Note => format!("{} ditulis: {} dari {number}.", written.receipt, money(written.amount.0)),
    })
}

pub async fn refund(asked: &Asked, wish: RefundWish) -> Result<String> {
    asked.reaches_service(wish.service_id).await?;
    let cash = match wish.method.as_str() {
        "cash" => true,
        "transfer" => false,
        _ => return Err(Error::invalid("method", "Pilih Tunai atau Transfer.")),
    };
    let form = RefundForm {
        service_id: wish.service_id,
        amount: amount(&wish.amount)?,
        cash,
        holder_id: Some(asked.staff.id),
        reference: wish.reference,
        reason: wish.reason,
        request_id: form_id(wish.request_id)?,
    };
    let back = asked.app.ledger(asked.who.clone()).await?.refund(form).await?;
    Ok(format!("{} dikembalikan ({}).", money(back.amount.0), back.number))
}
