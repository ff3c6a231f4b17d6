//! The form of a router, with the commands that prepare it, on its own page and in the set-up assistant.

use super::{RouterCommands, RouterTyped, make_commands, save_router};
use crate::app::admin::settings::Copy;
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{OtherProblem, Problem, TextInput, wrong_of};
use leptos::prelude::*;

/// What the form of a new router starts from.
pub fn fresh() -> RouterTyped {
    RouterTyped {
        port: "8728".to_owned(),
        username: "kimonet".to_owned(),
        isolir_profile: "ISOLIR".to_owned(),
        tls: "off".to_owned(),
        ..RouterTyped::default()
    }
}

/// The form.
#[component]
pub fn RouterEntry(
    /// What it starts from.
    router: RouterTyped,
    /// After it was saved, with its id.
    done: Callback<i64>,
    /// Closes it.
    #[prop(optional)]
    cancel: Option<Callback<()>>,
) -> impl IntoView {
    let id = router.id;
    let (name, host, port) = (RwSignal::new(router.name), RwSignal::new(router.host), RwSignal::new(router.port));
    let (username, password) = (RwSignal::new(router.username), RwSignal::new(router.password));
    let (profile, tls, pin) =
        (RwSignal::new(router.isolir_profile), RwSignal::new(router.tls), RwSignal::new(router.pin));
    let problem = RwSignal::new(None::<ApiError>);
    let save = Action::new(move |(): &()| {
        let typed = RouterTyped {
            id,
            name: name.get_untracked(),
            host: host.get_untracked(),
            port: port.get_untracked(),
            username: username.get_untracked(),
            password: password.get_untracked(),
            isolir_profile: profile.get_untracked(),
            tls: tls.get_untracked(),
            pin: pin.get_untracked(),
        };
        async move {
            match save_router(typed).await {
                Ok(id) => done.run(id),
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    let commands = RwSignal::new(None::<Result<RouterCommands, ApiError>>);
    let make = Action::new(move |(): &()| async move {
        let made = make_commands().await;
        if let Ok(made) = &made {
            username.set(made.username.clone());
            password.set(made.password.clone());
        }
        commands.set(Some(made));
    });
    let of = move |field: &'static str| wrong_of(problem, field);
    let choose = move |event| {
        let chosen = event_target_value(&event);
        // The usual ports go with the choice, unless another was typed.
        match (chosen.as_str(), port.get_untracked().as_str()) {
            ("off", "8729") => port.set("8728".to_owned()),
            ("any" | "pin", "8728") => port.set("8729".to_owned()),
            _ => {}
        }
        tls.set(chosen);
    };
    let keeps = if id == 0 { "" } else { "kosong: yang lama tetap dipakai" };
    view! {
        <form class="panel pad stack gap-top" on:submit=move |event| { event.prevent_default(); problem.set(None); save.dispatch(()); }>
            <h2>{if id == 0 { "Router baru" } else { "Ubah router" }}</h2>
            <div class="stack tight">
                <p class="mute">"Belum punya pengguna API di router? Buat perintahnya, salin, lalu tempel di terminal router (WinBox: New Terminal). Pengguna itu hanya mendapat hak yang diperlukan."</p>
                <div class="row"><button class="btn" type="button" disabled=make.pending() on:click=move |_| { make.dispatch(()); }>"Buat perintah untuk router"</button></div>
                {move || commands.get().map(|made| match made {
                    Ok(made) => view! {
                        <Copy id="perintah-router" label="Tempel di terminal router" value=made.commands />
                        <details><summary>"Dengan sambungan terenkripsi (api-ssl)"</summary><Copy id="perintah-tls" label="Tambahan untuk api-ssl" value=made.tls_commands /></details>
                        <p class="mute small">"Nama pengguna dan kata sandinya sudah diisikan di bawah."</p>
                    }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                })}
            </div>
            <TextInput label="Nama router" id="router-nama" value=name wrong=of("name") hint="Nama lokasi, misalnya POP Utara." />
            <div class="grid g2">
                <TextInput label="Alamat" id="router-alamat" value=host wrong=of("host") hint="IP atau nama yang dapat dicapai dari server ini, boleh lewat VPN." />
                <TextInput label="Port API" id="router-port" value=port wrong=of("port") hint="8728, atau 8729 dengan TLS." />
            </div>
            <div class="grid g2">
                <TextInput label="Nama pengguna" id="router-pengguna" value=username wrong=of("username") />
                <TextInput label="Kata sandi" id="router-sandi" value=password wrong=of("password") kind="password" placeholder=keeps hint="Disimpan tersegel." />
            </div>
            <TextInput label="Profil isolir" id="router-isolir" value=profile wrong=of("isolir_profile") hint="Profil PPP lambat untuk yang menunggak." />
            <div class="field">
                <label for="router-tls">"Sambungan"</label>
                <select id="router-tls" on:change=choose>
                    <option value="off" selected=tls.get_untracked() == "off">"Tanpa TLS (lewat VPN atau jaringan sendiri)"</option>
                    <option value="pin" selected=tls.get_untracked() == "pin">"TLS, sidik jari sertifikat dicocokkan"</option>
                    <option value="any" selected=tls.get_untracked() == "any">"TLS, sertifikat apa pun"</option>
                </select>
                <span class="wrong" role="alert">{of("tls")}</span>
            </div>
            <div hidden=move || tls.get() != "pin">
                <TextInput label="Sidik jari SHA-256" id="router-pin" value=pin wrong=of("pin") hint="64 huruf hex; hasil uji dengan sertifikat apa pun menampilkannya." />
            </div>
            <OtherProblem problem fields=&["name", "host", "port", "username", "password", "isolir_profile", "tls", "pin"] />
            <div class="row">
                <button class="btn main" type="submit" disabled=save.pending()>"Simpan dan uji"</button>
                {cancel.map(|cancel| view! { <button class="btn" type="button" on:click=move |_| cancel.run(())>{text::CANCEL}</button> })}
            </div>
        </form>
    }
}
