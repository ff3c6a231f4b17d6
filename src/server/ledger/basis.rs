//! Keeps what a bill was priced from. Equal ones share a row: a month's run of one package is one.

use crate::args;
use crate::billing::pricing::Basis;
use crate::server::db::Tx;
use crate::server::error::Result;
use crate::sql;
use sha2::{Digest, Sha256};

sql!(FIND = "SELECT id FROM price_basis WHERE digest = $1");
// Somebody else may write the same one meanwhile: then it is his.
sql!(
    STORE = "INSERT INTO price_basis (digest, input) VALUES ($1, $2) ON CONFLICT (digest) DO UPDATE SET digest = excluded.digest RETURNING id"
);

/// A basis as it is stored: its key, its text.
pub(crate) fn written(basis: &Basis) -> Result<(String, String)> {
    let text = serde_json::to_string(basis)?;
    Ok((digest(&text), text))
}

/// The key of a stored text.
pub(super) fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// The row of a basis, where there is one.
pub(super) async fn store_any(tx: &mut Tx, basis: Option<&Basis>) -> Result<Option<i64>> {
    match basis {
        Some(basis) => store(tx, basis).await.map(Some),
        None => Ok(None),
    }
}

/// The row of a basis, which is written if it is new.
pub(super) async fn store(tx: &mut Tx, basis: &Basis) -> Result<i64> {
    let (key, text) = written(basis)?;
    match tx.opt::<(i64,)>(FIND, args![&key]).await? {
        Some((id,)) => Ok(id),
        None => Ok(tx.number(STORE, args![key, text]).await?),
    }
}
