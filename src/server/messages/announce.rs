//! The new-bill messages of a bill run, spread over the morning. Source: RULES, "Messages".

use super::asking::{self, AskedBill, Letter};
use super::defaults::TemplateKind;
use crate::server::error::Result;
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::NaiveTime;

/// Not before this hour, business time.
const FROM_H: u32 = 8;

sql!(
    BILLS_OF_RUN = "SELECT c.phone, c.id AS customer_id, c.name, i.service_id, s.service_number, i.package_name AS package, i.id AS invoice_id,
   i.number, i.period, i.kind, i.due_on, i.total - i.paid AS left
 FROM invoice i JOIN service s ON s.id = i.service_id JOIN customer c ON c.id = i.customer_id
 WHERE i.run_id = $1 AND i.status IN ('open', 'partial') ORDER BY c.phone, i.id"
);

/// Writes one message a telephone about the bills that the run issued and nobody has paid. Once only, however often it
/// is begun; without a WhatsApp gateway none. How many.
pub async fn announce(state: &AppState, run_id: i64) -> Result<i64> {
    let settings = state.fresh_settings().await?;
    if settings.text("whatsapp.provider") == "none" {
        return Ok(0);
    }
    let bills: Vec<AskedBill> = state.db.all(BILLS_OF_RUN, args![run_id]).await?;
    let letters = asking::by_phone(bills)
        .into_iter()
        .filter_map(|bills| {
            let subject = format!("run:{run_id}:{}", bills.first()?.phone);
            Some(Letter { kind: TemplateKind::NewBill, template: TemplateKind::NewBill, subject, bills })
        })
        .collect();
    let from = NaiveTime::from_hms_opt(FROM_H, 0, 0)
        .map_or_else(|| state.clock.now(), |time| state.clock.instant(state.clock.today(), time));
    asking::send(state, &settings, letters, from).await
}
