//! Changing one service: its data at once, a stop or another package from a coming month on.

use super::{
    ChangeSeen, ChangeWish, DailyService, Here, Line, ServiceForm, cancel_change, change_service, restart_service,
    save_service,
};
use crate::app::dto::Choice;
use crate::app::error::ApiError;
use crate::app::ui::OtherProblem;
use leptos::prelude::*;

/// Areas, routers, collectors, packages.
type Offer = (Vec<String>, Vec<Choice>, Vec<Choice>, Vec<Choice>);

#[component]
fn Pick(
    label: &'static str,
    id: String,
    value: RwSignal<i64>,
    choices: Vec<Choice>,
    none: &'static str,
) -> impl IntoView {
    let chosen = value.get_untracked().to_string();
    let entries = choices
        .into_iter()
        .map(|choice| {
            let selected = choice.value == chosen;
            view! { <option value=choice.value selected=selected>{choice.word}</option> }
        })
        .collect::<Vec<_>>();
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <select id=id on:change=move |event| value.set(event_target_value(&event).parse().unwrap_or(0))>
                <option value="0">{none}</option>
                {entries}
            </select>
        </div>
    }
}

/// The forms of one service.
#[component]
pub fn ServiceEdit(service: DailyService, offer: Offer, again: Callback<String>) -> impl IntoView {
    let (areas, routers, collectors, packages) = offer;
    let form = service.form;
    let (id, list) = (form.id, "wilayah-pelanggan");
    let text = |value: String| RwSignal::new(value);
    let (area, username, password) = (text(form.area), text(form.pppoe_username), text(form.pppoe_password));
    let (never, until, place) = (text(form.never_isolate), text(form.never_isolate_until), text(form.place));
    let (collector, router) = (RwSignal::new(form.collector_id), RwSignal::new(form.router_id));
    let problem = RwSignal::new(None::<ApiError>);
    let save = Action::new(move |(): &()| async move {
        problem.set(None);
        let form = ServiceForm {
            id,
            area: area.get_untracked(),
            collector_id: collector.get_untracked(),
            due_day: String::new(),
            router_id: router.get_untracked(),
            pppoe_username: username.get_untracked(),
            pppoe_password: password.get_untracked(),
            never_isolate: never.get_untracked(),
            never_isolate_until: until.get_untracked(),
            place: place.get_untracked(),
        };
        match save_service(form).await {
            Ok(()) => again.run("Layanan disimpan.".to_owned()),
            Err(error) => problem.set(Some(error)),
        }
    });
    let cancel = Action::new(move |change: &i64| {
        let change = *change;
        async move {
            match cancel_change(change).await {
                Ok(()) => again.run("Rencana dibatalkan.".to_owned()),
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    let restart = Action::new(move |(): &()| async move {
        problem.set(None);
        match restart_service(id).await {
            Ok(()) => again.run("Layanan aktif kembali.".to_owned()),
            Err(error) => problem.set(Some(error)),
        }
    });
    let areas = areas.into_iter().map(|area| view! { <option value=area></option> }).collect::<Vec<_>>();
    let planned = service
        .planned
        .into_iter()
        .map(|change| {
            view! {
                <div class="row between">
                    <span><strong>{change.words}</strong><span class="sub">{change.why}</span></span>
                    <button class="btn small" type="button" on:click=move |_| { cancel.dispatch(change.id); }>"Batalkan rencana"</button>
                </div>
            }
        })
        .collect::<Vec<_>>();
    let at = |name: &str| format!("{name}-{id}");
    view! {
        <details class="pad">
            <summary>"Ubah layanan " {service.number.clone()}</summary>
            <form class="stack gap-top" on:submit=move |event| { event.prevent_default(); save.dispatch(()); }>
                <datalist id=list>{areas}</datalist>
                <Line label="Wilayah" id=at("wilayah") field="area" value=area problem list />
                <Pick label="Kolektor" id=at("kolektor") value=collector choices=collectors none="Tanpa kolektor" />
                <Pick label="Router" id=at("router") value=router choices=routers none="Tanpa router" />
                <Line label="Nama PPPoE" id=at("pppoe") field="pppoe_username" value=username problem hint="Nama atau router lain: akun lama dinonaktifkan, akun baru dibuat" />
                <Line label="Kata sandi PPPoE baru" id=at("sandi") field="pppoe_password" value=password problem hint="Kosongkan bila tetap. Dipakai saat akun dibuat di router" />
                <Line label="Jangan isolir, alasannya" id=at("jangan") field="never_isolate" value=never problem hint="Kosongkan bila boleh diisolir" />
                <Line label="Jangan isolir sampai" id=at("sampai") field="never_isolate_until" value=until problem hint="Boleh kosong, misalnya 31/1/2026" />
                <Line label="Letak di peta" id=at("letak") field="place" value=place problem hint="Lintang, bujur: -7.123456, 110.654321" />
                <Here place />
                <OtherProblem problem fields=&["area", "pppoe_username", "pppoe_password", "never_isolate", "never_isolate_until", "place"] />
                <div class="row">
                    <button class="btn main" type="submit" disabled=save.pending()>"Simpan layanan"</button>
                    {service.waits.then(|| view! { <a class="btn" href=format!("/admin/pasang/baru?layanan={id}")>"Lanjutkan pemasangan"</a> })}
                    {service.stopped.then(|| view! { <button class="btn" type="button" disabled=restart.pending() on:click=move |_| { restart.dispatch(()); }>"Aktifkan kembali hari ini"</button> })}
                </div>
            </form>
            <div class="stack gap-top">{planned}</div>
            {service.runs.then(|| view! { <PlanForm service_id=id due_day=form.due_day packages again /> })}
        </details>
    }
}

#[component]
fn PlanForm(service_id: i64, due_day: String, packages: Vec<Choice>, again: Callback<String>) -> impl IntoView {
    let (what, reason) = (RwSignal::new("berhenti".to_owned()), RwSignal::new(String::new()));
    let (now, day) = (RwSignal::new(false), RwSignal::new(String::new()));
    let moves = move || what.read().as_str() == "tempo";
    let (problem, seen) = (RwSignal::new(None::<ApiError>), RwSignal::new(None::<ChangeSeen>));
    let change = Action::new(move |preview: &bool| {
        let preview = *preview;
        async move {
            problem.set(None);
            let (mut what, now, reason) = (what.get_untracked(), now.get_untracked(), reason.get_untracked());
            if what == "tempo" {
                what = format!("tempo:{}", day.get_untracked());
            }
            match change_service(ChangeWish { service_id, what, now, reason, preview }).await {
                Ok(done) if preview => seen.set(Some(done)),
                Ok(done) => again.run(done.words),
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    // What was shown is of the day that was typed then.
    Effect::new(move |_| {
        day.track();
        seen.set(None);
    });
    let id = format!("rencana-{service_id}");
    let (what_id, when_id) = (format!("{id}-apa"), format!("{id}-mulai"));
    let packages = packages
        .into_iter()
        .map(|choice| view! { <option value=choice.value>{choice.word}</option> })
        .collect::<Vec<_>>();
    view! {
        <form class="stack gap-top" on:submit=move |event| { event.prevent_default(); change.dispatch(true); }>
            <h3>"Ganti paket, tanggal tempo, cuti, atau berhenti"</h3>
            <div class="field">
                <label for=what_id.clone()>"Yang berubah"</label>
                <select id=what_id on:change=move |event| { what.set(event_target_value(&event)); seen.set(None); }>
                    <option value="berhenti">"Berhenti berlangganan"</option>
                    <option value="cuti:1">"Cuti 1 bulan"</option>
                    <option value="cuti:2">"Cuti 2 bulan"</option>
                    <option value="cuti:3">"Cuti 3 bulan"</option>
                    <option value="tempo">{format!("Pindah tanggal jatuh tempo (sekarang tanggal {due_day})")}</option>
                    {packages}
                </select>
            </div>
            <div hidden=move || !moves()>
                <Line label="Tanggal jatuh tempo baru (1-31)" id=format!("{id}-tempo") field="due_day" value=day problem hint="Tagihan yang sudah terbit tetap pada tanggalnya" />
            </div>
            <div class="field" hidden=moves>
                <label for=when_id.clone()>"Mulai"</label>
                <select id=when_id on:change=move |event| { now.set(event_target_value(&event) == "sekarang"); seen.set(None); }>
                    <option value="bulan">"Bulan depan, atau bulan pertama yang belum ditagih"</option>
                    <option value="sekarang">"Hari ini; tagihan bulan ini disesuaikan menurut hari"</option>
                </select>
            </div>
            <Line label="Alasan" id=format!("{id}-alasan") field="reason" value=reason problem />
            <OtherProblem problem fields=&["due_day", "reason"] />
            {move || seen.get().map(|seen| view! { <Seen seen /> })}
            <div class="row">
                <button class="btn" type="submit" disabled=change.pending()>"Lihat dulu"</button>
                {move || seen.read().is_some().then(|| view! {
                    <button class="btn main" type="button" disabled=change.pending() on:click=move |_| { change.dispatch(false); }>"Jalankan"</button>
                })}
            </div>
        </form>
    }
}

/// What a change would do.
#[component]
fn Seen(seen: ChangeSeen) -> impl IntoView {
    let lines = seen
        .lines
        .into_iter()
        .map(|(text, derivation, amount)| {
            view! {
                <tr><td>{text}<span class="sub">{derivation}</span></td><td class="num">{amount}</td></tr>
            }
        })
        .collect::<Vec<_>>();
    let any = !lines.is_empty();
    view! {
        <div class="stack">
            <p><strong>{seen.words}</strong></p>
            {any.then(|| view! {
                <table>
                    <thead><tr><th scope="col">"Untuk"</th><th scope="col" class="num">"Jumlah"</th></tr></thead>
                    <tbody>{lines}</tbody>
                </table>
            })}
        </div>
    }
}
