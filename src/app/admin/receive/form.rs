//! The form of Terima Pembayaran and the receipt that follows it.

use super::{OpenBill, PayStart, PayWish, ReceiptView, record_payment};
use crate::app::dto::{Tone, money};
use crate::app::error::ApiError;
use crate::app::ui::{Field, MoneyInput, Notice, Problem, focus_element};
use crate::billing::Rupiah;
use leptos::prelude::*;

/// What becomes of the money on the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Split {
    /// Recorded as the payment.
    kept: i64,
    /// Given back.
    change: i64,
    /// Still missing for the ticked bills.
    missing: i64,
    /// Goes to Saldo, as far as one can see now.
    saldo: i64,
}

/// Splits `received` over `owed`. Change of cash is given back unless it is to become Saldo; a transfer has none.
fn split(received: i64, owed: i64, keep_all: bool) -> Split {
    let over = (received - owed).max(0);
    let missing = (owed - received).max(0);
    if keep_all {
        Split { kept: received, change: 0, missing, saldo: over }
    } else {
        Split { kept: received - over, change: over, missing, saldo: 0 }
    }
}

/// Ticks or unticks the bill at `at`. Older bills are paid first: ticking one ticks those before it, unticking one
/// unticks those after it.
fn tick(ticked: usize, at: usize) -> usize {
    if at < ticked { at } else { at + 1 }
}

/// The form; after it is sent, the receipt.
#[component]
pub fn PayForm(start: PayStart, bill: Option<i64>, again: Callback<()>) -> impl IntoView {
    let receipt = RwSignal::new(None::<ReceiptView>);
    let customer = start.customer_id;
    view! {
        {move || match receipt.get() {
            Some(done) => view! { <Receipt done customer again=Callback::new(move |()| { receipt.set(None); again.run(()); }) /> }.into_any(),
            None => view! { <Entry start=start.clone() bill receipt /> }.into_any(),
        }}
    }
}

#[component]
fn Entry(start: PayStart, bill: Option<i64>, receipt: RwSignal<Option<ReceiptView>>) -> impl IntoView {
    // Bills are paid in order, so the choice is how many of them from the top.
    let first = bill
        .and_then(|id| start.bills.iter().position(|open| open.id == id))
        .map_or_else(|| start.bills.iter().filter(|open| open.begun).count(), |at| at + 1);
    let ticked = RwSignal::new(first);
    let bills = StoredValue::new(start.bills.clone());
    let owed = Memo::new(move |_| {
        bills.with_value(|bills| bills.iter().take(ticked.get()).map(|bill| bill.left).sum::<i64>())
    });
    let typed = RwSignal::new(String::new());
    let method = RwSignal::new("cash".to_owned());
    let to_saldo = RwSignal::new(false);
    let day = RwSignal::new(start.today.clone());
    let reference = RwSignal::new(String::new());
    let note = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<ApiError>);
    let received = Memo::new(move |_| Rupiah::parse_input(&typed.get()).map_or(0, |amount| amount.0));
    let parts = Memo::new(move |_| split(received.get(), owed.get(), to_saldo.get() || method.get() == "transfer"));
    let (service_id, request_id) = (start.service_id, start.request_id.clone());
    let send = Action::new(move |(): &()| {
        let wish = PayWish {
            service_id,
            request_id: request_id.clone(),
            method: method.get_untracked(),
            received: received.get_untracked(),
            amount: parts.get_untracked().kept,
            chosen: bills.with_value(|bills| bills.iter().take(ticked.get_untracked()).map(|bill| bill.id).collect()),
            received_on: day.get_untracked(),
            reference: reference.get_untracked(),
            note: note.get_untracked(),
        };
        async move {
            match record_payment(wish).await {
                Ok(done) => receipt.set(Some(done)),
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    let busy = send.pending();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        problem.set(None);
        if !busy.get_untracked() {
            send.dispatch(());
        }
    };
    // The money is what the cashier types next.
    Effect::new(move |_| focus_element("uang"));
    let none_open = start.bills.is_empty();
    let rows =
        start.bills.into_iter().enumerate().map(|(at, bill)| view! { <BillPick bill at ticked /> }).collect::<Vec<_>>();
    view! {
        <form class="receive" on:submit=submit>
            <section class="panel">
                <div class="head">
                    <div>
                        <h2><a href=format!("/admin/pelanggan/{}", start.customer_id)>{start.name}</a></h2>
                        <span class="mute small num">{start.number} " · " {start.phone} " · " {start.package}</span>
                    </div>
                    <a class="link row" href="/admin/terima">"Ganti"</a>
                </div>
                {none_open.then(|| view! { <p class="pad">"Semua tagihan lunas. Uang yang diterima menjadi Saldo bila dicentang."</p> })}
                {rows}
                <div class="pad stack tight">
                    <div class="row between"><span class="mute">"Yang dipilih"</span><strong class="num">{move || money(owed.get())}</strong></div>
                    {(!start.saldo.is_empty()).then(|| view! { <div class="row between"><span class="mute">"Saldo"</span><span class="num">{start.saldo}</span></div> })}
                </div>
            </section>
            <section class="panel pad stack">
                <fieldset>
                    <legend>"Cara bayar"</legend>
                    <div class="choice">
                        <label><input type="radio" name="cara" value="cash" prop:checked=move || method.get() == "cash" on:change=move |_| method.set("cash".to_owned()) />"Tunai"</label>
                        <label><input type="radio" name="cara" value="transfer" prop:checked=move || method.get() == "transfer" on:change=move |_| method.set("transfer".to_owned()) />"Transfer"</label>
                    </div>
                </fieldset>
                <MoneyInput label="Uang diterima" id="uang" value=typed />
                <div class="row">
                    <button class="btn small" type="button" on:click=move |_| typed.set(Rupiah(owed.get_untracked()).digits())>"Uang pas"</button>
                </div>
                <div class="change" role="status">
                    {move || {
                        let parts = parts.get();
                        let (word, amount) = if parts.missing > 0 {
                            ("Kurang", parts.missing)
                        } else if parts.saldo > 0 {
                            ("Menjadi Saldo", parts.saldo)
                        } else {
                            ("Kembalian", parts.change)
                        };
                        view! { <span>{word}</span><strong>{money(amount)}</strong> }
                    }}
                </div>
                <label class="check" hidden=move || method.get() == "transfer">
                    <input type="checkbox" prop:checked=to_saldo on:change=move |event| to_saldo.set(event_target_checked(&event)) />
                    "Simpan kembalian sebagai Saldo"
                </label>
                <Field label="Tanggal diterima" id="tanggal" hint="Misalnya 15/1 atau 15/01/2026">
                    <input id="tanggal" type="text" inputmode="numeric" autocomplete="off" prop:value=day on:input=move |event| day.set(event_target_value(&event)) />
                </Field>
                <Field label="Nomor referensi bank (bila transfer)" id="referensi">
                    <input id="referensi" type="text" maxlength="100" autocomplete="off" prop:value=reference on:input=move |event| reference.set(event_target_value(&event)) />
                </Field>
                <Field label="Catatan" id="catatan">
                    <input id="catatan" type="text" maxlength="200" autocomplete="off" prop:value=note on:input=move |event| note.set(event_target_value(&event)) />
                </Field>
                {move || problem.get().map(|error| view! { <Problem error /> })}
                <button class="btn main big" type="submit" disabled=move || busy.get() || parts.get().kept == 0>
                    {move || if busy.get() { "Menyimpan…".to_owned() } else { format!("Simpan pembayaran {}", money(parts.get().kept)) }}
                </button>
            </section>
        </form>
    }
}

#[component]
fn BillPick(bill: OpenBill, at: usize, ticked: RwSignal<usize>) -> impl IntoView {
    view! {
        <label class="bill-pick">
            <input
                type="checkbox"
                prop:checked=move || at < ticked.get()
                on:change=move |_| ticked.update(|ticked| *ticked = tick(*ticked, at))
            />
            <span><span class="strong">{bill.period}</span><span class="mute small">" · " {bill.number}<br />{bill.due}</span></span>
            <span class="num">{bill.left_words}</span>
        </label>
    }
}

#[component]
fn Receipt(done: ReceiptView, customer: i64, again: Callback<()>) -> impl IntoView {
    let rows = done
        .used_for
        .into_iter()
        .map(|(id, number, amount)| {
            view! { <tr><td><a href=format!("/admin/tagihan/{id}")>{number}</a></td><td class="num">{amount}</td></tr> }
        })
        .collect::<Vec<_>>();
    view! {
        <section class="panel pad stack">
            <Notice tone=Tone::Ok>
                <p>{if done.already {
                    "Pembayaran ini sudah tercatat sebelumnya; tidak dicatat dua kali."
                } else {
                    "Pembayaran tercatat."
                }}</p>
            </Notice>
            <div><h3 class="num">{done.receipt}</h3><p class="total">{done.amount}</p></div>
            {(!done.change.is_empty()).then(|| view! { <div class="change"><span>"Kembalian"</span><strong>{done.change}</strong></div> })}
            <table>
                <thead><tr><th scope="col">"Dipakai untuk"</th><th scope="col" class="num">"Jumlah"</th></tr></thead>
                <tbody>
                    {rows}
                    {(!done.saldo.is_empty()).then(|| view! { <tr><td>"Saldo"</td><td class="num">{done.saldo}</td></tr> })}
                </tbody>
            </table>
            <div class="row no-print">
                <a class="btn main" href="/admin/terima">"Pelanggan berikutnya"</a>
                <a class="btn" href=format!("/admin/pelanggan/{customer}")>"Buka pelanggan"</a>
                <button class="btn" type="button" on:click=move |_| again.run(())>"Terima lagi dari pelanggan ini"</button>
            </div>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::{Split, split, tick};

    #[test]
    fn change_is_given_back_unless_it_is_kept() {
        assert_eq!(split(350_000, 300_000, false), Split { kept: 300_000, change: 50_000, missing: 0, saldo: 0 });
        assert_eq!(split(350_000, 300_000, true), Split { kept: 350_000, change: 0, missing: 0, saldo: 50_000 });
        assert_eq!(split(100_000, 300_000, false), Split { kept: 100_000, change: 0, missing: 200_000, saldo: 0 });
        assert_eq!(split(50_000, 0, false).kept, 0);
    }

    #[test]
    fn older_bills_are_paid_first() {
        assert_eq!(tick(0, 2), 3);
        assert_eq!(tick(3, 1), 1);
    }
}
