//! What a customer's page reads: one statement a table, whatever the number of services.

use super::{BillRow, CustomerView, EventRow, LedgerRow, MessageRow, PaymentRow, ServiceView};
use crate::app::admin::words;
use crate::app::dto::money;
use crate::app::text;
use crate::billing::Period;
use crate::server::access::{self, AccessContext};
use crate::server::audit::{self, Who};
use crate::server::checks;
use crate::server::error::{Error, Result};
use crate::server::gateways::methods::channel_name;
use crate::server::messages::defaults::TemplateKind;
use crate::server::secrets::random_bytes;
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeMap;

#[derive(sqlx::FromRow)]
struct Customer {
    name: String,
    number: Option<String>,
    phone: String,
    email: String,
    address: String,
}

#[derive(sqlx::FromRow)]
struct Service {
    id: i64,
    service_number: String,
    slug: String,
    package: String,
    price: i64,
    router: String,
    pppoe_username: String,
    area: String,
    collector: String,
    due_day: i64,
    started_on: NaiveDate,
    stage: String,
    access: String,
    desired: String,
    desired_reason: String,
    observed_profile: String,
    observed_at: Option<DateTime<Utc>>,
    router_problem: String,
    never_isolate: String,
    owed: i64,
    ahead: i64,
}

#[derive(sqlx::FromRow)]
struct Bill {
    id: i64,
    number: String,
    period: String,
    due_on: NaiveDate,
    total: i64,
    paid: i64,
    status: String,
    written_off: i64,
}

#[derive(sqlx::FromRow)]
struct Payment {
    id: i64,
    receipt: String,
    received_on: NaiveDate,
    method: String,
    channel: String,
    gateway: Option<String>,
    received_by: String,
    amount: i64,
    unused: i64,
    reversed_on: Option<NaiveDate>,
}

sql!(CUSTOMER = "SELECT name, number, phone, email, address FROM customer WHERE id = $1");
sql!(SERVICES = "SELECT s.id, s.service_number, s.slug, p.name AS package,
  CAST(COALESCE((SELECT pp.price FROM package_price pp WHERE pp.package_id = p.id AND pp.valid_from <= $2 ORDER BY pp.valid_from DESC LIMIT 1), 0) AS BIGINT) AS price,
  COALESCE(r.name, '') AS router, s.pppoe_username, s.area, s.collector, s.due_day, s.started_on, s.stage,
  (SELECT r.access FROM service_row r WHERE r.service_id = s.id) AS access, s.desired, s.desired_reason, s.observed_profile, s.observed_at, s.router_problem, s.never_isolate,
  CAST(COALESCE((SELECT SUM(i.total - i.paid) FROM invoice i WHERE i.service_id = s.id AND i.status IN ('open', 'partial') AND (i.period <= $3 OR i.kind <> 'regular')), 0) AS BIGINT) AS owed,
  CAST(COALESCE((SELECT SUM(i.total - i.paid) FROM invoice i WHERE i.service_id = s.id AND i.status IN ('open', 'partial') AND i.period > $3 AND i.kind = 'regular'), 0) AS BIGINT) AS ahead
 FROM service s JOIN package p ON p.id = s.package_id LEFT JOIN router r ON r.id = s.router_id
 WHERE s.customer_id = $1 ORDER BY s.service_number");
sql!(
    BILLS = "SELECT i.id, i.number, i.period, i.due_on, i.total, i.paid, i.status, i.written_off
 FROM invoice i WHERE i.service_id IN (SELECT id FROM service WHERE customer_id = $1) ORDER BY i.id DESC LIMIT 36"
);
sql!(
    PAYMENTS = "SELECT id, receipt, received_on, method, channel, gateway, received_by, amount, unused, reversed_on
 FROM payment WHERE customer_id = $1 ORDER BY id DESC LIMIT 36"
);
sql!(
    USES = "SELECT a.payment_id, i.number FROM allocation a JOIN invoice i ON i.id = a.invoice_id
 WHERE a.payment_id IN (SELECT id FROM payment WHERE customer_id = $1 ORDER BY id DESC LIMIT 36)
   AND a.amount > 0 AND NOT EXISTS (SELECT 1 FROM allocation r WHERE r.reverses = a.id) ORDER BY a.id"
);
sql!(SALDO = "SELECT CAST(COALESCE(SUM(unused), 0) AS BIGINT) FROM payment WHERE customer_id = $1 AND unused > 0");
sql!(
    MESSAGES =
        "SELECT created_at, kind, text, state, reason FROM message WHERE customer_id = $1 ORDER BY id DESC LIMIT 20"
);
sql!(EVENTS = "SELECT e.at, e.what, s.service_number, e.reason, e.who FROM access_event e JOIN service s ON s.id = e.service_id
 WHERE e.service_id IN (SELECT id FROM service WHERE customer_id = $1) ORDER BY e.id DESC LIMIT 30");
// What has begun and is open: for one link.
sql!(
    SHEET = "SELECT i.id FROM invoice i WHERE i.customer_id = $1 AND i.status IN ('open', 'partial') AND (i.period <= $2 OR i.kind <> 'regular') ORDER BY i.due_on, i.id LIMIT 50"
);
sql!(LEDGER = "SELECT business_date, text, amount FROM ledger_entry WHERE customer_id = $1 ORDER BY id");

/// Rows of Kartu Piutang that are shown; the balance counts all of them.
const LEDGER_ROWS: usize = 100;

/// Everything about a customer.
pub async fn view(app: &AppState, id: i64, may_pay: bool, may_access: bool) -> Result<CustomerView> {
    let today = app.clock.today();
    let customer: Customer =
        app.db.opt(CUSTOMER, args![id]).await?.ok_or_else(|| Error::NotFound("Pelanggan ini tidak ada.".to_owned()))?;
    let services: Vec<Service> = app.db.all(SERVICES, args![id, today, Period::of(today)]).await?;
    let ahead: i64 = services.iter().map(|service| service.ahead).sum();
    let owed: i64 = services.iter().map(|service| service.owed).sum();
    let bills: Vec<Bill> = app.db.all(BILLS, args![id]).await?;
    let events: Vec<(DateTime<Utc>, String, String, String, String)> = app.db.all(EVENTS, args![id]).await?;
    let messages: Vec<(DateTime<Utc>, String, String, String, String)> = app.db.all(MESSAGES, args![id]).await?;
    let saldo = app.db.number(SALDO, args![id]).await?;
    Ok(CustomerView {
        id,
        name: customer.name,
        number: customer.number.unwrap_or_default(),
        phone: words::phone(&customer.phone),
        email: customer.email,
        address: customer.address,
        owed: money(owed),
        owes: owed > 0,
        ahead: if ahead == 0 { String::new() } else { format!("Tagihan berikutnya {}", money(ahead)) },
        saldo: money(saldo),
        sheet: sheet(app, id).await?,
        refund: if saldo > 0 { hex::encode(random_bytes::<16>()?) } else { String::new() },
        services: services.into_iter().map(|service| service_view(app, service)).collect(),
        bills: bills
            .into_iter()
            .map(|bill| BillRow {
                id: bill.id,
                number: bill.number,
                period: words::period(&bill.period),
                due: words::day(bill.due_on),
                total: money(bill.total),
                left: if bill.total == bill.paid || bill.status == "void" {
                    String::new()
                } else {
                    money(bill.total - bill.paid)
                },
                status: text::invoice(&bill.status, bill.due_on < today, bill.written_off),
            })
            .collect(),
        payments: payments(app, id).await?,
        messages: messages
            .into_iter()
            .map(|(at, kind, body, state, reason)| MessageRow {
                at: words::instant(&app.clock, at),
                kind: TemplateKind::title_of(&kind),
                text: body,
                state: text::message(&state),
                reason,
            })
            .collect(),
        events: events
            .into_iter()
            .map(|(at, what, number, reason, who)| EventRow {
                at: words::instant(&app.clock, at),
                what: text::access_event(&what),
                number,
                reason,
                who,
            })
            .collect(),
        ledger: ledger(app, id).await?,
        may_adjust: false,
        may_pay,
        sees_money: true,
        may_access,
    })
}

/// The address at which all open bills are paid at once; empty for fewer than two.
pub async fn sheet(app: &AppState, id: i64) -> Result<String> {
    let open: Vec<(i64,)> = app.db.all(SHEET, args![id, Period::of(app.clock.today())]).await?;
    if open.len() < 2 {
        return Ok(String::new());
    }
    let bills: Vec<String> = open
        .into_iter()
        .map(|(bill,)| Ok(format!("tagihan={}", app.secrets.public_id("invoice", bill)?)))
        .collect::<Result<_>>()?;
    Ok(format!("{}/bayar/pilih?{}", app.config.base(), bills.join("&")))
}

fn service_view(app: &AppState, row: Service) -> ServiceView {
    let place = [row.area, row.collector].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
    let live = matches!(row.stage.as_str(), "aktif" | "siap_dicabut") && !row.pppoe_username.is_empty();
    let observed = row
        .observed_at
        .map(|at| format!("{} ({})", row.observed_profile, words::instant(&app.clock, at)))
        .unwrap_or_default();
    ServiceView {
        id: row.id,
        portal: words::portal(&app.config, &row.slug),
        number: row.service_number,
        package: row.package,
        price: money(row.price),
        router: row.router,
        account: row.pppoe_username,
        place,
        due_day: row.due_day,
        started: words::day(row.started_on),
        stage: text::stage(&row.stage),
        access: text::access_at(&row.stage, &row.access),
        reason: row.desired_reason,
        observed,
        problem: row.router_problem,
        never_isolate: row.never_isolate,
        owed: if row.owed == 0 { String::new() } else { money(row.owed) },
        can_cut: live && row.desired == "normal",
        can_restore: live && row.desired == "isolated",
    }
}

async fn payments(app: &AppState, id: i64) -> Result<Vec<PaymentRow>> {
    let rows: Vec<Payment> = app.db.all(PAYMENTS, args![id]).await?;
    let mut uses: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for (payment, number) in app.db.all::<(i64, String)>(USES, args![id]).await? {
        let numbers = uses.entry(payment).or_default();
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let way = text::method(&row.method, channel_name(&row.channel), row.gateway.as_deref());
            PaymentRow {
                id: row.id,
                reversed: row.reversed_on.is_some(),
                receipt: row.receipt,
                day: words::day(row.received_on),
                way: if row.gateway.is_some() || row.received_by.is_empty() {
                    way
                } else {
                    format!("{way} · {}", row.received_by)
                },
                used_for: uses.remove(&row.id).unwrap_or_default().join(", "),
                amount: money(row.amount),
                unused: if row.unused == 0 { String::new() } else { money(row.unused) },
            }
        })
        .collect())
}

/// Newest first, each with the balance after it.
async fn ledger(app: &AppState, id: i64) -> Result<Vec<LedgerRow>> {
    let rows: Vec<(NaiveDate, String, i64)> = app.db.all(LEDGER, args![id]).await?;
    let mut balance = 0;
    let mut list: Vec<LedgerRow> = rows
        .into_iter()
        .map(|(date, text, amount)| {
            balance += amount;
            LedgerRow {
                day: words::day(date),
                text,
                debit: if amount > 0 { money(amount) } else { String::new() },
                credit: if amount < 0 { money(-amount) } else { String::new() },
                balance: money(balance),
            }
        })
        .collect();
    list.reverse();
    list.truncate(LEDGER_ROWS);
    Ok(list)
}

/// Isolates or restores by hand.
pub async fn wish(app: &AppState, who: Who, service_id: i64, cut: bool, reason: &str) -> Result<()> {
    let reason = checks::reason(reason)?;
    let context = AccessContext::now(app, who).await?;
    app.db
        .write::<_, Error, _>(move |tx| {
            let (context, reason) = (context.clone(), reason.clone());
            Box::pin(async move {
                let (desired, manual) = if cut { ("isolated", "cut") } else { ("normal", "restored") };
                access::wish(tx, &context, service_id, desired, manual, &reason).await?;
                let subject = format!("service:{service_id}");
                audit::record(
                    tx,
                    &context.who,
                    context.now,
                    "access.by_hand",
                    &subject,
                    "",
                    &format!("{desired}: {reason}"),
                )
                .await
            })
        })
        .await?;
    app.work_bell.notify_one();
    Ok(())
}
