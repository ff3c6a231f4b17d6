//! Members of staff: how somebody comes, what he proves himself with, and how he goes. Nothing of him is ever deleted:
//! his name stands beside what he did.

pub mod account;
pub mod first;
pub mod invite;
pub mod manage;
pub mod second_factor;
pub mod sessions;

#[cfg(test)]
mod tests;

use crate::billing::phone;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::secrets::{hash_password, password_fits};
use crate::{args, sql};

/// Shortest password that is taken for staff.
pub const PASSWORD_MIN: usize = 10;
/// Longest: what is longer is no password, and hashing it would be work for nothing.
const PASSWORD_MAX: usize = 200;

/// A member of staff, as deeds read him before they change him.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Member {
    /// His row.
    pub id: i64,
    /// What he logs in with.
    pub email: String,
    /// His name.
    pub name: String,
    /// His telephone; may be empty.
    pub phone: String,
    /// His role, as the table writes it.
    pub role: String,
    /// Whether he may log in.
    pub active: bool,
    /// The sealed secret of his second factor; empty without one.
    pub totp_sealed: String,
}

sql!(MEMBER = "SELECT id, email, name, phone, role, active, totp_sealed FROM staff WHERE id = $1");

impl Member {
    /// Reads one inside a transaction.
    pub async fn of(tx: &mut Tx, id: i64) -> Result<Self> {
        tx.opt(MEMBER, args![id]).await?.ok_or_else(|| Error::NotFound("Pengguna itu tidak ada.".to_owned()))
    }
}

/// How the log names him.
pub fn subject(id: i64) -> String {
    format!("staff:{id}")
}

/// A name, or what is wrong with it.
pub fn checked_name(typed: &str) -> Result<String> {
    let name = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
        return Err(Error::invalid("name", "Nama harus diisi, paling banyak 200 huruf."));
    }
    Ok(name)
}

/// An e-mail address in its stored form, or what is wrong with it.
pub fn checked_email(typed: &str) -> Result<String> {
    let email = typed.trim().to_lowercase();
    let well_formed = email.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty() && host.contains('.') && !host.starts_with('.') && !host.ends_with('.')
    });
    if !well_formed || email.len() > 200 || email.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Error::invalid("email", "Alamat email tidak benar; tulis misalnya rina@contoh.id."));
    }
    Ok(email)
}

/// A telephone in its stored form; nothing typed stays nothing.
pub fn checked_phone(typed: &str) -> Result<String> {
    if typed.trim().is_empty() {
        return Ok(String::new());
    }
    phone::Phone::parse(typed)
        .map(|phone| phone.as_str().to_owned())
        .map_err(|_| Error::invalid("phone", "Nomor telepon tidak terbaca; tulis misalnya 0812-3456-7890."))
}

/// A new password, or what is wrong with it.
pub fn checked_password(field: &str, typed: &str) -> Result<()> {
    let length = typed.chars().count();
    if length < PASSWORD_MIN {
        return Err(Error::invalid(field, format!("Kata sandi paling sedikit {PASSWORD_MIN} huruf.")));
    }
    if length > PASSWORD_MAX {
        return Err(Error::invalid(field, format!("Kata sandi paling banyak {PASSWORD_MAX} huruf.")));
    }
    Ok(())
}

/// Hashes a password away from the threads that answer requests.
pub async fn hashed(password: &str) -> Result<String> {
    let password = password.to_owned();
    tokio::task::spawn_blocking(move || hash_password(&password))
        .await
        .map_err(|error| Error::Internal(error.to_string()))?
}

/// Whether a password fits its hash, away from the threads that answer requests.
pub async fn fits(password: &str, hash: &str) -> Result<bool> {
    let (password, hash) = (password.to_owned(), hash.to_owned());
    tokio::task::spawn_blocking(move || password_fits(&password, &hash))
        .await
        .map_err(|error| Error::Internal(error.to_string()))
}
