//! Papers that the browser prints by itself: receipts and hand-overs, as plain pages with a style sheet of their own.

use super::pages::problem;
use crate::app::admin::{handover, payments};
use crate::server::error::Result;
use crate::server::guard::{Asked, Permission, guard_parts};
use crate::server::state::AppState;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use html_escape::encode_text as safe;
use serde::Deserialize;

/// A paper runs no script and takes nothing from elsewhere.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new().route("/admin/kwitansi/{id}", get(receipt)).route("/admin/setoran/{id}/cetak", get(handed)).route(
        "/admin/cetak.css",
        get(|| async {
            (
                [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "private, max-age=300")],
                include_str!("../../../style/paper.css"),
            )
        }),
    )
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Width {
    lebar: String,
}

/// Name, address, telephone and logo of the company, as the head of a paper.
pub(super) async fn head(app: &AppState) -> Result<String> {
    let settings = app.settings().await?;
    let logo = match settings.text("company.logo") {
        "" => String::new(),
        version => format!(
            "<img class=\"logo\" src=\"/logo?v={}\" alt=\"\">",
            html_escape::encode_double_quoted_attribute(version)
        ),
    };
    let line =
        |text: &str| if text.is_empty() { String::new() } else { format!("<p class=\"center\">{}</p>", safe(text)) };
    Ok(format!(
        "{logo}<h1>{}</h1>{}{}",
        safe(settings.text("company.name")),
        line(settings.text("company.address")),
        line(settings.text("company.phone"))
    ))
}

/// A whole paper.
pub(super) fn page(title: &str, class: &str, body: &str) -> Response {
    let html = format!(
        "<!DOCTYPE html><html lang=\"id\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{}</title><link rel=\"icon\" href=\"data:,\"><link rel=\"stylesheet\" href=\"/admin/cetak.css\"></head>\
         <body><main class=\"paper {class}\">{body}</main><p class=\"screen\">Cetak dengan Ctrl+P.</p></body></html>",
        safe(title)
    );
    ([(CONTENT_SECURITY_POLICY, POLICY), (CACHE_CONTROL, "no-store")], Html(html)).into_response()
}

fn row(word: &str, value: &str) -> String {
    if value.is_empty() { String::new() } else { format!("<tr><th>{}</th><td>{}</td></tr>", safe(word), safe(value)) }
}

async fn receipt(
    State(app): State<AppState>,
    Path(id): Path<i64>,
    Query(width): Query<Width>,
    parts: Parts,
) -> Response {
    let result = async {
        let asked = guard_parts(&app, &parts, Permission::ViewInvoices).await?;
        receipt_page(&asked, id, &width.lebar).await
    };
    result.await.unwrap_or_else(problem)
}

async fn receipt_page(asked: &Asked, id: i64, width: &str) -> Result<Response> {
    let paid = payments::one::view(asked, id).await?;
    let before = payments::one::printed(&asked.app, &asked.who.name, id).await?;
    let mut copy = if before > 0 { "<p class=\"copy\">SALINAN</p>".to_owned() } else { String::new() };
    if !paid.reversal.is_empty() {
        copy.push_str(&format!("<p class=\"copy\">DIBATALKAN</p><p>{}</p>", safe(&paid.reversal)));
    }
    let mut lines = String::new();
    for used in &paid.used_for {
        lines.push_str(&row(&format!("{} {}", used.period, used.number), &used.amount));
    }
    lines.push_str(&row("Saldo", &paid.saldo));
    let body = format!(
        "{}{copy}<table><tbody class=\"rule\">{}{}{}{}{}{}</tbody></table><p>Dipakai untuk</p><table><tbody class=\"rule\">{lines}</tbody>\
         <tbody class=\"rule sum\">{}</tbody></table><p>Terbilang: {}</p><p class=\"center\">Terima kasih.</p>",
        head(&asked.app).await?,
        row("Kuitansi", &paid.receipt),
        row("Tanggal", &paid.day),
        row("Pelanggan", &paid.name),
        row("Nomor layanan", &paid.number),
        row("Cara bayar", &paid.method),
        row("Penerima", &paid.receiver),
        row("Dibayar", &paid.amount),
        safe(&paid.spelled)
    );
    Ok(page(&paid.receipt, if width == "80" { "lebar80" } else { "lebar58" }, &body))
}

async fn handed(State(app): State<AppState>, Path(id): Path<i64>, parts: Parts) -> Response {
    let result = async {
        let asked = guard_parts(&app, &parts, Permission::HandOver).await?;
        let row_of = handover::query::one(&asked, id).await?;
        let difference = if row_of.difference.is_empty() {
            "tidak ada".to_owned()
        } else {
            format!("{} ({})", row_of.difference, row_of.reason)
        };
        let body = format!(
            "{}<p class=\"center\">Tanda Terima Setoran</p><table><tbody class=\"rule\">{}{}{}{}{}</tbody><tbody class=\"rule sum\">{}</tbody><tbody>{}{}{}{}</tbody></table>\
             <div class=\"signs\"><div>Yang menyerahkan<span>{}</span></div><div>Yang menerima<span>{}</span></div></div>",
            head(&app).await?,
            row("Nomor", &row_of.number),
            row("Diserahkan", &row_of.given_at),
            row("Tas kas", &row_of.bag),
            row("Tujuan", &format!("{} {}", row_of.destination, row_of.reference)),
            row("Isi tas", &row_of.expected),
            row("Disetor", &row_of.counted),
            row("Disimpan untuk kembalian", &row_of.kept),
            row("Selisih", &difference),
            row("Keadaan", &row_of.state.word),
            row("Catatan penerima", &row_of.answer),
            safe(&row_of.given_by),
            safe(if row_of.answered_by.is_empty() { "\u{a0}" } else { &row_of.answered_by })
        );
        Ok(page(&row_of.number, "a4", &body))
    };
    result.await.unwrap_or_else(problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::guard::Role;
    use crate::server::testing::TestApp;

    async fn text(response: Response) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), 1_000_000).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_receipt_is_an_original_once_and_names_are_no_markup() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let package = t.package("Home", 300_000, 1).await;
            let sari = t.service("<b>SARI</b>", package, "2025-06-01").await;
            t.issue("2026-01").await;
            let paid = t.cash(sari, 300_000).await;
            let asked = t.asked(Role::Cashier, 1);
            let first = text(receipt_page(&asked, paid.payment_id, "58").await.unwrap()).await;
            assert!(
                first.contains(&paid.receipt) && first.contains("lebar58") && !first.contains("SALINAN"),
                "{first}"
            );
            assert!(first.contains("&lt;b&gt;SARI") && first.contains("Januari 2026"), "{first}");
            let second = text(receipt_page(&asked, paid.payment_id, "80").await.unwrap()).await;
            assert!(second.contains("lebar80") && !second.contains("SALINAN"), "the other width, in the same sitting");
            t.at("2026-01-15 10:11");
            let later = text(receipt_page(&asked, paid.payment_id, "80").await.unwrap()).await;
            assert!(later.contains("lebar80") && later.contains("SALINAN"));
        }
    }
}
