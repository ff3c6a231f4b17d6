//! Tunggakan: what is past due, by its age, with the last contact; to be filtered, sorted and taken away as a file.

#[cfg(feature = "ssr")]
pub(crate) mod query;

use crate::app::codec::Json;
use crate::app::dto::{Choice, PageInfo};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Empty, FilterForm, Loading, Pager, Problem, Select, SortHead};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};

/// What the URL says about the list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ArrearsFilter {
    /// Name, number or telephone.
    pub q: String,
    /// Area.
    pub area: String,
    /// Collector's id.
    pub collector: String,
    /// Package's id.
    pub package: String,
    /// Age of the oldest bill: `30`, `60`, `90` or `lebih`.
    pub age: String,
    /// Column, with `-` for the other way round.
    pub sort: String,
    /// Page, from 1.
    pub page: i64,
}

impl ArrearsFilter {
    /// Reads the URL.
    pub fn of(map: &ParamsMap) -> Self {
        let get = |key: &str| map.get(key).unwrap_or_default();
        Self {
            q: get("q"),
            area: get("area"),
            collector: get("collector"),
            package: get("package"),
            age: get("age"),
            sort: get("sort"),
            page: get("page").parse().unwrap_or(1),
        }
    }
}

/// A service in arrears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArrearsRow {
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
    /// Area.
    pub area: String,
    /// Collector.
    pub collector: String,
    /// Package.
    pub package: String,
    /// First due day.
    pub due: String,
    /// Days since.
    pub days: i64,
    /// How many bills are past due.
    pub bills: i64,
    /// Past due since 0-30, 31-60, 61-90 and more days, in rupiah.
    pub aged: [i64; 4],
    /// The same, formatted; empty where nothing.
    pub aged_words: [String; 4],
    /// Their sum, formatted.
    pub sum: String,
    /// The last contact.
    pub contact: String,
}

/// A page of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArrearsList {
    /// Its rows.
    pub rows: Vec<ArrearsRow>,
    /// Where it stands.
    pub info: PageInfo,
    /// Sums of all pages by age, formatted.
    pub aged: [String; 4],
    /// Their sum.
    pub sum: String,
    /// Areas, collectors, packages to choose from.
    pub areas: Vec<Choice>,
    /// Collectors.
    pub collectors: Vec<Choice>,
    /// Packages.
    pub packages: Vec<Choice>,
    /// Whether the reader may take it away as a file.
    pub may_export: bool,
}

/// What is past due.
#[server(prefix = "/api/admin", endpoint = "arrears/list", input = Json, output = Json)]
pub async fn list_arrears(filter: ArrearsFilter) -> Result<ArrearsList, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::Collect).await?;
    Ok(query::list(&asked, filter).await?)
}

/// The ages, as people read them.
pub const AGES: [&str; 4] = ["0-30 hari", "31-60 hari", "61-90 hari", "di atas 90 hari"];

/// The page.
#[component]
pub fn ArrearsPage() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| ArrearsFilter::of(&query.read()));
    let data = Resource::new(move || filter.get(), list_arrears);
    view! {
        <Title text=text::ARREARS />
        <div class="title"><h1>{text::ARREARS}</h1></div>
        <section class="panel">
            <Transition fallback=Loading>
                {move || Suspend::new(async move {
                    let now = filter.get_untracked();
                    match data.await {
                        Ok(list) => {
                            let choices = (list.areas.clone(), list.collectors.clone(), list.packages.clone());
                            let sort = now.sort.clone();
                            view! { <Filters now choices /><Rows list sort /> }.into_any()
                        }
                        Err(error) => view! { <div class="pad"><Problem error /></div> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

#[component]
fn Filters(now: ArrearsFilter, choices: (Vec<Choice>, Vec<Choice>, Vec<Choice>)) -> impl IntoView {
    let ages =
        ["30", "60", "90", "lebih"].into_iter().zip(AGES).map(|(value, word)| Choice::new(value, word)).collect();
    let (areas, collectors, packages) = choices;
    view! {
        <FilterForm action="/admin/tunggakan">
            <div class="filters">
                <div class="field wide"><label for="q">"Nama, nomor, telepon"</label><input id="q" name="q" type="search" value=now.q /></div>
                <Select label="Umur tunggakan" name="age" choices=ages chosen=now.age />
                <Select label="Wilayah" name="area" choices=areas chosen=now.area />
                {(!collectors.is_empty()).then(|| view! { <Select label="Kolektor" name="collector" choices=collectors chosen=now.collector /> })}
                <Select label="Paket" name="package" choices=packages chosen=now.package />
                <input type="hidden" name="sort" value=now.sort />
                <div class="row">
                    <button class="btn main" type="submit">{text::SEARCH_BUTTON}</button>
                    <a class="link row" href="/admin/tunggakan">{text::CLEAR}</a>
                </div>
            </div>
        </FilterForm>
    }
}

#[component]
fn Rows(list: ArrearsList, sort: String) -> impl IntoView {
    if list.rows.is_empty() {
        return view! { <Empty title="Tidak ada tunggakan." hint="Tidak ada tagihan yang lewat jatuh tempo pada saringan ini." /> }
            .into_any();
    }
    let query = use_query_map();
    let file = move || format!("/admin/tunggakan.xlsx{}", query.read().to_query_string());
    let sort = if sort.is_empty() { "due".to_owned() } else { sort };
    let sums = list
        .aged
        .into_iter()
        .zip(AGES)
        .map(|(amount, word)| view! { <span>{word} " " <b>{amount}</b></span> })
        .collect::<Vec<_>>();
    let rows = list
        .rows
        .into_iter()
        .map(|row| {
            let cells = row
                .aged_words
                .into_iter()
                .map(|amount| view! { <td class="num hide-s">{amount}</td> })
                .collect::<Vec<_>>();
            view! {
                <tr>
                    <td>
                        <a class="strong" href=format!("/admin/pelanggan/{}", row.customer_id)>{row.name}</a>
                        <span class="sub num">{row.number} " · " {row.phone}</span>
                        <span class="sub">{row.area} " " {row.collector}</span>
                    </td>
                    <td class="num age">{row.due}<span class="sub">{row.days} " hari, " {row.bills} " bulan"</span></td>
                    {cells}
                    <td class="num amount"><a href=format!("/admin/terima?layanan={}", row.service_id)>{row.sum}</a></td>
                    <td class="hide-s">{row.contact}</td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    let heads =
        AGES.into_iter().map(|word| view! { <th scope="col" class="num hide-s">{word}</th> }).collect::<Vec<_>>();
    view! {
        <p class="sums">
            <span><b>{text::count(list.info.total)}</b>" layanan, "<b>{list.sum}</b></span>
            {sums}
            {list.may_export.then(|| view! { <a href=file rel="external" download="tunggakan.xlsx">"Unduh Excel"</a> })}
        </p>
        <div class="scroll" tabindex="0" role="group" aria-label="Tabel"><table class="cards">
            <thead><tr>
                <SortHead label="Pelanggan" column="name" sort=sort.clone() />
                <SortHead label="Tertua" column="due" sort=sort.clone() class="num" />
                {heads}
                <SortHead label="Jumlah" column="owed" sort class="num" />
                <th scope="col" class="hide-s">"Kontak terakhir"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
        <Pager info=list.info />
    }
    .into_any()
}
