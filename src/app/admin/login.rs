//! Log in: a plain form that `POST /admin/masuk` answers, so it works before any script has come.

use crate::app::dto::Tone;
use crate::app::text;
use crate::app::ui::{Field, Notice};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// The page.
#[component]
pub fn LoginPage() -> impl IntoView {
    let query = use_query_map();
    let wrong = move || query.read().get("galat").is_some();
    let ready = move || query.read().get("siap").is_some();
    let next = query.read_untracked().get("lanjut").unwrap_or_default();
    view! {
        <Title text=text::LOGIN_TITLE />
        <main class="login">
            <div class="brand"><span class="mark" aria-hidden="true">"K"</span>{text::BRAND}</div>
            <form class="panel pad stack" method="post" action="/admin/masuk">
                <h1>{text::LOGIN_TITLE}</h1>
                {move || wrong().then(|| view! { <Notice tone=Tone::Bad><p>{text::LOGIN_WRONG}</p></Notice> })}
                {move || ready().then(|| view! { <Notice tone=Tone::Ok><p>{text::LOGIN_READY}</p></Notice> })}
                <input type="hidden" name="lanjut" value=next.clone() />
                <Field label=text::EMAIL id="email">
                    <input id="email" name="email" type="email" autocomplete="username" required autofocus />
                </Field>
                <Field label=text::PASSWORD id="password">
                    <input id="password" name="password" type="password" autocomplete="current-password" required />
                </Field>
                <button class="btn main big" type="submit">{text::LOGIN_TITLE}</button>
            </form>
        </main>
    }
}
