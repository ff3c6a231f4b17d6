//! Tutup Buku: a month that was reported stays as it was.

#[cfg(feature = "ssr")]
pub(crate) mod query;

use crate::app::codec::Json;
use crate::app::error::ApiError;
use crate::app::ui::{Desk, DeskDeed, DeskView};
use leptos::prelude::*;

/// Which months are closed, by whom, since when.
#[server(prefix = "/api/admin", endpoint = "books/view", input = Json, output = Json)]
pub async fn read_books(asked: Vec<(String, String)>) -> Result<DeskView, ApiError> {
    use crate::server::guard::{Permission, guard};
    let who = guard(Permission::ManageCash).await?;
    let _nothing_is_asked = asked;
    Ok(query::view(&who).await?)
}

/// Closes months, or opens them again, which is the owner's alone; answers what to say.
#[server(prefix = "/api/admin", endpoint = "books/close", input = Json, output = Json)]
pub async fn put_books(deed: DeskDeed) -> Result<String, ApiError> {
    use crate::server::guard::{Permission, guard};
    let who = guard(Permission::ManageCash).await?;
    Ok(query::act(&who, deed).await?)
}

/// The page.
#[component]
pub fn ClosingPage() -> impl IntoView {
    view! { <Desk read=|asked| Box::pin(read_books(asked)) act=|deed| Box::pin(put_books(deed)) /> }
}
