//! The filtered list as a file: which columns, and whether as Excel or as PDF. The filter comes from the list's URL.

use crate::app::admin::customers::CustomerFilter;
use crate::app::codec::Json;
use crate::app::dto::Choice;
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Loading, Problem};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};

/// What can be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportOffer {
    /// Columns.
    pub columns: Vec<Choice>,
    /// Services that match.
    pub total: i64,
}

/// Ticked at first.
const USUAL: [&str; 8] = ["nomor", "nama", "telepon", "alamat", "wilayah", "paket", "layanan", "sisa"];

/// What can be taken of the list under this filter.
#[server(prefix = "/api/admin", endpoint = "customer/columns", input = Json, output = Json)]
pub async fn read_columns(filter: CustomerFilter) -> Result<ExportOffer, ApiError> {
    use crate::app::admin::customers::{export, query};
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::Export).await?;
    let columns = export::offered(&asked).into_iter().map(|(code, title)| Choice::new(code, title)).collect();
    Ok(ExportOffer { columns, total: query::list(&asked, filter).await?.info.total })
}

/// The filter as hidden fields of a form.
pub fn hidden(filter: &CustomerFilter) -> impl IntoView + use<> {
    let fields = [
        ("q", &filter.q),
        ("stage", &filter.stage),
        ("paid", &filter.paid),
        ("access", &filter.access),
        ("package", &filter.package),
        ("router", &filter.router),
        ("area", &filter.area),
        ("collector", &filter.collector),
    ];
    fields
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| view! { <input type="hidden" name=name value=value.clone() /> })
        .collect::<Vec<_>>()
}

/// The page.
#[component]
pub fn ExportPage() -> impl IntoView {
    let map = use_query_map();
    let filter = Memo::new(move |_| CustomerFilter::of(&map.read()));
    let data = Resource::new(move || filter.get(), read_columns);
    view! {
        <Title text="Ekspor pelanggan" />
        <div class="title"><h1>"Ekspor pelanggan"</h1><a class="btn" href="/admin/pelanggan">{text::CUSTOMERS}</a></div>
        <Suspense fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(offer) => view! { <Columns offer filter=filter.get_untracked() /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Columns(offer: ExportOffer, filter: CustomerFilter) -> impl IntoView {
    let boxes = offer
        .columns
        .into_iter()
        .map(|column| {
            let checked = USUAL.contains(&column.value.as_str());
            view! { <label class="check"><input type="checkbox" name="kolom" value=column.value checked=checked />{column.word}</label> }
        })
        .collect::<Vec<_>>();
    view! {
        <form class="panel pad stack" method="get" action="/admin/pelanggan/ekspor.xlsx">
            {hidden(&filter)}
            <p>{text::counted(offer.total, "layanan")} " sesuai saringan daftar."</p>
            <fieldset>
                <legend>"Kolom"</legend>
                <div class="grid g4">{boxes}</div>
            </fieldset>
            <div class="row">
                <button class="btn main" type="submit">"Unduh Excel"</button>
                <button class="btn" type="submit" formaction="/admin/pelanggan/ekspor.pdf">"Unduh PDF"</button>
            </div>
            <p class="mute small">"PDF memuat paling banyak 20.000 baris."</p>
        </form>
    }
}
