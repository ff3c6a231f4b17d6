//! Which services Ubah massal is about, and how its form becomes a change.

use super::{BulkStart, BulkView, BulkWish};
use crate::app::admin::customers::CustomerFilter;
use crate::app::admin::customers::query::{choices, conditions, matching};
use crate::app::admin::install::checks::{date_of, due_day_of, text_of};
use crate::app::text;
use crate::server::customers::bulk::{self, What, Wish};
use crate::server::error::{Error, Result};
use crate::server::guard::Asked;
use crate::{args, bills_now, found_by, in_scope, owed_now, sql};

sql!(IDS = concat!("SELECT s.service_id ", matching!(), " ORDER BY s.service_id LIMIT $13"));

/// The ticked ones, or all that the filter finds; one more than can be changed, so that too many are noticed.
async fn ids(asked: &Asked, filter: &CustomerFilter, chosen: Vec<i64>) -> Result<Vec<i64>> {
    if !chosen.is_empty() {
        let mut chosen = chosen;
        chosen.sort_unstable();
        chosen.dedup();
        return Ok(chosen);
    }
    let mut values = conditions(asked, filter);
    values.extend(args![i64::try_from(bulk::SERVICES_MAX).unwrap_or(i64::MAX - 1) + 1]);
    Ok(asked.app.db.all::<(i64,)>(IDS, values).await?.into_iter().map(|row| row.0).collect())
}

/// What the form offers.
pub async fn start(asked: &Asked, filter: CustomerFilter, chosen: Vec<i64>) -> Result<BulkStart> {
    let offered = choices(asked).await?;
    Ok(BulkStart {
        total: i64::try_from(ids(asked, &filter, chosen).await?.len()).unwrap_or(i64::MAX),
        request_id: hex::encode(crate::server::secrets::random_bytes::<16>()?),
        areas: offered.areas,
        collectors: offered.collectors,
        packages: offered.packages,
    })
}

fn what_of(asked: &Asked, wish: &BulkWish) -> Result<What> {
    let id = || wish.value.trim().parse::<i64>().map_err(|_| Error::invalid("value", "Pilih dari daftar."));
    Ok(match wish.what.as_str() {
        "area" => What::Area(text_of("value", "Wilayah", &wish.value, 100)?),
        "collector" if wish.value.is_empty() => What::Collector(None),
        "collector" => What::Collector(Some(id()?)),
        "due_day" => What::DueDay(due_day_of(&wish.value)?),
        "package" => {
            let reason = text_of("more", "Alasan", &wish.more, 200)?;
            if reason.is_empty() {
                return Err(Error::invalid("more", "Tulis alasannya."));
            }
            What::Package(id()?, reason)
        }
        "never_isolate" => {
            let until = date_of("more", &wish.more, asked.app.clock.today())?;
            What::NeverIsolate(text_of("value", "Alasan", &wish.value, 200)?, until)
        }
        _ => return Err(Error::invalid("what", "Pilih yang diubah.")),
    })
}

/// Shows or does it.
pub async fn run(asked: &Asked, wish: BulkWish) -> Result<BulkView> {
    if !(16..=64).contains(&wish.request_id.len()) || !wish.request_id.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Error::invalid("request_id", "Muat ulang halaman ini, lalu isi kembali."));
    }
    let what = what_of(asked, &wish)?;
    let (app, dry) = (&asked.app, wish.dry);
    let ids = ids(asked, &wish.filter, wish.chosen).await?;
    let order = Wish { request_id: wish.request_id, what, ids };
    let report = if dry {
        bulk::preview(app, asked.who.clone(), &order).await?
    } else {
        bulk::run(app, asked.who.clone(), order).await?
    };
    let words = match (dry && !report.already, report.already) {
        (true, _) => format!(
            "{} akan diubah, {} ditolak. Belum ada yang berubah.",
            text::counted(report.done, "layanan"),
            text::count(report.refused)
        ),
        (_, true) => format!("Perubahan ini sudah dijalankan: {}.", text::counted(report.done, "layanan")),
        (_, false) => format!(
            "Selesai: {} diubah, {} ditolak.",
            text::counted(report.done, "layanan"),
            text::count(report.refused)
        ),
    };
    let value = if report.value.is_empty() { "-".to_owned() } else { report.value };
    let rows = report
        .rows
        .into_iter()
        .map(|(name, number, before, problem)| {
            let fine = problem.is_empty();
            (name, number, before, if fine { value.clone() } else { format!("Ditolak: {problem}") }, fine)
        })
        .collect();
    Ok(BulkView { words, done: !dry || report.already, changed: report.done, rows })
}
