//! One field: its label, its control after its look, what it does, and what is wrong with it.

use super::form::{Slot, control_id};
use super::{FieldLook, FieldView, make_token};
use crate::app::dto::{Choice, Tone};
use crate::app::ui::Notice;
use crate::billing::words::{date_words, parse_date_input};
use chrono::{Days, NaiveDate};
use leptos::prelude::*;

/// Names of the days as settings write them.
const WEEKDAYS: [(&str, &str); 7] = [
    ("senin", "Senin"),
    ("selasa", "Selasa"),
    ("rabu", "Rabu"),
    ("kamis", "Kamis"),
    ("jumat", "Jumat"),
    ("sabtu", "Sabtu"),
    ("minggu", "Minggu"),
];
/// Days that one addition may name.
const SPAN_DAYS_MAX: u64 = 31;
/// First days of Lebaran as reckoned; the ministry decides shortly before, so a person confirms them.
const LEBARAN: [&str; 5] = ["2026-03-21", "2027-03-10", "2028-02-27", "2029-02-15", "2030-02-05"];

/// A field.
#[component]
pub fn Input(field: FieldView, held: Slot, sentence: Memo<String>, touched: RwSignal<u32>) -> impl IntoView {
    let id = control_id(&field.key);
    let hint = format!("{id}-ket");
    let alarm = format!("{id}-salah");
    let described = format!("{hint} {alarm}");
    let value = held.value;
    let touch = move || touched.update(|n| *n += 1);
    let invalid = move || (!sentence.read().is_empty()).to_string();
    let many = matches!(field.look, FieldLook::Weekdays | FieldLook::Methods | FieldLook::Dates);
    let label = if field.unit.is_empty() { field.label.clone() } else { format!("{} ({})", field.label, field.unit) };
    let name = label.clone();
    let control = match field.look {
        FieldLook::Flag => view! {
            <label class="check">
                <input
                    id=id.clone()
                    type="checkbox"
                    aria-describedby=described
                    prop:checked=move || value.get() == "true"
                    on:change=move |event| { value.set(event_target_checked(&event).to_string()); touch(); }
                />
                {label.clone()}
            </label>
        }
        .into_any(),
        FieldLook::Choice => {
            let options = field.choices.iter().cloned().map(|choice| {
                let mine = choice.value.clone();
                // The attribute is what stands there at first; the property follows.
                let first = value.get_untracked() == mine;
                let selected = move || value.get() == mine;
                view! { <option value=choice.value selected=first prop:selected=selected>{choice.word}</option> }
            }).collect::<Vec<_>>();
            view! {
                <select id=id.clone() aria-describedby=described aria-invalid=invalid on:change=move |event| { value.set(event_target_value(&event)); touch(); }>{options}</select>
            }
            .into_any()
        }
        FieldLook::Long => view! {
            <textarea id=id.clone() rows="3" aria-describedby=described aria-invalid=invalid prop:value=value on:input=move |event| value.set(event_target_value(&event))>{value.get_untracked()}</textarea>
        }
        .into_any(),
        FieldLook::Weekdays => {
            let choices = WEEKDAYS.iter().map(|(value, word)| Choice::new(*value, *word)).collect();
            view! { <Ticks id=id.clone() choices value touched /> }.into_any()
        }
        FieldLook::Methods => view! { <Ticks id=id.clone() choices=field.choices.clone() value touched /> }.into_any(),
        FieldLook::Dates => view! { <Dates id=id.clone() value touched /> }.into_any(),
        FieldLook::Secret | FieldLook::Token => view! { <SecretInput id=id.clone() described field=field.clone() held=held.clone() invalid=Signal::derive(invalid) /> }.into_any(),
        look => {
            let mode = match look {
                FieldLook::Number => "numeric",
                FieldLook::Money => "decimal",
                FieldLook::Email => "email",
                FieldLook::Phone => "tel",
                FieldLook::Url => "url",
                _ => "text",
            };
            let class = if look == FieldLook::Money { "money" } else { "" };
            view! {
                <input
                    id=id.clone()
                    class=class
                    type="text"
                    inputmode=mode
                    autocomplete="off"
                    aria-describedby=described
                    aria-invalid=invalid
                    value=value.get_untracked()
                    prop:value=value
                    on:input=move |event| value.set(event_target_value(&event))
                    on:change=move |_| touch()
                />
            }
            .into_any()
        }
    };
    let labelled = match (many, field.look) {
        (_, FieldLook::Flag) => ().into_any(),
        (true, _) => view! { <span class="label">{name.clone()}</span> }.into_any(),
        (false, _) => view! { <label for=id.clone()>{name.clone()}</label> }.into_any(),
    };
    view! {
        <div class="field" role=many.then_some("group") aria-label=many.then_some(name)>
            {labelled}
            {control}
            <span class="hint" id=hint>{field.explain}</span>
            <span class="wrong" id=alarm role="alert">{sentence}</span>
        </div>
    }
}

/// Several of a list.
#[component]
fn Ticks(id: String, choices: Vec<Choice>, value: RwSignal<String>, touched: RwSignal<u32>) -> impl IntoView {
    let order: Vec<String> = choices.iter().map(|choice| choice.value.clone()).collect();
    let order = StoredValue::new(order);
    let has = move |code: &str| value.read().split([',', ' ']).any(|part| part == code);
    let boxes = choices
        .into_iter()
        .enumerate()
        .map(|(at, choice)| {
            let (seen, code) = (choice.value.clone(), choice.value);
            let set = move |event| {
                let on = event_target_checked(&event);
                let chosen = order.with_value(|order| {
                    order.iter().filter(|one| if **one == code { on } else { has(one) }).cloned().collect::<Vec<_>>()
                });
                value.set(chosen.join(","));
                touched.update(|n| *n += 1);
            };
            let box_id = if at == 0 { id.clone() } else { format!("{id}-{at}") };
            view! {
                <label>
                    <input id=box_id type="checkbox" prop:checked=move || has(&seen) on:change=set />
                    {choice.word}
                </label>
            }
        })
        .collect::<Vec<_>>();
    view! { <div class="choice">{boxes}</div> }
}

/// A secret: whether it is set, a new one, or none.
#[component]
fn SecretInput(id: String, described: String, field: FieldView, held: Slot, invalid: Signal<String>) -> impl IntoView {
    let (value, clear) = (held.value, held.clear);
    let made = RwSignal::new(None::<Result<String, String>>);
    let is_set = held.set;
    let key = StoredValue::new(field.key.clone());
    let make = Action::new(move |(): &()| async move {
        let answer = make_token(key.get_value()).await.map_err(|error| error.to_string());
        if answer.is_ok() {
            is_set.set(true);
        }
        made.set(Some(answer));
    });
    let set = is_set;
    let holder = move || if set.get() { "•••••••• (sudah diisi)" } else { "belum diisi" };
    let word = format!("Hapus {} yang tersimpan", field.label);
    view! {
        <input
            id=id
            type="password"
            autocomplete="new-password"
            placeholder=holder
            aria-describedby=described
            aria-invalid=invalid
            prop:value=value
            prop:disabled=clear
            on:input=move |event| value.set(event_target_value(&event))
        />
        <label class="check" hidden=move || !set.get()>
            <input type="checkbox" prop:checked=clear on:change=move |event| clear.set(event_target_checked(&event)) />
            {word}
        </label>
        {(field.look == FieldLook::Token).then(|| view! {
            <div class="row"><button class="btn small" type="button" disabled=make.pending() on:click=move |_| { make.dispatch(()); }>"Buat token baru"</button></div>
            {move || made.get().map(|made| match made {
                Ok(token) => view! { <Notice tone=Tone::Warn><p>"Salin sekarang; token ini tidak akan ditampilkan lagi:"</p><p class="code">{token}</p></Notice> }.into_any(),
                Err(words) => view! { <Notice tone=Tone::Bad><p>{words}</p></Notice> }.into_any(),
            })}
        })}
    }
}

/// The dates of a stored list.
fn stored_dates(text: &str) -> Vec<NaiveDate> {
    text.split(',').filter_map(|part| part.trim().parse().ok()).collect()
}

/// The list with the days from `from` to `to` added, or why not.
fn added(list: &str, from: &str, to: &str, year: i32) -> Result<String, &'static str> {
    const UNREAD: &str = "Tanggal tidak terbaca; tulis misalnya 21/03/2026.";
    let first = parse_date_input(from, year).ok_or(UNREAD)?;
    let last = if to.trim().is_empty() { first } else { parse_date_input(to, year).ok_or(UNREAD)? };
    if last < first || last > first + Days::new(SPAN_DAYS_MAX) {
        return Err("Tanggal akhir harus sesudah tanggal awal, paling lama sebulan.");
    }
    let mut dates = stored_dates(list);
    dates.extend(first.iter_days().take_while(|day| *day <= last));
    dates.sort_unstable();
    dates.dedup();
    Ok(dates.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
}

/// Holidays: the list, one or several days to add, and Lebaran to confirm.
#[component]
fn Dates(id: String, value: RwSignal<String>, touched: RwSignal<u32>) -> impl IntoView {
    use chrono::Datelike;
    let (from, to) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let problem = RwSignal::new("");
    let confirm = RwSignal::new(false);
    // The year that dates without one are of: that of the newest holiday on the list, or the first of the table.
    let year = move || stored_dates(&value.get_untracked()).iter().map(Datelike::year).max().unwrap_or(2026);
    let add = move || match added(&value.get_untracked(), &from.get_untracked(), &to.get_untracked(), year()) {
        Ok(list) => {
            value.set(list);
            from.set(String::new());
            to.set(String::new());
            problem.set("");
            confirm.set(false);
            touched.update(|n| *n += 1);
        }
        Err(words) => problem.set(words),
    };
    let lebaran = move |_| {
        let known = stored_dates(&value.get_untracked());
        let next = LEBARAN.iter().filter_map(|day| day.parse::<NaiveDate>().ok()).find(|day| !known.contains(day));
        if let Some(day) = next {
            from.set(crate::billing::words::date_short(day));
            to.set(crate::billing::words::date_short(day + Days::new(1)));
            confirm.set(true);
        }
    };
    let to_id = format!("{id}-sampai");
    let rows = move || {
        stored_dates(&value.get())
            .into_iter()
            .map(|day| {
                let words = date_words(day);
                let remove = move |_| {
                    let rest: Vec<String> = stored_dates(&value.get_untracked())
                        .into_iter()
                        .filter(|other| *other != day)
                        .map(|other| other.to_string())
                        .collect();
                    value.set(rest.join(","));
                    touched.update(|n| *n += 1);
                };
                view! {
                    <li class="row between"><span>{words.clone()}</span><button class="link" type="button" aria-label=format!("Hapus {words}") on:click=remove>"Hapus"</button></li>
                }
            })
            .collect::<Vec<_>>()
    };
    view! {
        <ul class="plain">{rows}</ul>
        <div class="row">
            <div class="field"><label for=id.clone()>"Tanggal"</label><input id=id.clone() type="text" inputmode="numeric" placeholder="21/03/2026" autocomplete="off" prop:value=from on:input=move |event| from.set(event_target_value(&event)) /></div>
            <div class="field"><label for=to_id.clone()>"Sampai (bila beberapa hari)"</label><input id=to_id.clone() type="text" inputmode="numeric" autocomplete="off" prop:value=to on:input=move |event| to.set(event_target_value(&event)) /></div>
        </div>
        {move || confirm.get().then(|| view! { <Notice tone=Tone::Warn><p>"Ini perkiraan. Cocokkan dengan keputusan pemerintah, ubah bila perlu, lalu tekan Tambah."</p></Notice> })}
        <span class="wrong" role="alert">{problem}</span>
        <div class="row">
            <button class="btn small" type="button" on:click=move |_| add()>"Tambah"</button>
            <button class="btn small" type="button" on:click=lebaran>"Isi tanggal Lebaran"</button>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::added;

    #[test]
    fn days_are_added_once_and_in_order() {
        assert_eq!(added("2026-03-22", "21/3", "23/3/2026", 2026).unwrap(), "2026-03-21,2026-03-22,2026-03-23");
        assert_eq!(added("", "17/8", "", 2026).unwrap(), "2026-08-17");
        assert!(added("", "40/3", "", 2026).is_err());
        assert!(added("", "21/3", "20/3", 2026).is_err());
    }
}
