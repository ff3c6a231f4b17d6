//! Daftar Tagihan: bills by month and status, found, sorted and paged on the server, all of it in the URL.

#[cfg(feature = "ssr")]
mod every;
#[cfg(feature = "ssr")]
pub(crate) mod query;

use crate::app::codec::Json;
use crate::app::dto::{Badge, Choice, PageInfo};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Empty, FilterForm, Loading, Pager, Problem, Select, SortHead, Tag};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};

/// As a period: every month.
pub const EVERY_MONTH: &str = "semua";

/// What the URL says about the list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceFilter {
    /// Name, service number, number of a bill, telephone.
    pub q: String,
    /// `2026-01`; empty is this month, [`EVERY_MONTH`] every one.
    pub period: String,
    /// As `text::INVOICE_STATES` names it; empty is any.
    pub status: String,
    /// Column, with `-` before it when downwards.
    pub sort: String,
    /// Page, from 1.
    pub page: i64,
}

impl InvoiceFilter {
    /// Reads the URL; what it does not say is empty.
    pub fn of(map: &ParamsMap) -> Self {
        let get = |key: &str| map.get(key).unwrap_or_default();
        Self {
            q: get("q"),
            period: get("period"),
            status: get("status"),
            sort: get("sort"),
            page: get("page").parse().unwrap_or(1),
        }
    }
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceRow {
    /// The bill.
    pub id: i64,
    /// Its number.
    pub number: String,
    /// The customer.
    pub customer_id: i64,
    /// His name.
    pub name: String,
    /// Number of the service.
    pub service_number: String,
    /// Month.
    pub period: String,
    /// Due day.
    pub due: String,
    /// Whole, formatted.
    pub total: String,
    /// Left to pay, formatted; empty when nothing.
    pub left: String,
    /// Status.
    pub status: Badge,
}

/// What bills come to together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceSums {
    /// Whole, formatted.
    pub total: String,
    /// Paid of that with money or Saldo, formatted.
    pub paid: String,
    /// Taken off by notes of credit and write-offs, formatted; empty for none.
    pub lowered: String,
    /// Left of that, formatted; cancelled ones left out.
    pub left: String,
}

/// A page of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceList {
    /// Its rows.
    pub rows: Vec<InvoiceRow>,
    /// Where it stands.
    pub info: PageInfo,
    /// The text finds too many services: nothing was read.
    pub too_many: bool,
    /// Whether the asker may issue bills.
    pub may_issue: bool,
    /// Whether the asker may take a whole month as a file.
    pub may_export: bool,
    /// All matching bills together; none where they are those of every month, which are too many to sum.
    pub sums: Option<InvoiceSums>,
    /// Months that have bills, newest first, and every month.
    pub periods: Vec<Choice>,
    /// The month that is shown.
    pub period: String,
}

/// A page of the list.
#[server(prefix = "/api/admin", endpoint = "invoice/list", input = Json, output = Json)]
pub async fn list_invoices(filter: InvoiceFilter) -> Result<InvoiceList, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewInvoices).await?;
    Ok(query::list(&asked, filter).await?)
}

/// The page.
#[component]
pub fn InvoicesPage() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| InvoiceFilter::of(&query.read()));
    let data = Resource::new(move || filter.get(), list_invoices);
    view! {
        <Title text=text::INVOICES />
        <div class="title">
            <h1>{text::INVOICES}</h1>
        </div>
        <section class="panel">
            <Transition fallback=Loading>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(list) => view! { <Whole list filter=filter.get_untracked() /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

#[component]
fn Whole(list: InvoiceList, filter: InvoiceFilter) -> impl IntoView {
    let states: Vec<Choice> = text::INVOICE_STATES.iter().map(|(value, word)| Choice::new(*value, *word)).collect();
    let sort = if filter.sort.is_empty() { "-number".to_owned() } else { filter.sort.clone() };
    // The bills of every month stand in the order of their numbers alone.
    let sortable = list.sums.is_some();
    let head = |label: &'static str, column: &'static str, class: &'static str| {
        if sortable {
            view! { <SortHead label column sort=sort.clone() class /> }.into_any()
        } else {
            view! { <th scope="col" class=class>{label}</th> }.into_any()
        }
    };
    let rows = list
        .rows
        .into_iter()
        .map(|row| {
            view! {
                <tr>
                    <td><a class="num" href=format!("/admin/tagihan/{}", row.id)>{row.number}</a><span class="sub only-s">{row.period.clone()}</span></td>
                    <td><a href=format!("/admin/pelanggan/{}", row.customer_id)>{row.name}</a><span class="sub num">{row.service_number}</span></td>
                    <td class="hide-s">{row.period}</td>
                    <td class="num date hide-s">{row.due}</td>
                    <td class="num">{row.total}<span class="sub only-s"><Tag badge=row.status.clone() /></span></td>
                    <td class="num hide-s">{row.left}</td>
                    <td class="hide-s"><Tag badge=row.status /></td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    let table = if list.too_many {
        view! { <Empty title=text::TOO_MANY hint=text::TOO_MANY_HINT /> }.into_any()
    } else if rows.is_empty() && list.may_issue {
        view! { <Empty title="Tidak ada tagihan yang cocok." hint="Ubah saringan, atau terbitkan tagihan bulan ini." link=(text::ISSUE, "/admin/terbitkan") /> }
            .into_any()
    } else if rows.is_empty() {
        view! { <Empty title="Tidak ada tagihan yang cocok." hint="Ubah saringannya." /> }.into_any()
    } else {
        view! {
            <div class="scroll" tabindex="0" role="group" aria-label="Tabel">
                <table>
                    <thead><tr>
                        <SortHead label="Nomor" column="number" sort=sort.clone() />
                        {head("Pelanggan", "name", "")}
                        <th scope="col" class="hide-s">"Bulan"</th>
                        {head("Jatuh tempo", "due", "hide-s")}
                        {head("Jumlah", "total", "num")}
                        {head("Sisa", "left", "num hide-s")}
                        <th scope="col" class="hide-s">"Status"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <Pager info=list.info />
        }
        .into_any()
    };
    let month = list.period.clone();
    let file = format!("/admin/tagihan.xlsx{}", use_query_map().read_untracked().to_query_string());
    view! {
        <FilterForm action="/admin/tagihan">
            <div class="filters">
                <div class="field wide">
                    <label for="q">"Nama, nomor, telepon"</label>
                    <input id="q" name="q" type="search" value=filter.q />
                </div>
                <Select label="Bulan" name="period" choices=list.periods chosen=list.period all="Bulan ini" />
                <Select label="Status" name="status" choices=states chosen=filter.status />
                <input type="hidden" name="sort" value=filter.sort />
                <div class="row">
                    <button class="btn main" type="submit">{text::SEARCH_BUTTON}</button>
                    <a class="link row" href="/admin/tagihan">{text::CLEAR}</a>
                </div>
            </div>
        </FilterForm>
        <p class="sums">
            <span><b>{list.info.words()}</b>" tagihan"</span>
            {match list.sums {
                Some(sums) => view! {
                    {list.may_export.then(|| view! { <a href=format!("/admin/tagihan/cetak?period={month}") rel="external" target="_blank">"Cetak sebulan (PDF)"</a> <a href=file rel="external" download="tagihan.xlsx">"Unduh Excel"</a> })}
                    <span>"Jumlah "<b>{sums.total}</b></span>
                    <span>"Terkumpul "<b>{sums.paid}</b></span>
                    {(!sums.lowered.is_empty()).then(|| view! { <span>"Nota kredit & hapus piutang "<b>{sums.lowered}</b></span> })}
                    <span>"Belum dibayar "<b>{sums.left}</b></span>
                }.into_any(),
                None => view! { <span>{text::SUMS_OF_A_MONTH}</span> }.into_any(),
            }}
        </p>
        {table}
    }
}
