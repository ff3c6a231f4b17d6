//! What is missing, on Beranda.

use super::read_missing;
use crate::app::text;
use crate::app::ui::Tag;
use leptos::prelude::*;

/// Nothing once everything is done, and nothing for whoever cannot do it.
#[component]
pub fn SetupPanel() -> impl IntoView {
    let data = Resource::new(|| (), |()| read_missing());
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                let steps = data.await.unwrap_or_default();
                (!steps.is_empty()).then(|| {
                    let rows = steps
                        .into_iter()
                        .map(|step| {
                            let badge = step.badge();
                            view! {
                                <li>
                                    <Tag badge />
                                    <span>{step.title}<span class="sub">{step.why}</span></span>
                                    <a class="link row" href=format!("/admin/siap?langkah={}", step.code)>"Kerjakan"</a>
                                </li>
                            }
                        })
                        .collect::<Vec<_>>();
                    view! {
                        <section class="panel gap-top">
                            <div class="head"><h2>"Belum disiapkan"</h2><a class="link row" href="/admin/siap">{text::SETUP}</a></div>
                            <ul class="todo">{rows}</ul>
                        </section>
                    }
                })
            })}
        </Suspense>
    }
}
