//! The prices of a package: what it cost, what it costs, what it is going to cost and for whom. A coming price is looked at
//! before it is planned, and taken back until its day.

#[cfg(feature = "ssr")]
pub(crate) mod query;

use crate::app::codec::Json;
use crate::app::error::ApiError;
use crate::app::ui::{Desk, DeskDeed, DeskView};
use leptos::prelude::*;

/// The prices, and whom a price that stands in the address would concern.
#[server(prefix = "/api/admin", endpoint = "package/prices", input = Json, output = Json)]
pub async fn read_prices(asked: Vec<(String, String)>) -> Result<DeskView, ApiError> {
    use crate::server::guard::{Permission, guard};
    let who = guard(Permission::ManagePackages).await?;
    Ok(query::view(&who, &asked).await?)
}

/// Plans a price, or takes one back; answers what to say.
#[server(prefix = "/api/admin", endpoint = "package/price", input = Json, output = Json)]
pub async fn plan_price(deed: DeskDeed) -> Result<String, ApiError> {
    use crate::server::guard::{Permission, guard};
    let who = guard(Permission::ManagePackages).await?;
    Ok(query::act(&who, deed).await?)
}

/// The page.
#[component]
pub fn PricesPage() -> impl IntoView {
    view! { <Desk read=|asked| Box::pin(read_prices(asked)) act=|deed| Box::pin(plan_price(deed)) /> }
}
