//! Koneksi: the device that sends. Linked by a picture to scan, tried by a message to a typed number, unlinked.

#[cfg(feature = "ssr")]
mod query;

use crate::app::admin::messages::{ChannelState, ChannelView};
use crate::app::admin::settings::{SettingForm, read_settings};
use crate::app::codec::Json;
use crate::app::dto::{Badge, Tone};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Confirm, Loading, Notice, OtherProblem, Problem, Tag, TextInput, wrong_of};
use leptos::prelude::*;
use leptos_meta::Title;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Between two looks at the gateway while somebody scans.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// Looks until the page stops by itself: some five minutes.
const LOOKS_MAX: u32 = 100;

/// What the page knows without asking the gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionView {
    /// The queue's side.
    pub channel: ChannelView,
    /// Whether a gateway is chosen.
    pub chosen: bool,
    /// Whether this person may change its settings.
    pub may_set: bool,
}

/// How the device stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceState {
    /// No gateway is chosen.
    Unset,
    /// Linked.
    Linked,
    /// A picture waits to be scanned.
    Scan,
    /// The picture is being made.
    Wait,
    /// Not linked.
    Unlinked,
    /// Cannot be told.
    Unknown,
}

/// The gateway's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceView {
    /// How it stands.
    pub state: DeviceState,
    /// In a word.
    pub badge: Badge,
    /// What to know, and what to do.
    pub words: String,
    /// The picture to scan.
    pub picture: Option<String>,
}

/// What the page knows without asking the gateway.
#[server(prefix = "/api/admin", endpoint = "whatsapp/read", input = Json, output = Json)]
pub async fn read_connection() -> Result<ConnectionView, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageMessages).await?;
    Ok(query::connection(&asked).await?)
}

/// Asks the gateway how the device stands.
#[server(prefix = "/api/admin", endpoint = "whatsapp/device", input = Json, output = Json)]
pub async fn ask_device() -> Result<DeviceView, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageMessages).await?;
    Ok(query::device(&asked.app).await?)
}

/// Asks the gateway for the picture that links the device, or finds it linked.
#[server(prefix = "/api/admin", endpoint = "whatsapp/link", input = Json, output = Json)]
pub async fn link_device() -> Result<DeviceView, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageMessages).await?;
    Ok(query::link(&asked.app, asked.who).await?)
}

/// Unlinks the device.
#[server(prefix = "/api/admin", endpoint = "whatsapp/unlink", input = Json, output = Json)]
pub async fn unlink_device() -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageMessages).await?;
    Ok(query::unlink(&asked.app, asked.who).await?)
}

/// Sends a message to a typed number at once; what became of it.
#[server(prefix = "/api/admin", endpoint = "whatsapp/test", input = Json, output = Json)]
pub async fn test_message(phone: String) -> Result<String, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageMessages).await?;
    Ok(query::test(&asked.app, asked.who, &phone).await?)
}

/// The page.
#[component]
pub fn WhatsappPage() -> impl IntoView {
    let data = Resource::new(|| (), |()| read_connection());
    let again = Callback::new(move |()| data.refetch());
    view! {
        <Title text="Koneksi WhatsApp" />
        <div class="title"><div><h1>"Koneksi WhatsApp"</h1><span class="mute">"Nomor perusahaan yang mengirim tagihan, pengingat, dan bukti bayar."</span></div></div>
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(seen) => view! {
                        <div class="halves">
                            <Device chosen=seen.chosen again />
                            <section class="panel pad stack">
                                <h2>"Pengiriman"</h2>
                                <ChannelState channel=seen.channel />
                                <p><a href="/admin/pesan">"Lihat antrean dan riwayat"</a></p>
                                {seen.chosen.then(|| view! { <TestForm /> })}
                            </section>
                        </div>
                        {seen.may_set.then(|| view! { <Settings again /> })}
                    }
                        .into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Settings(again: Callback<()>) -> impl IntoView {
    let data = Resource::new(|| (), |()| read_settings("whatsapp".to_owned()));
    view! {
        <h2 class="gap-top">"Gateway WhatsApp"</h2>
        <Suspense fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(form) => view! { <SettingForm form saved=again /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Device(chosen: bool, again: Callback<()>) -> impl IntoView {
    let seen = RwSignal::new(None::<Result<DeviceView, ApiError>>);
    // Looks left while somebody scans; 0 when nobody does.
    let looks = RwSignal::new(0_u32);
    let asking = RwSignal::new(false);
    let look = Action::new(move |linking: &bool| {
        let linking = *linking;
        async move {
            let answer = if linking { link_device().await } else { ask_device().await };
            let linked = answer.as_ref().is_ok_and(|device| device.state == DeviceState::Linked);
            let waits =
                answer.as_ref().is_ok_and(|device| matches!(device.state, DeviceState::Scan | DeviceState::Wait));
            // The page may be gone while the gateway was asked.
            if seen.try_set(Some(answer)).is_some() {
                return;
            }
            if !(linking && waits) {
                looks.set(0);
            }
            if linking && linked {
                again.run(());
            }
        }
    });
    let busy = look.pending();
    // The gateway is asked from the browser only: a page must not wait for it.
    Effect::new(move |_| {
        if chosen {
            look.dispatch(false);
        }
    });
    Effect::new(move |_| {
        let left = looks.get();
        if left == 0 || busy.get() {
            return;
        }
        let next = set_timeout_with_handle(
            move || {
                looks.update(|left| *left = left.saturating_sub(1));
                if looks.get_untracked() > 0 {
                    look.dispatch(true);
                }
            },
            LOOK_EVERY,
        );
        if let Ok(handle) = next {
            on_cleanup(move || handle.clear());
        }
    });
    let start = move |_| {
        looks.set(LOOKS_MAX);
        look.dispatch(true);
    };
    let unlink = Action::new(move |(): &()| async move {
        asking.set(false);
        match unlink_device().await {
            Ok(()) => {
                look.dispatch(false);
            }
            Err(error) => seen.set(Some(Err(error))),
        }
    });
    let linked = move || matches!(&*seen.read(), Some(Ok(device)) if device.state == DeviceState::Linked);
    view! {
        <section class="panel pad stack">
            <h2>"Perangkat"</h2>
            <div class="stack" aria-live="polite">
                {move || match seen.get() {
                    _ if !chosen => view! { <p>"Pilih gateway dan isi kuncinya di bawah, lalu hubungkan nomornya di sini."</p> }.into_any(),
                    None => view! { <p class="mute">"Menanyai gateway…"</p> }.into_any(),
                    Some(Err(error)) => view! { <Problem error /> }.into_any(),
                    Some(Ok(device)) => view! {
                        <Tag badge=device.badge />
                        <p>{device.words}</p>
                        {device.picture.map(|picture| view! { <img class="scan" src=picture alt="Kode QR untuk dipindai dari WhatsApp" /> })}
                    }
                        .into_any(),
                }}
            </div>
            {chosen.then(|| view! {
                <div class="row">
                    {move || (!linked()).then(|| view! { <button class="btn main" type="button" disabled=move || { looks.get() > 0 } on:click=start>{move || if looks.get() > 0 { "Menunggu dipindai…" } else { "Hubungkan dengan kode QR" }}</button> })}
                    {move || (looks.get() > 0).then(|| view! { <button class="btn" type="button" on:click=move |_| looks.set(0)>"Berhenti menunggu"</button> })}
                    {move || (looks.get() == 0).then(|| view! { <button class="btn" type="button" disabled=busy on:click=move |_| { look.dispatch(false); }>"Periksa lagi"</button> })}
                    {move || linked().then(|| view! { <button class="btn" type="button" disabled=unlink.pending() on:click=move |_| asking.set(true)>"Putuskan"</button> })}
                </div>
            })}
        </section>
        <Confirm open=asking title="Putuskan nomor WhatsApp?">
            <p>"Pesan berhenti terkirim sampai nomor dihubungkan lagi. Pesan yang mengantre tetap disimpan."</p>
            <div class="row"><button class="btn main" type="button" on:click=move |_| { unlink.dispatch(()); }>"Ya, putuskan"</button><button class="btn" type="button" on:click=move |_| asking.set(false)>{text::CANCEL}</button></div>
        </Confirm>
    }
}

#[component]
fn TestForm() -> impl IntoView {
    let phone = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<ApiError>);
    let said = RwSignal::new(None::<String>);
    let send = Action::new(move |(): &()| {
        let typed = phone.get_untracked();
        async move {
            problem.set(None);
            said.set(None);
            match test_message(typed).await {
                Ok(words) => said.set(Some(words)),
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    view! {
        <form class="stack" on:submit=move |event| { event.prevent_default(); send.dispatch(()); }>
            <TextInput label="Kirim pesan uji ke nomor" id="phone" value=phone wrong=wrong_of(problem, "phone") placeholder="0812 3456 7890" />
            <OtherProblem problem fields=&["phone"] />
            {move || said.get().map(|words| view! { <Notice tone=Tone::Ok><p>{words}</p></Notice> })}
            <div class="row"><button class="btn" type="submit" disabled=send.pending()>"Kirim pesan uji"</button></div>
        </form>
    }
}
