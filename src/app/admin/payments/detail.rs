//! One payment: what it was used for, and its receipt on paper or by WhatsApp.

use super::{PaymentView, view_payment};
use crate::app::admin::adjust::{ReversePayment, SaidLast};
use crate::app::dto::Tone;
use crate::app::ui::{Loading, Notice, Problem};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

/// The page.
#[component]
pub fn PaymentPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").and_then(|id| id.parse::<i64>().ok()).unwrap_or(0));
    let data = Resource::new(move || id.get(), view_payment);
    let said = RwSignal::new(String::new());
    let done = Callback::new(move |words: String| {
        said.set(words);
        data.refetch();
    });
    view! {
        <Title text="Pembayaran" />
        <SaidLast said />
        <Suspense fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(payment) => view! { <Whole payment done /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Whole(payment: PaymentView, done: Callback<String>) -> impl IntoView {
    let rows = payment
        .used_for
        .into_iter()
        .map(|used| view! {
            <tr>
                <td><a class="num" href=format!("/admin/tagihan/{}", used.invoice_id)>{used.number}</a><span class="sub">{used.period}</span></td>
                <td class="num">{used.amount}</td>
            </tr>
        })
        .collect::<Vec<_>>();
    let fact =
        |word: &'static str, value: String| (!value.is_empty()).then(|| view! { <dt>{word}</dt><dd>{value}</dd> });
    let printed = match payment.prints {
        0 => String::new(),
        times => format!("{times} kali; cetakan berikutnya bertanda SALINAN"),
    };
    let stands = payment.reversal.is_empty();
    let reversal = (!stands).then(|| view! { <Notice tone=Tone::Bad>{payment.reversal}</Notice> });
    view! {
        <div class="title"><h1 class="num">{payment.receipt}</h1></div>
        <section class="panel pad stack">
            <p class="total num">{payment.amount}</p>
            {reversal}
            <dl class="facts">
                <dt>"Pelanggan"</dt><dd><a href=format!("/admin/pelanggan/{}", payment.customer_id)>{payment.name}</a></dd>
                {fact("Nomor layanan", payment.number)}
                {fact("Cara bayar", payment.method)}
                {fact("Tanggal diterima", payment.day)}
                {fact("Dicatat", payment.at)}
                {fact("Penerima", payment.receiver)}
                {fact("Referensi", payment.reference)}
                {fact("Catatan", payment.note)}
                {fact("Sudah dicetak", printed)}
            </dl>
            {(payment.money && stands).then(|| view! { <Print id=payment.id whatsapp=payment.whatsapp /> })}
        </section>
        <section class="panel gap-top">
            <table>
                <thead><tr><th scope="col">{if stands { "Dipakai untuk" } else { "Sampai dibatalkan dipakai untuk" }}</th><th scope="col" class="num">"Jumlah"</th></tr></thead>
                <tbody>
                    {rows}
                    {(!payment.saldo.is_empty()).then(|| view! { <tr><td>"Saldo"</td><td class="num">{payment.saldo}</td></tr> })}
                </tbody>
            </table>
        </section>
        {payment.may_reverse.then(|| view! { <section class="panel gap-top"><ReversePayment id=payment.id money=payment.money done /></section> })}
    }
}

/// Ways to give the customer his receipt.
#[component]
pub fn Print(
    /// The payment.
    id: i64,
    /// Link to WhatsApp; empty without a telephone.
    whatsapp: String,
) -> impl IntoView {
    view! {
        <div class="row no-print">
            <a class="btn" href=format!("/admin/kwitansi/{id}/pdf") rel="external" target="_blank">"Kuitansi PDF"</a>
            <a class="btn" href=format!("/admin/kwitansi/{id}?lebar=58") rel="external" target="_blank">"Cetak 58 mm"</a>
            <a class="btn" href=format!("/admin/kwitansi/{id}?lebar=80") rel="external" target="_blank">"Cetak 80 mm"</a>
            {(!whatsapp.is_empty()).then(|| view! { <a class="btn" href=whatsapp rel="external noopener" target="_blank">"Kirim lewat WhatsApp saya"</a> })}
        </div>
    }
}
