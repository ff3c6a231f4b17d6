//! What became of a line: its number, its account, its bills, and what the router says, read again until it is there.

use super::{InstallView, read_pppoe};
use crate::app::dto::Tone;
use crate::app::error::ApiError;
use crate::app::ui::{Notice, Problem, Tag};
use leptos::prelude::*;

/// The panel.
#[component]
pub fn InstallResult(line: InstallView, refresh: Callback<()>) -> impl IntoView {
    let service_id = line.service_id;
    let secret = RwSignal::new(None::<Result<String, ApiError>>);
    let reveal = Action::new(move |(): &()| async move { secret.set(Some(read_pppoe(service_id).await)) });
    let settled = line.observed.is_empty() && line.active && !line.router.is_empty();
    // The router's answer comes a moment later; asked for until it is there.
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        if settled {
            set_timeout(move || refresh.run(()), std::time::Duration::from_secs(2));
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _no_browser = (settled, refresh);
    let bills = line
        .bills
        .into_iter()
        .map(|(id, words, amount)| {
            view! { <tr><td><a href=format!("/admin/tagihan/{id}")>{words}</a></td><td class="num">{amount}</td></tr> }
        })
        .collect::<Vec<_>>();
    let has_bills = !bills.is_empty();
    view! {
        <section class="panel">
            <div class="head">
                <h2><a href=format!("/admin/pelanggan/{}", line.customer_id)>{line.name}</a></h2>
                <span class="row"><Tag badge=line.stage />{line.access.map(|badge| view! { <Tag badge /> })}</span>
            </div>
            <div class="stack pad">
                {line.active.then(|| view! { <Notice tone=Tone::Ok><p>"Layanan aktif."</p></Notice> })}
                {(!line.problem.is_empty()).then(|| view! { <Notice tone=Tone::Warn><p>{line.problem}</p></Notice> })}
                <dl class="facts">
                    <dt>"Nomor layanan"</dt><dd class="num strong">{line.number}</dd>
                    <dt>"Paket"</dt><dd>{line.package}</dd>
                    {(!line.day.is_empty()).then(|| view! { <dt>"Tanggal"</dt><dd>{line.day}</dd> })}
                    {(!line.technician.is_empty()).then(|| view! { <dt>"Teknisi"</dt><dd>{line.technician}</dd> })}
                    <dt>"Router"</dt><dd>{if line.router.is_empty() { "-".to_owned() } else { line.router }}</dd>
                    <dt>"Akun PPPoE"</dt><dd class="num">{line.account}</dd>
                    <dt>"Kata sandi PPPoE"</dt>
                    <dd>
                        {move || match secret.get() {
                            None => view! { <button class="btn small" type="button" on:click=move |_| { reveal.dispatch(()); }>"Tampilkan"</button> }.into_any(),
                            Some(Ok(text)) if text.is_empty() => view! { <span class="mute">"belum diisi"</span> }.into_any(),
                            Some(Ok(text)) => view! { <strong class="num">{text}</strong> }.into_any(),
                            Some(Err(error)) => view! { <Problem error /> }.into_any(),
                        }}
                    </dd>
                    <dt>"Menurut router"</dt><dd>{if line.observed.is_empty() { "belum dibaca".to_owned() } else { line.observed }}</dd>
                </dl>
                {has_bills.then(|| view! {
                    <table>
                        <thead><tr><th scope="col">"Tagihan"</th><th scope="col" class="num">"Jumlah"</th></tr></thead>
                        <tbody>{bills}</tbody>
                    </table>
                })}
                <div class="row">
                    {(line.may_pay && has_bills).then(|| view! { <a class="btn main" href=format!("/admin/terima?layanan={service_id}")>"Terima pembayaran"</a> })}
                    {(!line.active).then(|| view! { <a class="btn main" href=format!("/admin/pasang/baru?layanan={service_id}")>"Lanjutkan pemasangan"</a> })}
                    <a class="btn" href=format!("/admin/pelanggan/{}", line.customer_id)>"Buka pelanggan"</a>
                </div>
            </div>
        </section>
    }
}
