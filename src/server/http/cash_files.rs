//! Tunggakan and Kas Harian as spreadsheets, filtered as on the screen; Daftar Tagih as a sheet of paper to tick.

use super::{download, papers};
use crate::app::admin::arrears::{self, ArrearsFilter};
use crate::app::admin::collect::{self, CollectFilter};
use crate::app::admin::daily_cash::{self, DailyFilter};
use crate::server::documents::sheet;
use crate::server::guard::{Permission, guard_export, guard_parts};
use crate::server::state::AppState;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::get;
use html_escape::encode_text as safe;

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/admin/tunggakan.xlsx", get(arrears_file))
        .route("/admin/kas-harian.xlsx", get(daily_file))
        .route("/admin/tagih/cetak", get(collect_paper))
}

/// What the address may say beside the filter's own words: a page is a number, or nothing.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
struct Wish {
    q: String,
    area: String,
    collector: String,
    package: String,
    age: String,
    due: String,
    sort: String,
}

async fn arrears_file(State(app): State<AppState>, Query(wish): Query<Wish>, parts: Parts) -> Response {
    let result = async {
        let asked = guard_export(&app, &parts, Permission::Collect).await?;
        let Wish { q, area, collector, package, age, sort, due: _ } = wish;
        let filter = ArrearsFilter { q, area, collector, package, age, sort, page: 1 };
        sheet::file("Tunggakan", arrears::query::table(&asked, &filter).await?).await
    };
    download::sheet(result.await, "tunggakan")
}

async fn daily_file(State(app): State<AppState>, Query(filter): Query<DailyFilter>, parts: Parts) -> Response {
    let result = async {
        let asked = guard_parts(&app, &parts, Permission::ManageCash).await?;
        sheet::file("Kas Harian", daily_cash::query::table(&asked, &filter).await?).await
    };
    download::sheet(result.await, "kas-harian")
}

async fn collect_paper(State(app): State<AppState>, Query(wish): Query<Wish>, parts: Parts) -> Response {
    let result = async {
        let asked = guard_parts(&app, &parts, Permission::Collect).await?;
        let filter = CollectFilter { q: wish.q, area: wish.area, collector: wish.collector, due: wish.due, page: 1 };
        let (rows, sum) = collect::query::paper(&asked, &filter).await?;
        let mut lines = String::new();
        for row in &rows {
            lines.push_str(&format!(
                "<tr><td class=\"tick\"></td><td>{}<br>{} {}</td><td>{}<br>{}</td><td>{}</td><td>{}</td></tr>",
                safe(&row.name),
                safe(&row.number),
                safe(&row.phone),
                safe(&row.area),
                safe(&row.address),
                safe(&row.due),
                safe(&row.owed)
            ));
        }
        let body = format!(
            "{}<p class=\"center\">Daftar Tagih {} · {} layanan · {}</p><table class=\"list\"><thead><tr><th>Lunas</th><th>Pelanggan</th><th>Alamat</th><th>Tempo</th><th>Belum dibayar</th></tr></thead><tbody>{lines}</tbody></table>",
            papers::head(&app).await?,
            safe(&crate::billing::words::date_short(app.clock.today())),
            rows.len(),
            safe(&sum)
        );
        Ok(papers::page("Daftar Tagih", "a4", &body))
    };
    result.await.unwrap_or_else(super::pages::problem)
}
