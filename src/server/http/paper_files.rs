//! Papers as files: bills and receipts as PDF, a month of bills with its progress, Kartu Piutang, all open bills on one sheet.

use super::download::{PDF, XLSX, download};
use super::pages::problem;
use super::papers::POLICY;
use crate::app::admin::invoices::{self, InvoiceFilter};
use crate::app::admin::payments::one::{Found, printed};
use crate::app::admin::payments::{self, PaymentFilter};
use crate::app::text;
use crate::billing::Period;
use crate::server::checks::filter_day;
use crate::server::documents::bills::{self, Reader};
use crate::server::documents::month::{Months, State as Making};
use crate::server::documents::sender::sender;
use crate::server::documents::several::Several;
use crate::server::documents::statement::Statement;
use crate::server::documents::{file, receipt, sheet};
use crate::server::error::{Error, Result};
use crate::server::guard::{Asked, Permission, guard_export, guard_parts};
use crate::server::state::AppState;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Extension, Path, Query, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, HeaderValue};
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use chrono::{Datelike, NaiveDate};
use html_escape::encode_text as safe;
use serde::Deserialize;
use std::io::{self, BufWriter, Write};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tower::ServiceExt;
use tower_http::services::ServeFile;

/// Bills that are sent at once; more are made in the background first.
const AT_ONCE: i64 = 200;
/// Bytes sent at a time.
const BLOCK: usize = 64 * 1024;

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/admin/tagihan/{id}/pdf", get(bill))
        .route("/admin/tagihan.pdf", get(month))
        .route("/admin/tagihan.xlsx", get(bills_sheet))
        .route("/admin/pembayaran.xlsx", get(payments_sheet))
        .route("/admin/tagihan/cetak", get(month_page))
        .route("/admin/tagihan/cetak/unduh", get(month_file))
        .route("/admin/kwitansi/{id}/pdf", get(receipt_file))
        .route("/admin/pelanggan/{id}/kartu.pdf", get(statement_pdf))
        .route("/admin/pelanggan/{id}/kartu.xlsx", get(statement_xlsx))
        .route("/admin/pelanggan/{id}/tagihan.pdf", get(several))
        .layer(Extension(Months::default()))
}

/// A PDF that the browser shows.
fn pdf(name: &str, body: impl Into<Body>) -> Response {
    download(name, PDF, "inline", body)
}

async fn bill(State(app): State<AppState>, Path(id): Path<i64>, parts: Parts) -> Response {
    let result = async {
        let asked = guard_parts(&app, &parts, Permission::ViewInvoices).await?;
        let (service, paper) = bills::paper_of(&asked.app, id, Reader::Office).await?;
        asked.reaches_service(service).await?;
        let number = paper.number.clone();
        Ok(pdf(&number, bills::pdf(&asked.app, paper).await?))
    };
    result.await.unwrap_or_else(problem)
}

/// What the address may say of a list; a page, if any, does not count.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Wish {
    q: String,
    period: String,
    status: String,
    sort: String,
    from: String,
    to: String,
    method: String,
    receiver: String,
}

async fn bills_sheet(State(app): State<AppState>, Query(wish): Query<Wish>, parts: Parts) -> Response {
    let result = async {
        let asked = guard_export(&app, &parts, Permission::ViewInvoices).await?;
        let Wish { q, period, status, sort, .. } = wish;
        let filter = InvoiceFilter { q, period, status, sort, page: 1 };
        let bytes = sheet::file("Tagihan", invoices::query::table(&asked, &filter).await?).await?;
        Ok(download("tagihan", XLSX, "attachment", bytes))
    };
    result.await.unwrap_or_else(problem)
}

async fn payments_sheet(State(app): State<AppState>, Query(wish): Query<Wish>, parts: Parts) -> Response {
    let result = async {
        let asked = guard_export(&app, &parts, Permission::ViewInvoices).await?;
        let Wish { q, from, to, method, receiver, .. } = wish;
        let filter = PaymentFilter { q, from, to, method, receiver, page: 1 };
        let bytes = sheet::file("Pembayaran", payments::query::table(&asked, &filter).await?).await?;
        Ok(download("pembayaran", XLSX, "attachment", bytes))
    };
    result.await.unwrap_or_else(problem)
}

async fn receipt_file(State(app): State<AppState>, Path(id): Path<i64>, parts: Parts) -> Response {
    let result = async {
        let asked = guard_parts(&app, &parts, Permission::ViewInvoices).await?;
        let found = Found::read(&asked.app, id).await?;
        asked.reaches_service(found.service()).await?;
        let (number, bytes) = receipt_pdf(&asked.app, &found, &asked.who.name, Reader::Office).await?;
        Ok(pdf(&number, bytes))
    };
    result.await.unwrap_or_else(problem)
}

/// The receipt of a payment as PDF, with its number. Counted as a print by `who`, as the receipts for rolls are.
pub(super) async fn receipt_pdf(app: &AppState, found: &Found, who: &str, reader: Reader) -> Result<(String, Vec<u8>)> {
    let before = printed(app, who, found.id()).await?;
    let duty = app.settings().await?.flag("receipt.meterai");
    let paper = found.paper(before > 0, duty, reader);
    let number = paper.number.clone();
    let bytes = file(number.clone(), sender(app).await?, move |sender| receipt::pages(sender, &paper)).await?;
    Ok((number, bytes))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Days {
    from: String,
    to: String,
}

/// The statement between the days that were typed: by default this year until today.
async fn statement(app: &AppState, parts: &Parts, id: i64, days: &Days) -> Result<(Asked, Statement)> {
    let asked = guard_parts(app, parts, Permission::ViewInvoices).await?;
    asked.reaches_customer(id).await?;
    let today = app.clock.today();
    let read = |field: &str, typed: &str, otherwise: NaiveDate| filter_day(field, typed, today, otherwise);
    let begin = NaiveDate::from_ymd_opt(today.year(), 1, 1).unwrap_or(today);
    let (from, to) = (read("from", &days.from, begin)?, read("to", &days.to, today)?);
    let statement = Statement::read(app, id, from, to).await?;
    Ok((asked, statement))
}

fn statement_name(statement: &Statement) -> String {
    format!("kartu-piutang-{}-{}", statement.payer.first().map_or("", String::as_str), statement.to)
}

async fn statement_pdf(
    State(app): State<AppState>,
    Path(id): Path<i64>,
    Query(days): Query<Days>,
    parts: Parts,
) -> Response {
    let result = async {
        let (asked, statement) = statement(&app, &parts, id, &days).await?;
        let (name, today) = (statement_name(&statement), app.clock.today());
        let title = format!("Kartu Piutang {}", statement.payer.first().map_or("", String::as_str));
        let bytes = file(title, sender(&asked.app).await?, move |sender| statement.pages(sender, today)).await?;
        Ok(pdf(&name, bytes))
    };
    result.await.unwrap_or_else(problem)
}

async fn statement_xlsx(
    State(app): State<AppState>,
    Path(id): Path<i64>,
    Query(days): Query<Days>,
    parts: Parts,
) -> Response {
    let result = async {
        let (_, statement) = statement(&app, &parts, id, &days).await?;
        let name = statement_name(&statement);
        let bytes = tokio::task::spawn_blocking(move || statement.xlsx()).await;
        let bytes = bytes.map_err(|error| Error::Internal(format!("ekspor: {error}")))??;
        Ok(download(&name, XLSX, "attachment", bytes))
    };
    result.await.unwrap_or_else(problem)
}

async fn several(State(app): State<AppState>, Path(id): Path<i64>, parts: Parts) -> Response {
    let result = async {
        let asked = guard_parts(&app, &parts, Permission::ViewInvoices).await?;
        asked.reaches_customer(id).await?;
        let (several, today) = (Several::read(&app, id).await?, app.clock.today());
        let name = format!("tagihan-{}", several.payer.first().map_or("", String::as_str));
        let bytes = file(name.clone(), sender(&app).await?, move |sender| several.pages(sender, today)).await?;
        Ok(pdf(&name, bytes))
    };
    result.await.unwrap_or_else(problem)
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Month {
    period: String,
    ulang: Option<String>,
}

async fn of_month(app: &AppState, parts: &Parts, month: &Month) -> Result<(Asked, Period, i64)> {
    let asked = guard_export(app, parts, Permission::ViewInvoices).await?;
    let period: Period = month.period.parse().map_err(|_| Error::invalid("period", "Pilih bulannya dahulu."))?;
    let count = bills::count(&asked, period).await?;
    Ok((asked, period, count))
}

/// Blocks of a file on their way to a browser. When the browser is gone, whoever writes learns it and stops.
struct Sending(mpsc::Sender<io::Result<Bytes>>);

impl Write for Sending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "tidak ada lagi yang menerima"))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A month's bills as one PDF, sent while it is made.
async fn month(State(app): State<AppState>, Query(month): Query<Month>, parts: Parts) -> Response {
    let result = async {
        let (asked, period, _) = of_month(&app, &parts, &month).await?;
        let (send, receive) = mpsc::channel(4);
        tokio::spawn(async move {
            let out = BufWriter::with_capacity(BLOCK, Sending(send.clone()));
            if let Err(error) = bills::write_month(&asked, period, out, |_| {}).await {
                tracing::warn!(%error, %period, "a month's bills were not sent to their end");
                // The browser sees a transfer that broke off, not a short file.
                let broken = send.send(Err(io::Error::other("terputus"))).await;
                drop(broken);
            }
        });
        Ok(pdf(&format!("tagihan-{period}"), Body::from_stream(ReceiverStream::new(receive))))
    };
    result.await.unwrap_or_else(problem)
}

/// How far a month's file is. A short one is sent at once. The page asks again by itself; it can be closed and opened again.
async fn month_page(
    State(app): State<AppState>,
    Extension(months): Extension<Months>,
    Query(month): Query<Month>,
    parts: Parts,
) -> Response {
    let result = async {
        let (asked, period, count) = of_month(&app, &parts, &month).await?;
        let here = format!("/admin/tagihan/cetak?period={period}");
        if count <= AT_ONCE {
            return Ok(Redirect::to(&format!("/admin/tagihan.pdf?period={period}")).into_response());
        }
        let making = match months.find(&asked, period).filter(|_| month.ulang.is_none()) {
            Some(making) if !gone(&making.state()) => making,
            _ => {
                months.begin(asked, period, count).await?;
                return Ok(Redirect::to(&here).into_response());
            }
        };
        let (done, total) = (making.done(), making.total);
        let again = format!("<p class=\"screen\"><a href=\"{here}&amp;ulang=1\">Buat ulang</a></p>");
        let (refresh, body) = match making.state() {
            Making::Running => (
                "<meta http-equiv=\"refresh\" content=\"1\">",
                format!(
                    "<p class=\"center\"><progress max=\"{total}\" value=\"{done}\" aria-label=\"Tagihan yang sudah masuk berkas\"></progress></p>\
                     <p class=\"center\" role=\"status\">{} dari {} tagihan</p>\
                     <p class=\"center\">Halaman ini boleh ditutup. Buka lagi kapan saja; pembuatannya jalan terus.</p>",
                    text::count(done),
                    text::count(total)
                ),
            ),
            Making::Ready(_, at) => (
                "",
                format!(
                    "<p class=\"center\" role=\"status\">Selesai: {} tagihan, menurut catatan {}.</p>\
                     <p class=\"screen\"><a href=\"/admin/tagihan/cetak/unduh?period={period}\">Buka PDF</a></p>{again}",
                    text::count(total),
                    safe(&app.clock.words(at))
                ),
            ),
            Making::Failed => (
                "",
                format!(
                    "<p class=\"center\" role=\"alert\">Berkas ini gagal dibuat. Tidak ada yang berubah.</p>{again}"
                ),
            ),
        };
        Ok(progress_page(&format!("Cetak tagihan {}", period.words()), refresh, &body))
    };
    result.await.unwrap_or_else(problem)
}

fn gone(state: &Making) -> bool {
    matches!(state, Making::Ready(path, _) if !path.exists())
}

fn progress_page(title: &str, refresh: &str, body: &str) -> Response {
    let title = safe(title);
    let html = format!(
        "<!DOCTYPE html><html lang=\"id\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">{refresh}\
         <title>{title}</title><link rel=\"icon\" href=\"data:,\"><link rel=\"stylesheet\" href=\"/admin/cetak.css\"></head>\
         <body><main class=\"paper a4\"><h1>{title}</h1>{body}<p class=\"screen\"><a href=\"/admin/tagihan\">Daftar Tagihan</a></p></main></body></html>"
    );
    ([(CONTENT_SECURITY_POLICY, POLICY), (CACHE_CONTROL, "no-store")], Html(html)).into_response()
}

/// The file that was made; a transfer that broke off can go on where it stopped.
async fn month_file(
    State(app): State<AppState>,
    Extension(months): Extension<Months>,
    Query(month): Query<Month>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let result = async {
        let (asked, period, _) = of_month(&app, &parts, &month).await?;
        let path = match months.find(&asked, period).map(|making| making.state()) {
            Some(Making::Ready(path, _)) if path.exists() => path,
            _ => return Ok(Redirect::to(&format!("/admin/tagihan/cetak?period={period}")).into_response()),
        };
        let mut response = match ServeFile::new(path).oneshot(Request::from_parts(parts, body)).await {
            Ok(response) => response.into_response(),
            Err(never) => match never {},
        };
        let name = HeaderValue::from_str(&format!("inline; filename=\"tagihan-{period}.pdf\""));
        response.headers_mut().insert(CONTENT_DISPOSITION, name.map_err(|error| Error::Internal(error.to_string()))?);
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    };
    result.await.unwrap_or_else(problem)
}
