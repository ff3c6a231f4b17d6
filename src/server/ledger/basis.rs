//! Keeps what a bill was priced from. Equal ones share a row: a month's run of one package is one.

use crate::args;
use crate::billing::pricing::Basis;
use crate::server::db::{Tx, Val};
use crate::server::error::{Error, Result};
use crate::{digest_list, sql};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

sql!(FIND = concat!("SELECT digest, id FROM price_basis WHERE digest IN ", digest_list!()));
// Somebody else may write the same one meanwhile: then it is his.
const STORE: &str = "INSERT INTO price_basis (digest, input)";
const STORED: &str = "ON CONFLICT (digest) DO UPDATE SET digest = excluded.digest RETURNING digest, id";

/// A basis as it is stored: its key, its text.
pub(crate) fn written(basis: &Basis) -> Result<(String, String)> {
    let text = serde_json::to_string(basis)?;
    Ok((digest(&text), text))
}

/// The key of a stored text.
pub(super) fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// The row of each basis, where there is one; those that are new are written.
pub(super) async fn store_all(tx: &mut Tx, all: &[Option<&Basis>]) -> Result<Vec<Option<i64>>> {
    let keyed: Vec<Option<(String, String)>> =
        all.iter().map(|basis| basis.map(written).transpose()).collect::<Result<_>>()?;
    let distinct: BTreeMap<&str, &str> =
        keyed.iter().flatten().map(|(key, text)| (key.as_str(), text.as_str())).collect();
    let mut ids: BTreeMap<String, i64> = BTreeMap::new();
    if !distinct.is_empty() {
        let keys: String = distinct.keys().copied().collect();
        ids.extend(tx.all::<(String, i64)>(FIND, args![keys]).await?);
        let new: Vec<Vec<Val>> =
            distinct.iter().filter(|(key, _)| !ids.contains_key(**key)).map(|(key, text)| args![*key, *text]).collect();
        if !new.is_empty() {
            ids.extend(tx.insert_returning::<(String, i64)>(STORE, STORED, new).await?);
        }
    }
    Ok(keyed.iter().map(|keyed| keyed.as_ref().and_then(|(key, _)| ids.get(key).copied())).collect())
}

/// The row of a basis, where there is one.
pub(super) async fn store_any(tx: &mut Tx, basis: Option<&Basis>) -> Result<Option<i64>> {
    Ok(store_all(tx, &[basis]).await?.first().copied().flatten())
}

/// The row of a basis, which is written if it is new.
pub(super) async fn store(tx: &mut Tx, basis: &Basis) -> Result<i64> {
    store_any(tx, Some(basis)).await?.ok_or_else(|| Error::Corrupt("dasar harga tidak tertulis".to_owned()))
}
