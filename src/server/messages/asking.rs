//! Messages that ask for money: one a telephone, listing all its bills.

use super::channel;
use super::defaults::TemplateKind;
use super::outbox::{self, Outgoing};
use super::template::{Values, render};
use crate::billing::words::date_words;
use crate::billing::{Period, Rupiah};
use crate::server::error::{Error, Result};
use crate::server::settings::Settings;
use crate::server::state::AppState;
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeSet;
use std::sync::Arc;
use url::Url;

/// Messages written in one transaction, so that payments get the writer in between.
const CHUNK: usize = 100;

/// An open bill, with whom it asks.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct AskedBill {
    /// Telephone as stored.
    pub phone: String,
    /// The payer.
    pub customer_id: i64,
    /// His name.
    pub name: String,
    /// The service.
    pub service_id: i64,
    /// Its number.
    pub service_number: String,
    /// Name of its package.
    pub package: String,
    /// The bill.
    pub invoice_id: i64,
    /// Its number.
    pub number: String,
    /// Its month.
    pub period: String,
    /// Its kind.
    pub kind: String,
    /// When it is due.
    pub due_on: NaiveDate,
    /// What is left to pay, in rupiah.
    pub left: i64,
}

/// One message to be written.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Kind as stored: with subject and day the key that makes it once only.
    pub kind: TemplateKind,
    /// Whose text it has.
    pub template: TemplateKind,
    /// What it is about.
    pub subject: String,
    /// Its bills, of one telephone, at least one.
    pub bills: Vec<AskedBill>,
}

/// The bills of each telephone, in the order in which `bills` has them; they must be sorted by telephone.
pub fn by_phone(bills: Vec<AskedBill>) -> Vec<Vec<AskedBill>> {
    let mut groups: Vec<Vec<AskedBill>> = Vec::new();
    for bill in bills {
        match groups.last_mut() {
            Some(group) if group.first().is_some_and(|first| first.phone == bill.phone) => group.push(bill),
            _ => groups.push(vec![bill]),
        }
    }
    groups
}

/// Queues letters from `from` on, spread in time; those that stand already are passed over. How many were new.
pub async fn send(
    state: &AppState,
    settings: &Arc<Settings>,
    letters: Vec<Letter>,
    from: DateTime<Utc>,
) -> Result<i64> {
    let mut written = 0;
    for chunk in letters.chunks(CHUNK) {
        let texts: Vec<(Outgoing, Vec<i64>)> =
            chunk.iter().filter_map(|letter| compose(state, settings, letter)).collect();
        let (settings, now) = (Arc::clone(settings), state.clock.now());
        written += state
            .db
            .write::<_, Error, _>(move |tx| {
                let (texts, settings) = (texts.clone(), Arc::clone(&settings));
                Box::pin(async move {
                    let times = channel::spread(tx, &settings, from.max(now), texts.len()).await?;
                    let mut written = 0;
                    for ((message, bills), at) in texts.into_iter().zip(times) {
                        if outbox::queue_at(tx, message, &bills, at, now).await?.is_some() {
                            written += 1;
                        }
                    }
                    Ok(written)
                })
            })
            .await?;
    }
    state.work_bell.notify_waiters();
    Ok(written)
}

fn compose(state: &AppState, settings: &Settings, letter: &Letter) -> Option<(Outgoing, Vec<i64>)> {
    let first = letter.bills.first()?;
    let bills = &letter.bills;
    let all = |of: &dyn Fn(&AskedBill) -> String| {
        let mut seen = BTreeSet::new();
        let words: Vec<String> = bills.iter().map(of).filter(|word| seen.insert(word.clone())).collect();
        words
    };
    let services = all(&|bill| bill.service_number.clone());
    let several = services.len() > 1;
    let details: Vec<String> = bills
        .iter()
        .map(|bill| {
            let what = match (bill.kind.as_str(), bill.period.parse::<Period>()) {
                ("opening", _) => "Tunggakan awal".to_owned(),
                (_, Ok(period)) => format!("Tagihan {}", period.words()),
                (_, Err(_)) => format!("Tagihan {}", bill.period),
            };
            let which = if several { format!(" ({})", bill.service_number) } else { String::new() };
            format!("{what}{which}: {}", Rupiah(bill.left))
        })
        .collect();
    let links: Vec<String> = services.iter().map(|number| link(&state.config.base_url, number)).collect();
    let total = Rupiah(bills.iter().map(|bill| bill.left).sum());
    // The day that comes next is the one to keep; what is past due is listed anyway.
    let today = state.clock.today();
    let due = bills
        .iter()
        .map(|bill| bill.due_on)
        .filter(|due| *due >= today)
        .min()
        .or(bills.iter().map(|b| b.due_on).max())?;
    let months = all(&|bill| bill.period.parse::<Period>().map_or_else(|_| bill.period.clone(), Period::words));
    let values = Values::new()
        .customers("nama_pelanggan", &first.name)
        .customers("nomor_layanan", services.join(", "))
        .customers("paket", all(&|bill| bill.package.clone()).join(", "))
        .ours("periode", months.join(", "))
        .ours("invoice_no", all(&|bill| bill.number.clone()).join(", "))
        .ours("rincian", details.join("\n"))
        .ours("total", total.digits())
        .ours("tunggakan", total.digits())
        .ours("count", bills.len().to_string())
        .ours("due_date", date_words(due))
        .ours("tanggal", date_words(due))
        .ours("sisa_hari", (due - today).num_days().max(0).to_string())
        .ours("payment_link", links.join("\n"))
        .customers("telepon_company", settings.text("company.phone"))
        .customers("company", settings.text("company.name"));
    let message = Outgoing {
        kind: letter.kind.code(),
        subject: letter.subject.clone(),
        day: today,
        customer_id: first.customer_id,
        service_id: (!several).then_some(first.service_id),
        phone: first.phone.clone(),
        text: render(settings.template(letter.template), &values).text,
    };
    Some((message, bills.iter().map(|bill| bill.invoice_id).collect()))
}

/// The page on which anybody pays for a service.
pub fn link(base: &Url, service_number: &str) -> String {
    let mut link = base.clone();
    if let Ok(mut path) = link.path_segments_mut() {
        path.pop_if_empty().push("billing").push(service_number);
    }
    link.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_the_service_whatever_its_number_is_made_of() {
        let base: Url = "https://tagihan.contoh.id".parse().unwrap();
        assert_eq!(link(&base, "20260001"), "https://tagihan.contoh.id/billing/20260001");
        assert_eq!(link(&base, "BLOK A/7"), "https://tagihan.contoh.id/billing/BLOK%20A%2F7");
    }
}
