//! Changing what stands about a customer and his lines. Each change leaves what was and what is now in the log; a line that
//! moves to another router leaves its old account behind, to be disabled there.

use crate::billing::Phone;
use crate::server::audit::{self, Who};
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::messages::outbox;
use crate::server::routers::reconcile::PPPOE_PLACE;
use crate::server::state::AppState;
use crate::server::work::{self, Job};
use crate::{args, sql};
use chrono::{DateTime, NaiveDate, Utc};

/// A customer's data, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerData {
    /// Name.
    pub name: String,
    /// Telephone.
    pub phone: Phone,
    /// E-mail, maybe empty.
    pub email: String,
    /// Address, maybe empty.
    pub address: String,
}

/// A service's data, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceData {
    /// Area, maybe empty.
    pub area: String,
    /// Collector.
    pub collector_id: Option<i64>,
    /// Due day.
    pub due_day: i64,
    /// Router.
    pub router_id: Option<i64>,
    /// Account on it.
    pub pppoe_username: String,
    /// A new password; empty keeps the one there is.
    pub pppoe_password: String,
    /// Why it is never isolated; empty when it may be.
    pub never_isolate: String,
    /// Until when that holds.
    pub never_isolate_until: Option<NaiveDate>,
    /// Place on the map.
    pub place: Option<(i64, i64)>,
}

sql!(CUSTOMER = "SELECT name, phone, email, address FROM customer WHERE id = $1");
sql!(
    UPDATE_CUSTOMER =
        "UPDATE customer SET name = $2, name_search = $3, phone = $4, email = $5, address = $6 WHERE id = $1"
);
// What was not sent yet goes to the new number.
sql!(SERVICE = "SELECT s.area, s.collector_id, s.due_day, s.router_id, s.pppoe_username, s.pppoe_password_sealed, s.never_isolate, s.never_isolate_until, s.lat_e6, s.lng_e6,
   s.stage, COALESCE(r.name, '') AS router, s.collector FROM service s LEFT JOIN router r ON r.id = s.router_id WHERE s.id = $1");
sql!(UPDATE_SERVICE = "UPDATE service SET area = $2, collector_id = $3, collector = $4, due_day = $5, router_id = $6, pppoe_username = $7,
   pppoe_password_sealed = CASE WHEN $8 = '' THEN pppoe_password_sealed ELSE $8 END, never_isolate = $9, never_isolate_until = $10,
   lat_e6 = $11, lng_e6 = $12 WHERE id = $1");
// What was seen of the old account says nothing of the new one. One that Kimonet disabled there earlier it may enable.
sql!(UNSEEN = "UPDATE service SET observed = 'unknown', observed_profile = '', observed_at = NULL, remembered_profile = '', kick_wanted = FALSE, router_problem = '',
   disabled_by_us = EXISTS (SELECT 1 FROM router_leftover l WHERE l.router_id = service.router_id AND l.pppoe_username = service.pppoe_username) WHERE id = $1");
sql!(LEAVE_BEHIND = "INSERT INTO router_leftover (router_id, service_id, pppoe_username, created_at, done_at) VALUES ($1, $2, $3, $4, NULL)
 ON CONFLICT (router_id, pppoe_username) WHERE done_at IS NULL DO NOTHING");
sql!(
    TAKEN_UP =
        "UPDATE router_leftover SET done_at = $3 WHERE router_id = $1 AND pppoe_username = $2 AND done_at IS NULL"
);
sql!(
    ACCOUNT_TAKEN =
        "SELECT service_number FROM service WHERE router_id = $1 AND pppoe_username = $2 AND id <> $3 LIMIT 1"
);
sql!(ADD_AREA = "INSERT INTO area (name, note, created_at) VALUES ($1, '', $2) ON CONFLICT (name) DO NOTHING");
sql!(STAFF_NAME = "SELECT name FROM staff WHERE id = $1 AND active");
sql!(ROUTER_NAME = "SELECT name FROM router WHERE id = $1");

#[derive(Clone, Debug, sqlx::FromRow)]
struct Before {
    area: String,
    collector_id: Option<i64>,
    due_day: i64,
    router_id: Option<i64>,
    pppoe_username: String,
    pppoe_password_sealed: String,
    never_isolate: String,
    never_isolate_until: Option<NaiveDate>,
    lat_e6: Option<i64>,
    lng_e6: Option<i64>,
    stage: String,
    router: String,
    collector: String,
}

/// The changed ones of `(label, before, after)`, as `Label: value` with semicolons between; before and after.
pub fn differences(fields: &[(&str, String, String)]) -> (String, String) {
    let changed = || fields.iter().filter(|(_, before, after)| before != after);
    let words = |(label, value): (&str, &String)| format!("{label}: {}", if value.is_empty() { "-" } else { value });
    (
        changed().map(|(label, before, _)| words((label, before))).collect::<Vec<_>>().join("; "),
        changed().map(|(label, _, after)| words((label, after))).collect::<Vec<_>>().join("; "),
    )
}

/// Saves a customer's data; nothing changed leaves no trace.
pub async fn save_customer(state: &AppState, who: Who, id: i64, data: CustomerData) -> Result<()> {
    let now = state.clock.now();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (who, data) = (who.clone(), data.clone());
            Box::pin(async move {
                let (name, phone, email, address): (String, String, String, String) = tx
                    .opt(CUSTOMER, args![id])
                    .await?
                    .ok_or_else(|| Error::NotFound("Pelanggan ini tidak ada.".to_owned()))?;
                let new_phone = data.phone.to_string();
                let (before, after) = differences(&[
                    ("Nama", name, data.name.clone()),
                    ("Telepon", phone.clone(), new_phone.clone()),
                    ("Email", email, data.email.clone()),
                    ("Alamat", address, data.address.clone()),
                ]);
                if before == after {
                    return Ok(());
                }
                let search = data.name.to_lowercase();
                let values = args![id, &data.name, search, &new_phone, &data.email, &data.address];
                tx.exec_one(UPDATE_CUSTOMER, values).await?;
                if phone != new_phone {
                    outbox::redirect(tx, id, &new_phone).await?;
                }
                audit::record(tx, &who, now, "customer.change", &format!("customer:{id}"), &before, &after).await
            })
        })
        .await
}

/// Saves a service's data; nothing changed leaves no trace.
pub async fn save_service(state: &AppState, who: Who, id: i64, data: ServiceData) -> Result<()> {
    let now = state.clock.now();
    let sealed = match data.pppoe_password.as_str() {
        "" => String::new(),
        password => state.secrets.seal(PPPOE_PLACE, password)?,
    };
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (who, data, sealed) = (who.clone(), data.clone(), sealed.clone());
            Box::pin(async move { change_service(tx, &who, now, id, &data, &sealed).await })
        })
        .await?;
    state.work_bell.notify_waiters();
    Ok(())
}

async fn change_service(
    tx: &mut Tx,
    who: &Who,
    now: DateTime<Utc>,
    id: i64,
    data: &ServiceData,
    sealed: &str,
) -> Result<()> {
    let before: Before =
        tx.opt(SERVICE, args![id]).await?.ok_or_else(|| Error::NotFound("Layanan itu tidak ada.".to_owned()))?;
    let moved = before.router_id != data.router_id || before.pppoe_username != data.pppoe_username;
    let router = match data.router_id {
        Some(router_id) => named(tx, ROUTER_NAME, router_id, "router_id", "Pilih router dari daftar.").await?,
        None => String::new(),
    };
    let collector = match data.collector_id {
        Some(staff_id) if data.collector_id != before.collector_id => {
            named(tx, STAFF_NAME, staff_id, "collector_id", "Pilih kolektor dari daftar.").await?
        }
        None if before.collector_id.is_some() => String::new(),
        _ => before.collector.clone(),
    };
    if moved {
        check_account(tx, id, &before, data, sealed).await?;
    }
    let place = |lat, lng| super::place::place_words(lat, lng);
    let until = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let (old, new) = differences(&[
        ("Wilayah", before.area.clone(), data.area.clone()),
        ("Kolektor", before.collector.clone(), collector.clone()),
        ("Jatuh tempo", before.due_day.to_string(), data.due_day.to_string()),
        ("Router", before.router.clone(), router),
        ("Akun PPPoE", before.pppoe_username.clone(), data.pppoe_username.clone()),
        ("Kata sandi PPPoE", String::new(), if sealed.is_empty() { String::new() } else { "diganti".to_owned() }),
        ("Jangan isolir", before.never_isolate.clone(), data.never_isolate.clone()),
        ("Jangan isolir sampai", until(before.never_isolate_until), until(data.never_isolate_until)),
        (
            "Letak",
            place(before.lat_e6, before.lng_e6),
            place(data.place.map(|place| place.0), data.place.map(|place| place.1)),
        ),
    ]);
    if old == new {
        return Ok(());
    }
    let values = args![
        id,
        &data.area,
        data.collector_id,
        collector,
        data.due_day,
        data.router_id,
        &data.pppoe_username,
        sealed,
        &data.never_isolate,
        data.never_isolate_until,
        data.place.map(|place| place.0),
        data.place.map(|place| place.1)
    ];
    tx.exec_one(UPDATE_SERVICE, values).await?;
    if !data.area.is_empty() {
        tx.exec(ADD_AREA, args![&data.area, now]).await?;
    }
    if moved {
        move_account(tx, now, id, &before, data).await?;
    }
    audit::record(tx, who, now, "service.change", &format!("service:{id}"), &old, &new).await
}

async fn named(tx: &mut Tx, sql: crate::server::db::Sql, id: i64, field: &str, problem: &str) -> Result<String> {
    let found: Option<(String,)> = tx.opt(sql, args![id]).await?;
    found.map(|row| row.0).ok_or_else(|| Error::invalid(field, problem))
}

async fn check_account(tx: &mut Tx, id: i64, before: &Before, data: &ServiceData, sealed: &str) -> Result<()> {
    let Some(router_id) = data.router_id else { return Ok(()) };
    if data.pppoe_username.is_empty() {
        return Err(Error::invalid("pppoe_username", "Isi nama PPPoE; router mengenal pelanggan dari nama itu."));
    }
    let taken: Option<(String,)> = tx.opt(ACCOUNT_TAKEN, args![router_id, &data.pppoe_username, id]).await?;
    if let Some((other,)) = taken {
        return Err(Error::invalid(
            "pppoe_username",
            format!("Nama PPPoE {} sudah dipakai layanan {other} di router itu. Pilih nama lain.", data.pppoe_username),
        ));
    }
    let runs = matches!(before.stage.as_str(), "aktif" | "siap_dicabut");
    if runs && sealed.is_empty() && before.pppoe_password_sealed.is_empty() {
        return Err(Error::invalid(
            "pppoe_password",
            "Kata sandi PPPoE layanan ini tidak tersimpan. Isi, agar akun barunya dapat dibuat di router.",
        ));
    }
    Ok(())
}

/// The old account is disabled where it was, the new one made where it shall be: both routers are told.
async fn move_account(tx: &mut Tx, now: DateTime<Utc>, id: i64, before: &Before, data: &ServiceData) -> Result<()> {
    tx.exec_one(UNSEEN, args![id]).await?;
    let was_there = !matches!(before.stage.as_str(), "calon" | "menunggu_pemasangan");
    if let Some(old) = before.router_id.filter(|_| was_there && !before.pppoe_username.is_empty()) {
        tx.exec(LEAVE_BEHIND, args![old, id, &before.pppoe_username, now]).await?;
        work::enqueue(tx, &Job::SyncRouter { router_id: old }, now, now).await?;
    }
    if let Some(new) = data.router_id {
        tx.exec(TAKEN_UP, args![new, &data.pppoe_username, now]).await?;
        work::enqueue(tx, &Job::SyncRouter { router_id: new }, now, now).await?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "edit_tests.rs"]
mod tests;
