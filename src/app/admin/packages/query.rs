//! What Paket Internet reads and writes.

use super::{PackageRow, PackageTyped};
use crate::app::admin::words::day;
use crate::app::dto::money;
use crate::billing::{Period, Rupiah};
use crate::server::audit::Who;
use crate::server::customers::packages::{self, PackageForm};
use crate::server::error::{Error, Result};
use crate::server::routers::store;
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::NaiveDate;
use std::collections::BTreeMap;

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    name: String,
    profile: String,
    down_kbps: i64,
    up_kbps: i64,
    duration_months: i64,
    active: bool,
    services: i64,
    price: i64,
}

sql!(PACKAGES = "SELECT p.id, p.name, p.profile, p.down_kbps, p.up_kbps, p.duration_months, p.active, COALESCE(n.services, 0) AS services,
   CAST(COALESCE((SELECT pp.price FROM package_price pp WHERE pp.package_id = p.id AND pp.valid_from <= $1 ORDER BY pp.valid_from DESC LIMIT 1), 0) AS BIGINT) AS price
 FROM package p LEFT JOIN (SELECT package_id, COUNT(*) AS services FROM service GROUP BY package_id) n ON n.package_id = p.id
 ORDER BY p.active DESC, p.name");
sql!(
    LATER_PRICES =
        "SELECT package_id, price, valid_from FROM package_price WHERE valid_from > $1 ORDER BY valid_from DESC"
);
sql!(LACKING = "SELECT p.id, r.name FROM package p CROSS JOIN router r
 WHERE EXISTS (SELECT 1 FROM router_profile f WHERE f.router_id = r.id)
   AND NOT EXISTS (SELECT 1 FROM router_profile f WHERE f.router_id = r.id AND f.name = p.profile) ORDER BY p.id, r.name");
sql!(
    UNREAD = "SELECT COUNT(*) FROM router r WHERE NOT EXISTS (SELECT 1 FROM router_profile f WHERE f.router_id = r.id)"
);

/// `20000` as `20`, `1500` as `1,5`.
fn mbps(kbps: i64) -> String {
    if kbps % 1_000 == 0 {
        (kbps / 1_000).to_string()
    } else {
        format!("{},{}", kbps / 1_000, format!("{:03}", kbps % 1_000).trim_end_matches('0'))
    }
}

/// `20` as 20000 kbit/s, `1,5` as 1500.
fn kbps(typed: &str) -> Option<i64> {
    let text = typed.trim().replace('.', ",");
    if text.is_empty() {
        return Some(0);
    }
    let (whole, part) = text.split_once(',').unwrap_or((&text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 3 || whole.is_empty() {
        return None;
    }
    let part: i64 = format!("{part:0<3}").parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(1_000)?.checked_add(part)
}

/// All packages.
pub async fn list(app: &AppState) -> Result<Vec<PackageRow>> {
    let today = app.clock.today();
    let rows: Vec<Row> = app.db.all(PACKAGES, args![today]).await?;
    let mut later: BTreeMap<i64, (i64, NaiveDate)> = BTreeMap::new();
    for (id, price, from) in app.db.all::<(i64, i64, NaiveDate)>(LATER_PRICES, args![today]).await? {
        later.insert(id, (price, from));
    }
    let mut lacking: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for (id, router) in app.db.all::<(i64, String)>(LACKING, args![]).await? {
        lacking.entry(id).or_default().push(router);
    }
    let read = app.db.number(UNREAD, args![]).await? == 0;
    Ok(rows
        .into_iter()
        .map(|row| PackageRow {
            price: money(row.price),
            later: later
                .get(&row.id)
                .map(|(price, from)| format!("{} mulai {}", money(*price), day(*from)))
                .unwrap_or_default(),
            active: row.active,
            services: row.services,
            lacking: lacking.remove(&row.id).unwrap_or_default().join(", "),
            read,
            form: PackageTyped {
                id: row.id,
                name: row.name,
                price: Rupiah(row.price).digits(),
                profile: row.profile,
                down: mbps(row.down_kbps),
                up: mbps(row.up_kbps),
                months: row.duration_months.to_string(),
                from: "next".to_owned(),
            },
        })
        .collect())
}

/// Adds or changes a package.
pub async fn save(app: &AppState, who: Who, typed: PackageTyped) -> Result<String> {
    let price = Rupiah::parse_input(&typed.price).map_err(|error| Error::invalid("price", error.to_string()))?;
    let speed = |field: &str, text: &str| {
        kbps(text).ok_or_else(|| Error::invalid(field, "Isi kecepatan dalam Mbps, misalnya 20 atau 1,5."))
    };
    let form = PackageForm {
        name: typed.name,
        price,
        profile: typed.profile,
        down_kbps: speed("down_kbps", &typed.down)?,
        up_kbps: speed("up_kbps", &typed.up)?,
        duration_months: typed.months.parse().unwrap_or(0),
    };
    let today = app.clock.today();
    let from = if typed.from == "today" { today } else { Period::of(today).next().first_day() };
    let id = if typed.id == 0 {
        packages::add(app, who, form).await.map_err(|error| match error {
            Error::Conflict(message) => Error::invalid("name", message),
            other => other,
        })?
    } else {
        packages::update(app, who, typed.id, form, from).await?;
        typed.id
    };
    let lacking: Vec<(i64, String)> = app.db.all(LACKING, args![]).await?;
    let lacking: Vec<String> = lacking.into_iter().filter(|row| row.0 == id).map(|row| row.1).collect();
    Ok(if lacking.is_empty() {
        String::new()
    } else {
        format!(
            "Paket tersimpan. Profilnya belum ada di router {}: buat dahulu di sana, lalu tekan Periksa profil sekarang.",
            lacking.join(", ")
        )
    })
}

/// Reads the profiles of every router now, side by side.
pub async fn check_now(app: &AppState) -> Result<String> {
    let routers = store::list(app).await?;
    let probes = routers.iter().map(|router| async move { store::probe(app, router).await.map(|seen| seen.ok()) });
    let seen = futures::future::join_all(probes).await.into_iter().collect::<Result<Vec<bool>>>()?;
    let silent: Vec<&str> =
        routers.iter().zip(&seen).filter(|(_, ok)| !**ok).map(|(router, _)| router.name.as_str()).collect();
    Ok(match (seen.len(), silent.is_empty()) {
        (0, _) => "Belum ada router yang dapat diperiksa.".to_owned(),
        (n, true) => format!("{n} router dibaca."),
        (n, false) => format!("{} dari {n} router dibaca. Tidak menjawab: {}.", n - silent.len(), silent.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::{kbps, mbps};

    #[test]
    fn speeds_are_typed_in_mbps() {
        assert_eq!(kbps("20"), Some(20_000));
        assert_eq!(kbps(" 1,5 "), Some(1_500));
        assert_eq!(kbps("0.512"), Some(512));
        assert_eq!(kbps("cepat"), None);
        assert_eq!(kbps("-1"), None);
        assert_eq!(mbps(20_000), "20");
        assert_eq!(mbps(1_500), "1,5");
        assert_eq!(mbps(512), "0,512");
    }
}
