//! The forms that leave a line alone although something is owed: a promise to pay, a hold.

use super::Line;
use crate::app::admin::promises::{add_hold, add_promise};
use crate::app::error::ApiError;
use crate::app::ui::Problem;
use leptos::prelude::*;

/// The forms of a service: a promise, and a hold for who may.
#[component]
pub fn HoldForms(service_id: i64, number: String, may_hold: bool, again: Callback<String>) -> impl IntoView {
    view! {
        <HoldForm service_id number=number.clone() promise=true again />
        {may_hold.then(|| view! { <HoldForm service_id number promise=false again /> })}
    }
}

#[component]
fn HoldForm(service_id: i64, number: String, promise: bool, again: Callback<String>) -> impl IntoView {
    let (until, reason) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let problem = RwSignal::new(None::<ApiError>);
    let add = Action::new(move |(): &()| async move {
        problem.set(None);
        let (until, reason) = (until.get_untracked(), reason.get_untracked());
        let done = if promise {
            add_promise(service_id, until, reason).await
        } else {
            add_hold(service_id, until, reason).await
        };
        match done {
            Ok(words) => again.run(words),
            Err(error) => problem.set(Some(error)),
        }
    });
    let (title, button, word) =
        if promise { ("Janji bayar", "Catat janji", "janji") } else { ("Tahan isolir", "Tahan", "tahan") };
    let (until_id, reason_id) = (format!("{word}-sampai-{service_id}"), format!("{word}-alasan-{service_id}"));
    view! {
        <details class="pad">
            <summary>{title} " " {number}</summary>
            <form class="stack gap-top" on:submit=move |event| { event.prevent_default(); add.dispatch(()); }>
                <Line label="Sampai tanggal" id=until_id field="until" value=until problem hint="Termasuk tanggal itu, misalnya 20/1/2026" />
                <Line label="Alasan" id=reason_id field="reason" value=reason problem />
                {move || problem.get().map(|error| view! { <Problem error /> })}
                <div class="row"><button class="btn" type="submit" disabled=add.pending()>{button}</button></div>
            </form>
        </details>
    }
}
