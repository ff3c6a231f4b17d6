//! The dated rates of PPN, below the settings of Pajak.

#[cfg(feature = "ssr")]
pub(crate) mod query;

use crate::app::codec::Json;
use crate::app::error::ApiError;
use crate::app::ui::{Desk, DeskDeed, DeskView};
use leptos::prelude::*;

/// All rates.
#[server(prefix = "/api/admin", endpoint = "tax/rates", input = Json, output = Json)]
pub async fn read_rates(asked: Vec<(String, String)>) -> Result<DeskView, ApiError> {
    use crate::server::guard::{Permission, guard};
    let who = guard(Permission::ManageSettings).await?;
    let _nothing_is_asked = asked;
    Ok(query::view(&who).await?)
}

/// Adds a rate, or takes back one that does not hold yet; answers what to say.
#[server(prefix = "/api/admin", endpoint = "tax/rate", input = Json, output = Json)]
pub async fn put_rate(deed: DeskDeed) -> Result<String, ApiError> {
    use crate::server::guard::{Permission, guard};
    let who = guard(Permission::ManageSettings).await?;
    Ok(query::act(&who, deed).await?)
}

/// The rates.
#[component]
pub fn TaxRates() -> impl IntoView {
    view! { <Desk read=|asked| Box::pin(read_rates(asked)) act=|deed| Box::pin(put_rate(deed)) /> }
}
