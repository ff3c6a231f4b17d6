//! Akun Saya: one's own name, password, second factor and sessions. Everybody who is logged in has it, whatever he may.

mod factor;
#[cfg(feature = "ssr")]
pub(in crate::app::admin) mod query;

use crate::app::codec::Json;
use crate::app::dto::Tone;
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Loading, Notice, OtherProblem, Problem, TextInput, wrong_of};
use factor::FactorPanel;
use leptos::prelude::*;
use leptos_meta::Title;
use serde::{Deserialize, Serialize};

/// Somewhere somebody is logged in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    /// A name for it that opens nothing.
    pub handle: String,
    /// Browser and system.
    pub browser: String,
    /// Address.
    pub address: String,
    /// Since when.
    pub since: String,
    /// Last used.
    pub seen: String,
    /// Whether it is the one that asks.
    pub here: bool,
}

/// One's own account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Name.
    pub name: String,
    /// What he logs in with.
    pub email: String,
    /// Telephone.
    pub phone: String,
    /// Role, as a word.
    pub role: String,
    /// Whether the second factor is on.
    pub factor: bool,
    /// Recovery codes that are left.
    pub recovery_left: i64,
    /// Whether the site asks for the second factor before anything else.
    pub must_secure: bool,
    /// Where he is logged in.
    pub sessions: Vec<SessionRow>,
}

/// What a phone is given to begin with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactorOffer {
    /// The secret as text.
    pub secret: String,
    /// The same, sealed; comes back with the first code.
    pub sealed: String,
    /// Modules of a side of the QR code, margin included.
    pub side: i64,
    /// Its dark modules as an SVG path.
    pub path: String,
}

/// The account.
#[server(prefix = "/api/admin", endpoint = "account/read", input = Json, output = Json)]
pub async fn read_account() -> Result<Account, ApiError> {
    let (asked, token) = crate::server::guard::guard_own().await?;
    Ok(query::read(&asked, &token).await?)
}

/// Saves name and telephone.
#[server(prefix = "/api/admin", endpoint = "account/save", input = Json, output = Json)]
pub async fn save_account(name: String, phone: String) -> Result<(), ApiError> {
    let (asked, _) = crate::server::guard::guard_own().await?;
    let id = asked.staff.id;
    Ok(crate::server::staff::account::change(&asked.app, asked.who, id, &name, &phone).await?)
}

/// Changes the password; answers how many other sessions ended.
#[server(prefix = "/api/admin", endpoint = "account/password", input = Json, output = Json)]
pub async fn change_password(old: String, new: String) -> Result<i64, ApiError> {
    let (asked, token) = crate::server::guard::guard_own().await?;
    let id = asked.staff.id;
    let ended = crate::server::staff::account::change_password(&asked.app, asked.who, id, &token, &old, &new).await?;
    Ok(i64::try_from(ended).unwrap_or(i64::MAX))
}

/// Ends one of one's own sessions.
#[server(prefix = "/api/admin", endpoint = "account/end", input = Json, output = Json)]
pub async fn end_session(handle: String) -> Result<(), ApiError> {
    let (asked, _) = crate::server::guard::guard_own().await?;
    let id = asked.staff.id;
    Ok(crate::server::staff::sessions::end(&asked.app, asked.who, id, &handle).await?)
}

/// Begins a second factor: nothing is stored yet.
#[server(prefix = "/api/admin", endpoint = "account/factor", input = Json, output = Json)]
pub async fn begin_factor() -> Result<FactorOffer, ApiError> {
    let (asked, _) = crate::server::guard::guard_own().await?;
    Ok(query::offer(&asked).await?)
}

/// Switches it on; the recovery codes.
#[server(prefix = "/api/admin", endpoint = "account/factor-on", input = Json, output = Json)]
pub async fn confirm_factor(sealed: String, code: String) -> Result<Vec<String>, ApiError> {
    let (asked, _) = crate::server::guard::guard_own().await?;
    let id = asked.staff.id;
    Ok(crate::server::staff::second_factor::confirm(&asked.app, asked.who, id, &sealed, &code).await?)
}

/// New recovery codes.
#[server(prefix = "/api/admin", endpoint = "account/recovery", input = Json, output = Json)]
pub async fn renew_recovery(password: String) -> Result<Vec<String>, ApiError> {
    let (asked, _) = crate::server::guard::guard_own().await?;
    let id = asked.staff.id;
    Ok(crate::server::staff::second_factor::renew_recovery(&asked.app, asked.who, id, &password).await?)
}

/// Switches it off.
#[server(prefix = "/api/admin", endpoint = "account/factor-off", input = Json, output = Json)]
pub async fn drop_factor(password: String) -> Result<(), ApiError> {
    let (asked, _) = crate::server::guard::guard_own().await?;
    let id = asked.staff.id;
    Ok(crate::server::staff::second_factor::switch_off(&asked.app, asked.who, id, &password).await?)
}

/// The page.
#[component]
pub fn AccountPage() -> impl IntoView {
    let data = Resource::new(|| (), |()| read_account());
    // Recovery codes are shown once: they stay while the page reads itself anew.
    let codes = RwSignal::new(Vec::<String>::new());
    let again = Callback::new(move |()| data.refetch());
    view! {
        <Title text=text::ACCOUNT />
        <div class="title"><h1>{text::ACCOUNT}</h1></div>
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(account) => view! { <Parts account codes again /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Parts(account: Account, codes: RwSignal<Vec<String>>, again: Callback<()>) -> impl IntoView {
    let must = account.must_secure.then(|| view! {
        <Notice tone=Tone::Warn><p>"Kantor ini meminta verifikasi dua langkah dari setiap pemilik. Nyalakan dahulu di bawah; sesudah itu semua halaman terbuka."</p></Notice>
    });
    let (factor, left) = (account.factor, account.recovery_left);
    let sessions = account.sessions.clone();
    view! {
        {must}
        <FactorPanel on=factor left codes again />
        <Own account again />
        <Password again />
        <Sessions rows=sessions again />
    }
}

#[component]
fn Own(account: Account, again: Callback<()>) -> impl IntoView {
    let (name, phone) = (RwSignal::new(account.name), RwSignal::new(account.phone));
    let problem = RwSignal::new(None::<ApiError>);
    let saved = RwSignal::new(false);
    let save = Action::new(move |(): &()| {
        let (name, phone) = (name.get_untracked(), phone.get_untracked());
        async move {
            match save_account(name, phone).await {
                Ok(()) => {
                    saved.set(true);
                    again.run(());
                }
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    view! {
        <form class="panel pad stack gap-top" on:submit=move |event| { event.prevent_default(); problem.set(None); saved.set(false); save.dispatch(()); }>
            <h2>"Data saya"</h2>
            <p class="mute">{account.email}" · "{account.role}</p>
            <TextInput label="Nama" id="name" value=name wrong=wrong_of(problem, "name") />
            <TextInput label="Telepon" id="phone" value=phone wrong=wrong_of(problem, "phone") hint="Boleh kosong. Misalnya 0812-3456-7890." />
            <OtherProblem problem fields=&["name", "phone"] />
            {move || saved.get().then(|| view! { <Notice tone=Tone::Ok><p>"Tersimpan."</p></Notice> })}
            <div class="row"><button class="btn main" type="submit" disabled=save.pending()>"Simpan"</button></div>
        </form>
    }
}

#[component]
fn Password(again: Callback<()>) -> impl IntoView {
    let (old, new, repeated) =
        (RwSignal::new(String::new()), RwSignal::new(String::new()), RwSignal::new(String::new()));
    let problem = RwSignal::new(None::<ApiError>);
    let done = RwSignal::new(None::<i64>);
    let save = Action::new(move |(): &()| {
        let (was, will) = (old.get_untracked(), new.get_untracked());
        let same = will == repeated.get_untracked();
        async move {
            if !same {
                let message = "Kedua kata sandi baru tidak sama. Ketik sekali lagi.".to_owned();
                problem.set(Some(ApiError::Invalid { field: "repeated".to_owned(), message }));
                return;
            }
            match change_password(was, will).await {
                Ok(ended) => {
                    for typed in [old, new, repeated] {
                        typed.set(String::new());
                    }
                    done.set(Some(ended));
                    again.run(());
                }
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    view! {
        <form class="panel pad stack gap-top" on:submit=move |event| { event.prevent_default(); problem.set(None); done.set(None); save.dispatch(()); }>
            <h2>"Ganti kata sandi"</h2>
            <TextInput label="Kata sandi sekarang" id="old" kind="password" value=old wrong=wrong_of(problem, "old") />
            <TextInput label="Kata sandi baru" id="new" kind="password" value=new wrong=wrong_of(problem, "new") hint="Paling sedikit 10 huruf." />
            <TextInput label="Ulangi kata sandi baru" id="repeated" kind="password" value=repeated wrong=wrong_of(problem, "repeated") />
            <OtherProblem problem fields=&["old", "new", "repeated"] />
            {move || done.get().map(|ended| view! { <Notice tone=Tone::Ok><p>{format!("Kata sandi diganti. {ended} sesi lain diakhiri.")}</p></Notice> })}
            <div class="row"><button class="btn main" type="submit" disabled=save.pending()>"Ganti kata sandi"</button></div>
        </form>
    }
}

#[component]
fn Sessions(rows: Vec<SessionRow>, again: Callback<()>) -> impl IntoView {
    let end = Callback::new(move |handle: String| {
        leptos::task::spawn_local(async move {
            // A session that is over already is what was wanted; the list says how it is now.
            let _over = end_session(handle).await;
            again.run(());
        });
    });
    view! {
        <section class="panel gap-top">
            <div class="pad"><h2>"Sesi saya"</h2><p class="mute">"Tempat akun Anda sedang masuk. Ada yang tidak Anda kenal? Akhiri, lalu ganti kata sandi."</p></div>
            <SessionTable rows end />
        </section>
    }
}

/// Sessions with a button to end each but this one.
#[component]
pub fn SessionTable(
    /// The sessions.
    rows: Vec<SessionRow>,
    /// What ends one.
    end: Callback<String>,
) -> impl IntoView {
    let rows = rows
        .into_iter()
        .map(|row| {
            let (handle, word) = (row.handle, format!("Akhiri sesi {} sejak {}", row.browser, row.since));
            let deed = if row.here {
                view! { <span class="mute">"Sesi ini"</span> }.into_any()
            } else {
                view! { <button class="link" type="button" aria-label=word on:click=move |_| end.run(handle.clone())>"Akhiri"</button> }.into_any()
            };
            view! {
                <tr>
                    <td><span class="strong">{row.browser}</span><span class="sub num">{row.address}</span></td>
                    <td class="num hide-s">{row.since}</td>
                    <td class="num">{row.seen}</td>
                    <td class="num">{deed}</td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <div class="scroll" tabindex="0" role="group" aria-label="Tabel"><table>
            <thead><tr><th scope="col">"Peramban"</th><th scope="col" class="hide-s">"Sejak"</th><th scope="col">"Terakhir dipakai"</th><th scope="col"><span class="sr">"Akhiri"</span></th></tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
    }
}
