//! What stands in each step: the same forms as on their own pages.

use super::{Comparison, SetupView, Step, compare_opening, mark_step};
use crate::app::admin::packages::{PackageEntry, PackageTyped};
use crate::app::admin::routers::{RouterEntry, RouterSeen, TestResult, fresh_router, test_router};
use crate::app::admin::settings::{FormView, GatewayChecks, Logo, SettingForm};
use crate::app::dto::Tone;
use crate::app::error::ApiError;
use crate::app::ui::{MoneyInput, Notice, OtherProblem, Problem, wrong_of};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

/// A step with its way on.
#[component]
pub fn StepBody(step: Step, setup: SetupView, next: Option<String>, refresh: Callback<()>) -> impl IntoView {
    let navigate = use_navigate();
    let on = match next {
        Some(next) => format!("/admin/siap?langkah={next}"),
        None => "/admin/siap?langkah=selesai".to_owned(),
    };
    let problem = RwSignal::new(None::<ApiError>);
    let code = StoredValue::new(step.code.clone());
    let go = on.clone();
    let mark = Action::new(move |state: &&'static str| {
        let (state, navigate, go) = (*state, navigate.clone(), go.clone());
        async move {
            match mark_step(code.get_value(), state.to_owned()).await {
                Ok(()) => {
                    navigate(&go, leptos_router::NavigateOptions::default());
                    refresh.run(());
                }
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    let done = step.state == "done";
    let body = match step.code.as_str() {
        "perusahaan" => view! { <Settings form=setup.form refresh /> }.into_any(),
        "tagihan" => view! {
            <Notice tone=Tone::Note><p>{format!("Zona waktu yang berlaku: {}. Diubah oleh pemasang lewat KIMONET_TIMEZONE.", setup.zone)}</p></Notice>
            <Settings form=setup.form refresh />
            <div class="row gap-top"><button class="btn main" type="button" on:click=move |_| { mark.dispatch("done"); }>"Sudah benar, lanjut"</button></div>
        }
        .into_any(),
        "paket" => view! { <FirstPackage done refresh /> }.into_any(),
        "router" => view! { <FirstRouter done refresh /> }.into_any(),
        "flip" => view! {
            <GatewayChecks callback=setup.callback.clone() />
            <Settings form=setup.form refresh />
        }
        .into_any(),
        "whatsapp" => view! {
            <section class="panel pad stack">
                <p>"Hubungkan nomor WhatsApp perusahaan dengan memindai kode QR dari ponselnya, seperti WhatsApp Web."</p>
                <div class="row"><a class="btn main" href="/admin/whatsapp">"Buka halaman Koneksi WhatsApp"</a></div>
            </section>
        }
        .into_any(),
        "impor" => view! { <Import /> }.into_any(),
        _ => view! {
            <section class="panel pad stack">
                <p>"Undang kasir dengan nama dan emailnya. Ia memilih kata sandinya sendiri, dan hanya melihat yang menjadi tugasnya."</p>
                <div class="row"><a class="btn main" href="/admin/pengguna">"Tambah kasir"</a></div>
            </section>
        }
        .into_any(),
    };
    view! {
        <div class="stack">
            <div><h2>{step.title.clone()}</h2><p class="mute">{step.why.clone()}</p></div>
            <div>{body}</div>
            {move || problem.get().map(|error| view! { <Problem error /> })}
            <div class="row">
                {done.then(|| view! { <a class="btn main" href=on.clone()>"Lanjut"</a> })}
                {(!done).then(|| view! { <button class="btn" type="button" disabled=mark.pending() on:click=move |_| { mark.dispatch("later"); }>"Nanti saja"</button> })}
            </div>
        </div>
    }
}

#[component]
fn Settings(form: Option<FormView>, refresh: Callback<()>) -> impl IntoView {
    form.map(|form| {
        let logo = form.logo.clone();
        view! {
            {logo.map(|logo| view! { <Logo logo /> })}
            <SettingForm form saved=Callback::new(move |()| refresh.run(())) />
        }
    })
}

#[component]
fn FirstPackage(done: bool, refresh: Callback<()>) -> impl IntoView {
    let warning = RwSignal::new(String::new());
    let package = PackageTyped { months: "1".to_owned(), from: "next".to_owned(), ..PackageTyped::default() };
    let saved = Callback::new(move |words: String| {
        warning.set(words);
        refresh.run(());
    });
    view! {
        {done.then(|| view! { <Notice tone=Tone::Ok><p>"Paket sudah ada. "<a href="/admin/paket">"Lihat semua paket"</a></p></Notice> })}
        {move || Some(warning.get()).filter(|said| !said.is_empty()).map(|said| view! { <Notice tone=Tone::Warn><p>{said}</p></Notice> })}
        {(!done).then(|| view! { <PackageEntry package done=saved /> })}
    }
}

#[component]
fn FirstRouter(done: bool, refresh: Callback<()>) -> impl IntoView {
    let seen = RwSignal::new(None::<Result<RouterSeen, ApiError>>);
    // Saved in this sitting: the form changes that router from then on.
    let saved = RwSignal::new(0_i64);
    let test = Action::new(move |id: &i64| {
        let id = *id;
        async move {
            let answer = test_router(id).await;
            let fine = answer.as_ref().is_ok_and(|seen| seen.fine);
            seen.set(Some(answer));
            if fine {
                refresh.run(());
            }
        }
    });
    let kept = Callback::new(move |id: i64| {
        saved.set(id);
        test.dispatch(id);
    });
    let again = move || {
        (saved.get() != 0).then(|| {
        view! { <p class="mute">"Router tersimpan. "<a href=format!("/admin/router/{}", saved.get())>"Buka halaman router"</a>" untuk mengubah atau menguji lagi."</p> }
    })
    };
    view! {
        {done.then(|| view! { <Notice tone=Tone::Ok><p>"Router sudah menjawab. "<a href="/admin/router">"Lihat semua router"</a></p></Notice> })}
        {move || seen.get().map(|seen| match seen {
            Ok(seen) => view! { <TestResult seen /> }.into_any(),
            Err(error) => view! { <Problem error /> }.into_any(),
        })}
        {again}
        {move || (!done && saved.get() == 0).then(|| view! { <RouterEntry router=fresh_router() done=kept /> })}
    }
}

#[component]
fn Import() -> impl IntoView {
    let (arrears, credit) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let problem = RwSignal::new(None::<ApiError>);
    let seen = RwSignal::new(None::<Comparison>);
    let compare = Action::new(move |(): &()| async move {
        match compare_opening(arrears.get_untracked(), credit.get_untracked()).await {
            Ok(comparison) => seen.set(Some(comparison)),
            Err(error) => problem.set(Some(error)),
        }
    });
    view! {
        <section class="panel pad stack">
            <p>"Isi pelanggan, paket, tunggakan, dan saldo dalam satu berkas Excel, lalu impor. Sebelum diimpor Anda melihat dulu apa yang akan terjadi."</p>
            <div class="row"><a class="btn main" href="/admin/impor">"Buka impor"</a><a class="link row" href="/contoh-impor.xlsx" rel="external" download="contoh-impor.xlsx">"Unduh contoh berkas"</a></div>
        </section>
        <form class="panel pad stack gap-top" on:submit=move |event| { event.prevent_default(); problem.set(None); compare.dispatch(()); }>
            <h2>"Cocokkan dengan pembukuan lama"</h2>
            <p class="mute">"Ketik jumlah seluruh tunggakan dan saldo menurut pembukuan lama; selisihnya ditampilkan."</p>
            <MoneyInput label="Tunggakan menurut pembukuan lama" id="buku-tunggakan" value=arrears />
            <span class="wrong" role="alert">{wrong_of(problem, "arrears")}</span>
            <MoneyInput label="Saldo menurut pembukuan lama" id="buku-saldo" value=credit />
            <span class="wrong" role="alert">{wrong_of(problem, "credit")}</span>
            <OtherProblem problem fields=&["arrears", "credit"] />
            <div class="row"><button class="btn" type="submit" disabled=compare.pending()>"Bandingkan"</button></div>
            {move || seen.get().map(|seen| view! { <Compared seen /> })}
        </form>
    }
}

#[component]
fn Compared(seen: Comparison) -> impl IntoView {
    let all = seen.rows.iter().all(|row| row.4);
    let rows = seen
        .rows
        .into_iter()
        .map(|(name, ours, theirs, difference, agrees)| {
            let word = if agrees { "cocok".to_owned() } else { difference };
            view! { <tr><td>{name}</td><td class="num">{ours}</td><td class="num">{theirs}</td><td class="num">{word}</td></tr> }
        })
        .collect::<Vec<_>>();
    view! {
        <Notice tone=if all { Tone::Ok } else { Tone::Bad }>
            <p>{if all { format!("Cocok. {} layanan tercatat.", seen.services) } else { "Ada selisih. Periksa berkas impor sebelum menerbitkan tagihan.".to_owned() }}</p>
        </Notice>
        <div class="scroll" tabindex="0" role="group" aria-label="Tabel"><table>
            <thead><tr><th scope="col">"Jumlah"</th><th scope="col" class="num">"Di Kimonet"</th><th scope="col" class="num">"Pembukuan lama"</th><th scope="col" class="num">"Selisih"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
    }
}
