//! Janji Bayar: who promised to pay until when, who kept it and who did not; and holds by the staff.

#[cfg(feature = "ssr")]
pub(crate) mod query;

use crate::app::codec::Json;
use crate::app::dto::{Badge, PageInfo};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Empty, Loading, Pager, Problem, Tag};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};

/// A promise or a hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRow {
    /// Its row.
    pub id: i64,
    /// `Janji bayar`, `Ditahan petugas`.
    pub kind: String,
    /// The customer.
    pub customer_id: i64,
    /// His name.
    pub name: String,
    /// Service number.
    pub number: String,
    /// From and until, in words.
    pub days: String,
    /// Why.
    pub reason: String,
    /// Who noted it.
    pub who: String,
    /// How it stands.
    pub state: Badge,
    /// Whether it can be ended.
    pub open: bool,
    /// What is owed now, formatted; empty for nothing.
    pub owed: String,
}

/// A page of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldList {
    /// Rows.
    pub rows: Vec<HoldRow>,
    /// Where it stands.
    pub info: PageInfo,
    /// How many are open.
    pub open: i64,
}

/// A page of the list: those that are open, or all.
#[server(prefix = "/api/admin", endpoint = "promise/list", input = Json, output = Json)]
pub async fn list_holds(all: bool, page: i64) -> Result<HoldList, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::Collect).await?;
    Ok(query::list(&asked, all, page).await?)
}

/// Notes a promise to pay; answers what to say.
#[server(prefix = "/api/admin", endpoint = "promise/add", input = Json, output = Json)]
pub async fn add_promise(service_id: i64, until: String, reason: String) -> Result<String, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::Collect).await?;
    asked.reaches_service(service_id).await?;
    Ok(query::promise(&asked, service_id, &until, reason).await?)
}

/// Keeps a line from being cut until a day; answers what to say.
#[server(prefix = "/api/admin", endpoint = "promise/hold", input = Json, output = Json)]
pub async fn add_hold(service_id: i64, until: String, reason: String) -> Result<String, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageAccess).await?;
    asked.reaches_service(service_id).await?;
    Ok(query::hold(&asked, service_id, &until, reason).await?)
}

/// Ends a promise or a hold; answers what to say.
#[server(prefix = "/api/admin", endpoint = "promise/end", input = Json, output = Json)]
pub async fn end_hold(id: i64) -> Result<String, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::Collect).await?;
    Ok(query::end(&asked, id).await?)
}

/// The page.
#[component]
pub fn PromisesPage() -> impl IntoView {
    let map = use_query_map();
    let asked = Memo::new(move |_| {
        let map = map.read();
        (map.get("semua").is_some(), map.get("page").and_then(|page| page.parse::<i64>().ok()).unwrap_or(1))
    });
    let data = Resource::new(move || asked.get(), |(all, page)| list_holds(all, page));
    let problem = RwSignal::new(None::<ApiError>);
    let end = Action::new(move |id: &i64| {
        let id = *id;
        async move {
            match end_hold(id).await {
                Ok(_) => data.refetch(),
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    view! {
        <Title text=text::PROMISES />
        <div class="title"><h1>{text::PROMISES}</h1></div>
        {move || problem.get().map(|error| view! { <Problem error /> })}
        <section class="panel">
            <Transition fallback=Loading>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(list) => view! { <Rows list all=asked.get_untracked().0 end=Callback::new(move |id: i64| { end.dispatch(id); }) /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

#[component]
fn Rows(list: HoldList, all: bool, end: Callback<i64>) -> impl IntoView {
    let empty = list.rows.is_empty();
    let rows = list
        .rows
        .into_iter()
        .map(|row| {
            view! {
                <tr>
                    <td><a class="strong" href=format!("/admin/pelanggan/{}", row.customer_id)>{row.name}</a><span class="sub num">{row.number}</span></td>
                    <td>{row.kind}<span class="sub">{row.days}</span></td>
                    <td class="hide-s">{row.reason}<span class="sub">{row.who}</span></td>
                    <td class="num">{row.owed}</td>
                    <td><Tag badge=row.state />{row.open.then(|| view! { <button class="btn small" type="button" on:click=move |_| end.run(row.id)>"Akhiri"</button> })}</td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    let here = |is: bool| is.then_some("page");
    view! {
        <nav class="row pad" aria-label="Pilihan">
            <a class="btn small" href="/admin/janji" aria-current=here(!all)>"Berlaku (" {text::count(list.open)} ")"</a>
            <a class="btn small" href="/admin/janji?semua=1" aria-current=here(all)>"Semua"</a>
        </nav>
        {if empty {
            view! { <Empty title="Tidak ada janji bayar." hint="Catat janji dari halaman pelanggan; selama berjanji ia tidak diisolir." /> }.into_any()
        } else {
            view! {
                <div class="scroll" tabindex="0" role="group" aria-label="Tabel">
                    <table>
                        <thead><tr>
                            <th scope="col">"Pelanggan"</th><th scope="col">"Janji"</th><th scope="col" class="hide-s">"Alasan"</th>
                            <th scope="col" class="num">"Belum dibayar"</th><th scope="col">"Keadaan"</th>
                        </tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
                <Pager info=list.info />
            }.into_any()
        }}
    }
}
