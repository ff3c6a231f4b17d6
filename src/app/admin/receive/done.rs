//! The receipt after a payment, below a search that waits for the next customer.

use super::ReceiptView;
use super::find::Find;
use crate::app::admin::payments::Print;
use crate::app::dto::Tone;
use crate::app::ui::Notice;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

/// The receipt.
#[component]
pub fn Receipt(done: ReceiptView, customer: i64, service: i64, again: Callback<()>) -> impl IntoView {
    let navigate = use_navigate();
    // The same customer once more has the same address: his form is made anew.
    let chosen = Callback::new(move |id: i64| {
        if id == service {
            again.run(());
        } else {
            navigate(&format!("/admin/terima?layanan={id}"), NavigateOptions::default());
        }
    });
    let rows = done
        .used_for
        .into_iter()
        .map(|(id, number, amount)| {
            view! { <tr><td><a href=format!("/admin/tagihan/{id}")>{number}</a></td><td class="num">{amount}</td></tr> }
        })
        .collect::<Vec<_>>();
    view! {
        <Find chosen />
        <section class="panel pad stack gap-top">
            <div role="status">
                <Notice tone=Tone::Ok>
                    <p>{if done.already {
                        "Pembayaran ini sudah tercatat sebelumnya; tidak dicatat dua kali."
                    } else {
                        "Pembayaran tercatat."
                    }}</p>
                </Notice>
            </div>
            {(!done.left.is_empty()).then(|| view! { <Notice tone=Tone::Warn><p>{done.left}</p></Notice> })}
            {(!done.bag.is_empty()).then(|| view! { <Notice tone=Tone::Warn><p>{done.bag}</p></Notice> })}
            {(!done.change.is_empty()).then(|| view! { <div class="change"><span>"Kembalian"</span><strong>{done.change}</strong></div> })}
            <div><h3 class="num">{done.receipt}</h3><p class="mute">{done.name}</p><p class="total">{done.amount}</p></div>
            <table>
                <thead><tr><th scope="col">"Dipakai untuk"</th><th scope="col" class="num">"Jumlah"</th></tr></thead>
                <tbody>
                    {rows}
                    {(!done.saldo.is_empty()).then(|| view! { <tr><td>"Saldo"</td><td class="num">{done.saldo}</td></tr> })}
                </tbody>
            </table>
            <Print id=done.payment_id whatsapp=done.whatsapp />
            <div class="row no-print">
                <a class="btn" href=format!("/admin/pelanggan/{customer}")>"Buka pelanggan"</a>
                <button class="btn" type="button" on:click=move |_| again.run(())>"Terima lagi dari pelanggan ini"</button>
            </div>
        </section>
    }
}
