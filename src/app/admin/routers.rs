//! Router (Lokasi Server): state of each, and what waits for it.

use crate::app::dto::Badge;
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Empty, Loading, Problem, Tag};
use leptos::prelude::*;
use leptos_meta::Title;
use serde::{Deserialize, Serialize};
use server_fn::codec::Json;

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

/// All routers.
#[server(prefix = "/api/admin", endpoint = "router/list", input = Json)]
pub async fn list_routers() -> Result<Vec<RouterRow>, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewRouters).await?;
    Ok(query::list(&asked.app).await?)
}

#[cfg(feature = "ssr")]
mod query {
    use super::RouterRow;
    use crate::app::admin::words;
    use crate::app::text;
    use crate::server::error::Result;
    use crate::server::state::AppState;
    use crate::{args, sql};
    use chrono::{DateTime, Utc};

    #[derive(sqlx::FromRow)]
    struct Row {
        id: i64,
        name: String,
        host: String,
        port: i64,
        state: String,
        state_since: Option<DateTime<Utc>>,
        last_read_at: Option<DateTime<Utc>>,
        last_problem: String,
        services: i64,
        waiting: i64,
    }

    sql!(LIST = "SELECT r.id, r.name, r.host, r.port, r.state, r.state_since, r.last_read_at, r.last_problem,
  COALESCE(n.services, 0) AS services, COALESCE(w.waiting, 0) AS waiting
 FROM router r
 LEFT JOIN (SELECT router_id, COUNT(*) AS services FROM service WHERE router_id IS NOT NULL GROUP BY router_id) n ON n.router_id = r.id
 LEFT JOIN (SELECT router_id, COUNT(*) AS waiting FROM service WHERE desired <> observed AND desired <> 'as_is' GROUP BY router_id) w ON w.router_id = r.id
 ORDER BY r.name");

    /// All routers.
    pub async fn list(app: &AppState) -> Result<Vec<RouterRow>> {
        let now = app.clock.now();
        let rows: Vec<Row> = app.db.all(LIST, args![]).await?;
        Ok(rows
            .into_iter()
            .map(|row| RouterRow {
                id: row.id,
                name: row.name,
                address: format!("{}:{}", row.host, row.port),
                state: text::router(&row.state),
                since: row.state_since.map(|at| words::since(now, at)).unwrap_or_default(),
                read_at: row.last_read_at.map(|at| words::instant(&app.clock, at)).unwrap_or_default(),
                problem: row.last_problem,
                services: row.services,
                waiting: row.waiting,
            })
            .collect())
    }
}

/// The page.
#[component]
pub fn RoutersPage() -> impl IntoView {
    let data = Resource::new(|| (), |()| list_routers());
    view! {
        <Title text=text::ROUTERS />
        <div class="title"><h1>{text::ROUTERS}</h1></div>
        <section class="panel">
            <Suspense fallback=Loading>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(rows) => view! { <Rows rows /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Suspense>
        </section>
    }
}

#[component]
fn Rows(rows: Vec<RouterRow>) -> impl IntoView {
    if rows.is_empty() {
        return view! { <Empty title="Belum ada router." hint="Tambahkan dengan perintah kimonet router:add." /> }
            .into_any();
    }
    let rows = rows
        .into_iter()
        .map(|row| {
            view! {
                <tr>
                    <td><a class="strong" href=format!("/admin/pelanggan?router={}", row.id)>{row.name}</a><span class="sub">{row.address}</span></td>
                    <td><Tag badge=row.state /><span class="sub">{row.since}</span><span class="sub">{row.problem}</span></td>
                    <td class="hide-s">{row.read_at}</td>
                    <td class="num hide-s">{text::count(row.services)}</td>
                    <td class="num">{text::count(row.waiting)}</td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <div class="scroll">
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
