//! Berhenti & Cuti: who is about to stop, who is to be taken down, who pauses, who is gone.

#[cfg(feature = "ssr")]
mod query;

use crate::app::codec::Json;
use crate::app::dto::{Badge, PageInfo};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Empty, Loading, Pager, Problem, Tag};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};

/// A service of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoppedRow {
    /// The customer.
    pub customer_id: i64,
    /// His name.
    pub name: String,
    /// Number.
    pub number: String,
    /// Telephone.
    pub phone: String,
    /// Area.
    pub area: String,
    /// Since or from when.
    pub day: String,
    /// What is planned from then on; empty for what is so already.
    pub planned: String,
    /// Why.
    pub reason: String,
    /// Stage.
    pub stage: Badge,
    /// What is owed, formatted; empty for nothing or for who sees no money.
    pub owed: String,
}

/// A page of the list with all counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoppedList {
    /// Rows.
    pub rows: Vec<StoppedRow>,
    /// Where it stands.
    pub info: PageInfo,
    /// How many stand under each heading, in the order of the headings.
    pub counts: Vec<i64>,
    /// Whether he sees money.
    pub sees_money: bool,
}

/// The headings: code in the URL and words.
const TABS: [(&str, &str); 4] = [
    ("rencana", "Akan berhenti atau cuti"),
    ("siap_dicabut", "Siap Dicabut"),
    ("cuti", "Cuti"),
    ("berhenti", "Berhenti"),
];

/// A page of the list.
#[server(prefix = "/api/admin", endpoint = "stopped/list", input = Json, output = Json)]
pub async fn list_stopped(tab: String, page: i64) -> Result<StoppedList, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewCustomers).await?;
    Ok(query::list(&asked, &tab, page).await?)
}

/// The page.
#[component]
pub fn StoppedPage() -> impl IntoView {
    let map = use_query_map();
    let asked = Memo::new(move |_| {
        let map = map.read();
        let tab = map.get("tahap").unwrap_or_default();
        let tab = if TABS.iter().any(|known| known.0 == tab) { tab } else { "rencana".to_owned() };
        (tab, map.get("page").and_then(|page| page.parse::<i64>().ok()).unwrap_or(1))
    });
    let data = Resource::new(move || asked.get(), |(tab, page)| list_stopped(tab, page));
    view! {
        <Title text=text::STOPPED />
        <div class="title"><h1>{text::STOPPED}</h1></div>
        <section class="panel">
            <Transition fallback=Loading>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(list) => view! { <Rows list tab=asked.get_untracked().0 /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

#[component]
fn Rows(list: StoppedList, tab: String) -> impl IntoView {
    let tabs = TABS
        .iter()
        .zip(list.counts)
        .map(|((code, word), count)| {
            let here = (*code == tab).then_some("page");
            view! { <a class="btn small" href=format!("/admin/berhenti?tahap={code}") aria-current=here>{*word} " (" {text::count(count)} ")"</a> }
        })
        .collect::<Vec<_>>();
    let (empty, sees_money) = (list.rows.is_empty(), list.sees_money);
    let rows = list
        .rows
        .into_iter()
        .map(|row| {
            view! {
                <tr>
                    <td><a class="strong" href=format!("/admin/pelanggan/{}", row.customer_id)>{row.name}</a><span class="sub num">{row.number}</span></td>
                    <td class="hide-s">{row.phone}<span class="sub">{row.area}</span></td>
                    <td class="num date">{row.day}<span class="sub">{row.planned}</span></td>
                    <td class="hide-s">{row.reason}</td>
                    <td class="hide-s"><Tag badge=row.stage /></td>
                    {sees_money.then(|| view! { <td class="num">{row.owed}</td> })}
                </tr>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <nav class="row pad" aria-label="Tahap">{tabs}</nav>
        {if empty {
            view! { <Empty title="Tidak ada di sini." hint="Rencanakan berhenti atau cuti dari halaman pelanggan." /> }.into_any()
        } else {
            view! {
                <div class="scroll" tabindex="0" role="group" aria-label="Tabel">
                    <table>
                        <thead><tr>
                            <th scope="col">"Pelanggan"</th><th scope="col" class="hide-s">"Telepon"</th><th scope="col" class="num">"Sejak atau mulai"</th>
                            <th scope="col" class="hide-s">"Alasan"</th><th scope="col" class="hide-s">"Layanan"</th>
                            {sees_money.then(|| view! { <th scope="col" class="num">"Belum dibayar"</th> })}
                        </tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
                <Pager info=list.info />
            }.into_any()
        }}
    }
}
