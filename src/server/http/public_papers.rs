//! Papers for whoever may see the public page that leads to them, and saying no more of the payer than that page does.

use super::download::{PDF, download};
use super::pages::{attempt_of, problem};
use super::paper_files::receipt_pdf;
use super::{ClientAddress, Site};
use crate::app::admin::payments::one::Found;
use crate::server::documents::bills::{self, Reader};
use crate::server::error::{Error, Result};
use crate::{args, sql};
use axum::extract::{Extension, Path, State};
use axum::response::Response;

/// In the list of prints: the payer himself.
const PAYER: &str = "Pelanggan";

// The payment of an attempt, the newest if a gateway told of several.
sql!(
    PAYMENT_OF_ATTEMPT = "SELECT p.id FROM payment p JOIN service s ON s.customer_id = p.customer_id WHERE s.id = $1 AND p.reference = $2 AND p.gateway IS NOT NULL ORDER BY p.id DESC LIMIT 1"
);

fn counted(site: &Site, address: ClientAddress) -> Result<String> {
    let key = address.0.to_string();
    if !site.limits.lookup.allows(&key) || !site.limits.papers.allows(&key) {
        return Err(Error::TooMany("Terlalu banyak berkas diunduh dari jaringan ini. Coba lagi sebentar.".to_owned()));
    }
    site.limits.papers.count(&key);
    Ok(key)
}

/// A bill of a service, for who knows its number and comes from its page: one of those that the page shows.
pub(super) async fn bill(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    Path((number, public)): Path<(String, String)>,
) -> Response {
    let result = async {
        let key = counted(&site, address)?;
        let shown = async {
            let id = site.app.secrets.row_id("invoice", public.parse().ok()?).ok()?;
            let found = site.look_ups.find(&number).await.transpose()?;
            Some(found.map(|found| found.bills.iter().any(|bill| bill.id == id).then_some(id)))
        };
        let Some(id) = shown.await.transpose()?.flatten() else {
            site.limits.lookup.count(&key);
            return Err(Error::NotFound("Tagihan tidak ditemukan.".to_owned()));
        };
        let names = site.app.settings().await?.flag("public.show_names");
        let (_, paper) = bills::paper_of(&site.app, id, Reader::Anybody { names }).await?;
        let name = paper.number.clone();
        Ok(download(&name, PDF, "attachment", bills::pdf(&site.app, paper).await?))
    };
    result.await.unwrap_or_else(problem)
}

/// The receipt of a payment that was made here, for who knows its reference.
pub(super) async fn receipt(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    Path(reference): Path<String>,
) -> Response {
    let result = async {
        counted(&site, address)?;
        let attempt = attempt_of(&site, &reference).await?;
        let missing = || Error::NotFound("Pembayaran ini belum kami terima, jadi belum ada kuitansinya.".to_owned());
        let paid: Option<(i64,)> =
            site.app.db.opt(PAYMENT_OF_ATTEMPT, args![attempt.service_id, &attempt.reference]).await?;
        let (id,) = paid.filter(|_| attempt.status == "paid").ok_or_else(missing)?;
        let found = Found::read(&site.app, id).await?;
        let names = site.app.settings().await?.flag("public.show_names");
        let (number, bytes) = receipt_pdf(&site.app, &found, PAYER, Reader::Anybody { names }).await?;
        Ok(download(&number, PDF, "attachment", bytes))
    };
    result.await.unwrap_or_else(problem)
}
