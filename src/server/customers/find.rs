//! Look-ups that screens, API and commands share.

use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::{args, sql};

sql!(SERVICE_BY_NUMBER = "SELECT id, service_number FROM service WHERE service_number = $1");
sql!(SERVICE_BY_ID = "SELECT id, service_number FROM service WHERE id = $1");

/// The service of that exact number or, failing that, of that id. Both matching different services is an error that
/// names both.
pub async fn service_id(state: &AppState, name: &str) -> Result<i64> {
    let text = name.trim();
    let by_number: Option<(i64, String)> = state.db.opt(SERVICE_BY_NUMBER, args![text]).await?;
    let by_id: Option<(i64, String)> = match text.parse::<i64>() {
        Ok(id) => state.db.opt(SERVICE_BY_ID, args![id]).await?,
        Err(_) => None,
    };
    match (by_number, by_id) {
        (Some(numbered), Some(other)) if numbered.0 != other.0 => Err(Error::invalid(
            "service",
            format!(
                "{text} adalah nomor layanan {} (id {}) dan juga id dari layanan {}; sebutkan nomor layanan yang lain.",
                numbered.1, numbered.0, other.1
            ),
        )),
        (Some(service), _) | (None, Some(service)) => Ok(service.0),
        (None, None) => Err(Error::NotFound(format!("Layanan {text:?} tidak ada."))),
    }
}

sql!(STAFF_NAMED = "SELECT id FROM staff WHERE active AND (email = $1 OR LOWER(name) = $1) ORDER BY id LIMIT 2");

/// The member of staff of that e-mail or name. None where nobody has it; two of one name are nobody.
pub async fn staff_id(state: &AppState, name: &str) -> Result<Option<i64>> {
    let name = name.trim().to_lowercase();
    if name.is_empty() {
        return Ok(None);
    }
    let found: Vec<(i64,)> = state.db.all(STAFF_NAMED, args![name]).await?;
    Ok(if let [(id,)] = found.as_slice() { Some(*id) } else { None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::testing::TestApp;

    #[tokio::test]
    async fn a_number_goes_before_an_id_and_two_are_named() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let package = t.package("A", 100_000, 1).await;
            let first = t.service("CUST001", package, "2025-01-01").await;
            let second = t.service(&first.to_string(), package, "2025-01-01").await;
            let third = t.service("X", package, "2025-01-01").await;
            assert_eq!(service_id(&t.state, "CUST001").await.unwrap(), first);
            assert_eq!(service_id(&t.state, &third.to_string()).await.unwrap(), third);
            let both = service_id(&t.state, &first.to_string()).await;
            assert!(matches!(both, Err(Error::Invalid { .. })), "{second}");
            assert!(matches!(service_id(&t.state, "nobody").await, Err(Error::NotFound(_))));
        }
    }
}
