//! Putting money right: a payment taken back, a bill voided, credited or given up, Saldo given back. Each says before it is
//! done what it does, and each can be read afterwards in the Kartu Piutang.

#[cfg(feature = "ssr")]
mod query;

#[cfg(feature = "ssr")]
pub use query::may_reverse;

use crate::app::codec::Json;
use crate::app::error::ApiError;
use crate::app::ui::{MoneyInput, Notice, OtherProblem, TextInput, focus_element, wrong_of};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// A credit that is wished for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditWish {
    /// The bill.
    pub invoice_id: i64,
    /// Whether the bill is given up; else it is a note of credit.
    pub write_off: bool,
    /// Amount as typed.
    pub amount: String,
    /// Why.
    pub reason: String,
    /// Id of the form.
    pub request_id: String,
}

/// Saldo that is to go back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundWish {
    /// A service of the payer.
    pub service_id: i64,
    /// Amount as typed.
    pub amount: String,
    /// `cash` or `transfer`.
    pub method: String,
    /// The bank's reference.
    pub reference: String,
    /// Why.
    pub reason: String,
    /// Id of the form.
    pub request_id: String,
}

/// Takes a payment back; answers what to say.
#[server(prefix = "/api/admin", endpoint = "payment/reverse", input = Json, output = Json)]
pub async fn reverse_payment(id: i64, reason: String) -> Result<String, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::RecordPayment).await?;
    Ok(query::reverse(&asked, id, &reason).await?)
}

/// Voids a bill; answers what to say.
#[server(prefix = "/api/admin", endpoint = "invoice/void", input = Json, output = Json)]
pub async fn void_invoice(id: i64, reason: String) -> Result<String, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::AdjustBills).await?;
    Ok(query::void(&asked, id, &reason).await?)
}

/// Writes a note of credit or a write-off; answers what to say.
#[server(prefix = "/api/admin", endpoint = "invoice/credit", input = Json, output = Json)]
pub async fn credit_invoice(wish: CreditWish) -> Result<String, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::AdjustBills).await?;
    Ok(query::credit(&asked, wish).await?)
}

/// Issues the month of a voided bill again; answers what to say.
#[server(prefix = "/api/admin", endpoint = "invoice/again", input = Json, output = Json)]
pub async fn issue_again(id: i64) -> Result<String, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::AdjustBills).await?;
    Ok(query::again(&asked, id).await?)
}

/// Gives Saldo back; answers what to say.
#[server(prefix = "/api/admin", endpoint = "saldo/refund", input = Json, output = Json)]
pub async fn refund_saldo(wish: RefundWish) -> Result<String, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::Refund).await?;
    Ok(query::refund(&asked, wish).await?)
}

/// What the page of a bill or a payment said last; it outlives the page's being read anew.
#[derive(Clone, Copy, Debug)]
pub struct Said(pub RwSignal<String>);

/// Shows it, and brings it into sight: the button that was pressed may stand far below.
#[component]
pub fn SaidLast(said: RwSignal<String>) -> impl IntoView {
    const ID: &str = "dikatakan";
    Effect::new(move |_| {
        if !said.read().is_empty() {
            focus_element(ID);
        }
    });
    view! {
        <div id=ID tabindex="-1">
            {move || {
                let words = said.get();
                (!words.is_empty()).then(|| view! { <Notice tone=crate::app::dto::Tone::Ok><p>{words}</p></Notice> })
            }}
        </div>
    }
}

/// A deed behind a line that unfolds: its reason, its button.
#[component]
fn WithReason(
    /// What the line says.
    summary: &'static str,
    /// What the deed does.
    about: &'static str,
    /// The button.
    button: &'static str,
    /// Id of the field.
    id: &'static str,
    /// What is typed.
    reason: RwSignal<String>,
    /// The last error.
    problem: RwSignal<Option<ApiError>>,
    /// Whether it is under way.
    pending: Signal<bool>,
    /// The deed.
    run: Callback<()>,
) -> impl IntoView {
    view! {
        <details class="pad">
            <summary>{summary}</summary>
            <form class="stack gap-top" on:submit=move |event| { event.prevent_default(); run.run(()); }>
                <p class="mute">{about}</p>
                <TextInput label="Alasan" id value=reason wrong=wrong_of(problem, "reason") />
                <OtherProblem problem fields=&["reason"] />
                <div class="row"><button class="btn danger" type="submit" disabled=move || pending.get()>{button}</button></div>
            </form>
        </details>
    }
}

/// Taking a payment back.
#[component]
pub fn ReversePayment(
    /// The payment.
    id: i64,
    /// Whether money came; else it is a note of credit, a write-off or Saldo from before.
    money: bool,
    /// After it is done.
    done: Callback<String>,
) -> impl IntoView {
    let (reason, problem) = (RwSignal::new(String::new()), RwSignal::new(None::<ApiError>));
    let deed = Action::new(move |(): &()| async move {
        problem.set(None);
        match reverse_payment(id, reason.get_untracked()).await {
            Ok(words) => done.run(words),
            Err(error) => problem.set(Some(error)),
        }
    });
    view! {
        <WithReason
            summary=if money { "Batalkan pembayaran" } else { "Batalkan" }
            about=if money {
                "Tagihan yang dibayarnya terbuka lagi, dan uang tunainya keluar dari tas kas. Catatannya tetap ada. Layanan tidak langsung diisolir; itu diputuskan pemeriksaan berikutnya."
            } else {
                "Tagihan yang dipotongnya terbuka lagi sebesar itu, kecuali ditutup Saldo. Catatannya tetap ada. Layanan tidak langsung diisolir; itu diputuskan pemeriksaan berikutnya."
            }
            button=if money { "Batalkan Pembayaran" } else { "Batalkan" }
            id="alasan-batal"
            reason
            problem
            pending=deed.pending().into()
            run=Callback::new(move |()| { deed.dispatch(()); })
        />
    }
}

/// What can be done with a bill.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillDeeds {
    /// Nothing of it is paid, so it can be voided.
    pub void: bool,
    /// It stands, so it can be credited.
    pub credit: bool,
    /// Something is left, so it can be given up; as typed.
    pub left: String,
    /// It is void, and its month can be issued again.
    pub again: bool,
    /// Id of the form.
    pub request_id: String,
}

/// The deeds of a bill.
#[component]
pub fn AdjustBill(id: i64, deeds: BillDeeds, done: Callback<String>) -> impl IntoView {
    let (reason, problem) = (RwSignal::new(String::new()), RwSignal::new(None::<ApiError>));
    let void = Action::new(move |(): &()| async move {
        problem.set(None);
        match void_invoice(id, reason.get_untracked()).await {
            Ok(words) => done.run(words),
            Err(error) => problem.set(Some(error)),
        }
    });
    let again = Action::new(move |(): &()| async move {
        problem.set(None);
        match issue_again(id).await {
            Ok(words) => done.run(words),
            Err(error) => problem.set(Some(error)),
        }
    });
    let nothing = !deeds.void && !deeds.credit && !deeds.again;
    view! {
        {(!nothing).then(|| view! {
            <section class="panel">
                <div class="head"><h2>"Perbaiki tagihan"</h2></div>
                {deeds.void.then(|| view! {
                    <WithReason
                        summary="Batalkan tagihan"
                        about="Tagihan ini tidak lagi ditagih. Nomornya tetap ada dan bertanda Dibatalkan; bulan ini hanya terbit lagi bila diterbitkan dari halaman ini."
                        button="Batalkan Tagihan"
                        id="alasan-void"
                        reason
                        problem
                        pending=void.pending().into()
                        run=Callback::new(move |()| { void.dispatch(()); })
                    />
                })}
                {deeds.credit.then(|| view! {
                    <CreditForm id write_off=false amount=String::new() request_id=format!("{}a", deeds.request_id) done />
                })}
                {(deeds.credit && !deeds.left.is_empty()).then(|| view! {
                    <CreditForm id write_off=true amount=deeds.left.clone() request_id=format!("{}b", deeds.request_id) done />
                })}
                {deeds.again.then(|| view! {
                    <div class="pad stack">
                        <p class="mute">"Bulan ini belum punya tagihan lain. Tagihan baru memakai harga dan data pelanggan hari ini."</p>
                        <OtherProblem problem fields=&[] />
                        <div class="row"><button class="btn" type="button" disabled=again.pending() on:click=move |_| { again.dispatch(()); }>"Terbitkan lagi"</button></div>
                    </div>
                })}
            </section>
        })}
    }
}

#[component]
fn CreditForm(id: i64, write_off: bool, amount: String, request_id: String, done: Callback<String>) -> impl IntoView {
    let (amount, reason) = (RwSignal::new(amount), RwSignal::new(String::new()));
    let problem = RwSignal::new(None::<ApiError>);
    let deed = Action::new(move |(): &()| {
        let request_id = request_id.clone();
        async move {
            problem.set(None);
            let (amount, reason) = (amount.get_untracked(), reason.get_untracked());
            match credit_invoice(CreditWish { invoice_id: id, write_off, amount, reason, request_id }).await {
                Ok(words) => done.run(words),
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    let (summary, about, button, ids) = if write_off {
        (
            "Hapus piutang",
            "Yang tersisa dianggap tidak tertagih: tagihan ditutup tanpa uang, dan tercatat sebagai kerugian. Dapat dibatalkan bila ternyata dibayar.",
            "Hapus Piutang",
            ("jumlah-hapus", "alasan-hapus"),
        )
    } else {
        (
            "Beri nota kredit atau potongan",
            "Mengurangi tagihan ini tanpa uang. Bila tagihannya sudah lunas, potongannya menjadi Saldo.",
            "Tulis Nota Kredit",
            ("jumlah-nota", "alasan-nota"),
        )
    };
    view! {
        <details class="pad">
            <summary>{summary}</summary>
            <form class="stack gap-top" on:submit=move |event| { event.prevent_default(); deed.dispatch(()); }>
                <p class="mute">{about}</p>
                <MoneyInput label="Jumlah" id=ids.0 value=amount refused=wrong_of(problem, "amount") />
                <TextInput label="Alasan" id=ids.1 value=reason wrong=wrong_of(problem, "reason") />
                <OtherProblem problem fields=&["amount", "reason"] />
                <div class="row"><button class="btn" type="submit" disabled=deed.pending()>{button}</button></div>
            </form>
        </details>
    }
}

/// Giving Saldo back.
#[component]
pub fn RefundSaldo(service_id: i64, request_id: String, done: Callback<String>) -> impl IntoView {
    let text = || RwSignal::new(String::new());
    let (amount, reference, reason, method) = (text(), text(), text(), RwSignal::new("cash".to_owned()));
    let problem = RwSignal::new(None::<ApiError>);
    let deed = Action::new(move |(): &()| {
        let request_id = request_id.clone();
        async move {
            problem.set(None);
            let wish = RefundWish {
                service_id,
                amount: amount.get_untracked(),
                method: method.get_untracked(),
                reference: reference.get_untracked(),
                reason: reason.get_untracked(),
                request_id,
            };
            match refund_saldo(wish).await {
                Ok(words) => done.run(words),
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    view! {
        <details class="panel pad">
            <summary>"Kembalikan Saldo"</summary>
            <form class="stack gap-top" on:submit=move |event| { event.prevent_default(); deed.dispatch(()); }>
                <p class="mute">"Uang tunai keluar dari tas kas Anda; untuk transfer, kirim uangnya lebih dulu."</p>
                <MoneyInput label="Jumlah yang dikembalikan" id="jumlah-kembali" value=amount refused=wrong_of(problem, "amount") />
                <div class="field">
                    <label for="cara-kembali">"Cara"</label>
                    <select id="cara-kembali" on:change=move |event| method.set(event_target_value(&event))>
                        <option value="cash">"Tunai"</option>
                        <option value="transfer">"Transfer bank"</option>
                    </select>
                </div>
                <TextInput label="Nomor referensi bank" id="ref-kembali" value=reference wrong=wrong_of(problem, "reference") hint="Untuk transfer; boleh kosong" />
                <TextInput label="Alasan" id="alasan-kembali" value=reason wrong=wrong_of(problem, "reason") />
                <OtherProblem problem fields=&["amount", "reference", "reason"] />
                <div class="row"><button class="btn" type="submit" disabled=deed.pending()>"Kembalikan Saldo"</button></div>
            </form>
        </details>
    }
}
