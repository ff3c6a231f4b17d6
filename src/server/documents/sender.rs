//! Who sends the papers: name, address, NPWP, logo and accounts, as the settings have them.

use super::flow::Sender;
use super::picture::Picture;
use crate::server::error::Result;
use crate::server::state::AppState;
use crate::{args, sql};

sql!(BANKS = "SELECT bank || ' ' || number || ' a.n. ' || holder FROM bank_account WHERE active ORDER BY id");

/// The company as the head of a paper. The NPWP stands there where the company is PKP.
///
/// # Errors
/// Those of the database and of the file of the logo.
pub async fn sender(app: &AppState) -> Result<Sender> {
    let settings = app.settings().await?;
    let text = |key: &str| settings.text(key).trim().to_owned();
    let npwp = if settings.flag("invoice.tax.pkp") { text("company.npwp") } else { String::new() };
    let accounts: Vec<(String,)> = app.db.all(BANKS, args![]).await?;
    let logo = crate::server::http::logo_bytes(app).await?;
    Ok(Sender {
        name: text("company.name"),
        lines: [
            text("company.address"),
            text("company.phone"),
            if npwp.is_empty() { npwp } else { format!("NPWP {npwp}") },
        ]
        .into_iter()
        .filter(|line| !line.is_empty())
        .collect(),
        logo: logo.as_deref().and_then(Picture::of),
        accounts: accounts.into_iter().map(|row| row.0).collect(),
    })
}
