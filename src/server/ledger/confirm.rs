//! The receipt by WhatsApp, which is queued in the transaction of the payment: one a payment, by its key; a payer without a
//! mobile number gets none.

use super::became::Became;
use super::{Ledger, PayForm, Source};
use crate::billing::Period;
use crate::server::gateways::methods;
use crate::server::messages::defaults::TemplateKind;
use crate::server::messages::outbox::Outgoing;
use crate::server::messages::template::{Values, render};

/// The confirmation of a payment.
pub(super) fn message(ledger: &Ledger, form: &PayForm, became: &Became, restored: bool) -> Outgoing {
    let mut details: Vec<String> = became
        .laid
        .iter()
        .map(|bill| {
            let what = match (bill.kind.as_str(), bill.period.parse::<Period>()) {
                ("opening", _) => "tunggakan awal".to_owned(),
                ("charge" | "adjustment", _) if !bill.text.is_empty() => bill.text.clone(),
                (_, Ok(period)) => format!("tagihan {}", period.words()),
                (_, Err(_)) => format!("tagihan {}", bill.period),
            };
            let part = if bill.status == "paid" { "" } else { ", sebagian" };
            format!("{what} ({}{part})", bill.amount)
        })
        .collect();
    if became.unused.is_positive() {
        details.push(format!("Saldo ({})", became.unused));
    }
    if restored {
        details.push("internet dipulihkan".to_owned());
    }
    let method = match &form.source {
        Source::Cash => "Tunai".to_owned(),
        Source::Transfer => "Transfer bank".to_owned(),
        Source::Gateway { channel, .. } => {
            methods::method(channel).map_or_else(|| channel.clone(), |method| method.name.to_owned())
        }
    };
    let kind = TemplateKind::PaymentConfirmation;
    let values = Values::new()
        .customers("nama_pelanggan", &became.name)
        .customers("nomor_layanan", &became.service_number)
        .ours("nomor_kuitansi", &became.receipt)
        .ours("rincian", details.join(", "))
        .ours("total", became.amount.digits())
        .ours("metode", method)
        .ours("waktu", ledger.state.clock.words(ledger.now))
        .ours("saldo", became.saldo.digits())
        .customers("company", ledger.settings.text("company.name"));
    let text = render(ledger.settings.template(kind), &values).text;
    Outgoing {
        kind: kind.code(),
        subject: format!("payment:{}", became.payment_id),
        day: ledger.today,
        customer_id: became.customer_id,
        service_id: Some(form.service_id),
        phone: became.phone.clone(),
        text,
    }
}
