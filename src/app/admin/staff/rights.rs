//! Hak akses: what each role may, and where that differs from what is delivered.

use crate::app::codec::Json;
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Confirm, Loading, Problem};
use leptos::prelude::*;
use leptos_meta::Title;
use serde::{Deserialize, Serialize};

/// What one role may of one right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RightCell {
    /// The role, as the table writes it.
    pub role: String,
    /// The role, as a word.
    pub word: String,
    /// Whether whoever asks may change it.
    pub open: bool,
    /// Whether the role may.
    pub allowed: bool,
    /// Whether it may under the delivered table.
    pub delivered: bool,
}

/// One right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RightRow {
    /// The right, as the table writes it.
    pub code: String,
    /// As people read it.
    pub label: String,
    /// A cell a role.
    pub cells: Vec<RightCell>,
}

/// The table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RightsView {
    /// Roles, as words.
    pub roles: Vec<String>,
    /// Rights.
    pub rows: Vec<RightRow>,
    /// Cells that differ from what is delivered.
    pub changed: i64,
    /// Whether whoever asks may put everything back.
    pub may_reset: bool,
}

/// The table.
#[server(prefix = "/api/admin", endpoint = "right/list", input = Json, output = Json)]
pub async fn list_rights() -> Result<RightsView, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageStaff).await?;
    Ok(super::query::rights(&asked).await?)
}

/// Allows a role something, or takes it away.
#[server(prefix = "/api/admin", endpoint = "right/set", input = Json, output = Json)]
pub async fn set_right(role: String, permission: String, allowed: bool) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageStaff).await?;
    Ok(super::query::set_right(asked, &role, &permission, allowed).await?)
}

/// Back to what is delivered.
#[server(prefix = "/api/admin", endpoint = "right/reset", input = Json, output = Json)]
pub async fn reset_rights() -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageStaff).await?;
    Ok(super::query::reset_rights(asked).await?)
}

/// The page.
#[component]
pub fn RightsPage() -> impl IntoView {
    let data = Resource::new(|| (), |()| list_rights());
    let again = Callback::new(move |()| data.refetch());
    let problem = RwSignal::new(None::<ApiError>);
    view! {
        <Title text="Hak Akses" />
        <p><a href="/admin/pengguna">{text::STAFF}</a></p>
        <div class="title"><h1>"Hak Akses"</h1></div>
        <p class="mute">"Yang dicentang boleh dilakukan peran itu. Perubahan langsung berlaku, juga bagi yang sedang masuk, dan dicatat di Log Aktivitas. Pemilik selalu boleh semuanya; kolektor hanya melihat pelanggannya sendiri."</p>
        {move || problem.get().map(|error| view! { <Problem error /> })}
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(table) => view! { <Table table again problem /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Table(table: RightsView, again: Callback<()>, problem: RwSignal<Option<ApiError>>) -> impl IntoView {
    let changed = RwSignal::new(table.changed);
    let asked = RwSignal::new(false);
    let reset = Action::new(move |(): &()| async move {
        problem.set(reset_rights().await.err());
        asked.set(false);
        again.run(());
    });
    let heads = table.roles.into_iter().map(|role| view! { <th scope="col">{role}</th> }).collect::<Vec<_>>();
    let rows = table
        .rows
        .into_iter()
        .map(|row| {
            let (code, label) = (row.code, row.label.clone());
            let cells = row
                .cells
                .into_iter()
                .map(|cell| view! { <td><Cell cell code=code.clone() label=label.clone() changed problem /></td> })
                .collect::<Vec<_>>();
            view! { <tr><th scope="row">{row.label}</th>{cells}</tr> }
        })
        .collect::<Vec<_>>();
    view! {
        {table.may_reset.then(|| view! {
            <div class="row">
                <span class="mute" role="status">{move || match changed.get() {
                    0 => "Semua seperti bawaan.".to_owned(),
                    n => format!("{n} hak berbeda dari bawaan."),
                }}</span>
                <button class="btn small" type="button" disabled=move || changed.get() == 0 on:click=move |_| asked.set(true)>"Kembalikan ke bawaan"</button>
            </div>
        })}
        <section class="panel gap-top">
            <div class="scroll" tabindex="0" role="group" aria-label="Tabel hak akses"><table class="named">
                <thead><tr><th scope="col">"Hak"</th>{heads}</tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        </section>
        <Confirm open=asked title="Kembalikan semua hak ke bawaan?">
            <p>"Semua perubahan di tabel ini hilang dan langsung berlaku bagi setiap peran."</p>
            <div class="row">
                <button class="btn main" type="button" disabled=reset.pending() on:click=move |_| { reset.dispatch(()); }>"Ya, kembalikan"</button>
                <button class="btn" type="button" on:click=move |_| asked.set(false)>{text::CANCEL}</button>
            </div>
        </Confirm>
    }
}

/// A tick that is saved when it is set. It is not drawn anew, so that the keyboard stays where it is; who ticks faster
/// than the server answers gets his last word.
#[component]
fn Cell(
    cell: RightCell,
    code: String,
    label: String,
    changed: RwSignal<i64>,
    problem: RwSignal<Option<ApiError>>,
) -> impl IntoView {
    let delivered = cell.delivered;
    let differs = move |value: bool| {
        let word = if delivered { "boleh" } else { "tidak" };
        (value != delivered).then(|| view! { <span class="sub">{format!("Diubah; bawaan: {word}")}</span> })
    };
    if !cell.open {
        let word = if cell.allowed { "Boleh" } else { "Tidak" };
        return view! { <span class="mute">{word}</span>{differs(cell.allowed)} }.into_any();
    }
    let (value, saved, busy) = (RwSignal::new(cell.allowed), RwSignal::new(cell.allowed), RwSignal::new(false));
    let (role, name) = (StoredValue::new(cell.role), format!("{}: {label}", cell.word));
    let code = StoredValue::new(code);
    let tick = move |wanted: bool| {
        value.set(wanted);
        problem.set(None);
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        leptos::task::spawn_local(async move {
            while saved.get_untracked() != value.get_untracked() {
                let wanted = value.get_untracked();
                match set_right(role.get_value(), code.get_value(), wanted).await {
                    Ok(()) => {
                        saved.set(wanted);
                        changed.update(|n| *n += if wanted == delivered { -1 } else { 1 });
                    }
                    Err(error) => {
                        value.set(saved.get_untracked());
                        problem.set(Some(error));
                    }
                }
            }
            busy.set(false);
        });
    };
    view! {
        <input type="checkbox" aria-label=name aria-busy=move || busy.get().to_string() checked=cell.allowed prop:checked=value
            on:change=move |event| tick(event_target_checked(&event)) />
        {move || differs(saved.get())}
    }
    .into_any()
}
