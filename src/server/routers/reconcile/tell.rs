//! Messages of a proven change of access: slowed down, back again. Queued in the transaction that records the proof.

use crate::billing::{Period, Rupiah};
use crate::server::access::AccessContext;
use crate::server::access::ids::{IDS_MAX, id_text};
use crate::server::audit::Who;
use crate::server::db::Tx;
use crate::server::error::Result;
use crate::server::messages::asking::link;
use crate::server::messages::defaults::TemplateKind;
use crate::server::messages::outbox::{self, Outgoing};
use crate::server::messages::template::{Values, render};
use crate::server::settings::Settings;
use crate::server::state::AppState;
use crate::{args, id_list, sql};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::HashMap;
use std::sync::Arc;
use url::Url;

/// Writes the messages of one visit.
#[derive(Clone)]
pub(super) struct Teller {
    settings: Arc<Settings>,
    today: NaiveDate,
    base: Url,
}

#[derive(sqlx::FromRow)]
struct Receiver {
    id: i64,
    customer_id: i64,
    service_number: String,
    name: String,
    phone: String,
}

sql!(RECEIVERS = concat!("SELECT s.id, s.customer_id, s.service_number, c.name, c.phone FROM service s JOIN customer c ON c.id = s.customer_id
 WHERE c.phone <> '' AND s.id IN ", id_list!(), " ORDER BY s.id"));
sql!(
    PAST_DUE = concat!(
        "SELECT i.service_id, i.kind, i.period, i.total - i.paid FROM invoice i
 WHERE i.status IN ('open', 'partial') AND i.due_on < $2 AND i.service_id IN ",
        id_list!(),
        " ORDER BY i.due_on, i.id"
    )
);

impl Teller {
    pub(super) fn new(state: &AppState, settings: Arc<Settings>) -> Self {
        Self { settings, today: state.clock.today(), base: state.config.base_url.clone() }
    }

    /// Queues a message for each of these services, once a day and service. Without a WhatsApp gateway: none.
    pub(super) async fn tell(&self, tx: &mut Tx, cut: &[i64], restored: &[i64], now: DateTime<Utc>) -> Result<()> {
        if self.settings.text("whatsapp.provider") == "none" {
            return Ok(());
        }
        for chunk in cut.chunks(IDS_MAX) {
            self.tell_cut(tx, chunk, now).await?;
        }
        for chunk in restored.chunks(IDS_MAX) {
            for receiver in tx.all::<Receiver>(RECEIVERS, args![id_text(chunk)]).await? {
                let values = self.values(&receiver);
                self.queue(tx, TemplateKind::Restored, &receiver, &values, now).await?;
            }
        }
        Ok(())
    }

    async fn tell_cut(&self, tx: &mut Tx, ids: &[i64], now: DateTime<Utc>) -> Result<()> {
        let ctx = AccessContext { settings: Arc::clone(&self.settings), today: self.today, now, who: Who::system() };
        let mut bills: HashMap<i64, Vec<(String, i64)>> = HashMap::new();
        let rows: Vec<(i64, String, String, i64)> = tx.all(PAST_DUE, args![id_text(ids), ctx.cutoff()]).await?;
        for (service_id, kind, period, left) in rows {
            let what = match (kind.as_str(), period.parse::<Period>()) {
                ("opening", _) => "Tunggakan awal".to_owned(),
                (_, Ok(period)) => format!("Tagihan {}", period.words()),
                (_, Err(_)) => format!("Tagihan {period}"),
            };
            bills.entry(service_id).or_default().push((what, left));
        }
        for receiver in tx.all::<Receiver>(RECEIVERS, args![id_text(ids)]).await? {
            // Cut by hand without debt: nothing to ask for, so no message that asks.
            let Some(bills) = bills.get(&receiver.id) else { continue };
            let lines: Vec<String> = bills.iter().map(|(what, left)| format!("{what}: {}", Rupiah(*left))).collect();
            let total = Rupiah(bills.iter().map(|bill| bill.1).sum());
            let values = self.values(&receiver).ours("rincian", lines.join("\n")).ours("total", total.digits());
            self.queue(tx, TemplateKind::Isolated, &receiver, &values, now).await?;
        }
        Ok(())
    }

    fn values(&self, receiver: &Receiver) -> Values {
        Values::new()
            .customers("nama_pelanggan", &receiver.name)
            .customers("nomor_layanan", &receiver.service_number)
            .ours("payment_link", link(&self.base, &receiver.service_number))
            .customers("company", self.settings.text("company.name"))
    }

    async fn queue(
        &self,
        tx: &mut Tx,
        kind: TemplateKind,
        receiver: &Receiver,
        values: &Values,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let message = Outgoing {
            kind: kind.code(),
            subject: format!("service:{}", receiver.id),
            day: self.today,
            customer_id: receiver.customer_id,
            service_id: Some(receiver.id),
            phone: receiver.phone.clone(),
            text: render(self.settings.template(kind), values).text,
        };
        outbox::queue(tx, message, now).await?;
        Ok(())
    }
}
