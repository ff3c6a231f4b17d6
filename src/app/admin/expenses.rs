//! Catat Pengeluaran: what the business spends, and taking a mistake back.

#[cfg(feature = "ssr")]
mod query;

use crate::app::codec::Json;
use crate::app::error::ApiError;
use crate::app::ui::{Desk, DeskDeed, DeskView};
use leptos::prelude::*;

/// The form, and what was written last; with `batal` in the address, the form that takes that expense back.
#[server(prefix = "/api/admin", endpoint = "expense/view", input = Json, output = Json)]
pub async fn read_expenses(asked: Vec<(String, String)>) -> Result<DeskView, ApiError> {
    use crate::server::guard::{Permission, guard};
    let who = guard(Permission::ManageExpenses).await?;
    Ok(query::view(&who, &asked).await?)
}

/// Writes an expense, or takes one back; answers what to say.
#[server(prefix = "/api/admin", endpoint = "expense/put", input = Json, output = Json)]
pub async fn put_expense(deed: DeskDeed) -> Result<String, ApiError> {
    use crate::server::guard::{Permission, guard};
    let who = guard(Permission::ManageExpenses).await?;
    Ok(query::act(&who, &deed).await?)
}

/// The page.
#[component]
pub fn ExpensesPage() -> impl IntoView {
    view! { <Desk read=|asked| Box::pin(read_expenses(asked)) act=|deed| Box::pin(put_expense(deed)) /> }
}
