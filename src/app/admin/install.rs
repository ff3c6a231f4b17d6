//! Pasang Baru: who asked for a line, who waits for the technician, who was put into use lately; and the one form that
//! leads from the call to the working line.

#[cfg(feature = "ssr")]
pub(super) mod checks;
mod form;
#[cfg(feature = "ssr")]
mod query;
mod result;

use crate::app::codec::Json;
use crate::app::dto::{Badge, Choice, PageInfo};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Empty, FilterForm, Loading, Pager, Problem, Tag};
use form::InstallEntry;
pub(super) use form::WhereAmI;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use result::InstallResult;
use serde::{Deserialize, Serialize};

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallRow {
    /// The service.
    pub service_id: i64,
    /// The customer.
    pub customer_id: i64,
    /// His name.
    pub name: String,
    /// Number of the service.
    pub number: String,
    /// Telephone.
    pub phone: String,
    /// Area.
    pub area: String,
    /// Package.
    pub package: String,
    /// Technician, maybe empty.
    pub technician: String,
    /// Asked on.
    pub asked: String,
    /// Agreed or done on.
    pub day: String,
    /// Stage.
    pub stage: Badge,
    /// Whether it still waits.
    pub waits: bool,
}

/// The page's list with the counts of all three.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallList {
    /// The list that is shown: `calon`, `jadwal` or `aktif`.
    pub tab: String,
    /// Rows.
    pub rows: Vec<InstallRow>,
    /// Where it stands.
    pub info: PageInfo,
    /// Candidates.
    pub candidates: i64,
    /// Appointments.
    pub planned: i64,
    /// Put into use in the last 30 days.
    pub active: i64,
}

/// A package with its price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageChoice {
    /// Its row.
    pub id: i64,
    /// Name and price.
    pub words: String,
}

/// What the form offers, and what stands in it at first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallStart {
    /// As it stands.
    pub form: InstallForm,
    /// Payer's name and telephone when he is chosen; empty otherwise.
    pub payer: String,
    /// Packages.
    pub packages: Vec<PackageChoice>,
    /// Routers.
    pub routers: Vec<Choice>,
    /// Technicians.
    pub technicians: Vec<Choice>,
    /// Areas.
    pub areas: Vec<String>,
    /// Number of the service where there is one.
    pub number: String,
}

/// The form. Everything as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallForm {
    /// Id of this form.
    pub request_id: String,
    /// The candidate, or 0.
    pub service_id: i64,
    /// The payer, or 0 for a new one.
    pub customer_id: i64,
    /// Name of a new payer.
    pub name: String,
    /// His telephone.
    pub phone: String,
    /// His e-mail.
    pub email: String,
    /// His address.
    pub address: String,
    /// Area.
    pub area: String,
    /// `-7.123456, 110.654321`.
    pub place: String,
    /// Package.
    pub package_id: i64,
    /// Router, or 0.
    pub router_id: i64,
    /// Account.
    pub pppoe_username: String,
    /// Its password.
    pub pppoe_password: String,
    /// Fee as typed.
    pub fee: String,
    /// Due day as typed.
    pub due_day: String,
    /// Agreed day.
    pub install_on: String,
    /// Day from which it is used.
    pub started_on: String,
    /// Technician, or 0.
    pub technician_id: i64,
    /// Note.
    pub note: String,
    /// `calon`, `jadwal` or `aktif`.
    pub step: String,
}

/// Somebody who has a telephone already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneOwner {
    /// The customer.
    pub customer_id: i64,
    /// Name, numbers of his services, address.
    pub words: String,
}

/// A line after it was saved, live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallView {
    /// The service.
    pub service_id: i64,
    /// The customer.
    pub customer_id: i64,
    /// His name.
    pub name: String,
    /// Number.
    pub number: String,
    /// Stage.
    pub stage: Badge,
    /// Whether it is in use.
    pub active: bool,
    /// Access.
    pub access: Option<Badge>,
    /// Package.
    pub package: String,
    /// Router.
    pub router: String,
    /// Account.
    pub account: String,
    /// What the router said last; empty when nothing.
    pub observed: String,
    /// What is wrong there; empty when nothing.
    pub problem: String,
    /// Open bills: id, words, amount. Empty for who sees no money.
    pub bills: Vec<(i64, String, String)>,
    /// Whether this person may take money.
    pub may_pay: bool,
    /// Day agreed.
    pub day: String,
    /// Technician.
    pub technician: String,
}

/// The list: `calon`, `jadwal`, `aktif`, or the first of them that holds any.
#[server(prefix = "/api/admin", endpoint = "install/list", input = Json, output = Json)]
pub async fn list_installs(stage: String, q: String, page: i64) -> Result<InstallList, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::Install).await?;
    Ok(query::list(&asked.app, &stage, &q, page).await?)
}

/// What the form starts from; `service_id` of a candidate, `customer_id` of a payer, or 0.
#[server(prefix = "/api/admin", endpoint = "install/start", input = Json, output = Json)]
pub async fn start_install(service_id: i64, customer_id: i64) -> Result<InstallStart, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::Install).await?;
    Ok(query::start(&asked.app, service_id, customer_id).await?)
}

/// Who has that telephone already.
#[server(prefix = "/api/admin", endpoint = "install/phone", input = Json, output = Json)]
pub async fn who_has_phone(phone: String) -> Result<Vec<PhoneOwner>, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::Install).await?;
    Ok(query::phone_owners(&asked.app, &phone).await?)
}

/// Saves the form; answers the service.
#[server(prefix = "/api/admin", endpoint = "install/save", input = Json, output = Json)]
pub async fn save_install(form: InstallForm) -> Result<i64, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::Install).await?;
    query::save(&asked.app, asked.who, form).await
}

/// A line as it stands now.
#[server(prefix = "/api/admin", endpoint = "install/view", input = Json, output = Json)]
pub async fn read_install(service_id: i64) -> Result<InstallView, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::Install).await?;
    Ok(query::view(&asked, service_id).await?)
}

/// The account's password, for who sets up the customer's device; the log says who asked.
#[server(prefix = "/api/admin", endpoint = "install/secret", input = Json, output = Json)]
pub async fn read_pppoe(service_id: i64) -> Result<String, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::Install).await?;
    Ok(query::secret(&asked.app, asked.who, service_id).await?)
}

/// The list.
#[component]
pub fn InstallsPage() -> impl IntoView {
    let map = use_query_map();
    let asked = Memo::new(move |_| {
        let map = map.read();
        let get = |key: &str| map.get(key).unwrap_or_default();
        let stage = get("tahap");
        let stage = if matches!(stage.as_str(), "calon" | "jadwal" | "aktif") { stage } else { String::new() };
        (stage, get("q"), get("page").parse::<i64>().unwrap_or(1))
    });
    let data = Resource::new(move || asked.get(), |(stage, q, page)| list_installs(stage, q, page));
    view! {
        <Title text=text::INSTALL />
        <div class="title">
            <h1>{text::INSTALL}</h1>
            <a class="btn main" href="/admin/pasang/baru">"Pelanggan baru"</a>
        </div>
        <section class="panel">
            <FilterForm action="/admin/pasang">
                <div class="filters">
                    <input type="hidden" name="tahap" value=move || asked.get().0 />
                    <div class="field wide">
                        <label for="q">"Nama, nomor, telepon"</label>
                        <input id="q" name="q" type="search" prop:value=move || asked.get().1 value=asked.get_untracked().1 />
                    </div>
                    <div class="row"><button class="btn" type="submit">{text::SEARCH_BUTTON}</button></div>
                </div>
            </FilterForm>
            <Transition fallback=Loading>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(list) => view! { <Rows list /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

#[component]
fn Rows(list: InstallList) -> impl IntoView {
    let tabs = [
        ("calon", "Calon", list.candidates),
        ("jadwal", "Menunggu Pemasangan", list.planned),
        ("aktif", "Baru aktif (30 hari)", list.active),
    ]
    .map(|(code, word, count)| {
        let here = (code == list.tab).then_some("page");
        view! {
            <a class="btn small" href=format!("/admin/pasang?tahap={code}") aria-current=here>
                {word} " (" {text::count(count)} ")"
            </a>
        }
    });
    let empty = list.rows.is_empty();
    let rows = list
        .rows
        .into_iter()
        .map(|row| {
            let href = if row.waits {
                format!("/admin/pasang/baru?layanan={}", row.service_id)
            } else {
                format!("/admin/pasang/{}", row.service_id)
            };
            view! {
                <tr>
                    <td><a class="strong" href=href>{row.name}</a><span class="sub num">{row.number}</span></td>
                    <td class="hide-s">{row.phone}<span class="sub">{row.area}</span></td>
                    <td class="hide-s">{row.package}</td>
                    <td>{row.day}<span class="sub">{row.technician}</span></td>
                    <td class="hide-s num">{row.asked}</td>
                    <td class="hide-s"><Tag badge=row.stage /></td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <nav class="row pad" aria-label="Tahap">{tabs}</nav>
        {if empty {
            view! { <Empty title="Tidak ada di tahap ini." hint="Catat pelanggan yang menelepon sebagai Calon, lalu jadwalkan pemasangannya." link=("Pelanggan baru", "/admin/pasang/baru") /> }.into_any()
        } else {
            view! {
                <div class="scroll" tabindex="0" role="group" aria-label="Tabel">
                    <table>
                        <thead><tr>
                            <th scope="col">"Pelanggan"</th><th scope="col" class="hide-s">"Telepon"</th><th scope="col" class="hide-s">"Paket"</th>
                            <th scope="col">"Tanggal & teknisi"</th><th scope="col" class="hide-s num">"Dicatat"</th><th scope="col" class="hide-s">"Tahap"</th>
                        </tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
                <Pager info=list.info />
            }.into_any()
        }}
    }
}

/// The form's page.
#[component]
pub fn InstallPage() -> impl IntoView {
    let map = use_query_map();
    let wanted = Memo::new(move |_| {
        let map = map.read();
        let id = |key: &str| map.get(key).and_then(|id| id.parse::<i64>().ok()).unwrap_or(0);
        (id("layanan"), id("pelanggan"))
    });
    let data = Resource::new(move || wanted.get(), |(service, customer)| start_install(service, customer));
    view! {
        <Title text=text::INSTALL />
        <div class="title"><h1>{text::INSTALL}</h1><a class="btn" href="/admin/pasang">"Daftar pemasangan"</a></div>
        <Suspense fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(start) => view! { <InstallEntry start /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Suspense>
    }
}

/// A saved line's page.
#[component]
pub fn InstalledPage() -> impl IntoView {
    let params = leptos_router::hooks::use_params_map();
    let id = Memo::new(move |_| params.read().get("id").and_then(|id| id.parse::<i64>().ok()).unwrap_or(0));
    let data = Resource::new(move || id.get(), read_install);
    view! {
        <Title text=text::INSTALL />
        <div class="title"><h1>{text::INSTALL}</h1><a class="btn" href="/admin/pasang/baru">"Pelanggan berikutnya"</a></div>
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(line) => view! { <InstallResult line refresh=Callback::new(move |()| data.refetch()) /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}
