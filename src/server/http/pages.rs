//! The public pages: an awaited read, a rendered page, plain forms. They work with JavaScript switched off.

use super::{ClientAddress, Site, bill, events, public_papers};
use crate::app::public::{self, BillLine, BillView, LineView, MethodView, PayView};
use crate::billing::Rupiah;
use crate::server::error::{Error, Result};
use crate::server::gateways::attempts::{self, Attempt};
use crate::server::gateways::bills;
use crate::server::gateways::{Provider, methods};
use crate::server::work::{self, Job};
use crate::{args, sql};
use axum::Router;
use axum::extract::{Extension, Path, Query, RawForm, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use std::collections::BTreeSet;

/// Shortest run of digits that `GET /{nomor_layanan}` takes for a number.
const NUMBER_DIGITS_MIN: usize = 8;

/// The routes of the public pages.
pub fn routes() -> Router<Site> {
    Router::new()
        .route("/", get(home))
        .route("/billing", get(billing))
        .route("/billing/{number}", get(billing_of))
        .route("/billing/{number}/{bill}/pdf", get(public_papers::bill))
        .route("/bayar/{reference}/kuitansi.pdf", get(public_papers::receipt))
        .route("/{number}", get(by_number))
        .route("/bayar", post(begin).get(|| async { Redirect::to("/") }))
        .route("/bayar/pilih", get(choose).post(choose))
        .route("/bayar/{reference}", get(pay_page))
        .route("/bayar/{reference}/qris.png", get(super::qr::picture))
        .route("/bayar/{reference}/events", get(events::watch))
        .route("/bayar/{reference}/cek", post(asked))
        .route("/public.css", get(style))
        .route("/pay.js", get(|| asset("text/javascript; charset=utf-8", include_str!("../../../public/pay.js"))))
}

/// The stylesheet of the plain pages.
pub(super) async fn style() -> Response {
    asset("text/css; charset=utf-8", include_str!("../../../style/public.css")).await
}

async fn asset(kind: &'static str, body: &'static str) -> Response {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=300")], body).into_response()
}

/// What a visitor is told when something does not go.
pub(super) fn problem(error: Error) -> Response {
    let api = crate::app::error::ApiError::from(error);
    let title = match api.status() {
        StatusCode::NOT_FOUND => "Tidak ditemukan",
        StatusCode::UNPROCESSABLE_ENTITY | StatusCode::BAD_REQUEST => "Belum dapat diproses",
        StatusCode::TOO_MANY_REQUESTS => "Terlalu sering",
        _ => "Sedang ada gangguan",
    };
    (api.status(), Html(public::message_page(title, &api.to_string()))).into_response()
}

pub(super) async fn company(site: &Site) -> Result<public::Company> {
    let settings = site.app.settings().await?;
    Ok(public::Company {
        name: settings.text("company.name").to_owned(),
        phone: settings.text("company.phone").to_owned(),
        logo: match settings.text("company.logo") {
            "" => String::new(),
            logo => format!("/logo?v={logo}"),
        },
    })
}

async fn home(State(site): State<Site>) -> Response {
    match company(&site).await {
        Ok(company) => Html(public::check_page(&company, "", "")).into_response(),
        Err(error) => problem(error),
    }
}

#[derive(Deserialize)]
struct NumberQuery {
    nomor_layanan: Option<String>,
}

async fn billing(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    Query(query): Query<NumberQuery>,
) -> Response {
    match query.nomor_layanan.as_deref().map(str::trim).filter(|number| !number.is_empty()) {
        Some(number) => show(&site, address, number).await,
        None => home(State(site)).await,
    }
}

async fn billing_of(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    Path(number): Path<String>,
) -> Response {
    show(&site, address, &number).await
}

async fn by_number(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    Path(number): Path<String>,
) -> Response {
    if number.len() >= NUMBER_DIGITS_MIN && number.bytes().all(|b| b.is_ascii_digit()) {
        show(&site, address, &number).await
    } else {
        super::not_found().await
    }
}

/// Tagihan Anda.
async fn show(site: &Site, address: ClientAddress, number: &str) -> Response {
    let key = address.0.to_string();
    if !site.limits.lookup.allows(&key) {
        return problem(Error::TooMany("Terlalu banyak pencarian dari jaringan ini. Coba lagi sebentar.".to_owned()));
    }
    let result = async {
        let company = company(site).await?;
        let Some(found) = site.look_ups.find(number).await? else {
            site.limits.lookup.count(&key);
            let page = public::check_page(
                &company,
                number,
                "Nomor layanan itu tidak ditemukan. Periksa lagi angkanya; nomor layanan ada di pesan tagihan Anda.",
            );
            return Ok((StatusCode::NOT_FOUND, Html(page)).into_response());
        };
        let pieces = bill::explained(&site.app, found.service_id).await?;
        let saldo = bill::saldo(&site.app, found.service_id).await?;
        let others = bill::others_open(&site.app, found.service_id).await?;
        let view = bill_view(site, company, &found, &pieces, saldo, &others)?;
        Ok::<_, Error>(([(CACHE_CONTROL, "no-store")], Html(public::bill_page(&view))).into_response())
    }
    .await;
    result.unwrap_or_else(problem)
}

fn bill_view(
    site: &Site,
    company: public::Company,
    found: &bill::PublicBills,
    pieces: &[bill::Piece],
    saldo: Rupiah,
    others: &[bill::OtherBill],
) -> Result<BillView> {
    let mut open = Vec::new();
    let mut paid = Vec::new();
    for bill in &found.bills {
        let line = BillLine {
            id: site.app.secrets.public_id("invoice", bill.id)?,
            number: bill.number.clone(),
            // What was charged once is called what its line says.
            title: match pieces.iter().find(|piece| bill.kind == "charge" && piece.bill == bill.id) {
                Some(piece) => piece.text.clone(),
                None => bill.words(),
            },
            due: bill.due_words(),
            amount: bill.left.html(),
            next: bill.next,
            overdue: bill.overdue,
            partial: bill.status == "partial",
            why: pieces
                .iter()
                .filter(|piece| piece.bill == bill.id)
                .map(|piece| LineView {
                    text: piece.text.clone(),
                    derivation: piece.derivation.clone(),
                    off: piece.amount < Rupiah::ZERO,
                })
                .collect(),
        };
        if bill.is_open() { open.push(line) } else { paid.push(line) }
    }
    let overdue: Rupiah = found.bills.iter().filter(|bill| bill.overdue).map(|bill| bill.left).sum();
    let all = everything(site, found, others)?;
    let due_now: Rupiah = found.bills.iter().filter(|bill| bill.is_open() && !bill.next).map(|bill| bill.left).sum();
    Ok(BillView {
        company,
        service_number: found.service_number.clone(),
        name: found.name.clone(),
        isolated: found.isolated,
        overdue: if overdue.is_zero() { String::new() } else { overdue.html() },
        total: due_now.html(),
        saldo: if saldo.is_zero() { String::new() } else { saldo.html() },
        nothing_due: due_now.is_zero(),
        open,
        paid,
        all,
    })
}

/// The offer to pay all that has begun at once, of the payer's other services too; none for a single bill.
fn everything(site: &Site, found: &bill::PublicBills, others: &[bill::OtherBill]) -> Result<Option<public::AllView>> {
    let own: Vec<_> = found.bills.iter().filter(|bill| bill.is_open() && !bill.next).collect();
    let count = own.len() + others.len();
    if count < 2 {
        return Ok(None);
    }
    let ids = own.iter().map(|bill| bill.id).chain(others.iter().map(|bill| bill.id));
    let total: Rupiah = own.iter().map(|bill| bill.left).chain(others.iter().map(|bill| Rupiah(bill.left))).sum();
    Ok(Some(public::AllView {
        ids: ids.map(|id| site.app.secrets.public_id("invoice", id)).collect::<Result<_>>()?,
        count: count.to_string(),
        total: total.html(),
        others: others.iter().map(|bill| (bill.words(), Rupiah(bill.left).html())).collect(),
    }))
}

/// The chosen bills of a form: `tagihan=…` once for each.
fn chosen(site: &Site, form: &[u8]) -> Result<(Vec<i64>, Option<String>)> {
    let mut ids = Vec::new();
    let mut method = None;
    for (key, value) in url::form_urlencoded::parse(form) {
        match key.as_ref() {
            "tagihan" => {
                let public: i64 = value.parse().map_err(|_| Error::NotFound("Tagihan tidak ditemukan.".to_owned()))?;
                let id = site.app.secrets.row_id("invoice", public)?;
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
            "metode" => method = Some(value.into_owned()),
            _ => {}
        }
    }
    Ok((ids, method))
}

/// Pilih Cara Bayar.
async fn choose(State(site): State<Site>, RawForm(form): RawForm) -> Response {
    let result = async {
        let (ids, _) = chosen(&site, &form)?;
        // An older bill is paid first; one that was left out is offered together with the newer ones. Of a link for several
        // bills, those that were paid meanwhile fall away.
        let picked = bills::pick(&site.app, &ids).await?;
        let added: Vec<_> =
            picked.bills.iter().filter(|bill| picked.added.contains(&bill.id)).map(|bill| picked.words(bill)).collect();
        let total = Rupiah(picked.bills.iter().map(|bill| bill.left).sum());
        let settings = site.app.settings().await?;
        let mut list = Vec::new();
        for provider in Provider::ALL {
            for method in attempts::enabled_methods(&settings, provider) {
                let minimum = method.minimum(provider);
                list.push(MethodView {
                    code: format!("{}:{}", provider.code(), method.code),
                    name: method.name.to_owned(),
                    group: match method.kind.code() {
                        "virtual_account" => "Transfer ke Virtual Account",
                        "qris" => "QRIS",
                        "retail" => "Bayar tunai di gerai",
                        _ => "Dompet digital",
                    },
                    blocked: if total < minimum { format!("mulai {minimum}") } else { String::new() },
                    fee: "tanpa biaya",
                });
            }
        }
        let view = public::ChooseView {
            company: company(&site).await?,
            service_number: picked.bills.first().map(|bill| bill.service_number.clone()).unwrap_or_default(),
            bills: picked
                .bills
                .iter()
                .map(|bill| site.app.secrets.public_id("invoice", bill.id))
                .collect::<Result<_>>()?,
            added: added.join(", "),
            gone: picked.gone > 0,
            titles: picked.bills.iter().map(|bill| picked.words(bill)).collect::<Vec<_>>().join(", "),
            total: total.html(),
            methods: list,
        };
        Ok(Html(public::choose_page(&view)).into_response())
    }
    .await;
    result.unwrap_or_else(problem)
}

/// Makes the payment number, then shows it.
async fn begin(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    RawForm(form): RawForm,
) -> Response {
    let result = async {
        let key = address.0.to_string();
        if !site.limits.pay.allows(&key) {
            return Err(Error::TooMany(
                "Terlalu banyak nomor pembayaran dibuat. Coba lagi beberapa menit lagi.".to_owned(),
            ));
        }
        site.limits.pay.count(&key);
        let (ids, method) = chosen(&site, &form)?;
        let method = method.ok_or_else(|| Error::Refused("Pilih dahulu cara bayarnya.".to_owned()))?;
        let (gateway, method) = method.split_once(':').unwrap_or(("flip", method.as_str()));
        attempts::begin(&site.app, &ids, gateway, method).await
    }
    .await;
    match result {
        Ok(attempt) => Redirect::to(&format!("/bayar/{}", attempt.reference)).into_response(),
        Err(error) => problem(error),
    }
}

sql!(
    ATTEMPT_RECEIPT = "SELECT p.receipt, p.amount, p.unused, p.at FROM payment p WHERE p.customer_id = $1 AND p.reference = $2 AND p.gateway IS NOT NULL ORDER BY p.id DESC"
);
sql!(
    SERVICE_STATE = "SELECT s.service_number, c.name, s.customer_id FROM service s JOIN customer c ON c.id = s.customer_id WHERE s.id = $1"
);

#[derive(Deserialize)]
struct AskedQuery {
    cek: Option<String>,
}

/// The attempt of a reference; whoever knows it may see it.
pub(super) async fn attempt_of(site: &Site, reference: &str) -> Result<Attempt> {
    attempts::find(&site.app, reference)
        .await?
        .ok_or_else(|| Error::NotFound("Pembayaran itu tidak ditemukan.".to_owned()))
}

/// Selesaikan Pembayaran, and Pembayaran Berhasil.
async fn pay_page(
    State(site): State<Site>,
    Path(reference): Path<String>,
    Query(query): Query<AskedQuery>,
) -> Response {
    let result = async {
        let attempt = attempt_of(&site, &reference).await?;
        let view = pay_view(&site, &attempt, query.cek.is_some()).await?;
        Ok::<_, Error>(([(CACHE_CONTROL, "no-store")], Html(public::pay_page(&view))).into_response())
    }
    .await;
    result.unwrap_or_else(problem)
}

async fn pay_view(site: &Site, attempt: &Attempt, asked: bool) -> Result<PayView> {
    let bills = bills::of_attempt(&site.app, attempt.id).await?;
    let (service_number, name, customer_id): (String, String, i64) =
        site.app.db.one(SERVICE_STATE, args![attempt.service_id]).await?;
    let show = site.app.settings().await?.flag("public.show_names");
    let method = methods::method(&attempt.method);
    let amount = Rupiah(attempt.amount);
    let now = site.app.clock.now();
    let mut receipt: Option<(String, i64, i64, chrono::DateTime<chrono::Utc>)> = None;
    let mut rest = Rupiah::ZERO;
    if attempt.status == "paid" {
        receipt = site.app.db.opt(ATTEMPT_RECEIPT, args![customer_id, &attempt.reference]).await?;
        let numbers: BTreeSet<&str> = bills.iter().map(|bill| bill.service_number.as_str()).collect();
        for number in numbers {
            let found = site.look_ups.find(number).await?;
            let open = found.iter().flat_map(|found| &found.bills).filter(|bill| bill.is_open() && !bill.next);
            rest += open.map(|bill| bill.left).sum();
        }
    }
    Ok(PayView {
        company: company(site).await?,
        reference: attempt.reference.clone(),
        status: attempt.shown_status(now).to_owned(),
        stored_status: attempt.status.clone(),
        asked,
        titles: bills::titles(&bills),
        name: if show { name } else { crate::billing::words::mask_name(&name) },
        bills: bills
            .iter()
            .map(|bill| site.app.secrets.public_id("invoice", bill.invoice_id))
            .collect::<Result<_>>()?,
        service_number: if bills::several(&bills) { String::new() } else { service_number },
        amount: amount.html(),
        amount_plain: attempt.amount.to_string(),
        method: method.map_or_else(|| attempt.method.clone(), |method| method.name.to_owned()),
        code: attempt.payment_code.clone(),
        has_qr: !attempt.qr_string.is_empty(),
        url: if attempt.payment_code.is_empty() && attempt.qr_string.is_empty() {
            attempt.payment_url.clone()
        } else {
            String::new()
        },
        until: site.app.clock.words(attempt.expires_at),
        seconds_left: (attempt.expires_at - now).num_seconds().max(0),
        steps: method.map(|method| method.instructions(&amount.to_string(), &attempt.payment_code)).unwrap_or_default(),
        receipt: receipt.as_ref().map(|row| row.0.clone()).unwrap_or_default(),
        received: receipt.as_ref().map(|row| Rupiah(row.1).html()).unwrap_or_default(),
        saldo: receipt.as_ref().filter(|row| row.2 > 0).map(|row| Rupiah(row.2).html()).unwrap_or_default(),
        paid_at: receipt.as_ref().map(|row| site.app.clock.words(row.3)).unwrap_or_default(),
        rest: if rest.is_zero() { String::new() } else { rest.html() },
        still_isolated: bills.iter().any(|bill| bill.isolated),
    })
}

/// "Saya sudah bayar": the gateway is asked, by a worker.
async fn asked(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    Path(reference): Path<String>,
) -> Response {
    let result = async {
        let key = address.0.to_string();
        if !site.limits.pay.allows(&key) {
            return Err(Error::TooMany(
                "Terlalu sering ditanyakan. Halaman ini berubah sendiri begitu pembayaran masuk.".to_owned(),
            ));
        }
        site.limits.pay.count(&key);
        let attempt = attempt_of(&site, &reference).await?;
        let now = site.app.clock.now();
        let attempt_id = attempt.id;
        site.app
            .db
            .write::<_, Error, _>(move |tx| {
                Box::pin(async move { work::enqueue(tx, &Job::AskAttempt { attempt_id }, now, now).await })
            })
            .await?;
        site.app.work_bell.notify_waiters();
        Ok::<_, Error>(())
    }
    .await;
    match result {
        Ok(()) => Redirect::to(&format!("/bayar/{reference}?cek=1")).into_response(),
        Err(error) => problem(error),
    }
}
