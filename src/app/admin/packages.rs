//! Paket Internet: what is sold, for how much, and where its profile is there.

mod form;
#[cfg(feature = "ssr")]
mod query;

use crate::app::codec::Json;
use crate::app::dto::{Badge, Tone};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Empty, Loading, Notice, Problem, Tag};
pub use form::PackageEntry;
use leptos::prelude::*;
use leptos_meta::Title;
use serde::{Deserialize, Serialize};

/// A package of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageRow {
    /// What its form starts from.
    pub form: PackageTyped,
    /// Price today, formatted.
    pub price: String,
    /// A price that comes later: `Rp 350.000 mulai 01/02/2026`; empty when none.
    pub later: String,
    /// Whether it is offered for new services.
    pub active: bool,
    /// Services that have it.
    pub services: i64,
    /// Routers that lack its profile, as last read; empty when none lacks it.
    pub lacking: String,
    /// Whether every router was read at least once.
    pub read: bool,
}

/// A package as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageTyped {
    /// The package; 0 for a new one.
    pub id: i64,
    /// Name.
    pub name: String,
    /// Price, as typed.
    pub price: String,
    /// PPP profile.
    pub profile: String,
    /// Download in Mbps, as typed.
    pub down: String,
    /// Upload in Mbps, as typed.
    pub up: String,
    /// Months: 1, 3, 6, 12.
    pub months: String,
    /// `today` or `next`: from when another price holds.
    pub from: String,
}

/// All packages.
#[server(prefix = "/api/admin", endpoint = "package/list", input = Json, output = Json)]
pub async fn list_packages() -> Result<Vec<PackageRow>, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManagePackages).await?;
    Ok(query::list(&asked.app).await?)
}

/// Adds or changes a package; a warning when a router lacks its profile.
#[server(prefix = "/api/admin", endpoint = "package/save", input = Json, output = Json)]
pub async fn save_package(package: PackageTyped) -> Result<String, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManagePackages).await?;
    Ok(query::save(&asked.app, asked.who, package).await?)
}

/// Offers a package for new services, or no longer.
#[server(prefix = "/api/admin", endpoint = "package/active", input = Json, output = Json)]
pub async fn offer_package(id: i64, active: bool) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManagePackages).await?;
    Ok(crate::server::customers::packages::set_active(&asked.app, asked.who, id, active).await?)
}

/// Removes a package that nothing uses.
#[server(prefix = "/api/admin", endpoint = "package/remove", input = Json, output = Json)]
pub async fn remove_package(id: i64) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManagePackages).await?;
    Ok(crate::server::customers::packages::remove(&asked.app, asked.who, id).await?)
}

/// Reads the profiles of every router now; what did not answer, in words.
#[server(prefix = "/api/admin", endpoint = "package/check", input = Json, output = Json)]
pub async fn check_profiles() -> Result<String, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManagePackages).await?;
    Ok(query::check_now(&asked.app).await?)
}

/// What a button of a row does.
#[derive(Clone)]
enum Deed {
    Offer(i64, bool),
    Remove(i64),
    Check,
}

/// The page.
#[component]
pub fn PackagesPage() -> impl IntoView {
    let data = Resource::new(|| (), |()| list_packages());
    let edited = RwSignal::new(None::<PackageTyped>);
    let said = RwSignal::new(None::<(Tone, String)>);
    let act = Action::new(move |deed: &Deed| {
        let deed = deed.clone();
        async move {
            let answer = match deed {
                Deed::Offer(id, active) => offer_package(id, active).await.map(|()| "Tersimpan.".to_owned()),
                Deed::Remove(id) => remove_package(id).await.map(|()| "Paket dihapus.".to_owned()),
                Deed::Check => check_profiles().await,
            };
            said.set(Some(match answer {
                Ok(words) => (Tone::Ok, words),
                Err(error) => (Tone::Bad, error.to_string()),
            }));
            data.refetch();
        }
    });
    let busy = act.pending();
    let fresh = move |_| {
        edited.set(Some(PackageTyped { months: "1".to_owned(), from: "next".to_owned(), ..PackageTyped::default() }));
    };
    let done = Callback::new(move |words: String| {
        edited.set(None);
        said.set(Some((
            if words.is_empty() { Tone::Ok } else { Tone::Warn },
            if words.is_empty() { "Paket tersimpan.".to_owned() } else { words },
        )));
        data.refetch();
    });
    view! {
        <Title text=text::PACKAGES />
        <div class="title">
            <h1>{text::PACKAGES}</h1>
            <span class="row">
                <button class="btn" type="button" disabled=busy on:click=move |_| { act.dispatch(Deed::Check); }>"Periksa profil sekarang"</button>
                <button class="btn main" type="button" on:click=fresh>"Tambah paket"</button>
            </span>
        </div>
        {move || said.get().map(|(tone, words)| view! { <Notice tone><p>{words}</p></Notice> })}
        {move || edited.get().map(|package| view! { <div class="gap-top"><PackageEntry package done cancel=Callback::new(move |()| edited.set(None)) /></div> })}
        <section class="panel gap-top">
            <Transition fallback=Loading>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(rows) => view! { <Rows rows edited act=Callback::new(move |deed| { act.dispatch(deed); }) /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

#[component]
fn Rows(rows: Vec<PackageRow>, edited: RwSignal<Option<PackageTyped>>, act: Callback<Deed>) -> impl IntoView {
    if rows.is_empty() {
        return view! { <Empty title="Belum ada paket." hint="Tekan Tambah paket: nama, harga, dan profil di router." /> }.into_any();
    }
    let rows = rows
        .into_iter()
        .map(|row| {
            let form = row.form.clone();
            let (id, active) = (row.form.id, row.active);
            let name = row.form.name.clone();
            let badge = if active { Badge::new("Ditawarkan", Tone::Ok) } else { Badge::new("Tidak ditawarkan", Tone::Plain) };
            let profile = match (row.lacking.is_empty(), row.read) {
                (false, _) => view! { <Tag badge=Badge::new("Tidak ada di beberapa router", Tone::Warn) /><span class="sub">{row.lacking}</span> }.into_any(),
                (true, true) => view! { <span class="sub">"ada di semua router"</span> }.into_any(),
                (true, false) => view! { <span class="sub">"belum diperiksa di semua router"</span> }.into_any(),
            };
            let services = if row.services == 0 {
                view! { <span class="mute">"0"</span> }.into_any()
            } else {
                view! { <a href=format!("/admin/pelanggan?package={id}")>{text::count(row.services)}</a> }.into_any()
            };
            view! {
                <tr>
                    <td><span class="strong">{row.form.name.clone()}</span><span class="sub">{format!("{}/{} Mbps · {} bulan", row.form.down, row.form.up, row.form.months)}</span><Tag badge />
                        <span class="row">
                            <button class="link" type="button" aria-label=format!("Ubah {name}") on:click=move |_| edited.set(Some(form.clone()))>"Ubah"</button>
                            <button class="link" type="button" on:click=move |_| act.run(Deed::Offer(id, !active))>{if active { "Nonaktifkan" } else { "Tawarkan" }}</button>
                            {(row.services == 0).then(|| view! { <button class="link" type="button" aria-label=format!("Hapus {name}") on:click=move |_| act.run(Deed::Remove(id))>"Hapus"</button> })}
                        </span>
                    </td>
                    <td class="num">{row.price}<span class="sub">{row.later}</span><a class="small" href=format!("/admin/paket/{id}")>"Harga"</a></td>
                    <td class="hide-s">{row.form.profile.clone()}{profile}</td>
                    <td class="num">{services}</td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <div class="scroll" tabindex="0" role="group" aria-label="Tabel"><table>
            <thead><tr>
                <th scope="col">"Paket"</th><th scope="col" class="num">"Harga"</th><th scope="col" class="hide-s">"Profil"</th>
                <th scope="col" class="num">"Layanan"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
    }
    .into_any()
}
