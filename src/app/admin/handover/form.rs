//! The bag and the form that hands it over.

use super::{HandoverView, HandoverWish, give_handover};
use crate::app::dto::{Tone, money};
use crate::app::error::ApiError;
use crate::app::ui::{MoneyInput, Notice, OtherProblem, TextInput, wrong_of};
use crate::billing::Rupiah;
use leptos::prelude::*;

/// Notes and coins that a drawer may hold.
const NOTES: &[i64] = &[100_000, 50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500];

/// The sum of so many of each note; `None` while something typed is no number.
fn of_notes(typed: &[String]) -> Option<i64> {
    NOTES.iter().zip(typed).try_fold(0_i64, |sum, (note, count)| {
        let count = if count.trim().is_empty() {
            0
        } else {
            count.trim().parse::<i64>().ok().filter(|n| (0..1_000_000).contains(n))?
        };
        Some(sum + note * count)
    })
}

/// The bag, its payments, and the form.
#[component]
pub fn GiveForm(page: HandoverView, again: Callback<String>) -> impl IntoView {
    let rows = page
        .payments
        .into_iter()
        .map(|payment| view! {
            <tr>
                <td><a class="num" href=format!("/admin/pembayaran/{}", payment.id)>{payment.receipt}</a><span class="sub">{payment.name}</span></td>
                <td class="num hide-s">{payment.at}</td>
                <td class="num">{payment.amount}</td>
            </tr>
        })
        .collect::<Vec<_>>();
    let none = page.holds == 0 && !page.open;
    let start = (page.bag_id, page.holds, page.request_id);
    view! {
        <section class="panel">
            <div class="head">
                <div><h2>"Tas kas " {page.name}</h2><span class="mute small">{if page.since.is_empty() { "Belum ada uang masuk sejak setoran terakhir.".to_owned() } else { format!("{} pembayaran sejak {}", page.count, page.since) }}</span></div>
                <strong class="total num" id="isi-tas">{page.holds_words}</strong>
            </div>
            {(!page.over.is_empty()).then(|| view! { <div class="pad"><Notice tone=Tone::Warn><p>{page.over}</p></Notice></div> })}
            {page.open.then(|| view! { <div class="pad"><Notice tone=Tone::Note><p>"Setoran dari tas ini menunggu diterima. Setelah dijawab, tas ini dapat disetor lagi."</p></Notice></div> })}
            {(!rows.is_empty()).then(|| view! {
                <details class="pad"><summary>"Pembayaran di dalamnya"</summary>
                    <div class="scroll" tabindex="0" role="group" aria-label="Tabel"><table>
                        <thead><tr><th scope="col">"Kuitansi"</th><th scope="col" class="num hide-s">"Waktu"</th><th scope="col" class="num">"Jumlah"</th></tr></thead>
                        <tbody>{rows}</tbody>
                    </table></div>
                </details>
            })}
            {(!none && !page.open).then(|| view! { <Give start again /> })}
        </section>
    }
}

#[component]
fn Give(start: (i64, i64, String), again: Callback<String>) -> impl IntoView {
    let (bag_id, expected, request_id) = start;
    let (counted, kept) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let (reason, reference) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let destination = RwSignal::new("kantor".to_owned());
    let notes = RwSignal::new(vec![String::new(); NOTES.len()]);
    let problem = RwSignal::new(None::<ApiError>);
    let typed = |text: String| Rupiah::parse_input(&text).map_or(0, |amount| amount.0);
    let difference = Memo::new(move |_| expected - typed(counted.get()) - typed(kept.get()));
    let send = Action::new(move |(): &()| {
        let wish = HandoverWish {
            bag_id,
            expected,
            counted: counted.get_untracked(),
            kept: kept.get_untracked(),
            reason: reason.get_untracked(),
            destination: destination.get_untracked(),
            reference: reference.get_untracked(),
            request_id: request_id.clone(),
        };
        async move {
            match give_handover(wish).await {
                Ok(number) => again.run(format!("Setoran {number} diserahkan dan menunggu diterima.")),
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
    let counts = NOTES
        .iter()
        .enumerate()
        .map(|(at, note)| {
            let id = format!("lembar-{note}");
            view! {
                <div class="field">
                    <label for=id.clone()>{money(*note)}</label>
                    <input id=id type="text" inputmode="numeric" autocomplete="off" on:input=move |event| {
                        let text = event_target_value(&event);
                        notes.update(|all| if let Some(cell) = all.get_mut(at) { *cell = text; });
                        if let Some(sum) = of_notes(&notes.read_untracked()) {
                            counted.set(Rupiah(sum).digits());
                        }
                    } />
                </div>
            }
        })
        .collect::<Vec<_>>();
    let choose = move |word: &'static str, value: &'static str| {
        view! {
            <label><input type="radio" name="tujuan" value=value prop:checked=move || destination.get() == value on:change=move |_| destination.set(value.to_owned()) />{word}</label>
        }
    };
    let wrong = move |field: &'static str| {
        let wrong = wrong_of(problem, field);
        view! { <span class="wrong" role="alert">{wrong}</span> }
    };
    view! {
        <form class="pad stack" on:submit=submit>
            <h3>"Setor"</h3>
            <MoneyInput label="Uang yang disetor, dihitung" id="counted" value=counted />
            {wrong("counted")}
            <details><summary>"Hitung per pecahan"</summary><div class="grid gap-top">{counts}</div></details>
            <MoneyInput label="Disimpan di tas untuk kembalian" id="kept" value=kept />
            {wrong("kept")}
            <div class="change" role="status">
                {move || {
                    let difference = difference.get();
                    let word = match difference { 0 => "Cocok", short if short > 0 => "Kurang", _ => "Lebih" };
                    view! { <span>{word}</span><strong>{money(difference.abs())}</strong> }
                }}
            </div>
            <div hidden=move || difference.get() == 0 || counted.read().is_empty()><TextInput label="Sebab selisih" id="reason" value=reason wrong=wrong_of(problem, "reason") /></div>
            <fieldset><legend>"Disetor ke"</legend><div class="choice">{choose("Kantor", "kantor")}{choose("Bank", "bank")}</div></fieldset>
            <TextInput label="Penerima, atau bank dan nomor bukti" id="reference" value=reference wrong=wrong_of(problem, "reference") />
            <OtherProblem problem fields=&["counted", "kept", "reason", "reference"] />
            <button class="btn main big" type="submit" disabled=move || busy.get()>{move || if busy.get() { "Menyimpan…" } else { "Serahkan setoran" }}</button>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::of_notes;

    #[test]
    fn notes_are_summed_and_a_word_is_no_count() {
        let typed = |texts: [&str; 3]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(of_notes(&typed(["2", "", " 3 "])), Some(260_000));
        assert_eq!(of_notes(&typed(["2", "dua", ""])), None);
        assert_eq!(of_notes(&typed(["-1", "", ""])), None);
    }
}
