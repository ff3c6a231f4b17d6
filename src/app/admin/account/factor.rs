//! The second factor on Akun Saya: the code for the phone, the first code back, the recovery codes once.

use super::{FactorOffer, begin_factor, confirm_factor, drop_factor, renew_recovery};
use crate::app::dto::{Badge, Tone};
use crate::app::error::ApiError;
use crate::app::ui::{Notice, OtherProblem, Tag, TextInput, wrong_of};
use leptos::prelude::*;

/// On or off, and what can be done about it.
#[component]
pub fn FactorPanel(on: bool, left: i64, codes: RwSignal<Vec<String>>, again: Callback<()>) -> impl IntoView {
    let badge = if on { Badge::new("Menyala", Tone::Ok) } else { Badge::new("Mati", Tone::Warn) };
    view! {
        <section class="panel pad stack gap-top">
            <h2>"Verifikasi dua langkah "<Tag badge /></h2>
            <p class="mute">"Sesudah kata sandi, ketik enam angka dari aplikasi di HP (Google Authenticator, Aegis, atau sejenisnya). Kata sandi yang bocor saja tidak cukup untuk masuk."</p>
            <Codes codes />
            {if on { view! { <On left codes again /> }.into_any() } else { view! { <Off codes again /> }.into_any() }}
        </section>
    }
}

#[component]
fn Codes(codes: RwSignal<Vec<String>>) -> impl IntoView {
    move || {
        let list = codes.get();
        (!list.is_empty()).then(|| {
            let items = list.into_iter().map(|code| view! { <li class="num"><code>{code}</code></li> }).collect::<Vec<_>>();
            view! {
                <Notice tone=Tone::Note>
                    <p><b>"Kode cadangan"</b>". Catat sekarang di tempat aman; tidak ditampilkan lagi. Bila HP hilang, setiap kode membuka pintu satu kali."</p>
                    <ul>{items}</ul>
                    <p><button class="btn small" type="button" on:click=move |_| codes.set(Vec::new())>"Sudah saya catat"</button></p>
                </Notice>
            }
        })
    }
}

#[component]
fn Off(codes: RwSignal<Vec<String>>, again: Callback<()>) -> impl IntoView {
    let offer = RwSignal::new(None::<FactorOffer>);
    let problem = RwSignal::new(None::<ApiError>);
    let code = RwSignal::new(String::new());
    let begin = Action::new(move |(): &()| async move {
        match begin_factor().await {
            Ok(made) => offer.set(Some(made)),
            Err(error) => problem.set(Some(error)),
        }
    });
    let confirm = Action::new(move |(): &()| {
        let sealed = offer.get_untracked().map(|offer| offer.sealed).unwrap_or_default();
        let typed = code.get_untracked();
        async move {
            match confirm_factor(sealed, typed).await {
                Ok(made) => {
                    codes.set(made);
                    again.run(());
                }
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    view! {
        {move || match offer.get() {
            None => view! {
                <div class="row"><button class="btn main" type="button" disabled=begin.pending() on:click=move |_| { problem.set(None); begin.dispatch(()); }>"Nyalakan"</button></div>
            }.into_any(),
            Some(offer) => {
                let viewed = format!("0 0 {} {}", offer.side, offer.side);
                view! {
                    <form class="stack" on:submit=move |event| { event.prevent_default(); problem.set(None); confirm.dispatch(()); }>
                        <p>"1. Di aplikasi, pindai kode QR ini, atau ketik rahasianya."</p>
                        <svg class="qr" role="img" aria-label="Kode QR untuk aplikasi verifikasi" width="220" height="220" viewBox=viewed>
                            <rect width="100%" height="100%" fill="#fff" />
                            <path d=offer.path fill="#000" />
                        </svg>
                        <p>"Rahasia: "<code id="secret">{offer.secret}</code></p>
                        <p>"2. Ketik enam angka yang tampil di aplikasi."</p>
                        <TextInput label="Kode dari aplikasi" id="code" value=code wrong=wrong_of(problem, "code") />
                        <div class="row"><button class="btn main" type="submit" disabled=confirm.pending()>"Nyalakan verifikasi"</button></div>
                    </form>
                }.into_any()
            }
        }}
        <OtherProblem problem fields=&["code"] />
    }
}

#[component]
fn On(left: i64, codes: RwSignal<Vec<String>>, again: Callback<()>) -> impl IntoView {
    let password = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<ApiError>);
    let renew = Action::new(move |(): &()| {
        let typed = password.get_untracked();
        async move {
            match renew_recovery(typed).await {
                Ok(made) => {
                    codes.set(made);
                    again.run(());
                }
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    let off = Action::new(move |(): &()| {
        let typed = password.get_untracked();
        async move {
            match drop_factor(typed).await {
                Ok(()) => {
                    codes.set(Vec::new());
                    again.run(());
                }
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    view! {
        <p>{format!("{left} kode cadangan belum dipakai.")}</p>
        <form class="stack" on:submit=move |event| { event.prevent_default(); problem.set(None); renew.dispatch(()); }>
            <TextInput label="Kata sandi Anda" id="factor-password" kind="password" value=password wrong=wrong_of(problem, "password") />
            <OtherProblem problem fields=&["password"] />
            <div class="row">
                <button class="btn" type="submit" disabled=renew.pending()>"Buat kode cadangan baru"</button>
                <button class="btn" type="button" disabled=off.pending() on:click=move |_| { problem.set(None); off.dispatch(()); }>"Matikan verifikasi"</button>
            </div>
        </form>
    }
}
