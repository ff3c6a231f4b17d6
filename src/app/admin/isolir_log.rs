//! Log Isolir: everything that happened to somebody's access: asked for, proven, or in the way; by whom and when.

#[cfg(feature = "ssr")]
pub(crate) mod query;

use crate::app::codec::Json;
use crate::app::dto::{Badge, Choice, PageInfo};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Empty, FilterForm, Loading, Pager, Problem, Select, Tag};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};

/// What the URL says about the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFilter {
    /// Name, number or telephone.
    pub q: String,
    /// What happened, as the table names it.
    pub what: String,
    /// First day, as typed.
    pub from: String,
    /// Last day, as typed.
    pub to: String,
    /// Page, from 1.
    pub page: i64,
}

impl LogFilter {
    /// Reads the URL.
    pub fn of(map: &ParamsMap) -> Self {
        let get = |key: &str| map.get(key).unwrap_or_default();
        Self {
            q: get("q"),
            what: get("what"),
            from: get("from"),
            to: get("to"),
            page: get("page").parse().unwrap_or(1),
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRow {
    /// The customer.
    pub customer_id: i64,
    /// His name.
    pub name: String,
    /// Service number.
    pub number: String,
    /// When.
    pub at: String,
    /// What.
    pub what: Badge,
    /// Why.
    pub reason: String,
    /// `Home-20M → ISOLIR`; empty where no profile changed.
    pub profiles: String,
    /// Who.
    pub who: String,
}

/// A page of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogList {
    /// The text finds too many services: nothing was read.
    pub too_many: bool,
    /// Its rows, the newest first.
    pub rows: Vec<LogRow>,
    /// Where it stands.
    pub info: PageInfo,
    /// Whether this person may take it away as a file.
    pub may_export: bool,
}

/// A page of the log.
#[server(prefix = "/api/admin", endpoint = "isolir/log", input = Json, output = Json)]
pub async fn list_log(filter: LogFilter) -> Result<LogList, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewRouters).await?;
    Ok(query::list(&asked, filter).await?)
}

/// What the log can be filtered by.
const WHATS: &[(&str, &str)] = &[
    ("diminta", "Diminta (semua)"),
    ("terbukti", "Terbukti di router (semua)"),
    ("wish_isolated", "Akan diisolir"),
    ("wish_normal", "Akan dibuka"),
    ("isolated", "Terisolir"),
    ("restored", "Dipulihkan"),
    ("disabled", "Nonaktif"),
    ("created", "Akun dibuat"),
    ("drift", "Beda dengan router"),
    ("problem", "Masalah router"),
];

/// The page.
#[component]
pub fn IsolirLogPage() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| LogFilter::of(&query.read()));
    let data = Resource::new(move || filter.get(), list_log);
    let whats = move || WHATS.iter().map(|(value, word)| Choice::new(*value, *word)).collect::<Vec<_>>();
    view! {
        <Title text=text::ISOLIR_LOG />
        <div class="title"><h1>{text::ISOLIR_LOG}</h1></div>
        <section class="panel">
            <FilterForm action="/admin/log-isolir">
                <div class="filters">
                    <div class="field wide">
                        <label for="q">"Nama, nomor, telepon"</label>
                        <input id="q" name="q" type="search" value=filter.get_untracked().q prop:value=move || filter.get().q />
                    </div>
                    {move || view! { <Select label="Kejadian" name="what" choices=whats() chosen=filter.get().what /> }}
                    <div class="field"><label for="from">"Dari tanggal"</label><input id="from" name="from" type="text" inputmode="numeric" placeholder="15/1/2026" value=filter.get_untracked().from prop:value=move || filter.get().from /></div>
                    <div class="field"><label for="to">"Sampai tanggal"</label><input id="to" name="to" type="text" inputmode="numeric" value=filter.get_untracked().to prop:value=move || filter.get().to /></div>
                    <div class="row wide">
                        <button class="btn main" type="submit">{text::SEARCH_BUTTON}</button>
                        <a class="link row" href="/admin/log-isolir">{text::CLEAR}</a>
                    </div>
                </div>
            </FilterForm>
            <Transition fallback=Loading>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(list) => view! { <Rows list /> }.into_any(),
                        Err(error) => view! { <div class="pad"><Problem error /></div> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

#[component]
fn Rows(list: LogList) -> impl IntoView {
    if list.too_many {
        return view! { <Empty title=text::TOO_MANY hint=text::TOO_MANY_HINT /> }.into_any();
    }
    if list.rows.is_empty() {
        return view! { <Empty title="Tidak ada kejadian yang cocok." hint="Ubah saringan atau tanggalnya." /> }
            .into_any();
    }
    let query = use_query_map();
    let file = move || format!("/admin/log-isolir.xlsx{}", query.read().to_query_string());
    let rows = list
        .rows
        .into_iter()
        .map(|row| view! {
            <tr>
                <td class="num date">{row.at}</td>
                <td><a class="strong" href=format!("/admin/pelanggan/{}", row.customer_id)>{row.name}</a><span class="sub num">{row.number}</span></td>
                <td><Tag badge=row.what /><span class="sub">{row.profiles}</span></td>
                <td>{row.reason}<span class="sub only-s">{row.who.clone()}</span></td>
                <td class="hide-s">{row.who}</td>
            </tr>
        })
        .collect::<Vec<_>>();
    view! {
        <p class="sums">
            <span><b>{list.info.words()}</b>" kejadian"</span>
            {list.may_export.then(|| view! { <a href=file rel="external" download="log-isolir.xlsx">"Unduh Excel"</a> })}
        </p>
        <div class="scroll" tabindex="0" role="group" aria-label="Tabel"><table>
            <thead><tr><th scope="col">"Waktu"</th><th scope="col">"Pelanggan"</th><th scope="col">"Kejadian"</th><th scope="col">"Sebab"</th><th scope="col" class="hide-s">"Oleh"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
        <Pager info=list.info />
    }
    .into_any()
}
