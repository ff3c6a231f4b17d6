//! Lists keep their state in the URL: these make the links that change one part of it.

use crate::app::dto::PageInfo;
use crate::app::text;
use leptos::prelude::*;
use leptos::web_sys::FormData;
use leptos_router::components::Form;
use leptos_router::hooks::{use_location, use_query_map};
use leptos_router::params::ParamsMap;

/// The query `map` with `changes` made, as `?a=b`; an empty value takes the key out. Read it inside a closure when the
/// link must follow the URL.
pub fn with_query(mut map: ParamsMap, changes: &[(&'static str, String)]) -> String {
    for (key, value) in changes {
        map.remove(key);
        if !value.is_empty() {
            map.insert(*key, value.clone());
        }
    }
    map.to_query_string()
}

/// What narrows a list down: its fields go into the URL.
#[component]
pub fn FilterForm(
    /// The list's address.
    #[prop(into)]
    action: String,
    /// The fields and their button.
    children: Children,
) -> impl IntoView {
    // `Form` adds the pressed button to the fields even where it has no name, which a browser by itself does not: every
    // address would end in `&=`.
    let nameless = std::sync::Arc::new(|fields: &FormData| fields.delete(""));
    view! { <Form method="GET" action=action on_form_data=nameless>{children()}</Form> }
}

/// Links to the pages beside this one.
#[component]
pub fn Pager(
    /// Where the list stands.
    info: PageInfo,
) -> impl IntoView {
    let map = use_query_map().get_untracked();
    let path = use_location().pathname.get_untracked();
    let link = move |page: i64| {
        let value = if page == 1 { String::new() } else { page.to_string() };
        format!("{path}{}", with_query(map.clone(), &[("page", value)]))
    };
    let before = (info.page > 1).then(|| link(info.page - 1));
    let after = (info.page < info.pages).then(|| link(info.page + 1));
    view! {
        <nav class="pager" aria-label=text::PAGES>
            <span class="mute small">{text::page_of(info.page, info.pages)}</span>
            <span class="row">
                {before.map(|href| view! { <a class="btn small" rel="prev" href=href>{text::PREVIOUS}</a> })}
                {after.map(|href| view! { <a class="btn small" rel="next" href=href>{text::NEXT}</a> })}
            </span>
        </nav>
    }
}

/// A column heading that sorts: first upwards, then downwards.
#[component]
pub fn SortHead(
    /// The heading.
    label: &'static str,
    /// Its name in the URL.
    column: &'static str,
    /// How the list is sorted now: `name` or `-name`.
    sort: String,
    /// More classes.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    let map = use_query_map().get_untracked();
    let path = use_location().pathname.get_untracked();
    let up = sort == column;
    let down = sort.strip_prefix('-') == Some(column);
    let next = if up { format!("-{column}") } else { column.to_owned() };
    let href = format!("{path}{}", with_query(map, &[("sort", next), ("page", String::new())]));
    let aria = if up {
        Some("ascending")
    } else if down {
        Some("descending")
    } else {
        None
    };
    let arrow = if up {
        " ↑"
    } else if down {
        " ↓"
    } else {
        ""
    };
    view! {
        <th scope="col" class=class aria-sort=aria>
            <a href=href>{label}{arrow}</a>
        </th>
    }
}
