//! Tagihan Anda: what a service owes, why, and the way to pay it.

use super::{Company, document};
use leptos::prelude::*;

/// The page's data, formatted.
#[derive(Clone, Debug, Default)]
pub struct BillView {
    /// The provider.
    pub company: Company,
    /// The service.
    pub service_number: String,
    /// The payer, masked.
    pub name: String,
    /// Whether the line is slowed down.
    pub isolated: bool,
    /// What is past due; empty if nothing is.
    pub overdue: String,
    /// What is due now.
    pub total: String,
    /// The payer's Saldo; empty if there is none.
    pub saldo: String,
    /// Whether that is nothing.
    pub nothing_due: bool,
    /// Open bills, in the order of payment.
    pub open: Vec<BillLine>,
    /// Paid bills of the last months.
    pub paid: Vec<BillLine>,
    /// All at once; nothing where there is one bill or none.
    pub all: Option<AllView>,
}

/// All open bills of a payer, of his other services too, for one payment.
#[derive(Clone, Debug, Default)]
pub struct AllView {
    /// Public ids.
    pub ids: Vec<i64>,
    /// How many.
    pub count: String,
    /// Their sum.
    pub total: String,
    /// Those of other services: what, and how much.
    pub others: Vec<(String, String)>,
}

/// A bill.
#[derive(Clone, Debug, Default)]
pub struct BillLine {
    /// Public id.
    pub id: i64,
    /// Number.
    pub number: String,
    /// `Januari 2026`.
    pub title: String,
    /// Due date in words.
    pub due: String,
    /// What is left.
    pub amount: String,
    /// Next month's.
    pub next: bool,
    /// Past due.
    pub overdue: bool,
    /// Partly paid.
    pub partial: bool,
    /// How it came about, and what was paid of it.
    pub why: Vec<LineView>,
}

/// A line of a bill.
#[derive(Clone, Debug, Default)]
pub struct LineView {
    /// What it is.
    pub text: String,
    /// How its amount came about; ends with the amount.
    pub derivation: String,
    /// Whether it takes something off.
    pub off: bool,
}

fn state(line: &BillLine) -> (&'static str, &'static str) {
    if line.next {
        ("note", "Tagihan berikutnya")
    } else if line.overdue {
        ("bad", "Lewat Jatuh Tempo")
    } else if line.partial {
        ("warn", "Dibayar Sebagian")
    } else {
        ("warn", "Belum Bayar")
    }
}

/// What the sum is.
fn due_words(view: &BillView) -> String {
    if view.nothing_due {
        "Tidak ada yang harus dibayar sekarang.".to_owned()
    } else if view.overdue.is_empty() || view.overdue == view.total {
        "Jumlah yang harus dibayar sekarang.".to_owned()
    } else {
        format!("Jumlah semua tagihan; {} di antaranya sudah lewat jatuh tempo.", view.overdue)
    }
}

/// Address of a bill's paper.
fn paper(view: &BillView, bill: &BillLine) -> String {
    let number: String = url::form_urlencoded::byte_serialize(view.service_number.as_bytes()).collect();
    format!("/billing/{}/{}/pdf", number.replace('+', "%20"), bill.id)
}

/// The page.
pub fn bill_page(view: &BillView) -> String {
    let warning = view.isolated.then(|| {
        view! {
            <section class="panel isolated" role="status">
                <h2>"Layanan Terisolir"</h2>
                <p>"Internet Anda kami perlambat karena ada tagihan yang lewat jatuh tempo."</p>
                {(!view.overdue.is_empty()).then(|| view! { <p>"Bayar " <b class="num">{view.overdue.clone()}</b> ", lalu internet pulih sendiri dalam hitungan detik."</p> })}
            </section>
        }
    });
    let open: Vec<_> = view.open.iter().map(open_bill).collect();
    let why: Vec<_> = view.open.iter().chain(&view.paid).map(explained).collect();
    let why = (!why.is_empty())
        .then(|| view! { <details class="panel"><summary>"Kenapa tagihan saya segini?"</summary>{why}</details> });
    let papers: Vec<_> = view
        .open
        .iter()
        .map(|bill| view! { <li><span>{bill.title.clone()}<small>{bill.number.clone()}</small></span><a href=paper(view, bill) aria-label=format!("PDF {}", bill.number)>"PDF"</a></li> })
        .collect();
    let paid: Vec<_> = view
        .paid
        .iter()
        .cloned()
        .map(|bill| {
            let paper = paper(view, &bill);
            let label = format!("PDF {}", bill.number);
            view! { <li><span>{bill.title}<small>{bill.number}</small></span><span class="tag ok">"Lunas"</span><a href=paper aria-label=label>"PDF"</a></li> }
        })
        .collect();
    let (has_open, has_paid) = (!view.open.is_empty(), !view.paid.is_empty());
    let all = view.all.as_ref().map(all_at_once);
    let form = if has_open {
        view! {
            <form method="get" action="/bayar/pilih" class="panel">
                <h2>"Pilih tagihan"</h2>
                <p class="mute small">"Tagihan yang lebih lama dibayar lebih dulu."</p>
                <div class="pick">{open}</div>
                <button class="btn main big" type="submit">"Bayar"</button>
            </form>
            {all}
            {why}
            <section class="panel"><h2>"Unduh tagihan"</h2><ul class="list">{papers}</ul></section>
        }
        .into_any()
    } else {
        view! { <section class="panel"><p><span class="tag ok">"Lunas"</span>" Tidak ada tagihan yang harus dibayar. Terima kasih."</p></section>{all}{why} }
            .into_any()
    };
    let body = view! {
        {warning}
        <section class="panel">
            <h1>"Tagihan Anda"</h1>
            <p class="mute">{view.name.clone()} " · No. layanan " <b>{view.service_number.clone()}</b></p>
            <p class="sum">{view.total.clone()}</p>
            <p class="mute small">{due_words(view)}</p>
            {(!view.saldo.is_empty()).then(|| view! { <p class="small">"Saldo Anda " <b class="num">{view.saldo.clone()}</b>", dipakai sendiri untuk tagihan berikutnya."</p> })}
        </section>
        {form}
        {has_paid.then(|| view! { <section class="panel"><h2>"Sudah dibayar"</h2><ul class="list">{paid}</ul></section> })}
    };
    document("Tagihan Anda", &view.company, false, (), body)
}

/// Bayar semua.
fn all_at_once(all: &AllView) -> impl IntoView + use<> {
    let ids: Vec<_> =
        all.ids.iter().map(|id| view! { <input type="hidden" name="tagihan" value=id.to_string() /> }).collect();
    let others: Vec<_> =
        all.others.iter().cloned().map(|(what, left)| view! { <li><span>{what}</span><b>{left}</b></li> }).collect();
    let about = if others.is_empty() {
        format!("{} tagihan dengan satu pembayaran.", all.count)
    } else {
        format!("{} tagihan dengan satu pembayaran, termasuk layanan Anda yang lain:", all.count)
    };
    view! {
        <form method="get" action="/bayar/pilih" class="panel">
            <h2>"Bayar semua"</h2>
            <p class="mute small">{about}</p>
            {(!others.is_empty()).then(|| view! { <ul class="list">{others}</ul> })}
            {ids}
            <button class="btn big" type="submit">{format!("Bayar semua {}", all.total)}</button>
        </form>
    }
}

fn open_bill(bill: &BillLine) -> impl IntoView + use<> {
    let (tone, word) = state(bill);
    let bill = bill.clone();
    view! {
        <label>
            <input type="checkbox" name="tagihan" value=bill.id.to_string() checked=!bill.next />
            <span>
                <b>{bill.title}</b>
                <small>{bill.number} " · jatuh tempo " {bill.due}</small>
                <span class=format!("tag {tone}")>{word}</span>
            </span>
            <span class="num">{bill.amount}</span>
        </label>
    }
}

/// How a bill came to what is left of it.
fn explained(bill: &BillLine) -> impl IntoView + use<> {
    let lines: Vec<_> = bill
        .why
        .iter()
        .map(|line| view! { <li class=line.off.then_some("off")><b>{line.text.clone()}</b>": "{line.derivation.clone()}</li> })
        .collect();
    view! {
        <h3>{bill.title.clone()} <small>{bill.number.clone()}</small></h3>
        <ul class="why">{lines}<li><b>"Sisa yang harus dibayar: " {bill.amount.clone()}</b></li></ul>
    }
}
