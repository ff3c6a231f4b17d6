//! Terima Pembayaran: find the customer, see what is owed, type the money, get the receipt. The form carries an id made
//! on the server, so sending it twice is one payment.

mod form;
#[cfg(feature = "ssr")]
mod query;

use crate::app::admin::search::{CustomerHit, find_customers};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Loading, Problem};
use form::PayForm;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use server_fn::codec::Json;

/// An open bill that can be paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenBill {
    /// The bill.
    pub id: i64,
    /// Its number.
    pub number: String,
    /// Month.
    pub period: String,
    /// Due day, and whether it is past.
    pub due: String,
    /// Left to pay, in rupiah.
    pub left: i64,
    /// Left to pay, formatted.
    pub left_words: String,
    /// Whether it is ticked at first: its month has begun.
    pub begun: bool,
}

/// What the form starts from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayStart {
    /// The service.
    pub service_id: i64,
    /// The customer.
    pub customer_id: i64,
    /// His name.
    pub name: String,
    /// Number of the service.
    pub number: String,
    /// Telephone.
    pub phone: String,
    /// Package.
    pub package: String,
    /// Open bills, in the order they must be paid.
    pub bills: Vec<OpenBill>,
    /// Saldo, formatted; empty when none.
    pub saldo: String,
    /// `15/01/2026`.
    pub today: String,
    /// Id of this form.
    pub request_id: String,
}

/// A payment as the cashier recorded it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayWish {
    /// The service.
    pub service_id: i64,
    /// Id of the form.
    pub request_id: String,
    /// `cash` or `transfer`.
    pub method: String,
    /// Rupiah handed over.
    pub received: i64,
    /// Rupiah of it that is kept: the rest was given back.
    pub amount: i64,
    /// Bills that were ticked.
    pub chosen: Vec<i64>,
    /// Day of receipt, as typed.
    pub received_on: String,
    /// The bank's reference.
    pub reference: String,
    /// A note.
    pub note: String,
}

/// A receipt for the screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptView {
    /// `KW/2026/01/000001`.
    pub receipt: String,
    /// Kept, formatted.
    pub amount: String,
    /// Given back, formatted; empty when nothing.
    pub change: String,
    /// Bills it paid: id, number, amount formatted.
    pub used_for: Vec<(i64, String, String)>,
    /// What of it became Saldo, formatted; empty when nothing.
    pub saldo: String,
    /// Whether it had been recorded before.
    pub already: bool,
}

/// What is owed for a service, and a fresh form id.
#[server(prefix = "/api/admin", endpoint = "payment/start", input = Json)]
pub async fn start_payment(service_id: i64) -> Result<PayStart, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::RecordPayment).await?;
    Ok(query::start(&asked.app, service_id).await?)
}

/// Records a payment.
#[server(prefix = "/api/admin", endpoint = "payment/record", input = Json)]
pub async fn record_payment(wish: PayWish) -> Result<ReceiptView, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::RecordPayment).await?;
    let may_backdate = asked.staff.may(Permission::BackdatePayment);
    Ok(query::record(&asked.app, asked.who, wish, may_backdate).await?)
}

/// The page.
#[component]
pub fn ReceivePage() -> impl IntoView {
    let query = use_query_map();
    let service = Memo::new(move |_| query.read().get("layanan").and_then(|id| id.parse::<i64>().ok()));
    let bill = move || query.read_untracked().get("tagihan").and_then(|id| id.parse::<i64>().ok());
    view! {
        <Title text=text::RECEIVE />
        <div class="title"><h1>{text::RECEIVE}</h1></div>
        {move || match service.get() {
            None => view! { <Find /> }.into_any(),
            Some(id) => view! { <Chosen id bill=bill() /> }.into_any(),
        }}
    }
}

#[component]
fn Chosen(id: i64, bill: Option<i64>) -> impl IntoView {
    let data = Resource::new(move || id, start_payment);
    view! {
        <Suspense fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(start) => view! { <PayForm start bill again=Callback::new(move |()| data.refetch()) /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Suspense>
    }
}

/// The first step: who pays.
#[component]
fn Find() -> impl IntoView {
    let query = use_query_map();
    let text = Memo::new(move |_| query.read().get("cari").unwrap_or_default());
    let found = Resource::new(
        move || text.get(),
        |text| async move { if text.trim().chars().count() < 2 { Ok(None) } else { find_customers(text).await.map(Some) } },
    );
    view! {
        <section class="panel">
            <leptos_router::components::Form method="GET" action="/admin/terima">
                <div class="filters">
                    <div class="field wide">
                        <label for="cari-bayar">"Siapa yang membayar?"</label>
                        <input id="cari-bayar" name="cari" type="search" autofocus placeholder=text::SEARCH value=text.get_untracked() prop:value=move || text.get() />
                    </div>
                    <button class="btn main" type="submit">{text::SEARCH_BUTTON}</button>
                </div>
            </leptos_router::components::Form>
            <Transition fallback=Loading>
                {move || Suspend::new(async move {
                    match found.await {
                        Ok(None) => view! { <p class="pad mute">"Ketik nama, nomor layanan, atau nomor telepon pelanggan."</p> }.into_any(),
                        Ok(Some(hits)) => view! { <Hits hits /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

#[component]
fn Hits(hits: Vec<CustomerHit>) -> impl IntoView {
    if hits.is_empty() {
        return view! { <p class="pad">"Tidak ada pelanggan yang cocok. Coba sebagian nama, atau nomor teleponnya."</p> }
            .into_any();
    }
    let rows = hits
        .into_iter()
        .map(|hit| {
            let href = format!("/admin/terima?layanan={}", hit.service_id);
            let owed = if hit.owed.is_empty() { "Lunas".to_owned() } else { hit.owed };
            view! {
                <tr>
                    <td><a class="strong" href=href>{hit.name}</a><span class="sub num">{hit.number} " · " {hit.phone}</span></td>
                    <td class="num">{owed}</td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <table>
            <thead><tr><th scope="col">"Pelanggan"</th><th scope="col" class="num">"Belum dibayar"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}
