//! Daftar Pelanggan: a row a service, found, filtered, sorted and paged on the server, all of it in the URL.

#[cfg(feature = "ssr")]
pub mod export;
#[cfg(feature = "ssr")]
pub(super) mod query;

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

/// What the URL says about the list; everything empty is the whole list by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerFilter {
    /// Name, number or telephone.
    pub q: String,
    /// Stage of the service.
    pub stage: String,
    /// `lunas` or `belum`: whether a bill up to this month is open; `menunggak`: two or more are.
    pub paid: String,
    /// Access, as `text::ACCESSES` names it.
    pub access: String,
    /// Id of a package.
    pub package: String,
    /// Id of a router.
    pub router: String,
    /// Area.
    pub area: String,
    /// Id of a collector.
    pub collector: String,
    /// Column, with `-` before it when downwards.
    pub sort: String,
    /// Page, from 1.
    pub page: i64,
}

impl CustomerFilter {
    /// Reads the URL; what it does not say is empty.
    pub fn of(map: &ParamsMap) -> Self {
        let get = |key: &str| map.get(key).unwrap_or_default();
        Self {
            q: get("q"),
            stage: get("stage"),
            paid: get("paid"),
            access: get("access"),
            package: get("package"),
            router: get("router"),
            area: get("area"),
            collector: get("collector"),
            sort: get("sort"),
            page: get("page").parse().unwrap_or(1),
        }
    }
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerRow {
    /// The customer.
    pub customer_id: i64,
    /// The service.
    pub service_id: i64,
    /// Name.
    pub name: String,
    /// Service number.
    pub number: String,
    /// Telephone.
    pub phone: String,
    /// Package.
    pub package: String,
    /// Area, maybe empty.
    pub area: String,
    /// Router, maybe empty.
    pub router: String,
    /// Due day of the month.
    pub due_day: i64,
    /// Stage.
    pub stage: Badge,
    /// Access.
    pub access: Option<Badge>,
    /// What is owed up to this month, formatted; empty when nothing.
    pub owed: String,
}

/// A page of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerList {
    /// Its rows.
    pub rows: Vec<CustomerRow>,
    /// Where it stands.
    pub info: PageInfo,
    /// What all matching services owe together, formatted.
    pub owed: String,
    /// How many of them owe.
    pub owing: i64,
    /// Whether the reader sees money at all.
    pub sees_money: bool,
    /// Whether he may change many at once.
    pub may_edit: bool,
    /// Whether the asker may take it as a file.
    pub may_export: bool,
    /// Whether the asker may import.
    pub may_import: bool,
}

/// What the filters offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerChoices {
    /// Packages.
    pub packages: Vec<Choice>,
    /// Routers.
    pub routers: Vec<Choice>,
    /// Areas.
    pub areas: Vec<Choice>,
    /// Collectors.
    pub collectors: Vec<Choice>,
}

/// A page of the list.
#[server(prefix = "/api/admin", endpoint = "customer/list", input = Json, output = Json)]
pub async fn list_customers(filter: CustomerFilter) -> Result<CustomerList, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewCustomers).await?;
    Ok(query::list(&asked, filter).await?)
}

/// What the filters offer.
#[server(prefix = "/api/admin", endpoint = "customer/choices", input = Json, output = Json)]
pub async fn read_choices() -> Result<CustomerChoices, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewCustomers).await?;
    Ok(query::choices(&asked).await?)
}

fn choices_of(pairs: &[(&str, &str)]) -> Vec<Choice> {
    pairs.iter().map(|(value, word)| Choice::new(*value, *word)).collect()
}

/// The page.
#[component]
pub fn CustomersPage() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| CustomerFilter::of(&query.read()));
    let data = Resource::new(move || filter.get(), list_customers);
    // The title goes into the head after the page is rendered; by then the page's own signals may be gone on the
    // server. This one lives as long as whoever holds it.
    let title =
        ArcMemo::new(move |_| if filter.read().access == "isolated" { text::ISOLATED } else { text::CUSTOMERS });
    let heading = title.clone();
    view! {
        <Title text=move || title.get() />
        <div class="title">
            <h1>{move || heading.get()}</h1>
        </div>
        <section class="panel">
            <Filters filter />
            <Transition fallback=Loading>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(list) => view! { <Rows list sort=filter.get_untracked().sort /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

#[component]
fn Filters(filter: Memo<CustomerFilter>) -> impl IntoView {
    let choices = Resource::new(|| (), |()| read_choices());
    let paid = vec![
        Choice::new("belum", "Belum Lunas"),
        Choice::new("menunggak", "Menunggak (2 bulan atau lebih)"),
        Choice::new("lunas", "Lunas"),
    ];
    view! {
        <FilterForm action="/admin/pelanggan">
            <div class="filters">
                <div class="field wide">
                    <label for="q">"Nama, nomor, telepon"</label>
                    <input id="q" name="q" type="search" value=filter.get_untracked().q prop:value=move || filter.get().q />
                </div>
                {move || view! { <Select label="Layanan" name="stage" choices=choices_of(text::STAGES) chosen=filter.get().stage /> }}
                {move || view! { <Select label="Pembayaran" name="paid" choices=paid.clone() chosen=filter.get().paid /> }}
                {move || view! { <Select label="Akses" name="access" choices=choices_of(text::ACCESSES) chosen=filter.get().access /> }}
                <Suspense>
                    {move || Suspend::new(async move {
                        let now = filter.get();
                        choices
                            .await
                            .map(|offered| {
                                view! {
                                    <Select label="Paket" name="package" choices=offered.packages chosen=now.package />
                                    <Select label="Router" name="router" choices=offered.routers chosen=now.router />
                                    <Select label="Wilayah" name="area" choices=offered.areas chosen=now.area />
                                    <Select label="Kolektor" name="collector" choices=offered.collectors chosen=now.collector />
                                }
                            })
                    })}
                </Suspense>
                <input type="hidden" name="sort" value=move || filter.get().sort />
                <div class="row">
                    <button class="btn main" type="submit">{text::SEARCH_BUTTON}</button>
                    <a class="link row" href="/admin/pelanggan">{text::CLEAR}</a>
                </div>
            </div>
        </FilterForm>
    }
}

#[component]
fn Rows(list: CustomerList, sort: String) -> impl IntoView {
    if list.rows.is_empty() {
        return match list.may_import {
            true => view! {
                <Empty
                    title="Tidak ada pelanggan yang cocok."
                    hint="Ubah saringan, atau impor pelanggan dari berkas Excel."
                    link=(text::IMPORT, "/admin/impor")
                />
            }
            .into_any(),
            false => view! { <Empty title="Tidak ada pelanggan yang cocok." hint="Ubah saringannya." /> }.into_any(),
        };
    }
    let sort = if sort.is_empty() { "name".to_owned() } else { sort };
    let map = use_query_map();
    let (sees_money, may_edit) = (list.sees_money, list.may_edit);
    let export = move || format!("/admin/pelanggan/ekspor{}", map.read().to_query_string());
    let rows = list
        .rows
        .into_iter()
        .map(|row| {
            let href = format!("/admin/pelanggan/{}", row.customer_id);
            let pay = format!("/admin/terima?layanan={}", row.service_id);
            let owes = !row.owed.is_empty();
            view! {
                <tr>
                    {may_edit.then(|| view! {
                        <td class="hide-s"><input type="checkbox" name="pilih" value=row.service_id.to_string() aria-label=format!("Pilih {}", row.name) /></td>
                    })}
                    <td>
                        <a class="strong" href=href>{row.name}</a>
                        <span class="sub num">{row.number}</span>
                        <span class="sub only-s">{row.access.clone().map(|badge| view! { <Tag badge /> })}</span>
                    </td>
                    <td class="nobr hide-s">{row.phone}<span class="sub">{row.area}</span></td>
                    <td class="hide-s">{row.package}<span class="sub">{row.router}</span></td>
                    <td class="num hide-s">{row.due_day}</td>
                    <td class="hide-s"><Tag badge=row.stage /></td>
                    <td class="hide-s">{row.access.map(|badge| view! { <Tag badge /> })}</td>
                    {sees_money.then(|| view! {
                        <td class="num">
                            {if owes { view! { <a href=pay>{row.owed}</a> }.into_any() } else { view! { <span class="mute">"Lunas"</span> }.into_any() }}
                        </td>
                    })}
                </tr>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <p class="sums">
            <span><b>{text::count(list.info.total)}</b>" layanan"</span>
            {sees_money.then(|| view! {
                <span><b>{text::count(list.owing)}</b>" belum lunas"</span>
                <span>"Belum dibayar "<b>{list.owed}</b></span>
            })}
            {list.may_export.then(|| view! { <a href=export>"Ekspor daftar ini"</a> })}
        </p>
        <form method="get" action="/admin/pelanggan/massal">
        <div class="scroll" tabindex="0" role="group" aria-label="Tabel">
            <table>
                <thead>
                    <tr>
                        {may_edit.then(|| view! { <th scope="col" class="hide-s"><span class="sr">"Pilih"</span></th> })}
                        <SortHead label="Pelanggan" column="name" sort=sort.clone() />
                        <th scope="col" class="hide-s">"Telepon"</th>
                        <th scope="col" class="hide-s">"Paket"</th>
                        <SortHead label="Jatuh tempo" column="due" sort=sort.clone() class="num hide-s" />
                        <th scope="col" class="hide-s">"Layanan"</th>
                        <th scope="col" class="hide-s">"Akses"</th>
                        {sees_money.then(|| view! { <SortHead label="Belum dibayar" column="owed" sort class="num" /> })}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        {may_edit.then(|| view! {
            <div class="row pad">
                <input type="hidden" name="dipilih" value="1" />
                <button class="btn small hide-s" type="submit">"Ubah yang dicentang"</button>
                <a class="btn small" href=move || format!("/admin/pelanggan/massal{}", map.read().to_query_string())>"Ubah semua yang cocok"</a>
            </div>
        })}
        </form>
        <Pager info=list.info />
    }
    .into_any()
}
