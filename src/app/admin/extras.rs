//! Biaya Tambahan & Diskon: what services cost besides their package. One list of all, and the form on a customer's page.

#[cfg(feature = "ssr")]
mod query;

use crate::app::codec::Json;
use crate::app::dto::PageInfo;
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Empty, Loading, Pager, Problem};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};

/// Something that a service costs besides its package, or less.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtraRow {
    /// The add-on, where it is one: it can be ended.
    pub addon_id: i64,
    /// The customer.
    pub customer_id: i64,
    /// His name.
    pub name: String,
    /// The service.
    pub service_id: i64,
    /// Its number.
    pub number: String,
    /// `Biaya bulanan`, `Diskon`, `Harga khusus`.
    pub kind: String,
    /// What for.
    pub text: String,
    /// Amount or percent, formatted.
    pub amount: String,
    /// From and until, in words.
    pub days: String,
}

/// A page of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtraList {
    /// Rows.
    pub rows: Vec<ExtraRow>,
    /// Where it stands.
    pub info: PageInfo,
}

/// What is wished for one service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtraWish {
    /// The service.
    pub service_id: i64,
    /// `bulanan`, `sekali`, `diskon` or `harga`.
    pub kind: String,
    /// What for, as the bill says it.
    pub text: String,
    /// Amount as typed; for a discount a percentage (`10%`) or rupiah; empty takes discount or price away.
    pub amount: String,
    /// Last month as typed, `2026-12`; empty: without end.
    pub until: String,
    /// Id of the form.
    pub request_id: String,
}

/// What one customer's services cost besides their packages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerExtras {
    /// What there is.
    pub rows: Vec<ExtraRow>,
    /// His services: id and number.
    pub services: Vec<(i64, String)>,
    /// Id of the form.
    pub request_id: String,
}

/// A page of all.
#[server(prefix = "/api/admin", endpoint = "extras/list", input = Json, output = Json)]
pub async fn list_extras(page: i64) -> Result<ExtraList, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewInvoices).await?;
    Ok(query::list(&asked, page).await?)
}

/// Those of a customer.
#[server(prefix = "/api/admin", endpoint = "extras/view", input = Json, output = Json)]
pub async fn view_extras(customer_id: i64) -> Result<CustomerExtras, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::AdjustBills).await?;
    asked.reaches_customer(customer_id).await?;
    Ok(query::view(&asked, customer_id).await?)
}

/// Writes one; answers what to say.
#[server(prefix = "/api/admin", endpoint = "extras/save", input = Json, output = Json)]
pub async fn save_extra(wish: ExtraWish) -> Result<String, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::AdjustBills).await?;
    asked.reaches_service(wish.service_id).await?;
    Ok(query::save(&asked, wish).await?)
}

/// Ends what is rented month by month.
#[server(prefix = "/api/admin", endpoint = "extras/end", input = Json, output = Json)]
pub async fn end_extra(id: i64) -> Result<String, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::AdjustBills).await?;
    Ok(query::end(&asked, id).await?)
}

/// The page of all.
#[component]
pub fn ExtrasPage() -> impl IntoView {
    let map = use_query_map();
    let page = Memo::new(move |_| map.read().get("page").and_then(|page| page.parse::<i64>().ok()).unwrap_or(1));
    let data = Resource::new(move || page.get(), list_extras);
    view! {
        <Title text=text::EXTRAS />
        <div class="title"><h1>{text::EXTRAS}</h1></div>
        <section class="panel">
            <Transition fallback=Loading>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(list) => view! { <All list /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

#[component]
fn All(list: ExtraList) -> impl IntoView {
    if list.rows.is_empty() {
        return view! { <Empty title="Belum ada biaya tambahan atau diskon." hint="Tambahkan dari halaman pelanggan." /> }
            .into_any();
    }
    let rows = list
        .rows
        .into_iter()
        .map(|row| {
            view! {
                <tr>
                    <td><a class="strong" href=format!("/admin/pelanggan/{}", row.customer_id)>{row.name}</a><span class="sub num">{row.number}</span></td>
                    <td>{row.kind}<span class="sub">{row.text}</span></td>
                    <td class="hide-s">{row.days}</td>
                    <td class="num">{row.amount}</td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <div class="scroll" tabindex="0" role="group" aria-label="Tabel">
            <table>
                <thead><tr>
                    <th scope="col">"Pelanggan"</th><th scope="col">"Untuk"</th><th scope="col" class="hide-s">"Berlaku"</th><th scope="col" class="num">"Jumlah"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <Pager info=list.info />
    }
    .into_any()
}

mod form;
pub use form::CustomerExtrasPanel;
