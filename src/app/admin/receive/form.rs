//! The form of Terima Pembayaran.

use super::done::Receipt;
use super::{MEANWHILE_FIELD, OpenBill, PayPreview, PayStart, PayWish, ReceiptView, preview_payment, record_payment};
use crate::app::dto::{Tone, money};
use crate::app::error::ApiError;
use crate::app::ui::{Field, MoneyInput, Notice, OtherProblem, Select, TextInput, focus_element, wrong_of};
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

/// Ticks or unticks the bill at `at`. Older bills of a service are paid first: ticking one ticks those of its service
/// before it, unticking one unticks those after it.
fn tick(bills: &[OpenBill], ticked: &mut [bool], at: usize) {
    let Some(service) = bills.get(at).map(|bill| bill.service_id) else { return };
    let now = !ticked.get(at).copied().unwrap_or(false);
    for (place, bill) in bills.iter().enumerate().filter(|(_, bill)| bill.service_id == service) {
        let moves = if now { place <= at } else { place >= at };
        if moves
            && bill.service_id == service
            && let Some(tick) = ticked.get_mut(place)
        {
            *tick = now;
        }
    }
}

/// The bills that are ticked at first: those of this service whose month has begun, or up to the one that was asked for.
fn at_first(bills: &[OpenBill], service: i64, asked_for: Option<i64>) -> Vec<bool> {
    let last = asked_for.and_then(|id| bills.iter().position(|bill| bill.id == id));
    let mut ticked: Vec<bool> =
        bills.iter().map(|bill| last.is_none() && bill.begun && bill.service_id == service).collect();
    if let Some(at) = last {
        tick(bills, &mut ticked, at);
    }
    ticked
}

/// The form; after it is sent, the receipt.
#[component]
pub fn PayForm(start: PayStart, bill: Option<i64>, again: Callback<()>) -> impl IntoView {
    let receipt = RwSignal::new(None::<ReceiptView>);
    let (customer, service) = (start.customer_id, start.service_id);
    view! {
        {move || match receipt.get() {
            Some(done) => view! { <Receipt done customer service again=Callback::new(move |()| { receipt.set(None); again.run(()); }) /> }.into_any(),
            None => view! { <Entry start=start.clone() bill receipt /> }.into_any(),
        }}
    }
}

#[component]
fn Entry(start: PayStart, bill: Option<i64>, receipt: RwSignal<Option<ReceiptView>>) -> impl IntoView {
    let ticked = RwSignal::new(at_first(&start.bills, start.service_id, bill));
    let bills = StoredValue::new(start.bills.clone());
    let (months, ahead) = (RwSignal::new(0_i64), RwSignal::new(0_i64));
    let seen = RwSignal::new(None::<PayPreview>);
    let owed = Memo::new(move |_| {
        if months.get() > 0 {
            return ahead.get();
        }
        let ticked = ticked.read();
        bills.with_value(|bills| {
            bills.iter().zip(ticked.iter()).filter(|(_, on)| **on).map(|(bill, _)| bill.left).sum::<i64>()
        })
    });
    let typed = RwSignal::new(String::new());
    let method = RwSignal::new("cash".to_owned());
    let to_saldo = RwSignal::new(false);
    let day = RwSignal::new(start.today.clone());
    let reference = RwSignal::new(String::new());
    let bank = RwSignal::new(String::new());
    let note = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<ApiError>);
    let received = Memo::new(move |_| Rupiah::parse_input(&typed.get()).map_or(0, |amount| amount.0));
    let parts = Memo::new(move |_| split(received.get(), owed.get(), to_saldo.get() || method.get() == "transfer"));
    let (service_id, request_id) = (start.service_id, StoredValue::new(start.request_id.clone()));
    let newest = StoredValue::new(Some(start.newest));
    let wish_of = move || PayWish {
        service_id,
        request_id: request_id.get_value(),
        method: method.get_untracked(),
        received: received.get_untracked(),
        amount: parts.get_untracked().kept,
        chosen: bills.with_value(|bills| {
            bills.iter().zip(ticked.read_untracked().iter()).filter(|(_, on)| **on).map(|(bill, _)| bill.id).collect()
        }),
        received_on: day.get_untracked(),
        reference: if method.get_untracked() == "transfer" {
            [bank.get_untracked(), reference.get_untracked()]
                .into_iter()
                .filter(|part| !part.trim().is_empty())
                .collect::<Vec<_>>()
                .join(" · ")
        } else {
            String::new()
        },
        note: note.get_untracked(),
        months: months.get_untracked(),
        newest: newest.get_value(),
    };
    let send = Action::new(move |(): &()| {
        let wish = wish_of();
        async move {
            match record_payment(wish).await {
                Ok(done) => receipt.set(Some(done)),
                Err(error) => {
                    // Told once: whoever saves again means another payment.
                    if matches!(&error, ApiError::Invalid { field, .. } if field == MEANWHILE_FIELD) {
                        newest.set_value(None);
                    }
                    problem.set(Some(error));
                }
            }
        }
    });
    // What it would be used for; a change of anything makes that stale.
    let look = Action::new(move |(): &()| {
        let wish = wish_of();
        async move {
            problem.set(None);
            match preview_payment(wish).await {
                Ok(found) => {
                    ahead.set(found.needed);
                    seen.set(Some(found));
                }
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    Effect::new(move |_| {
        typed.track();
        ticked.track();
        to_saldo.track();
        method.track();
        months.track();
        seen.set(None);
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
    let warnings = start
        .warnings
        .into_iter()
        .map(|said| view! { <div class="pad"><Notice tone=Tone::Warn><p>{said}</p></Notice></div> })
        .collect::<Vec<_>>();
    let banks = StoredValue::new(start.banks);
    let wrong = move |field: &'static str| {
        let wrong = wrong_of(problem, field);
        view! { <span class="wrong" role="alert">{wrong}</span> }
    };
    let rows = start
        .bills
        .into_iter()
        .enumerate()
        .map(|(at, bill)| view! { <BillPick bill at ticked bills /> })
        .collect::<Vec<_>>();
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
                {warnings}
                {none_open.then(|| view! { <p class="pad">"Semua tagihan lunas. Uang yang diterima dipakai untuk tagihan berikutnya atau menjadi Saldo bila dicentang."</p> })}
                {rows}
                <div class="pad">
                    <label for="di-muka">"Bayar di muka"</label>
                    <select id="di-muka" on:change=move |event| {
                        let wanted = event_target_value(&event).parse().unwrap_or(0);
                        months.set(wanted);
                        ahead.set(0);
                        if wanted > 0 { look.dispatch(()); }
                    }>
                        <option value="0">"Tidak"</option>
                        {(1..=12_i64).map(|n| view! { <option value=n.to_string()>{format!("{n} bulan berikutnya, beserta semua yang terbuka")}</option> }).collect::<Vec<_>>()}
                    </select>
                </div>
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
                {wrong("amount")}
                {move || Rupiah::parse_input(&typed.read()).is_ok_and(|amount| amount == Rupiah::ZERO).then(|| view! { <span class="wrong" role="alert">"Jumlah harus lebih dari nol."</span> })}
                <div class="row">
                    <button class="btn small" type="button" on:click=move |_| { typed.set(Rupiah(owed.get_untracked()).digits()); focus_element("uang"); }>"Uang pas"</button>
                </div>
                <div class="change" role="status">
                    {move || {
                        let parts = parts.get();
                        let (word, amount) = if parts.missing > 0 {
                            ("Kurang", parts.missing)
                        } else if parts.saldo > 0 {
                            ("Untuk tagihan berikutnya atau Saldo", parts.saldo)
                        } else {
                            ("Kembalian", parts.change)
                        };
                        view! { <span>{word}</span><strong>{money(amount)}</strong> }
                    }}
                </div>
                <div class="row">
                    <button class="btn small" type="button" disabled=move || look.pending().get() || parts.get().kept == 0 on:click=move |_| { look.dispatch(()); }>"Dipakai untuk…"</button>
                </div>
                {move || seen.get().filter(|seen| !seen.used_for.is_empty() || !seen.saldo.is_empty()).map(|seen| view! {
                    <dl class="facts" aria-label="Dipakai untuk">
                        {seen.used_for.into_iter().map(|(number, amount)| view! { <dt class="num">{number}</dt><dd class="num">{amount}</dd> }).collect::<Vec<_>>()}
                        {(!seen.saldo.is_empty()).then(|| view! { <dt>"Saldo"</dt><dd class="num">{seen.saldo.clone()}</dd> })}
                    </dl>
                })}
                <label class="check" hidden=move || method.get() == "transfer">
                    <input type="checkbox" prop:checked=to_saldo on:change=move |event| to_saldo.set(event_target_checked(&event)) />
                    "Simpan kembalian sebagai Saldo"
                </label>
                <TextInput label="Tanggal diterima" id="tanggal" value=day wrong=wrong_of(problem, "received_on") hint="Misalnya 15/1 atau 15/01/2026" />
                <div class="stack" hidden=move || method.get() != "transfer">
                    <div on:change=move |event| bank.set(event_target_value(&event))>
                        <Select label="Masuk ke rekening" name="rekening" choices=banks.get_value() chosen=String::new() all="Belum dipilih" />
                    </div>
                    <Field label="Nomor referensi bank" id="referensi">
                        <input id="referensi" type="text" maxlength="60" autocomplete="off" prop:value=reference on:input=move |event| reference.set(event_target_value(&event)) />
                    </Field>
                </div>
                <Field label="Catatan" id="catatan">
                    <input id="catatan" type="text" maxlength="200" autocomplete="off" prop:value=note on:input=move |event| note.set(event_target_value(&event)) />
                </Field>
                {wrong("months")}
                <OtherProblem problem fields=&["amount", "received_on", "months"] />
                <button class="btn main big" type="submit" disabled=move || busy.get() || parts.get().kept == 0>
                    {move || if busy.get() { "Menyimpan…".to_owned() } else { format!("Simpan pembayaran {}", money(parts.get().kept)) }}
                </button>
            </section>
        </form>
    }
}

#[component]
fn BillPick(
    bill: OpenBill,
    at: usize,
    ticked: RwSignal<Vec<bool>>,
    bills: StoredValue<Vec<OpenBill>>,
) -> impl IntoView {
    let other = (!bill.other.is_empty()).then(|| format!(" · layanan {}", bill.other));
    view! {
        <label class="bill-pick">
            <input
                type="checkbox"
                prop:checked=move || ticked.read().get(at).copied().unwrap_or(false)
                on:change=move |_| ticked.update(|ticked| bills.with_value(|bills| tick(bills, ticked, at)))
            />
            <span><span class="strong">{bill.period}</span><span class="mute small">" · " {bill.number} {other}<br />{bill.due}</span></span>
            <span class="num">{bill.left_words}</span>
        </label>
    }
}

#[cfg(test)]
mod tests {
    use super::{OpenBill, Split, at_first, split, tick};

    #[test]
    fn change_is_given_back_unless_it_is_kept() {
        assert_eq!(split(350_000, 300_000, false), Split { kept: 300_000, change: 50_000, missing: 0, saldo: 0 });
        assert_eq!(split(350_000, 300_000, true), Split { kept: 350_000, change: 0, missing: 0, saldo: 50_000 });
        assert_eq!(split(100_000, 300_000, false), Split { kept: 100_000, change: 0, missing: 200_000, saldo: 0 });
        assert_eq!(split(50_000, 0, false).kept, 0);
    }

    #[test]
    fn older_bills_of_the_same_service_are_paid_first() {
        let bill = |id, service_id, begun| OpenBill {
            id,
            service_id,
            other: String::new(),
            number: String::new(),
            period: String::new(),
            due: String::new(),
            left: 1,
            left_words: String::new(),
            begun,
        };
        let bills = [bill(1, 7, true), bill(2, 7, true), bill(3, 7, false), bill(4, 8, true), bill(5, 8, true)];
        let mut ticked = at_first(&bills, 7, None);
        assert_eq!(ticked, [true, true, false, false, false]);
        tick(&bills, &mut ticked, 4);
        assert_eq!(ticked, [true, true, false, true, true]);
        tick(&bills, &mut ticked, 0);
        assert_eq!(ticked, [false, false, false, true, true]);
        assert_eq!(at_first(&bills, 7, Some(3)), [true, true, true, false, false]);
    }
}
