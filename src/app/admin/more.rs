//! The phone's fifth tab: the whole menu as a list.

use crate::app::admin::layout::read_shell;
use crate::app::text;
use crate::app::ui::{Loading, Problem};
use leptos::prelude::*;
use leptos_meta::Title;

/// The page.
#[component]
pub fn MorePage() -> impl IntoView {
    let data = Resource::new(|| (), |()| read_shell());
    view! {
        <Title text=text::MORE />
        <div class="title"><h1>{text::MORE}</h1></div>
        <div class="panel more">
            <Suspense fallback=Loading>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(shell) => {
                            let mut group = String::new();
                            let items = shell
                                .menu
                                .into_iter()
                                .map(|item| {
                                    let heading = (item.group != group).then(|| item.group.clone());
                                    group = item.group;
                                    view! {
                                        {heading.map(|heading| view! { <h2>{heading}</h2> })}
                                        <a href=item.href>{item.word}</a>
                                    }
                                })
                                .collect::<Vec<_>>();
                            view! {
                                {items}
                                <p class="pad mute">{shell.name} " · " {shell.role}</p>
                            }
                                .into_any()
                        }
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Suspense>
            <form method="post" action="/admin/keluar" class="pad">
                <button class="btn" type="submit">{text::LOG_OUT}</button>
            </form>
        </div>
    }
}
