//! The search of every page: `/` comes here from anywhere, Enter takes the first hit, or else the list.

use crate::app::admin::search::{CustomerHits, find_customers};
use crate::app::text;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

/// Puts the cursor into the element with this id, if it is there. Nothing on the server.
pub fn focus_element(id: &str) {
    #[cfg(feature = "hydrate")]
    {
        use wasm_bindgen::JsCast;
        let element =
            document().get_element_by_id(id).and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
        if let Some(element) = element {
            // Refused only by elements that cannot have it; the person then clicks.
            let _unfocusable = element.focus();
        }
    }
    #[cfg(not(feature = "hydrate"))]
    let _no_document = id;
}

/// Whether a key press belongs to a field that is being typed into.
#[cfg(feature = "hydrate")]
fn is_typing() -> bool {
    document().active_element().is_some_and(|element| {
        matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
            || element.has_attribute("contenteditable")
    })
}

/// The search box. Without WebAssembly it is a plain form that opens the list.
#[component]
pub fn SearchBox() -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let hits = RwSignal::new(None::<(String, CustomerHits)>);
    let asked = RwSignal::new(String::new());
    let find = Action::new(move |text: &String| {
        let text = text.clone();
        async move {
            let found = find_customers(text.clone()).await;
            if let Ok(found) = found
                && typed.get_untracked().trim() == text
            {
                hits.set(Some((text, found)));
            }
        }
    });
    let on_input = move |event: leptos::ev::Event| {
        let text = event_target_value(&event);
        typed.set(text.clone());
        let text = text.trim().to_owned();
        if text.chars().count() < 2 {
            hits.set(None);
            return;
        }
        asked.set(text.clone());
        // A pause between keys: only the last text is asked for.
        set_timeout(
            move || {
                if asked.get_untracked() == text {
                    find.dispatch(text.clone());
                }
            },
            std::time::Duration::from_millis(150),
        );
    };
    let navigate = use_navigate();
    let on_submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let text = typed.get_untracked().trim().to_owned();
        let first = hits
            .get_untracked()
            .filter(|(asked, _)| *asked == text)
            .and_then(|(_, found)| found.hits.into_iter().next())
            .map(|hit| hit.href());
        let mut query = leptos_router::params::ParamsMap::new();
        query.insert("q", text);
        let to = first.unwrap_or_else(|| format!("/admin/pelanggan{}", query.to_query_string()));
        hits.set(None);
        navigate(&to, NavigateOptions::default());
    };
    #[cfg(feature = "hydrate")]
    {
        let handle = window_event_listener(leptos::ev::keydown, move |event| {
            if event.key() == "/" && !event.ctrl_key() && !event.meta_key() && !event.alt_key() && !is_typing() {
                event.prevent_default();
                focus_element("cari");
            } else if event.key() == "Escape" {
                hits.set(None);
            }
        });
        on_cleanup(move || handle.remove());
    }
    let list = move || {
        hits.get().filter(|(_, found)| !found.hits.is_empty()).map(|(_, found)| {
            let more = found.more;
            let rows = found
                .hits
                .into_iter()
                .map(|hit| {
                    let href = hit.href();
                    view! {
                        <li>
                            <a href=href on:click=move |_| hits.set(None)>
                                <span class="strong">{hit.name}</span>
                                <span class="num">{hit.owed}</span>
                                <span class="sub">{hit.number} " · " {hit.phone}</span>
                            </a>
                        </li>
                    }
                })
                .collect::<Vec<_>>();
            view! { <ul class="hits">{rows}{more.then(|| view! { <li class="pad mute small">{text::MORE_HITS}</li> })}</ul> }
        })
    };
    view! {
        <form class="search" role="search" method="get" action="/admin/pelanggan" on:submit=on_submit>
            <label class="sr" for="cari">{text::SEARCH}</label>
            <input
                id="cari"
                name="q"
                type="search"
                autocomplete="off"
                placeholder=text::SEARCH
                prop:value=typed
                on:input=on_input
            />
            <kbd aria-hidden="true">"/"</kbd>
            {list}
        </form>
    }
}
