//! Pelanggan Terisolir: who is cut, why, since when, what he owes, whether the router did it; and the hand that restores.

#[cfg(feature = "ssr")]
pub(crate) mod query;

use crate::app::admin::customer::wish_access;
use crate::app::codec::Json;
use crate::app::dto::{Badge, Choice, PageInfo};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Confirm, Empty, FilterForm, Loading, Pager, Problem, Select, SortHead, Tag};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};

/// What the URL says about the list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IsolatedFilter {
    /// Name, number or telephone.
    pub q: String,
    /// `terbukti`, `menunggu`, `manual`.
    pub state: String,
    /// Column, with `-` before it when downwards.
    pub sort: String,
    /// Page, from 1.
    pub page: i64,
}

impl IsolatedFilter {
    /// Reads the URL.
    pub fn of(map: &ParamsMap) -> Self {
        let get = |key: &str| map.get(key).unwrap_or_default();
        Self { q: get("q"), state: get("state"), sort: get("sort"), page: get("page").parse().unwrap_or(1) }
    }
}

/// Somebody who is cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IsolatedRow {
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
    /// Router and area.
    pub place: String,
    /// Why.
    pub reason: String,
    /// Whether a hand cut it.
    pub by_hand: bool,
    /// `12 hari lewat tempo`; empty when nothing is.
    pub late: String,
    /// Since which day.
    pub since: String,
    /// What is past due, formatted; empty for who may not see money.
    pub owed: String,
    /// What the router does.
    pub state: Badge,
    /// What stands in the way.
    pub problem: String,
}

/// A page of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IsolatedList {
    /// Its rows.
    pub rows: Vec<IsolatedRow>,
    /// Where it stands.
    pub info: PageInfo,
    /// Whether this person may restore.
    pub may_access: bool,
    /// Whether the asker may open Log Isolir.
    pub sees_log: bool,
    /// Whether this person sees money.
    pub sees_money: bool,
    /// Whether this person may take the list away as a file.
    pub may_export: bool,
}

/// A page of the list.
#[server(prefix = "/api/admin", endpoint = "isolir/list", input = Json, output = Json)]
pub async fn list_isolated(filter: IsolatedFilter) -> Result<IsolatedList, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewCustomers).await?;
    Ok(query::list(&asked, filter).await?)
}

/// The states that the list can be filtered by.
const STATES: &[(&str, &str)] =
    &[("terbukti", "Sudah terisolir"), ("menunggu", "Menunggu router"), ("manual", "Diisolir dengan tangan")];

/// The page.
#[component]
pub fn IsolatedPage() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| IsolatedFilter::of(&query.read()));
    let data = Resource::new(move || filter.get(), list_isolated);
    let states = move || STATES.iter().map(|(value, word)| Choice::new(*value, *word)).collect::<Vec<_>>();
    view! {
        <Title text=text::ISOLATED />
        <div class="title"><h1>{text::ISOLATED}</h1></div>
        <section class="panel">
            <FilterForm action="/admin/terisolir">
                <div class="filters">
                    <div class="field wide">
                        <label for="q">"Nama, nomor, telepon"</label>
                        <input id="q" name="q" type="search" value=filter.get_untracked().q prop:value=move || filter.get().q />
                    </div>
                    {move || view! { <Select label="Keadaan" name="state" choices=states() chosen=filter.get().state /> }}
                    <input type="hidden" name="sort" value=move || filter.get().sort />
                    <div class="row wide">
                        <button class="btn main" type="submit">{text::SEARCH_BUTTON}</button>
                        <a class="link row" href="/admin/terisolir">{text::CLEAR}</a>
                    </div>
                </div>
            </FilterForm>
            <Transition fallback=Loading>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(list) => view! { <Rows list sort=filter.get_untracked().sort refresh=Callback::new(move |()| data.refetch()) /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

#[component]
fn Rows(list: IsolatedList, sort: String, refresh: Callback<()>) -> impl IntoView {
    // Service, whether it is cut (held) or restored, and whose it is.
    let asked = RwSignal::new(None::<(i64, bool, String)>);
    if list.rows.is_empty() {
        return view! { <Empty title="Tidak ada pelanggan yang terisolir." hint="Yang menunggak muncul di sini sesudah isolir harian." /> }
            .into_any();
    }
    let (may_access, sees_money) = (list.may_access, list.sees_money);
    let query = use_query_map();
    let file = move || format!("/admin/terisolir.xlsx{}", query.read().to_query_string());
    let rows = list
        .rows
        .into_iter()
        .map(|row| {
            let id = row.service_id;
            let (held, restored) = (row.name.clone(), row.name.clone());
            view! {
                <tr>
                    <td>
                        <a class="strong" href=format!("/admin/pelanggan/{}", row.customer_id)>{row.name}</a>
                        <span class="sub num">{row.number}</span><span class="sub hide-s">{row.phone}</span>
                        <span class="sub only-s"><Tag badge=row.state.clone() /></span>
                        {may_access.then(|| view! {
                            <span class="row">
                                <button class="link" type="button" on:click=move |_| asked.set(Some((id, false, restored.clone())))>"Pulihkan"</button>
                                {(!row.by_hand).then(|| view! { <button class="link" type="button" on:click=move |_| asked.set(Some((id, true, held.clone())))>"Tahan"</button> })}
                            </span>
                        })}
                    </td>
                    <td>{row.reason}<span class="sub">{row.late}</span><span class="sub only-s">"sejak "{row.since.clone()}</span></td>
                    <td class="num date hide-s">{row.since}</td>
                    {sees_money.then(|| view! { <td class="num"><a href=format!("/admin/terima?layanan={id}")>{row.owed}</a></td> })}
                    <td class="hide-s"><Tag badge=row.state /><span class="sub">{row.problem}</span><span class="sub">{row.place}</span></td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <p class="sums">
            <span><b>{text::count(list.info.total)}</b>" layanan"</span>
            {list.may_export.then(|| view! { <a href=file rel="external" download="terisolir.xlsx">"Unduh Excel"</a> })}
            {list.sees_log.then(|| view! { <a href="/admin/log-isolir">{text::ISOLIR_LOG}</a> })}
        </p>
        <div class="scroll" tabindex="0" role="group" aria-label="Tabel"><table>
            <thead><tr>
                <SortHead label="Pelanggan" column="name" sort=sort.clone() />
                <th scope="col">"Sebab"</th>
                <SortHead label="Sejak" column="since" sort=sort.clone() class="hide-s" />
                {sees_money.then(|| view! { <SortHead label="Lewat tempo" column="owed" sort=sort.clone() class="num" /> })}
                <th scope="col" class="hide-s">"Router"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
        <Pager info=list.info />
        <Ask asked refresh />
    }
    .into_any()
}

/// Asks for the reason before a hand restores or holds.
#[component]
fn Ask(asked: RwSignal<Option<(i64, bool, String)>>, refresh: Callback<()>) -> impl IntoView {
    let open = RwSignal::new(false);
    let reason = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<ApiError>);
    Effect::new(move |_| {
        if asked.read().is_some() {
            reason.set(String::new());
            problem.set(None);
            open.set(true);
        }
    });
    Effect::new(move |_| {
        if !open.get() {
            asked.set(None);
        }
    });
    let act = Action::new(move |(): &()| async move {
        let Some((id, cut, _)) = asked.get_untracked() else { return };
        match wish_access(id, cut, reason.get_untracked()).await {
            Ok(()) => {
                open.set(false);
                refresh.run(());
            }
            Err(error) => problem.set(Some(error)),
        }
    });
    let cut = move || asked.read().as_ref().is_some_and(|(_, cut, _)| *cut);
    let name = move || asked.read().as_ref().map(|(_, _, name)| name.clone()).unwrap_or_default();
    view! {
        <Confirm open title="Pulihkan atau tahan dengan tangan">
            <p><strong>{name}</strong></p>
            <p>{move || if cut() {
                "Tetap terisolir sampai dipulihkan dengan tangan, atau sampai pembayaran melunasi semua yang lewat tempo."
            } else {
                "Layanan kembali normal. Jika masih menunggak, isolir harian berikutnya berlaku lagi."
            }}</p>
            <form class="stack" on:submit=move |event| { event.prevent_default(); act.dispatch(()); }>
                <div class="field">
                    <label for="alasan-isolir">"Alasan"</label>
                    <input id="alasan-isolir" type="text" required maxlength="200" prop:value=reason on:input=move |event| reason.set(event_target_value(&event)) />
                </div>
                {move || problem.get().map(|error| view! { <Problem error /> })}
                <div class="row">
                    <button class="btn main" type="submit" disabled=act.pending()>{move || if cut() { "Tahan" } else { "Pulihkan sekarang" }}</button>
                    <button class="btn" type="button" on:click=move |_| open.set(false)>{text::CANCEL}</button>
                </div>
            </form>
        </Confirm>
    }
}
