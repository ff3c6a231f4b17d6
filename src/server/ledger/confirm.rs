//! The receipt by WhatsApp, queued in the transaction of the payment.

use super::{Ledger, PayForm, Receipt, Source};
use crate::args;
use crate::server::db::Tx;
use crate::server::error::Result;
use crate::server::gateways::methods;
use crate::server::messages::defaults::TemplateKind;
use crate::server::messages::outbox::{self, Outgoing};
use crate::server::messages::template::{Values, render};
use crate::sql;

sql!(
    RECEIVER = "SELECT c.name, c.phone, s.service_number,
   (SELECT CAST(COALESCE(SUM(p.unused), 0) AS BIGINT) FROM payment p WHERE p.customer_id = c.id AND p.unused > 0)
 FROM customer c JOIN service s ON s.customer_id = c.id WHERE c.id = $1 AND s.id = $2"
);
sql!(
    PAID_PERIODS = "SELECT i.period, i.kind, a.amount, i.status, (SELECT l.text FROM invoice_line l WHERE l.invoice_id = i.id ORDER BY l.id LIMIT 1) FROM allocation a JOIN invoice i ON i.id = a.invoice_id WHERE a.payment_id = $1 ORDER BY a.id"
);

/// Queues the confirmation of `receipt`. One a payment, by its key; a payer without a mobile number gets none.
pub(super) async fn queue(
    ledger: &Ledger,
    tx: &mut Tx,
    customer_id: i64,
    form: &PayForm,
    receipt: &Receipt,
    restored: bool,
) -> Result<()> {
    let (name, phone, service_number, saldo): (String, String, String, i64) =
        tx.one(RECEIVER, args![customer_id, form.service_id]).await?;
    let paid: Vec<(String, String, i64, String, Option<String>)> =
        tx.all(PAID_PERIODS, args![receipt.payment_id]).await?;
    let mut details: Vec<String> = paid
        .iter()
        .map(|(period, kind, amount, status, text)| {
            let what = match (kind.as_str(), period.parse::<crate::billing::Period>()) {
                ("opening", _) => "tunggakan awal".to_owned(),
                ("charge" | "adjustment", _) if text.is_some() => text.clone().unwrap_or_default(),
                (_, Ok(period)) => format!("tagihan {}", period.words()),
                (_, Err(_)) => format!("tagihan {period}"),
            };
            let part = if status == "paid" { "" } else { ", sebagian" };
            format!("{what} ({}{part})", crate::billing::Rupiah(*amount))
        })
        .collect();
    if receipt.credit.0 > 0 {
        details.push(format!("Saldo ({})", receipt.credit));
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
        .customers("nama_pelanggan", name)
        .customers("nomor_layanan", service_number)
        .ours("nomor_kuitansi", &receipt.receipt)
        .ours("rincian", details.join(", "))
        .ours("total", receipt.amount.digits())
        .ours("metode", method)
        .ours("waktu", ledger.state.clock.words(ledger.now))
        .ours("saldo", crate::billing::Rupiah(saldo).digits())
        .customers("company", ledger.settings.text("company.name"));
    let text = render(ledger.settings.template(kind), &values).text;
    let outgoing = Outgoing {
        kind: kind.code(),
        subject: format!("payment:{}", receipt.payment_id),
        day: ledger.today,
        customer_id,
        service_id: Some(form.service_id),
        phone,
        text,
    };
    outbox::queue(tx, outgoing, ledger.now).await?;
    Ok(())
}
