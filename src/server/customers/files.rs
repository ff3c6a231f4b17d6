//! Files of a customer: photos of his identity card and his house. They lie in the data folder under random names, never
//! where the web server looks; what they are is told by their first bytes, not by what the sender says.

use crate::server::audit::{self, Who};
use crate::server::error::{Error, Result};
use crate::server::secrets::random_bytes;
use crate::server::state::AppState;
use crate::{args, sql};
use sha2::{Digest, Sha256};
use std::path::PathBuf;

/// Largest file.
pub const FILE_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Kinds with their words.
pub const KINDS: &[(&str, &str)] =
    &[("ktp", "Foto KTP"), ("rumah", "Foto rumah"), ("perangkat", "Foto perangkat"), ("lain", "Berkas lain")];

sql!(INSERT = "INSERT INTO customer_file (customer_id, kind, name, stored_as, media_type, bytes, sha256, who, staff_id, at, removed_at)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL) RETURNING id");
sql!(CUSTOMER_THERE = "SELECT COUNT(*) FROM customer WHERE id = $1");
sql!(FILE = "SELECT customer_id, name, stored_as, media_type FROM customer_file WHERE id = $1 AND removed_at IS NULL");
sql!(REMOVE = "UPDATE customer_file SET removed_at = $2 WHERE id = $1 AND removed_at IS NULL");

/// A stored file.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Stored {
    /// Whose.
    pub customer_id: i64,
    /// The name it came with.
    pub name: String,
    stored_as: String,
    /// What it is.
    pub media_type: String,
}

/// What the first bytes say: JPEG, PNG, WebP or PDF.
pub fn media_type(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
        Some("image/jpeg")
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some("image/png")
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some("image/webp")
    } else if bytes.starts_with(b"%PDF-") {
        Some("application/pdf")
    } else {
        None
    }
}

fn folder(state: &AppState) -> PathBuf {
    state.config.data.join("files")
}

/// Stores a file; its row.
pub async fn store(
    state: &AppState,
    who: Who,
    customer_id: i64,
    kind: &str,
    name: &str,
    bytes: Vec<u8>,
) -> Result<i64> {
    if !KINDS.iter().any(|(code, _)| *code == kind) {
        return Err(Error::invalid("kind", "Pilih jenis berkas dari daftar."));
    }
    if bytes.is_empty() {
        return Err(Error::invalid("file", "Pilih dahulu foto atau berkasnya."));
    }
    if bytes.len() > FILE_BYTES_MAX {
        return Err(Error::invalid("file", "Berkas paling besar 10 MB. Kecilkan fotonya dulu."));
    }
    let media = media_type(&bytes)
        .ok_or_else(|| Error::invalid("file", "Hanya foto JPEG, PNG, WebP, atau berkas PDF yang dapat disimpan."))?;
    if state.db.number(CUSTOMER_THERE, args![customer_id]).await? == 0 {
        return Err(Error::NotFound("Pelanggan ini tidak ada.".to_owned()));
    }
    let stored_as = hex::encode(random_bytes::<16>()?);
    let (size, hash) = (i64::try_from(bytes.len()).unwrap_or(i64::MAX), hex::encode(Sha256::digest(&bytes)));
    let path = folder(state);
    tokio::fs::create_dir_all(&path).await?;
    // The bytes first: a row never points at nothing. Bytes without a row are harmless.
    tokio::fs::write(path.join(&stored_as), bytes).await?;
    let name: String = name.chars().filter(|c| !c.is_control()).take(120).collect();
    let (now, kind) = (state.clock.now(), kind.to_owned());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let who = who.clone();
            let values = args![customer_id, &kind, &name, &stored_as, media, size, &hash, &who.name, who.staff_id, now];
            let after = format!("{kind}: {name} ({size} bita)");
            Box::pin(async move {
                let id = tx.number(INSERT, values).await?;
                let subject = format!("customer:{customer_id}");
                audit::record(tx, &who, now, "customer.file.add", &subject, "", &after).await?;
                Ok(id)
            })
        })
        .await
}

/// Its row; a removed one is not there.
pub async fn find(state: &AppState, id: i64) -> Result<Stored> {
    state.db.opt(FILE, args![id]).await?.ok_or_else(|| Error::NotFound("Berkas ini tidak ada.".to_owned()))
}

/// Its bytes.
pub async fn read(state: &AppState, stored: &Stored) -> Result<Vec<u8>> {
    Ok(tokio::fs::read(folder(state).join(&stored.stored_as)).await?)
}

/// Takes a file away: the row stays, and says when; the bytes are gone.
pub async fn remove(state: &AppState, who: Who, id: i64) -> Result<()> {
    let stored = find(state, id).await?;
    let (now, of, name) = (state.clock.now(), stored.customer_id, stored.name.clone());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (who, name) = (who.clone(), name.clone());
            Box::pin(async move {
                if tx.exec(REMOVE, args![id, now]).await? == 0 {
                    return Err(Error::NotFound("Berkas ini tidak ada.".to_owned()));
                }
                audit::record(tx, &who, now, "customer.file.remove", &format!("customer:{of}"), &name, "").await
            })
        })
        .await?;
    match tokio::fs::remove_file(folder(state).join(&stored.stored_as)).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::testing::TestApp;

    sql!(TEST_OWNER = "SELECT customer_id FROM service WHERE id = $1");

    #[tokio::test]
    async fn only_photos_and_papers_are_kept_and_what_is_removed_is_gone() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let package = t.package("Home", 300_000, 1).await;
            let service = t.service("BUDI", package, "2025-06-01").await;
            let customer = t.state.db.number(TEST_OWNER, args![service]).await.unwrap();
            let script = b"<svg onload=alert(1)>".to_vec();
            assert!(store(&t.state, Who::command(), customer, "ktp", "a.jpg", script).await.is_err());
            let large = [b"%PDF-".to_vec(), vec![0; FILE_BYTES_MAX]].concat();
            assert!(store(&t.state, Who::command(), customer, "ktp", "a.pdf", large).await.is_err());
            let photo = [0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3].to_vec();
            let id = store(&t.state, Who::command(), customer, "ktp", "ktp.jpg", photo.clone()).await.unwrap();
            let stored = find(&t.state, id).await.unwrap();
            assert_eq!(read(&t.state, &stored).await.unwrap(), photo);
            remove(&t.state, Who::command(), id).await.unwrap();
            assert!(find(&t.state, id).await.is_err() && read(&t.state, &stored).await.is_err());
        }
    }
}
