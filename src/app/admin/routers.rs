//! Router (Lokasi Server): state of each, what waits for it, and the way to a new one.

mod detail;
mod form;
#[cfg(feature = "ssr")]
mod query;

use crate::app::codec::Json;
use crate::app::dto::Badge;
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Empty, Loading, Problem, Tag};
pub use detail::{RouterPage, TestResult};
pub use form::{RouterEntry, fresh as fresh_router};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_navigate;
use serde::{Deserialize, Serialize};

/// A router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouterRow {
    /// The router.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Address and port of its API.
    pub address: String,
    /// State.
    pub state: Badge,
    /// Since when, roughly.
    pub since: String,
    /// When it was last read.
    pub read_at: String,
    /// What went wrong last; empty when nothing.
    pub problem: String,
    /// Services on it.
    pub services: i64,
    /// Services it does not yet treat as we want.
    pub waiting: i64,
}

/// The list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouterList {
    /// Its rows.
    pub rows: Vec<RouterRow>,
    /// Whether this person may add and change.
    pub may_manage: bool,
}

/// A router as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouterTyped {
    /// The router; 0 for a new one.
    pub id: i64,
    /// Name.
    pub name: String,
    /// Name or address.
    pub host: String,
    /// Port, as typed.
    pub port: String,
    /// RouterOS user.
    pub username: String,
    /// Its password; blank keeps the stored one.
    pub password: String,
    /// Profile of those who are isolated.
    pub isolir_profile: String,
    /// `off`, `any`, `pin`.
    pub tls: String,
    /// SHA-256 of the certificate, for `pin`.
    pub pin: String,
}

/// A service that the router does not yet treat as we want.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingRow {
    /// The customer.
    pub customer_id: i64,
    /// His name.
    pub name: String,
    /// Number of the service.
    pub number: String,
    /// PPPoE name.
    pub account: String,
    /// What it should have.
    pub wanted: Badge,
    /// What the router was last seen to give.
    pub seen: Badge,
    /// What stands in the way; empty when only the router's turn is missing.
    pub problem: String,
}

/// Everything about a router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouterDetail {
    /// Its row of the list.
    pub row: RouterRow,
    /// What its form starts from.
    pub form: RouterTyped,
    /// What waits, the first of it.
    pub waiting: Vec<WaitingRow>,
    /// Profiles as last read.
    pub profiles: Vec<String>,
    /// Whether this person may change it.
    pub may_manage: bool,
}

/// What a test saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouterSeen {
    /// Whether it can be used as it is.
    pub fine: bool,
    /// Name and value of what it said.
    pub facts: Vec<(String, String)>,
    /// What is wrong, a sentence each, with what to do.
    pub advice: Vec<String>,
}

/// What to paste into a router's terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouterCommands {
    /// The user they make.
    pub username: String,
    /// His password, made for this.
    pub password: String,
    /// User, service and profile.
    pub commands: String,
    /// The encrypted service, which may be left out.
    pub tls_commands: String,
}

/// All routers.
#[server(prefix = "/api/admin", endpoint = "router/list", input = Json, output = Json)]
pub async fn list_routers() -> Result<RouterList, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewRouters).await?;
    let may_manage = asked.staff.may(Permission::ManageRouters);
    Ok(RouterList { rows: query::list(&asked.app).await?, may_manage })
}

/// Everything about a router.
#[server(prefix = "/api/admin", endpoint = "router/view", input = Json, output = Json)]
pub async fn read_router(id: i64) -> Result<RouterDetail, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewRouters).await?;
    let may_manage = asked.staff.may(Permission::ManageRouters);
    Ok(query::view(&asked.app, id, may_manage).await?)
}

/// Adds or changes a router; its id.
#[server(prefix = "/api/admin", endpoint = "router/save", input = Json, output = Json)]
pub async fn save_router(router: RouterTyped) -> Result<i64, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageRouters).await?;
    Ok(query::save(&asked.app, &asked.who, router).await?)
}

/// Asks a router whether it works for us; changes nothing on it.
#[server(prefix = "/api/admin", endpoint = "router/test", input = Json, output = Json)]
pub async fn test_router(id: i64) -> Result<RouterSeen, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageRouters).await?;
    Ok(query::test(&asked.app, id).await?)
}

/// Visits a router now; what was done, in words.
#[server(prefix = "/api/admin", endpoint = "router/sync", input = Json, output = Json)]
pub async fn sync_router(id: i64) -> Result<String, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageRouters).await?;
    Ok(query::sync(&asked.app, id).await?)
}

/// Removes a router that no service is on.
#[server(prefix = "/api/admin", endpoint = "router/remove", input = Json, output = Json)]
pub async fn remove_router(id: i64) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageRouters).await?;
    Ok(crate::server::routers::store::remove(&asked.app, id, &asked.who).await?)
}

/// Commands for a router's terminal, with a password made for them.
#[server(prefix = "/api/admin", endpoint = "router/commands", input = Json, output = Json)]
pub async fn make_commands() -> Result<RouterCommands, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageRouters).await?;
    Ok(query::commands(&asked.app).await?)
}

/// The page.
#[component]
pub fn RoutersPage() -> impl IntoView {
    let data = Resource::new(|| (), |()| list_routers());
    let adding = RwSignal::new(false);
    let navigate = use_navigate();
    let done = Callback::new(move |id: i64| {
        navigate(&format!("/admin/router/{id}?uji=1"), leptos_router::NavigateOptions::default())
    });
    view! {
        <Title text=text::ROUTERS />
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(list) => view! {
                        <div class="title">
                            <h1>{text::ROUTERS}</h1>
                            {list.may_manage.then(|| view! { <button class="btn main" type="button" on:click=move |_| adding.set(true)>"Tambah router"</button> })}
                        </div>
                        {move || adding.get().then(|| view! { <RouterEntry router=form::fresh() done cancel=Callback::new(move |()| adding.set(false)) /> })}
                        <section class="panel gap-top"><Rows rows=list.rows /></section>
                    }
                        .into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Rows(rows: Vec<RouterRow>) -> impl IntoView {
    if rows.is_empty() {
        return view! { <Empty title="Belum ada router." hint="Tekan Tambah router; perintah untuk ditempel di terminal router disediakan." /> }
            .into_any();
    }
    let rows = rows
        .into_iter()
        .map(|row| {
            view! {
                <tr>
                    <td><a class="strong" href=format!("/admin/router/{}", row.id)>{row.name}</a><span class="sub">{row.address}</span></td>
                    <td><Tag badge=row.state /><span class="sub">{row.since}</span><span class="sub">{row.problem}</span></td>
                    <td class="hide-s">{row.read_at}</td>
                    <td class="num hide-s"><a href=format!("/admin/pelanggan?router={}", row.id)>{text::count(row.services)}</a></td>
                    <td class="num">{text::count(row.waiting)}</td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <div class="scroll" tabindex="0" role="group" aria-label="Tabel">
            <table>
                <thead><tr>
                    <th scope="col">"Router"</th><th scope="col">"Keadaan"</th><th scope="col" class="hide-s">"Terakhir dibaca"</th>
                    <th scope="col" class="num hide-s">"Layanan"</th><th scope="col" class="num">"Menunggu"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}
