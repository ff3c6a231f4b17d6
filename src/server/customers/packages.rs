//! Packages and their dated prices.

use crate::billing::Rupiah;
use crate::server::audit::{self, Who};
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::{args, sql};
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

/// Adds a package; its price holds for all months, past ones too.
pub async fn add(state: &AppState, who: Who, form: PackageForm) -> Result<i64> {
    let (name, profile) = (form.name.trim().to_owned(), form.profile.trim().to_owned());
    if name.is_empty() || name.chars().count() > 100 {
        return Err(Error::invalid("--name", "Nama paket harus diisi, paling banyak 100 huruf."));
    }
    if profile.is_empty() || profile.chars().count() > 100 {
        return Err(Error::invalid("--profile", "Nama profil di router harus diisi, paling banyak 100 huruf."));
    }
    if form.price < Rupiah::ZERO {
        return Err(Error::invalid("--price", "Harga tidak boleh kurang dari nol."));
    }
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
