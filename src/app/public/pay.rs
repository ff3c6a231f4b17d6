//! Selesaikan Pembayaran: the number large, the QR as a picture, a countdown; it turns into Pembayaran Berhasil by
//! itself, with a script by server-sent events, without one by asking again.

use super::{Company, document};
use leptos::prelude::*;

/// The page's data, formatted.
#[derive(Clone, Debug, Default)]
pub struct PayView {
    /// The provider.
    pub company: Company,
    /// Reference of the attempt.
    pub reference: String,
    /// `open`, `paid`, `expired`, `failed`, `review`, `creating`.
    pub status: String,
    /// The same as stored, which live changes are compared with.
    pub stored_status: String,
    /// Whether the gateway is being asked, because the payer said that he has paid.
    pub asked: bool,
    /// What is paid.
    pub titles: String,
    /// The payer, masked.
    pub name: String,
    /// Public ids of the bills.
    pub bills: Vec<i64>,
    /// The service; empty where it pays for several.
    pub service_number: String,
    /// The amount.
    pub amount: String,
    /// The amount as plain digits, for copying.
    pub amount_plain: String,
    /// The way to pay.
    pub method: String,
    /// Virtual account or retail code; may be empty.
    pub code: String,
    /// Whether there is a QR code to show.
    pub has_qr: bool,
    /// The gateway's page, where neither number nor QR is to be shown.
    pub url: String,
    /// Until when, in words.
    pub until: String,
    /// Until when, in seconds from now.
    pub seconds_left: i64,
    /// How to pay.
    pub steps: Vec<String>,
    /// Receipt, once paid.
    pub receipt: String,
    /// What was received, once paid.
    pub received: String,
    /// What of it became Saldo; may be empty.
    pub saldo: String,
    /// When it was paid, in words.
    pub paid_at: String,
    /// What is left to pay now; may be empty.
    pub rest: String,
    /// Whether the line is still slowed down.
    pub still_isolated: bool,
}

/// Groups of four, as numbers are read out.
fn grouped(code: &str) -> String {
    let chars: Vec<char> = code.chars().collect();
    chars.chunks(4).map(|chunk| chunk.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// That the gateway is being asked.
fn asking(view: &PayView) -> Option<impl IntoView + use<>> {
    view.asked.then(|| {
        view! { <p class="note info" role="status">"Sedang kami tanyakan ke bank. Bila pembayaran Anda sudah masuk, halaman ini berubah sendiri. Bank kadang perlu beberapa menit."</p> }
    })
}

/// Without script the page asks again by itself.
fn refresh() -> impl IntoView {
    view! { <noscript><meta http-equiv="refresh" content="10" /></noscript> }
}

/// The page.
pub fn pay_page(view: &PayView) -> String {
    match view.status.as_str() {
        "paid" => paid(view),
        "open" | "creating" => waiting(view),
        _ => over(view),
    }
}

fn waiting(view: &PayView) -> String {
    let number = (!view.code.is_empty()).then(|| {
        view! {
            <div>
                <p class="mute small">{format!("Nomor {}", view.method)}</p>
                <div class="va"><span id="kode">{grouped(&view.code)}</span><button class="btn copy" type="button" data-copy=view.code.clone() hidden>"Salin"</button></div>
            </div>
        }
    });
    let qr = view.has_qr.then(|| {
        let picture = format!("/bayar/{}/qris.png", view.reference);
        let name = format!("qris-{}.png", view.reference);
        view! {
            <div class="qr"><img src=picture.clone() alt="Kode QRIS untuk dibayar" width="300" height="300" /></div>
            <p class="help"><a class="btn" href=picture download=name>"Simpan gambar QR"</a></p>
        }
    });
    let link = (!view.url.is_empty())
        .then(|| view! { <a class="btn main big" href=view.url.clone()>{format!("Lanjutkan di {}", view.method)}</a> });
    let steps: Vec<_> = view.steps.iter().map(|step| view! { <li>{step.clone()}</li> }).collect();
    let again: Vec<_> =
        view.bills.iter().map(|id| view! { <input type="hidden" name="tagihan" value=id.to_string() /> }).collect();
    let body = view! {
        <section class="panel" id="bayar" data-ref=view.reference.clone() data-state=view.stored_status.clone() data-left=view.seconds_left.to_string()>
            <h1>"Selesaikan Pembayaran"</h1>
            <p class="mute">{view.titles.clone()} " · " {view.name.clone()}</p>
            <div class="va plain"><span class="sum">{view.amount.clone()}</span><button class="btn copy" type="button" data-copy=view.amount_plain.clone() hidden>"Salin"</button></div>
            <p><span class="tag warn">"Menunggu Pembayaran"</span></p>
            {asking(view)}
            {number}{qr}{link}
            <p class="small mute">"Bayar sebelum " <b>{view.until.clone()}</b> <span id="sisa"></span> ". Halaman ini berubah sendiri begitu pembayaran masuk."</p>
        </section>
        <section class="panel"><h2>{format!("Cara bayar dengan {}", view.method)}</h2><ol class="how">{steps}</ol></section>
        <div class="row">
            <form method="get" action="/bayar/pilih">{again}<button class="btn" type="submit">"Pilih cara bayar lain"</button></form>
            <form method="post" action=format!("/bayar/{}/cek", view.reference)><button class="btn" type="submit">"Saya sudah bayar"</button></form>
        </div>
    };
    document("Selesaikan Pembayaran", &view.company, true, refresh(), body)
}

fn paid(view: &PayView) -> String {
    let saldo =
        (!view.saldo.is_empty()).then(|| view! { <li><span>"Menjadi Saldo"</span><b>{view.saldo.clone()}</b></li> });
    let rest =
        (!view.rest.is_empty()).then(|| view! { <li><span>"Sisa tagihan"</span><b>{view.rest.clone()}</b></li> });
    let has_receipt = !view.receipt.is_empty();
    let line = if view.still_isolated {
        "Masih ada tagihan lain yang lewat jatuh tempo, jadi internet belum dipulihkan."
    } else {
        "Internet Anda aktif. Bila tadi diperlambat, kecepatannya pulih sendiri dalam hitungan detik."
    };
    let back = super::bills_of(&view.service_number);
    let body = view! {
        <section class="panel done" role="status">
            <h1>"Pembayaran Berhasil"</h1>
            <p class="sum">{view.received.clone()}</p>
            <ul class="list">
                <li><span>"Untuk"</span><b>{view.titles.clone()}</b></li>
                <li><span>"Lewat"</span><b>{view.method.clone()}</b></li>
                <li><span>"Kuitansi"</span><b>{view.receipt.clone()}</b></li>
                <li><span>"Waktu"</span><b>{view.paid_at.clone()}</b></li>
                {saldo}
                {rest}
            </ul>
            <p>{line}</p>
        </section>
        <div class="row">
            <a class="btn" href=back>"Lihat tagihan"</a>
            {has_receipt.then(|| view! { <a class="btn" href=format!("/bayar/{}/kuitansi.pdf", view.reference)>"Unduh kuitansi (PDF)"</a> })}
        </div>
    };
    document("Pembayaran Berhasil", &view.company, false, (), body)
}

fn over(view: &PayView) -> String {
    let (title, why) = match view.status.as_str() {
        "expired" => ("Kedaluwarsa", "Waktu pembayaran sudah habis. Belum ada uang yang kami terima untuk nomor ini."),
        "review" => ("Perlu Dicek", "Pembayaran Anda sedang kami periksa. Tidak perlu membayar lagi."),
        _ => ("Gagal", "Pembayaran ini tidak berhasil. Belum ada uang yang kami terima."),
    };
    let again: Vec<_> =
        view.bills.iter().map(|id| view! { <input type="hidden" name="tagihan" value=id.to_string() /> }).collect();
    let body = view! {
        <section class="panel" id="bayar" data-ref=view.reference.clone() data-state=view.stored_status.clone()>
            <h1>{title}</h1>
            <p>{why}</p>
            {asking(view)}
            <p class="mute">"Sudah terlanjur membayar? Tekan \u{201c}Saya sudah bayar\u{201d}, kami tanyakan ke bank."</p>
        </section>
        <div class="row">
            <form method="get" action="/bayar/pilih">{again}<button class="btn main" type="submit">"Buat nomor baru"</button></form>
            <form method="post" action=format!("/bayar/{}/cek", view.reference)><button class="btn" type="submit">"Saya sudah bayar"</button></form>
        </div>
    };
    document(title, &view.company, view.asked, view.asked.then(refresh), body)
}
