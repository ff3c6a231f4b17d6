//! Riwayat Pembayaran: what came in, by day, way, receiver and customer; and one payment with what it was used for.

mod detail;
#[cfg(feature = "ssr")]
pub(crate) mod one;
#[cfg(feature = "ssr")]
pub(crate) mod query;

use crate::app::codec::Json;
use crate::app::dto::{Choice, PageInfo};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Empty, FilterForm, Loading, Pager, Problem, Select};
pub use detail::{PaymentPage, Print};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};

/// What the URL says about the list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentFilter {
    /// Name, number, telephone or receipt.
    pub q: String,
    /// First day, as typed; empty: the first of this month, or everything where a text is searched.
    pub from: String,
    /// Last day, as typed.
    pub to: String,
    /// `cash`, `transfer` or `gateway`.
    pub method: String,
    /// Who received it.
    pub receiver: String,
    /// Page, from 1.
    pub page: i64,
}

impl PaymentFilter {
    /// Reads the URL.
    pub fn of(map: &ParamsMap) -> Self {
        let get = |key: &str| map.get(key).unwrap_or_default();
        Self {
            q: get("q"),
            from: get("from"),
            to: get("to"),
            method: get("method"),
            receiver: get("receiver"),
            page: get("page").parse().unwrap_or(1),
        }
    }
}

/// A payment in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRow {
    /// The payment.
    pub id: i64,
    /// Its receipt.
    pub receipt: String,
    /// The customer.
    pub customer_id: i64,
    /// His name.
    pub name: String,
    /// Service number.
    pub number: String,
    /// Day it was received.
    pub day: String,
    /// `Tunai`, `Transfer`, `QRIS`.
    pub method: String,
    /// Who received it.
    pub receiver: String,
    /// Formatted.
    pub amount: String,
    /// Whether it was taken back.
    pub reversed: bool,
}

/// A page of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentList {
    /// Whether the list may be taken as a file.
    pub may_export: bool,
    /// The text finds too many services: nothing was read.
    pub too_many: bool,
    /// Its rows, the newest first.
    pub rows: Vec<PaymentRow>,
    /// Where it stands.
    pub info: PageInfo,
    /// The days that it covers, in words.
    pub days: String,
    /// Sum of all pages, formatted.
    pub sum: String,
    /// Sums by way: word and amount.
    pub ways: Vec<(String, String)>,
    /// Receivers of these days.
    pub receivers: Vec<Choice>,
}

/// A bill that a payment paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedFor {
    /// The bill.
    pub invoice_id: i64,
    /// Its number.
    pub number: String,
    /// Month, in words.
    pub period: String,
    /// What it got, formatted.
    pub amount: String,
}

/// One payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentView {
    /// The payment.
    pub id: i64,
    /// Its receipt.
    pub receipt: String,
    /// The customer.
    pub customer_id: i64,
    /// His name.
    pub name: String,
    /// Service number.
    pub number: String,
    /// Package.
    pub package: String,
    /// Formatted.
    pub amount: String,
    /// In words of numbers.
    pub spelled: String,
    /// `Tunai`, `Transfer`, `QRIS`.
    pub method: String,
    /// The bank's or the gateway's reference.
    pub reference: String,
    /// A note.
    pub note: String,
    /// Day it was received.
    pub day: String,
    /// When it was recorded.
    pub at: String,
    /// Who received it.
    pub receiver: String,
    /// What it paid.
    pub used_for: Vec<UsedFor>,
    /// What of it is Saldo, formatted; empty when nothing.
    pub saldo: String,
    /// How often its receipt was printed.
    pub prints: i64,
    /// Link that opens WhatsApp with the receipt as text; empty without a telephone.
    pub whatsapp: String,
    /// Whether he may take it back.
    pub may_reverse: bool,
    /// That it was taken back, when, why and by whom; empty while it stands.
    pub reversal: String,
    /// Whether it is money, with a receipt to print.
    pub money: bool,
}

/// A page of payments.
#[server(prefix = "/api/admin", endpoint = "payment/list", input = Json, output = Json)]
pub async fn list_payments(filter: PaymentFilter) -> Result<PaymentList, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewInvoices).await?;
    Ok(query::list(&asked, filter).await?)
}

/// One payment.
#[server(prefix = "/api/admin", endpoint = "payment/view", input = Json, output = Json)]
pub async fn view_payment(id: i64) -> Result<PaymentView, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewInvoices).await?;
    Ok(one::view(&asked, id).await?)
}

/// The page.
#[component]
pub fn PaymentsPage() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| PaymentFilter::of(&query.read()));
    let data = Resource::new(move || filter.get(), list_payments);
    view! {
        <Title text=text::PAYMENTS />
        <div class="title"><h1>{text::PAYMENTS}</h1></div>
        <section class="panel">
            <Transition fallback=Loading>
                {move || Suspend::new(async move {
                    let now = filter.get_untracked();
                    match data.await {
                        Ok(list) => view! { <Filters now receivers=list.receivers.clone() /><Rows list /> }.into_any(),
                        Err(error) => view! { <Filters now receivers=Vec::new() /><div class="pad"><Problem error /></div> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

#[component]
fn Filters(now: PaymentFilter, receivers: Vec<Choice>) -> impl IntoView {
    let ways =
        vec![Choice::new("cash", "Tunai"), Choice::new("transfer", "Transfer"), Choice::new("gateway", "Bayar online")];
    view! {
        <FilterForm action="/admin/pembayaran">
            <div class="filters">
                <div class="field wide"><label for="q">"Nama, nomor, telepon, kuitansi"</label><input id="q" name="q" type="search" value=now.q /></div>
                <div class="field"><label for="from">"Dari tanggal"</label><input id="from" name="from" type="text" inputmode="numeric" placeholder="1/1/2026" value=now.from /></div>
                <div class="field"><label for="to">"Sampai tanggal"</label><input id="to" name="to" type="text" inputmode="numeric" value=now.to /></div>
                <Select label="Cara bayar" name="method" choices=ways chosen=now.method />
                <Select label="Penerima" name="receiver" choices=receivers chosen=now.receiver />
                <div class="row">
                    <button class="btn main" type="submit">{text::SEARCH_BUTTON}</button>
                    <a class="link row" href="/admin/pembayaran">{text::CLEAR}</a>
                </div>
            </div>
        </FilterForm>
    }
}

#[component]
fn Rows(list: PaymentList) -> impl IntoView {
    let ways = list
        .ways
        .into_iter()
        .map(|(word, amount)| view! { <span>{word} " " <b>{amount}</b></span> })
        .collect::<Vec<_>>();
    let file = format!("/admin/pembayaran.xlsx{}", use_query_map().read_untracked().to_query_string());
    let sums = view! {
        <p class="sums">
            <span><b>{text::count(list.info.total)}</b>" pembayaran, "{list.days}</span>
            <span>"Jumlah "<b>{list.sum}</b></span>
            {ways}
            {list.may_export.then(|| view! { <a href=file rel="external" download="pembayaran.xlsx">"Unduh Excel"</a> })}
        </p>
    };
    if list.too_many {
        return view! { <Empty title=text::TOO_MANY hint=text::TOO_MANY_HINT /> }.into_any();
    }
    if list.rows.is_empty() {
        return view! { {sums}<Empty title="Tidak ada pembayaran yang cocok." hint="Ubah tanggal atau saringannya." /> }
            .into_any();
    }
    let rows = list
        .rows
        .into_iter()
        .map(|row| view! {
            <tr>
                <td><a class="strong num" href=format!("/admin/pembayaran/{}", row.id)>{row.receipt}</a><span class="sub num">{row.day.clone()}{row.reversed.then_some(" · Dibatalkan")}</span></td>
                <td><a href=format!("/admin/pelanggan/{}", row.customer_id)>{row.name}</a><span class="sub num">{row.number}</span></td>
                <td class="hide-s">{row.method}</td>
                <td class="hide-s">{row.receiver}</td>
                <td class="num">{row.amount}</td>
            </tr>
        })
        .collect::<Vec<_>>();
    view! {
        {sums}
        <div class="scroll" tabindex="0" role="group" aria-label="Tabel"><table>
            <thead><tr><th scope="col">"Kuitansi"</th><th scope="col">"Pelanggan"</th><th scope="col" class="hide-s">"Cara bayar"</th><th scope="col" class="hide-s">"Penerima"</th><th scope="col" class="num">"Jumlah"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
        <Pager info=list.info />
    }
    .into_any()
}
