//! Keys, seals and random things: the application key, what it seals, public ids, link tokens, passwords.

use crate::server::error::{Error, Result};
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Bytes of an application key.
const KEY_BYTES: usize = 32;
/// Bytes of a nonce of XChaCha20-Poly1305.
const NONCE_BYTES: usize = 24;
/// Rounds of the permutation that makes public ids.
const ID_ROUNDS: u8 = 6;
/// Bits of each half of a public id: together 52, below 2^53, so that JavaScript keeps them exactly.
const ID_HALF_BITS: u32 = 26;

/// The application key, and what is done with it. Never printed, never sent anywhere.
#[derive(Clone)]
pub struct Secrets {
    key: [u8; KEY_BYTES],
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(••••)")
    }
}

impl Secrets {
    /// Reads a key from its base64 form.
    pub fn from_base64(text: &str) -> Result<Self> {
        let bytes =
            STANDARD.decode(text.trim()).ok().and_then(|bytes| <[u8; KEY_BYTES]>::try_from(bytes).ok()).ok_or_else(
                || {
                    Error::invalid(
                        "KIMONET_KEY",
                        "Kunci aplikasi tidak terbaca: harus 32 byte dalam base64. Buat dengan `kimonet key:generate`.",
                    )
                },
            )?;
        Ok(Self { key: bytes })
    }

    /// A new key from the machine's randomness.
    pub fn generate() -> Result<Self> {
        Ok(Self { key: random_bytes()? })
    }

    /// The base64 form, for the key file only.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.key)
    }

    /// A value by which the database knows the key it was sealed with, without learning it.
    pub fn check_value(&self) -> String {
        hex::encode(&self.mac("kimonet key check", b"")[..16])
    }

    /// Seals `plain` for the place `place` (a table and column, say): what is sealed for one place opens in no other.
    pub fn seal(&self, place: &str, plain: &str) -> Result<String> {
        let nonce: [u8; NONCE_BYTES] = random_bytes()?;
        let sealed = self
            .cipher()
            .encrypt(XNonce::from_slice(&nonce), Payload { msg: plain.as_bytes(), aad: place.as_bytes() })
            .map_err(|_| Error::Internal("penyegelan gagal".to_owned()))?;
        Ok(STANDARD.encode([&nonce[..], &sealed[..]].concat()))
    }

    /// Opens what [`Secrets::seal`] closed. Another key, place or a changed byte is an error.
    pub fn open(&self, place: &str, sealed: &str) -> Result<String> {
        let broken = || Error::Corrupt(format!("rahasia {place} tidak dapat dibuka dengan kunci aplikasi ini"));
        let bytes = STANDARD.decode(sealed).map_err(|_| broken())?;
        let (nonce, body) = bytes.split_at_checked(NONCE_BYTES).ok_or_else(broken)?;
        let plain = self
            .cipher()
            .decrypt(XNonce::from_slice(nonce), Payload { msg: body, aad: place.as_bytes() })
            .map_err(|_| broken())?;
        String::from_utf8(plain).map_err(|_| broken())
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(Key::from_slice(&self.mac("kimonet seal", b"")))
    }

    /// A MAC that has the key and the purpose in it already.
    fn keyed(&self, purpose: &str) -> Hmac<Sha256> {
        // A key of this length is a key of HMAC as it is; `new` takes no other and cannot fail.
        let mut block = [0; 64];
        for (to, from) in block.iter_mut().zip(self.key) {
            *to = from;
        }
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac
    }

    fn mac(&self, purpose: &str, data: &[u8]) -> [u8; 32] {
        let mut mac = self.keyed(purpose);
        mac.update(data);
        mac.finalize().into_bytes().into()
    }

    /// The number by which the outside knows row `id`: a keyed permutation of the ids below 2^52, so that bills
    /// cannot be walked one by one. Ids outside that range are an error.
    pub fn public_id(&self, table: &str, id: i64) -> Result<i64> {
        self.permute(table, id, false)
    }

    /// The row behind a public id.
    pub fn row_id(&self, table: &str, public: i64) -> Result<i64> {
        self.permute(table, public, true)
    }

    fn permute(&self, table: &str, id: i64, back: bool) -> Result<i64> {
        let mask: u64 = (1 << ID_HALF_BITS) - 1;
        let id = u64::try_from(id)
            .ok()
            .filter(|id| *id < 1 << (2 * ID_HALF_BITS))
            .ok_or_else(|| Error::NotFound("Nomor itu tidak dikenal.".to_owned()))?;
        let (mut left, mut right) = (id >> ID_HALF_BITS, id & mask);
        let keyed = self.keyed("kimonet public id");
        let round = |n: u8, half: u64| -> u64 {
            let mut mac = keyed.clone();
            mac.update(&half.to_be_bytes());
            mac.update(&[n]);
            mac.update(table.as_bytes());
            let mac: [u8; 32] = mac.finalize().into_bytes().into();
            u64::from_be_bytes([mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], mac[6], mac[7]]) & mask
        };
        if back {
            for n in (0..ID_ROUNDS).rev() {
                (left, right) = (right ^ round(n, left), left);
            }
        } else {
            for n in 0..ID_ROUNDS {
                (left, right) = (right, left ^ round(n, right));
            }
        }
        i64::try_from((left << ID_HALF_BITS) | right).map_err(|_| Error::Internal("id publik".to_owned()))
    }

    /// An unguessable token for a link to row `id` of `table`; nothing is stored for it.
    pub fn link_token(&self, table: &str, id: i64) -> String {
        URL_SAFE_NO_PAD.encode(&self.mac("kimonet link", format!("{table}:{id}").as_bytes())[..16])
    }

    /// Whether `token` is the link token of that row, in constant time.
    pub fn link_token_fits(&self, table: &str, id: i64, token: &str) -> bool {
        self.link_token(table, id).as_bytes().ct_eq(token.as_bytes()).into()
    }
}

/// Bytes from the machine's randomness.
pub fn random_bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    OsRng.try_fill_bytes(&mut bytes).map_err(|error| Error::Internal(format!("sumber acak: {error}")))?;
    Ok(bytes)
}

/// A 256-bit token for a session or the like, as text for a cookie.
pub fn random_token() -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(random_bytes::<32>()?))
}

/// What is stored of a token: its SHA-256, in hex.
pub fn token_hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// argon2id of a password. Takes tens of milliseconds: call it in `spawn_blocking`.
pub fn hash_password(password: &str) -> Result<String> {
    let salt = SaltString::encode_b64(&random_bytes::<16>()?).map_err(|error| Error::Internal(error.to_string()))?;
    argon2::Argon2::default()
        .hash_password(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| Error::Internal(format!("argon2: {error}")))
}

/// Whether `password` is the one behind `hash`. As slow as hashing; a hash that cannot be read fits nothing.
pub fn password_fits(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| argon2::Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_opens_in_its_own_place_only() {
        let secrets = Secrets::generate().unwrap();
        let sealed = secrets.seal("router.password", "s3cret").unwrap();
        assert_eq!(secrets.open("router.password", &sealed).unwrap(), "s3cret");
        assert!(secrets.open("service.pppoe_password", &sealed).is_err());
        assert!(Secrets::generate().unwrap().open("router.password", &sealed).is_err());
    }

    #[test]
    fn public_ids_go_back_and_do_not_walk() {
        let secrets = Secrets::generate().unwrap();
        let ids: Vec<i64> = (1..200).map(|id| secrets.public_id("invoice", id).unwrap()).collect();
        for (id, public) in (1..200).zip(&ids) {
            assert_eq!(secrets.row_id("invoice", *public).unwrap(), id);
            assert!(*public < 1 << 52);
        }
        assert!(ids.windows(2).any(|pair| pair[1] < pair[0]), "public ids must not rise with the rows");
        assert!(secrets.row_id("invoice", -1).is_err());
    }

    #[test]
    fn a_password_fits_its_own_hash_only() {
        let hash = hash_password("demo-demo-demo").unwrap();
        assert!(password_fits("demo-demo-demo", &hash));
        assert!(!password_fits("demo-demo-dem0", &hash));
    }
}
