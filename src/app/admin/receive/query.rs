//! What Terima Pembayaran reads, and its one door to the ledger.

use super::{MEANWHILE_FIELD, OpenBill, PayPreview, PayStart, PayWish, ReceiptView};
use crate::app::admin::words;
use crate::app::dto::{Choice, money};
use crate::billing::words::parse_date_input;
use crate::billing::{Period, Rupiah};
use crate::server::checks::form_id;
use crate::server::error::{Error, Result};
use crate::server::guard::{Asked, Permission};
use crate::server::ledger::{PayForm, Source};
use crate::server::state::AppState;
use crate::{args, in_scope, sql};
use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};

/// How far back a cashier may date a payment, in days; RULES, "Money in".
const CASHIER_BACKDATE_DAYS: u64 = 7;
/// Letters of a bank's reference and of a note at most.
const REFERENCE_CHARS_MAX: usize = 100;
const NOTE_CHARS_MAX: usize = 200;
/// Another payment for the same service within so many minutes is asked about.
const JUST_MINUTES: i64 = 15;

sql!(
    SERVICE = "SELECT s.customer_id, c.name, s.service_number, c.phone, p.name
 FROM service s JOIN customer c ON c.id = s.customer_id JOIN package p ON p.id = s.package_id WHERE s.id = $1"
);
// Of the payer's services that the asker sees, this one's first.
sql!(
    OPEN = concat!(
        "SELECT i.id, i.service_id, s.service_number, i.number, i.period, i.due_on, i.total - i.paid, i.kind, (SELECT l.text FROM invoice_line l WHERE l.invoice_id = i.id ORDER BY l.id LIMIT 1) FROM invoice i JOIN service s ON s.id = i.service_id
 WHERE i.customer_id = $1 AND i.status IN ('open', 'partial') AND ",
        in_scope!("$3"),
        " ORDER BY CASE WHEN i.service_id = $2 THEN 0 ELSE 1 END, s.service_number, CASE WHEN i.kind = 'opening' THEN 0 ELSE 1 END, i.due_on, i.number"
    )
);
sql!(
    JUST_PAID = "SELECT receipt, amount, at, received_by FROM payment WHERE customer_id = $1 AND service_id = $2 AND method IN ('cash', 'transfer', 'gateway') AND reversed_on IS NULL AND at > $3 ORDER BY id DESC LIMIT 1"
);
sql!(NEWEST = "SELECT CAST(COALESCE(MAX(id), 0) AS BIGINT) FROM payment WHERE customer_id = $1");
sql!(
    MEANWHILE = "SELECT p.receipt, p.amount, p.received_by FROM payment p JOIN service s ON s.customer_id = p.customer_id
 WHERE s.id = $1 AND p.id > $2 AND COALESCE(p.request_id, '') <> $3 AND p.method IN ('cash', 'transfer', 'gateway') AND p.reversed_on IS NULL ORDER BY p.id DESC LIMIT 1"
);
sql!(
    BAG_OF = "SELECT CAST(COALESCE(SUM(e.amount), 0) AS BIGINT) FROM bag_entry e WHERE e.bag_id = (SELECT b.id FROM cash_bag b WHERE b.staff_id = $1)"
);
sql!(BANKS = "SELECT bank, number FROM bank_account WHERE active ORDER BY bank, number");
sql!(SALDO = "SELECT CAST(COALESCE(SUM(unused), 0) AS BIGINT) FROM payment WHERE customer_id = $1 AND unused > 0");

/// What is owed, and a fresh form id.
pub async fn start(asked: &Asked, service_id: i64) -> Result<PayStart> {
    asked.reaches_service(service_id).await?;
    let app = &asked.app;
    let today = app.clock.today();
    let this = Period::of(today).to_string();
    let (customer_id, name, number, phone, package): (i64, String, String, String, String) = app
        .db
        .opt(SERVICE, args![service_id])
        .await?
        .ok_or_else(|| Error::NotFound("Layanan ini tidak ada.".to_owned()))?;
    type Open = (i64, i64, String, String, String, NaiveDate, i64, String, Option<String>);
    let bills: Vec<Open> = app.db.all(OPEN, args![customer_id, service_id, asked.scope().arg()]).await?;
    let now = app.clock.now();
    let recent: Option<(String, i64, DateTime<Utc>, String)> =
        app.db.opt(JUST_PAID, args![customer_id, service_id, now - TimeDelta::minutes(JUST_MINUTES)]).await?;
    let mut warnings = Vec::new();
    if let Some((receipt, amount, at, by)) = recent {
        warnings.push(format!(
            "Layanan ini baru saja dibayar: {} pada {} oleh {by} ({receipt}). Terima lagi hanya bila ini pembayaran lain.",
            money(amount),
            words::instant(&app.clock, at)
        ));
    }
    warnings.extend(full_bag(asked).await?);
    let banks: Vec<(String, String)> = app.db.all(BANKS, args![]).await?;
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
            .map(|(id, of, service_number, number, period, due, left, kind, text)| OpenBill {
                id,
                service_id: of,
                other: if of == service_id { String::new() } else { service_number },
                number,
                due: format!("jatuh tempo {}{}", words::day(due), if due < today { ", sudah lewat" } else { "" }),
                left,
                left_words: money(left),
                begun: period <= this,
                period: words::bill(&kind, &period, text.as_deref()),
            })
            .collect(),
        saldo: if saldo == 0 { String::new() } else { money(saldo) },
        today: words::day(today),
        warnings,
        banks: banks
            .into_iter()
            .map(|(bank, number)| format!("{bank} {number}"))
            .map(|word| Choice::new(word.clone(), word))
            .collect(),
        request_id: hex::encode(crate::server::secrets::random_bytes::<16>()?),
        newest: app.db.number(NEWEST, args![customer_id]).await?,
    })
}

/// A sentence when the asker's bag holds more than its limit.
async fn full_bag(asked: &Asked) -> Result<Option<String>> {
    let limit = asked.app.settings().await?.int("cash.bag_limit");
    if limit == 0 {
        return Ok(None);
    }
    let holds = asked.app.db.number(BAG_OF, args![asked.staff.id]).await?;
    Ok((holds > limit).then(|| {
        format!("Kas di tas Anda {}, lewat batas {}. Setorkan di Setoran & Tutup Kas.", money(holds), money(limit))
    }))
}

/// A text without spaces around it; one that is too long is refused, not cut.
fn short(field: &str, text: &str, most: usize) -> Result<String> {
    let text = text.trim();
    if text.chars().count() > most {
        return Err(Error::invalid(field, format!("Terlalu panjang, paling banyak {most} huruf.")));
    }
    Ok(text.to_owned())
}

/// The payment that was wished for, checked.
async fn form_of(asked: &Asked, wish: PayWish) -> Result<PayForm> {
    asked.reaches_service(wish.service_id).await?;
    let (app, who) = (&asked.app, asked.who.clone());
    let may_backdate = asked.staff.may(Permission::BackdatePayment);
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
    let request_id = form_id(wish.request_id)?;
    Ok(PayForm {
        service_id: wish.service_id,
        amount: Rupiah(wish.amount),
        source,
        chosen: wish.chosen,
        received_on,
        received_by: who.name.clone(),
        holder_id: who.staff_id,
        reference: short("reference", &wish.reference, REFERENCE_CHARS_MAX)?,
        note: short("note", &wish.note, NOTE_CHARS_MAX)?,
        request_id: Some(request_id),
        attempt_id: None,
    })
}

/// What a payment would be used for, bill by bill, without taking it; and what the bills with the months in advance come to.
pub async fn preview(asked: &Asked, mut wish: PayWish) -> Result<PayPreview> {
    let (months, amount) = (wish.months, wish.amount);
    // Nothing typed yet: only the sum is asked for.
    if amount <= 0 {
        (wish.amount, wish.received) = (1, 1);
    }
    let form = form_of(asked, wish).await?;
    let ledger = asked.app.ledger(asked.who.clone()).await?;
    let needed = if months > 0 { ledger.needed_ahead(form.service_id, months).await? } else { Rupiah::ZERO };
    let (mut used_for, mut saldo) = (Vec::new(), String::new());
    if amount > 0 && (months == 0 || form.amount >= needed) {
        let seen = ledger.preview(form, months).await?;
        used_for = seen.allocated.into_iter().map(|part| (part.number, part.amount.html())).collect();
        saldo = if seen.credit.is_zero() { String::new() } else { seen.credit.html() };
    }
    Ok(PayPreview { needed: needed.0, used_for, saldo })
}

/// What a service still owes of months that have begun, and whether it stays cut for it.
async fn left_words(app: &AppState, service_id: i64) -> Result<String> {
    let this = Period::of(app.clock.today());
    let (left, desired): (i64, String) = app.db.one(LEFT, args![service_id, this]).await?;
    Ok(match (left, desired.as_str()) {
        (0, _) => String::new(),
        (left, "isolated") => {
            format!("Masih kurang {}. Layanan tetap terisolir sampai yang lewat jatuh tempo lunas.", money(left))
        }
        (left, _) => format!("Masih kurang {}.", money(left)),
    })
}

sql!(
    LEFT = "SELECT (SELECT CAST(COALESCE(SUM(i.total - i.paid), 0) AS BIGINT) FROM invoice i WHERE i.service_id = s.id AND i.status IN ('open', 'partial') AND (i.period <= $2 OR i.kind <> 'regular')), s.desired
 FROM service s WHERE s.id = $1"
);

/// Records a payment through the ledger.
pub async fn record(asked: &Asked, wish: PayWish) -> Result<ReceiptView> {
    let (app, who) = (&asked.app, asked.who.clone());
    asked.reaches_service(wish.service_id).await?;
    let (months, change, service_id) = (wish.months, wish.received - wish.amount, wish.service_id);
    if let Some(newest) = wish.newest {
        let known = args![service_id, newest, &wish.request_id];
        if let Some((receipt, amount, by)) = app.db.opt::<(String, i64, String)>(MEANWHILE, known).await? {
            return Err(Error::invalid(
                MEANWHILE_FIELD,
                format!(
                    "Selagi formulir ini terbuka, {by} menerima {} untuk pelanggan ini ({receipt}). Bila uang ini lain lagi, simpan sekali lagi; bila sama, tinggalkan.",
                    money(amount)
                ),
            ));
        }
    }
    let form = form_of(asked, wish).await?;
    let cash = form.source == Source::Cash;
    let ledger = app.ledger(who).await?;
    let receipt = match months {
        0 => ledger.settle(form).await?,
        months => ledger.settle_ahead(form, months).await?,
    };
    app.work_bell.notify_one();
    let paid = crate::app::admin::payments::one::view(asked, receipt.payment_id).await?;
    Ok(ReceiptView {
        payment_id: receipt.payment_id,
        name: paid.name,
        whatsapp: paid.whatsapp,
        bag: if cash { full_bag(asked).await?.unwrap_or_default() } else { String::new() },
        receipt: receipt.receipt,
        amount: receipt.amount.html(),
        change: if change == 0 || receipt.already { String::new() } else { money(change) },
        used_for: receipt
            .allocated
            .into_iter()
            .map(|part| (part.invoice_id, part.number, part.amount.html()))
            .collect(),
        saldo: if receipt.credit.is_zero() { String::new() } else { receipt.credit.html() },
        left: left_words(app, service_id).await?,
        already: receipt.already,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::guard::Role;
    use crate::server::testing::TestApp;

    sql!(JOIN = "UPDATE service SET customer_id = (SELECT customer_id FROM service WHERE id = $2) WHERE id = $1");

    sql!(
        HIRE = "INSERT INTO staff (id, email, name, role, password_hash, active, created_at) VALUES ($1, 'k@kantor.test', 'Koko', 'cashier', '-', TRUE, $2)"
    );

    fn wish(start: &PayStart, amount: i64, received: i64) -> PayWish {
        PayWish {
            service_id: start.service_id,
            request_id: start.request_id.clone(),
            method: "cash".to_owned(),
            received,
            amount,
            chosen: start.bills.iter().take(1).map(|bill| bill.id).collect(),
            received_on: start.today.clone(),
            reference: String::new(),
            note: String::new(),
            months: 0,
            newest: Some(start.newest),
        }
    }

    #[tokio::test]
    async fn who_opened_the_form_before_another_took_the_money_is_asked_before_it_is_a_second_payment() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let package = t.package("Home", 300_000, 1).await;
            let siti = t.service("SITI", package, "2025-06-01").await;
            t.issue("2026-01").await;
            let mut tx = t.state.db.begin().await.unwrap();
            tx.exec_one(HIRE, args![1_i64, t.state.clock.now()]).await.unwrap();
            tx.commit().await.unwrap();
            let (one, two) = (t.asked(Role::Owner, 1), t.asked(Role::Owner, 1));
            let (first, second) = (start(&one, siti).await.unwrap(), start(&two, siti).await.unwrap());
            record(&one, wish(&first, 300_000, 300_000)).await.unwrap();
            assert!(record(&one, wish(&first, 300_000, 300_000)).await.unwrap().already, "his own form again");
            let asked = record(&two, wish(&second, 300_000, 300_000)).await.unwrap_err();
            assert!(matches!(&asked, Error::Invalid { field, .. } if field == MEANWHILE_FIELD), "{asked}");
            assert!(asked.to_string().contains("KW/2026/01/000001"), "{asked}");
            assert_eq!(t.saldo(siti).await, 0, "nothing was written");
            let stranger = record(&t.asked(Role::Collector, 1), wish(&second, 300_000, 300_000)).await.unwrap_err();
            assert!(!stranger.to_string().contains("KW/"), "not his customer: {stranger}");
            let sure = PayWish { newest: None, ..wish(&second, 300_000, 300_000) };
            let taken = record(&two, sure).await.unwrap();
            assert!(!taken.already && !taken.used_for.is_empty(), "the next month's bill gets it");
            t.assert_books().await;
        }
    }

    #[tokio::test]
    async fn the_same_form_twice_is_one_payment_and_a_new_one_is_asked_about() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let package = t.package("Home", 300_000, 1).await;
            let rumah = t.service("RUMAH", package, "2025-06-01").await;
            let toko = t.service("TOKO", package, "2025-06-01").await;
            let mut tx = t.state.db.begin().await.unwrap();
            tx.exec_one(JOIN, args![toko, rumah]).await.unwrap();
            tx.commit().await.unwrap();
            t.issue("2026-01").await;
            let mut tx = t.state.db.begin().await.unwrap();
            tx.exec_one(HIRE, args![1, t.state.clock.now()]).await.unwrap();
            tx.commit().await.unwrap();
            t.set(&[("cash.bag_limit", "200000")]).await;
            let cashier = t.asked(Role::Cashier, 1);
            let first = start(&cashier, rumah).await.unwrap();
            let others = first.bills.iter().map(|bill| bill.other.clone()).collect::<Vec<_>>();
            assert_eq!(others, ["", "TOKO"], "the payer's other service stands below");
            assert!(first.warnings.is_empty());
            let done = record(&cashier, wish(&first, 300_000, 350_000)).await.unwrap();
            assert_eq!((done.change.clone(), done.already, done.bag.is_empty()), (money(50_000), false, false));
            let again = record(&cashier, wish(&first, 300_000, 350_000)).await.unwrap();
            assert_eq!((again.receipt, again.already), (done.receipt, true));
            let second = start(&cashier, rumah).await.unwrap();
            assert_eq!(second.warnings.len(), 2, "paid just now, and the bag is full: {:?}", second.warnings);
            t.at("2026-01-15 10:16");
            assert_eq!(start(&cashier, rumah).await.unwrap().warnings.len(), 1);
            t.assert_books().await;
            assert!(matches!(start(&t.asked(Role::Collector, 9), toko).await, Err(Error::Forbidden)));
        }
    }

    #[tokio::test]
    async fn what_is_typed_wrong_is_said_beside_its_field() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let package = t.package("Home", 300_000, 1).await;
            let rumah = t.service("RUMAH", package, "2025-06-01").await;
            t.issue("2026-01").await;
            let begun = start(&t.asked(Role::Cashier, 1), rumah).await.unwrap();
            let of = async |wish: PayWish| match record(&t.asked(Role::Cashier, 1), wish).await {
                Err(Error::Invalid { field, .. }) => field,
                other => panic!("{other:?}"),
            };
            assert_eq!(of(wish(&begun, 0, 0)).await, "amount");
            assert_eq!(of(PayWish { received_on: "kemarin".into(), ..wish(&begun, 1, 1) }).await, "received_on");
            assert_eq!(of(PayWish { received_on: "1/1/2026".into(), ..wish(&begun, 1, 1) }).await, "received_on");
            assert_eq!(of(PayWish { method: "cek".into(), ..wish(&begun, 1, 1) }).await, "method");
        }
    }
}
