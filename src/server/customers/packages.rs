//! Packages and their dated prices.

use crate::billing::Rupiah;
use crate::server::audit::{self, Who};
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::server::work::{self, Job};
use crate::{args, own_price_of, sql};
use chrono::NaiveDate;

/// A package to be added.
#[derive(Clone, Debug)]
pub struct PackageForm {
    /// Name; unique.
    pub name: String,
    /// Price for its whole duration.
    pub price: Rupiah,
    /// PPP profile on the routers.
    pub profile: String,
    /// Download, kbit/s.
    pub down_kbps: i64,
    /// Upload, kbit/s.
    pub up_kbps: i64,
    /// 1, 3, 6 or 12.
    pub duration_months: i64,
}

sql!(INSERT_PACKAGE = "INSERT INTO package (name, profile, down_kbps, up_kbps, duration_months, created_at) VALUES ($1, $2, $3, $4, $5, $6)
 ON CONFLICT (name) DO NOTHING RETURNING id");
sql!(INSERT_PRICE = "INSERT INTO package_price (package_id, price, valid_from) VALUES ($1, $2, $3)");

/// Widest line that a form takes: 10 Gbit/s.
const KBPS_MAX: i64 = 10_000_000;
/// Dearest package.
pub(super) const PRICE_MAX: i64 = 1_000_000_000;

/// Checks a form; gives its name and profile without spaces around them.
fn check(form: &PackageForm) -> Result<(String, String)> {
    let (name, profile) = (form.name.trim().to_owned(), form.profile.trim().to_owned());
    if name.is_empty() || name.chars().count() > 100 {
        return Err(Error::invalid("name", "Nama paket harus diisi, paling banyak 100 huruf."));
    }
    if profile.is_empty() || profile.chars().count() > 100 || profile.chars().any(char::is_control) {
        return Err(Error::invalid("profile", "Nama profil di router harus diisi, paling banyak 100 huruf."));
    }
    if !(0..=PRICE_MAX).contains(&form.price.0) {
        return Err(Error::invalid("price", "Harga harus antara Rp 0 dan Rp 1.000.000.000."));
    }
    for (field, kbps) in [("down_kbps", form.down_kbps), ("up_kbps", form.up_kbps)] {
        if !(0..=KBPS_MAX).contains(&kbps) {
            return Err(Error::invalid(field, "Kecepatan harus antara 0 dan 10.000 Mbps."));
        }
    }
    if !matches!(form.duration_months, 1 | 3 | 6 | 12) {
        return Err(Error::invalid("duration_months", "Lama paket harus 1, 3, 6, atau 12 bulan."));
    }
    Ok((name, profile))
}

/// Adds a package; its price holds for all months, past ones too.
pub async fn add(state: &AppState, who: Who, form: PackageForm) -> Result<i64> {
    let (name, profile) = check(&form)?;
    let (now, since) = (state.clock.now(), NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (name, profile, form, who) = (name.clone(), profile.clone(), form.clone(), who.clone());
            Box::pin(async move {
                let values = args![&name, &profile, form.down_kbps, form.up_kbps, form.duration_months, now];
                let row: Option<(i64,)> = tx.opt(INSERT_PACKAGE, values).await?;
                let (id,) = row.ok_or_else(|| Error::Conflict(format!("Paket {name} sudah ada.")))?;
                tx.exec_one(INSERT_PRICE, args![id, form.price, since]).await?;
                let after = format!("{name} {} {profile}", form.price);
                audit::record(tx, &who, now, "package.add", &format!("package:{id}"), "", &after).await?;
                Ok(id)
            })
        })
        .await
}

#[derive(sqlx::FromRow)]
struct Standing {
    name: String,
    profile: String,
    down_kbps: i64,
    up_kbps: i64,
    duration_months: i64,
    active: bool,
    services: i64,
    price: i64,
}

impl Standing {
    fn words(&self) -> String {
        format!(
            "{} {} {} {}/{} kbps {} bulan",
            self.name,
            Rupiah(self.price),
            self.profile,
            self.down_kbps,
            self.up_kbps,
            self.duration_months
        )
    }
}

sql!(STANDING = "SELECT p.name, p.profile, p.down_kbps, p.up_kbps, p.duration_months, p.active,
   (SELECT COUNT(*) FROM service s WHERE s.package_id = p.id) AS services,
   CAST(COALESCE((SELECT pp.price FROM package_price pp WHERE pp.package_id = p.id AND pp.valid_from <= $2 ORDER BY pp.valid_from DESC LIMIT 1), 0) AS BIGINT) AS price
 FROM package p WHERE p.id = $1");
sql!(
    CHANGE_PACKAGE =
        "UPDATE package SET name = $2, profile = $3, down_kbps = $4, up_kbps = $5, duration_months = $6 WHERE id = $1"
);
sql!(
    DATED_PRICE = "INSERT INTO package_price (package_id, price, valid_from) VALUES ($1, $2, $3)
 ON CONFLICT (package_id, valid_from) DO UPDATE SET price = excluded.price"
);
// A price that was to come later would undo this one.
sql!(DROP_LATER_PRICES = "DELETE FROM package_price WHERE package_id = $1 AND valid_from > $2");
sql!(
    AFFECTED = concat!(
        "SELECT COUNT(*) FROM service s WHERE s.package_id = $1 AND s.stage <> 'berhenti' AND ",
        own_price_of!("s.id", "$2"),
        " IS NULL"
    )
);
sql!(ROUTERS_OF_PACKAGE = "SELECT DISTINCT router_id FROM service WHERE package_id = $1 AND router_id IS NOT NULL");
sql!(SET_ACTIVE = "UPDATE package SET active = $2 WHERE id = $1");
sql!(PACKAGE_WAITS = "SELECT COUNT(*) FROM service_change WHERE package_id = $1");
sql!(DROP_PRICES = "DELETE FROM package_price WHERE package_id = $1");
sql!(DROP_PACKAGE = "DELETE FROM package WHERE id = $1");

fn gone() -> Error {
    Error::NotFound("Paket itu tidak ada lagi; muat ulang halaman.".to_owned())
}

/// Plans a price of a package from a day on; other planned prices stay. Answers how many services it reaches: those of the
/// package without a price of their own.
///
/// # Errors
/// `NotFound`; `Invalid` beside the field for a negative or absurd price, or a day that is over.
pub async fn plan_price(state: &AppState, who: Who, id: i64, price: Rupiah, from: NaiveDate) -> Result<i64> {
    if price < Rupiah::ZERO || price.0 > PRICE_MAX {
        return Err(Error::invalid("price", "Isi harga yang wajar, nol atau lebih."));
    }
    if from < state.clock.today() {
        return Err(Error::invalid(
            "from",
            "Harga baru berlaku paling cepat hari ini; yang sudah terbit tidak berubah.",
        ));
    }
    let now = state.clock.now();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let who = who.clone();
            Box::pin(async move {
                let before: Standing = tx.opt(STANDING, args![id, from]).await?.ok_or_else(gone)?;
                tx.exec(DATED_PRICE, args![id, price, from]).await?;
                let after = format!("{} {price} mulai {from}", before.name);
                audit::record(tx, &who, now, "package.price", &format!("package:{id}"), &before.words(), &after)
                    .await?;
                Ok(tx.number(AFFECTED, args![id, from]).await?)
            })
        })
        .await
}

/// Changes a package. Another price holds for bills that are issued for days from `price_from` on; bills that were
/// issued stay. Another profile reaches the routers at once.
pub async fn update(state: &AppState, who: Who, id: i64, form: PackageForm, price_from: NaiveDate) -> Result<()> {
    let (name, profile) = check(&form)?;
    let now = state.clock.now();
    let taken = format!("Paket {name} sudah ada; pakai nama lain.");
    let saved = state
        .db
        .write::<_, Error, _>(move |tx| {
            let (name, profile, form, who) = (name.clone(), profile.clone(), form.clone(), who.clone());
            Box::pin(async move {
                let before: Standing = tx.opt(STANDING, args![id, price_from]).await?.ok_or_else(gone)?;
                if before.duration_months != form.duration_months && before.services > 0 {
                    return Err(Error::invalid(
                        "duration_months",
                        format!(
                            "Lama paket tidak dapat diubah karena dipakai {} layanan. Buat paket baru, lalu pindahkan layanannya.",
                            before.services
                        ),
                    ));
                }
                let values = args![id, &name, &profile, form.down_kbps, form.up_kbps, form.duration_months];
                tx.exec_one(CHANGE_PACKAGE, values).await?;
                let mut after = format!("{name} {} {profile} {}/{} kbps {} bulan", form.price, form.down_kbps, form.up_kbps, form.duration_months);
                if before.price != form.price.0 {
                    tx.exec(DATED_PRICE, args![id, form.price, price_from]).await?;
                    tx.exec(DROP_LATER_PRICES, args![id, price_from]).await?;
                    after = format!("{after}, harga mulai {price_from}");
                }
                if before.profile != profile {
                    for (router_id,) in tx.all::<(i64,)>(ROUTERS_OF_PACKAGE, args![id]).await? {
                        work::enqueue(tx, &Job::SyncRouter { router_id }, now, now).await?;
                    }
                }
                audit::record(tx, &who, now, "package.update", &format!("package:{id}"), &before.words(), &after).await
            })
        })
        .await;
    state.work_bell.notify_waiters();
    match saved {
        Err(Error::Db(error)) if error.is_unique_violation() => Err(Error::invalid("name", taken)),
        other => other,
    }
}

/// Offers a package for new services, or no longer. Services that have it keep it.
pub async fn set_active(state: &AppState, who: Who, id: i64, active: bool) -> Result<()> {
    let (now, today) = (state.clock.now(), state.clock.today());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let who = who.clone();
            Box::pin(async move {
                let before: Standing = tx.opt(STANDING, args![id, today]).await?.ok_or_else(gone)?;
                if before.active == active {
                    return Ok(());
                }
                tx.exec_one(SET_ACTIVE, args![id, active]).await?;
                let word = |active: bool| {
                    format!("{} {}", before.name, if active { "ditawarkan" } else { "tidak ditawarkan" })
                };
                let (old, new) = (word(before.active), word(active));
                audit::record(tx, &who, now, "package.active", &format!("package:{id}"), &old, &new).await
            })
        })
        .await
}

/// Removes a package that nothing ever used.
pub async fn remove(state: &AppState, who: Who, id: i64) -> Result<()> {
    let (now, today) = (state.clock.now(), state.clock.today());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let who = who.clone();
            Box::pin(async move {
                let before: Standing = tx.opt(STANDING, args![id, today]).await?.ok_or_else(gone)?;
                if before.services > 0 {
                    return Err(Error::Refused(format!(
                        "Paket {} dipakai {} layanan, jadi tidak dapat dihapus. Nonaktifkan saja agar tidak ditawarkan lagi.",
                        before.name, before.services
                    )));
                }
                if tx.number(PACKAGE_WAITS, args![id]).await? > 0 {
                    return Err(Error::Refused(format!(
                        "Paket {} tercatat pada perubahan paket, jadi tidak dapat dihapus. Nonaktifkan saja.",
                        before.name
                    )));
                }
                tx.exec(DROP_PRICES, args![id]).await?;
                tx.exec_one(DROP_PACKAGE, args![id]).await?;
                audit::record(tx, &who, now, "package.remove", &format!("package:{id}"), &before.words(), "").await
            })
        })
        .await
}

#[cfg(test)]
mod tests;
