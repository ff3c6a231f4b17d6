//! Pengguna & Hak Akses: who works here, how somebody comes and goes, and what each role may.

mod member;
#[cfg(feature = "ssr")]
mod query;
mod rights;

pub use member::MemberPage;
pub use rights::RightsPage;

use crate::app::admin::account::SessionRow;
use crate::app::admin::settings::Copy;
use crate::app::codec::Json;
use crate::app::dto::{Badge, Choice, PageInfo, Tone};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Empty, FilterForm, Loading, Notice, OtherProblem, Pager, Problem, Tag, TextInput, wrong_of};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};

/// A member of staff in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffRow {
    /// His row.
    pub id: i64,
    /// Name.
    pub name: String,
    /// What he logs in with.
    pub email: String,
    /// Role, as a word.
    pub role: String,
    /// Last log-in; `Belum pernah` without one.
    pub seen: String,
    /// Whether the second factor is on.
    pub factor: bool,
    /// Active, invited, switched off.
    pub state: Badge,
    /// Until when a link of his opens; empty without one.
    pub link_until: String,
}

/// A page of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffList {
    /// Its rows.
    pub rows: Vec<StaffRow>,
    /// Where it stands.
    pub info: PageInfo,
    /// Roles that whoever asks may give.
    pub roles: Vec<Choice>,
}

/// One member of staff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffMember {
    /// What the list says of him.
    pub row: StaffRow,
    /// Telephone.
    pub phone: String,
    /// Role, as the table writes it.
    pub role: String,
    /// Roles that whoever asks may give.
    pub roles: Vec<Choice>,
    /// Whether he may log in.
    pub active: bool,
    /// Whether it is whoever asks.
    pub mine: bool,
    /// Whether whoever asks may change him: only an owner changes an owner.
    pub may: bool,
    /// Where he is logged in.
    pub sessions: Vec<SessionRow>,
}

/// A link that was made; it is shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffLink {
    /// Whose.
    pub name: String,
    /// The address.
    pub url: String,
    /// The same as a message in WhatsApp.
    pub whatsapp: String,
    /// Until when it opens.
    pub until: String,
}

/// A page of the list.
#[server(prefix = "/api/admin", endpoint = "staff/list", input = Json, output = Json)]
pub async fn list_staff(q: String, page: i64) -> Result<StaffList, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageStaff).await?;
    Ok(query::list(&asked, &q, page).await?)
}

/// Invites somebody; the link for him.
#[server(prefix = "/api/admin", endpoint = "staff/invite", input = Json, output = Json)]
pub async fn invite_staff(name: String, email: String, phone: String, role: String) -> Result<StaffLink, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageStaff).await?;
    Ok(query::invite(asked, name, email, phone, &role).await?)
}

/// One member of staff.
#[server(prefix = "/api/admin", endpoint = "staff/read", input = Json, output = Json)]
pub async fn read_member(id: i64) -> Result<StaffMember, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageStaff).await?;
    Ok(query::read(&asked, id).await?)
}

/// Saves name, telephone and role.
#[server(prefix = "/api/admin", endpoint = "staff/save", input = Json, output = Json)]
pub async fn save_member(id: i64, name: String, phone: String, role: String) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageStaff).await?;
    Ok(query::save(asked, id, &name, &phone, &role).await?)
}

/// A new link behind which he sets his password.
#[server(prefix = "/api/admin", endpoint = "staff/link", input = Json, output = Json)]
pub async fn link_member(id: i64) -> Result<StaffLink, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageStaff).await?;
    Ok(query::link(asked, id).await?)
}

/// Lets somebody in again, or puts him out.
#[server(prefix = "/api/admin", endpoint = "staff/switch", input = Json, output = Json)]
pub async fn switch_member(id: i64, active: bool) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageStaff).await?;
    Ok(query::switch(asked, id, active).await?)
}

/// Takes his second factor away.
#[server(prefix = "/api/admin", endpoint = "staff/factor-off", input = Json, output = Json)]
pub async fn drop_member_factor(id: i64) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageStaff).await?;
    Ok(query::drop_factor(asked, id).await?)
}

/// Ends one of his sessions.
#[server(prefix = "/api/admin", endpoint = "staff/end", input = Json, output = Json)]
pub async fn end_member_session(id: i64, handle: String) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageStaff).await?;
    Ok(query::end(asked, id, &handle).await?)
}

/// The list, and the form that invites; whoever has no right to them reads the refusal alone.
#[component]
pub fn StaffPage() -> impl IntoView {
    let roles = Resource::new(|| (), |()| list_staff(String::new(), 1));
    view! {
        <Title text=text::STAFF />
        <Suspense fallback=Loading>
            {move || Suspend::new(async move {
                match roles.await {
                    Ok(list) => view! { <Staff roles=list.roles /> }.into_any(),
                    Err(error) => view! { <div class="title"><h1>{text::STAFF}</h1></div><Problem error /> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Staff(roles: Vec<Choice>) -> impl IntoView {
    let query = use_query_map();
    let wanted = Memo::new(move |_| {
        let map = query.read();
        (map.get("q").unwrap_or_default(), map.get("page").and_then(|page| page.parse::<i64>().ok()).unwrap_or(1))
    });
    let data = Resource::new(move || wanted.get(), |(q, page)| list_staff(q, page));
    let again = Callback::new(move |()| data.refetch());
    // The link is shown once: it stays while the list reads itself anew.
    let link = RwSignal::new(None::<StaffLink>);
    view! {
        <div class="title">
            <h1>{text::STAFF}</h1>
            <span class="row"><a class="btn" href="/admin/pengguna/hak">"Hak akses per peran"</a></span>
        </div>
        <LinkBox link />
        <section class="panel">
            <FilterForm action="/admin/pengguna">
                <div class="filters">
                    <div class="field wide">
                        <label for="q">"Nama, email, telepon"</label>
                        <input id="q" name="q" type="search" value=wanted.get_untracked().0 prop:value=move || wanted.get().0 />
                    </div>
                    <div class="row">
                        <button class="btn main" type="submit">{text::SEARCH_BUTTON}</button>
                        <a class="link row" href="/admin/pengguna">{text::CLEAR}</a>
                    </div>
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
        <Invite link again roles />
    }
}

#[component]
fn Rows(list: StaffList) -> impl IntoView {
    if list.rows.is_empty() {
        return view! { <Empty title="Tidak ada pengguna yang cocok." hint="Ubah pencarian, atau undang seseorang di bawah." /> }.into_any();
    }
    let rows = list
        .rows
        .into_iter()
        .map(|row| {
            let factor = if row.factor { Badge::new("Menyala", Tone::Ok) } else { Badge::new("Mati", Tone::Plain) };
            view! {
                <tr>
                    <td>
                        <a class="strong" href=format!("/admin/pengguna/{}", row.id)>{row.name}</a>
                        <span class="sub">{row.email}</span>
                    </td>
                    <td>{row.role}</td>
                    <td class="num hide-s">{row.seen}</td>
                    <td class="hide-s"><Tag badge=factor /></td>
                    <td><Tag badge=row.state /><span class="sub num">{row.link_until}</span></td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <div class="scroll" tabindex="0" role="group" aria-label="Tabel"><table>
            <thead><tr>
                <th scope="col">"Pengguna"</th><th scope="col">"Peran"</th><th scope="col" class="hide-s">"Terakhir masuk"</th>
                <th scope="col" class="hide-s">"Verifikasi dua langkah"</th><th scope="col">"Keadaan"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
        <Pager info=list.info />
    }
    .into_any()
}

#[component]
fn Invite(link: RwSignal<Option<StaffLink>>, again: Callback<()>, roles: Vec<Choice>) -> impl IntoView {
    let (name, email, phone) =
        (RwSignal::new(String::new()), RwSignal::new(String::new()), RwSignal::new(String::new()));
    // The least that an office gives; nobody becomes an owner by a slip.
    let role = RwSignal::new("viewer".to_owned());
    let problem = RwSignal::new(None::<ApiError>);
    let send = Action::new(move |(): &()| {
        let typed = [name, email, phone, role].map(|signal| signal.get_untracked());
        async move {
            let [who, address, number, part] = typed;
            match invite_staff(who, address, number, part).await {
                Ok(made) => {
                    for signal in [name, email, phone] {
                        signal.set(String::new());
                    }
                    link.set(Some(made));
                    again.run(());
                }
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    view! {
        <form class="panel pad stack gap-top" on:submit=move |event| { event.prevent_default(); problem.set(None); send.dispatch(()); }>
            <h2>"Undang pengguna"</h2>
            <p class="mute">"Kimonet membuat tautan; yang diundang menetapkan kata sandinya sendiri di sana. Kantor tidak pernah mengetahuinya."</p>
            <TextInput label="Nama" id="name" value=name wrong=wrong_of(problem, "name") />
            <TextInput label="Email" id="email" value=email wrong=wrong_of(problem, "email") hint="Dipakai untuk masuk. Misalnya rina@contoh.id." />
            <TextInput label="Telepon" id="phone" value=phone wrong=wrong_of(problem, "phone") hint="Boleh kosong. Misalnya 0812-3456-7890." />
            <RoleSelect choices=roles value=role wrong=wrong_of(problem, "role") />
            <OtherProblem problem fields=&["name", "email", "phone", "role"] />
            <div class="row"><button class="btn main" type="submit" disabled=send.pending()>"Buat undangan"</button></div>
        </form>
    }
}

/// The roles that may be given.
#[component]
fn RoleSelect(choices: Vec<Choice>, value: RwSignal<String>, wrong: Signal<String>) -> impl IntoView {
    let entries = choices
        .into_iter()
        .map(|one| {
            let chosen = one.value == value.get_untracked();
            view! { <option value=one.value selected=chosen>{one.word}</option> }
        })
        .collect::<Vec<_>>();
    view! {
        <div class="field">
            <label for="role">"Peran"</label>
            <select id="role" aria-describedby="role-salah" on:change=move |event| value.set(event_target_value(&event))>{entries}</select>
            <span class="wrong" id="role-salah" role="alert">{wrong}</span>
        </div>
    }
}

/// A link that was just made, to copy or to send.
#[component]
fn LinkBox(link: RwSignal<Option<StaffLink>>) -> impl IntoView {
    move || {
        link.get().map(|made| {
            view! {
                <Notice tone=Tone::Ok>
                    <div class="stack">
                        <p><b>{format!("Tautan untuk {}", made.name)}</b>{format!(". Kirim kepadanya sekarang; tautan tidak ditampilkan lagi. Berlaku sekali, sampai {}.", made.until)}</p>
                        <Copy id="tautan" label="Tautan" value=made.url />
                        <div class="row">
                            <a class="btn small" href=made.whatsapp target="_blank" rel="noopener noreferrer">"Kirim lewat WhatsApp"</a>
                            <button class="btn small" type="button" on:click=move |_| link.set(None)>"Tutup"</button>
                        </div>
                    </div>
                </Notice>
            }
        })
    }
}
