//! Wilayah: where the services are, who looks after them, and what is owed there. A name is changed once, and every service
//! follows.

#[cfg(feature = "ssr")]
mod query;

use crate::app::codec::Json;
use crate::app::dto::Choice;
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Confirm, Empty, Loading, Problem};
use leptos::prelude::*;
use leptos_meta::Title;
use serde::{Deserialize, Serialize};

/// An area.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AreaRow {
    /// Its row.
    pub id: i64,
    /// Name.
    pub name: String,
    /// Who manages it, or 0.
    pub manager_id: i64,
    /// His name, maybe empty.
    pub manager: String,
    /// Note.
    pub note: String,
    /// Services in it.
    pub services: i64,
    /// What is owed, formatted; empty for nothing or for who sees no money.
    pub owed: String,
}

/// The page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AreaList {
    /// Areas by name.
    pub rows: Vec<AreaRow>,
    /// Services without an area.
    pub without: i64,
    /// Who may manage one.
    pub managers: Vec<Choice>,
    /// Whether this person may change.
    pub may_edit: bool,
    /// Whether he sees money.
    pub sees_money: bool,
}

/// All areas.
#[server(prefix = "/api/admin", endpoint = "area/list", input = Json, output = Json)]
pub async fn list_areas() -> Result<AreaList, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewCustomers).await?;
    Ok(query::list(&asked).await?)
}

/// Saves an area (`id` 0: a new one).
#[server(prefix = "/api/admin", endpoint = "area/save", input = Json, output = Json)]
pub async fn save_area(id: i64, name: String, manager_id: i64, note: String) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::EditCustomers).await?;
    Ok(query::save(&asked.app, asked.who, id, &name, manager_id, &note).await?)
}

/// Moves all services of an area into another and takes the first away.
#[server(prefix = "/api/admin", endpoint = "area/merge", input = Json, output = Json)]
pub async fn merge_area(id: i64, into: i64) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::EditCustomers).await?;
    Ok(query::merge(&asked.app, asked.who, id, into).await?)
}

/// Takes an empty area away.
#[server(prefix = "/api/admin", endpoint = "area/delete", input = Json, output = Json)]
pub async fn delete_area(id: i64) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::EditCustomers).await?;
    Ok(query::delete(&asked.app, asked.who, id).await?)
}

/// The page.
#[component]
pub fn AreasPage() -> impl IntoView {
    let data = Resource::new(|| (), |()| list_areas());
    let refresh = Callback::new(move |()| data.refetch());
    view! {
        <Title text=text::AREAS />
        <div class="title"><h1>{text::AREAS}</h1></div>
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(list) => view! { <Areas list refresh /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Areas(list: AreaList, refresh: Callback<()>) -> impl IntoView {
    let open = RwSignal::new(false);
    let chosen = RwSignal::new(AreaRow::default());
    let others = StoredValue::new(list.rows.clone());
    let managers = StoredValue::new(list.managers);
    let (may_edit, sees_money, empty) = (list.may_edit, list.sees_money, list.rows.is_empty());
    let rows = list
        .rows
        .into_iter()
        .map(|row| {
            let href = format!("/admin/pelanggan?{}", query_of(&row.name));
            let edit = row.clone();
            view! {
                <tr>
                    <td><a class="strong" href=href>{row.name}</a><span class="sub">{row.note}</span></td>
                    <td class="hide-s">{row.manager}</td>
                    <td class="num">{text::count(row.services)}</td>
                    {sees_money.then(|| view! { <td class="num">{row.owed}</td> })}
                    {may_edit.then(|| view! {
                        <td><button class="btn small" type="button" on:click=move |_| { chosen.set(edit.clone()); open.set(true); }>"Ubah"</button></td>
                    })}
                </tr>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <section class="panel">
            {may_edit.then(|| view! {
                <div class="row pad"><button class="btn main" type="button" on:click=move |_| { chosen.set(AreaRow::default()); open.set(true); }>"Wilayah baru"</button></div>
            })}
            {if empty {
                view! { <Empty title="Belum ada wilayah." hint="Tambahkan wilayah, atau isi saat Pasang Baru dan impor." /> }.into_any()
            } else {
                view! {
                    <div class="scroll" tabindex="0" role="group" aria-label="Tabel">
                        <table>
                            <thead><tr>
                                <th scope="col">"Wilayah"</th><th scope="col" class="hide-s">"Penanggung jawab"</th><th scope="col" class="num">"Layanan"</th>
                                {sees_money.then(|| view! { <th scope="col" class="num">"Belum dibayar"</th> })}
                                {may_edit.then(|| view! { <th scope="col"><span class="sr">"Ubah"</span></th> })}
                            </tr></thead>
                            <tbody>{rows}</tbody>
                        </table>
                    </div>
                }.into_any()
            }}
            {(list.without > 0).then(|| view! { <p class="pad mute">{text::counted(list.without, "layanan")} " belum punya wilayah."</p> })}
        </section>
        {may_edit.then(|| view! {
            <Confirm open title="Wilayah">
                {move || {
                    let row = chosen.get();
                    open.get().then(|| view! { <AreaForm row others=others.get_value() managers=managers.get_value() open refresh /> })
                }}
            </Confirm>
        })}
    }
}

/// `area=Dusun%20Krajan`.
fn query_of(area: &str) -> String {
    let mut map = leptos_router::params::ParamsMap::new();
    map.insert("area", area.to_owned());
    map.to_query_string().trim_start_matches('?').to_owned()
}

#[component]
fn AreaForm(
    row: AreaRow,
    others: Vec<AreaRow>,
    managers: Vec<Choice>,
    open: RwSignal<bool>,
    refresh: Callback<()>,
) -> impl IntoView {
    let id = row.id;
    let (name, note, manager) = (RwSignal::new(row.name), RwSignal::new(row.note), RwSignal::new(row.manager_id));
    let into = RwSignal::new(0_i64);
    let problem = RwSignal::new(None::<ApiError>);
    let finish = move |result: Result<(), ApiError>| match result {
        Ok(()) => {
            open.set(false);
            refresh.run(());
        }
        Err(error) => problem.set(Some(error)),
    };
    let save = Action::new(move |(): &()| async move {
        finish(save_area(id, name.get_untracked(), manager.get_untracked(), note.get_untracked()).await);
    });
    let merge = Action::new(move |(): &()| async move { finish(merge_area(id, into.get_untracked()).await) });
    let delete = Action::new(move |(): &()| async move { finish(delete_area(id).await) });
    let managers = managers
        .into_iter()
        .map(|one| {
            let selected = one.value == row.manager_id.to_string();
            view! { <option value=one.value selected=selected>{one.word}</option> }
        })
        .collect::<Vec<_>>();
    let others = others
        .into_iter()
        .filter(|other| other.id != id)
        .map(|other| view! { <option value=other.id.to_string()>{other.name}</option> })
        .collect::<Vec<_>>();
    view! {
        <form class="stack" on:submit=move |event| { event.prevent_default(); problem.set(None); save.dispatch(()); }>
            <div class="field">
                <label for="wilayah-nama">"Nama wilayah"</label>
                <input id="wilayah-nama" type="text" maxlength="100" required prop:value=name on:input=move |event| name.set(event_target_value(&event)) />
                {(id != 0).then(|| view! { <span class="hint">"Semua layanan di wilayah ini ikut nama baru"</span> })}
            </div>
            <div class="field">
                <label for="wilayah-penanggung">"Penanggung jawab"</label>
                <select id="wilayah-penanggung" on:change=move |event| manager.set(event_target_value(&event).parse().unwrap_or(0))>
                    <option value="0">"Belum ada"</option>
                    {managers}
                </select>
            </div>
            <div class="field">
                <label for="wilayah-catatan">"Catatan"</label>
                <input id="wilayah-catatan" type="text" maxlength="200" prop:value=note on:input=move |event| note.set(event_target_value(&event)) />
            </div>
            {move || problem.get().map(|error| view! { <Problem error /> })}
            <div class="row">
                <button class="btn main" type="submit" disabled=save.pending()>"Simpan wilayah"</button>
                <button class="btn" type="button" on:click=move |_| open.set(false)>{text::CANCEL}</button>
                {(id != 0 && row.services == 0).then(|| view! { <button class="btn bad" type="button" on:click=move |_| { delete.dispatch(()); }>"Hapus wilayah"</button> })}
            </div>
            {(id != 0).then(|| view! {
                <div class="field">
                    <label for="wilayah-gabung">"Gabungkan ke"</label>
                    <select id="wilayah-gabung" on:change=move |event| into.set(event_target_value(&event).parse().unwrap_or(0))>
                        <option value="0">"Pilih wilayah"</option>
                        {others}
                    </select>
                </div>
                <div class="row"><button class="btn" type="button" disabled=move || into.get() == 0 on:click=move |_| { merge.dispatch(()); }>"Gabungkan"</button></div>
            })}
        </form>
    }
}
