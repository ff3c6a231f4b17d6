//! The second factor: a secret that a phone holds as well, and a code of six digits that both compute every 30 seconds
//! (RFC 6238). A code is taken once. Ten recovery codes open the door when the phone is lost, each once.

use super::{Member, account, subject};
use crate::args;
use crate::server::audit::{self, Who};
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::secrets::{random_bytes, token_hash};
use crate::server::state::AppState;
use crate::sql;
use chrono::{DateTime, Utc};
use subtle::ConstantTimeEq;
use totp_rs::{Algorithm, TOTP};

/// Seconds of a step.
const STEP_S: i64 = 30;
/// Steps that a phone's clock may be off, on each side.
const STEPS_OFF: i64 = 1;
/// Recovery codes that are handed out.
const RECOVERY_CODES: usize = 10;
/// Letters of a recovery code: none that is taken for another.
const LETTERS: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
/// Where the secret is sealed for.
pub const PLACE: &str = "staff.totp";

sql!(SET_TOTP = "UPDATE staff SET totp_sealed = $2, totp_step = $3 WHERE id = $1 AND totp_sealed = ''");
sql!(DROP_TOTP = "UPDATE staff SET totp_sealed = '', totp_step = 0 WHERE id = $1 AND totp_sealed <> ''");
sql!(DROP_RECOVERY = "DELETE FROM staff_recovery WHERE staff_id = $1");
sql!(ADD_RECOVERY = "INSERT INTO staff_recovery (staff_id, code_hash) VALUES ($1, $2)");
sql!(RECOVERY_LEFT = "SELECT COUNT(*) FROM staff_recovery WHERE staff_id = $1 AND used_at IS NULL");
// A step that was used, or one before it, moves no row: a code that somebody read over a shoulder is worth nothing.
sql!(USE_STEP = "UPDATE staff SET totp_step = $2 WHERE id = $1 AND totp_step < $2 AND totp_sealed <> ''");
sql!(
    USE_RECOVERY = "UPDATE staff_recovery SET used_at = $3 WHERE staff_id = $1 AND code_hash = $2 AND used_at IS NULL"
);

/// What a phone is given.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The secret as text, in groups of four.
    pub secret: String,
    /// The secret sealed for this person: it comes back with the first code, and is stored only then.
    pub sealed: String,
    /// What the QR code says.
    pub url: String,
}

fn totp(secret: Vec<u8>, issuer: &str, account: &str) -> Result<TOTP> {
    // A colon separates issuer from account in the address.
    let plain = |text: &str| text.replace(':', " ");
    TOTP::new(Algorithm::SHA1, 6, 1, STEP_S.unsigned_abs(), secret, Some(plain(issuer)), plain(account))
        .map_err(|error| Error::Internal(format!("faktor kedua: {error}")))
}

fn offered(staff_id: i64) -> String {
    format!("{PLACE}.offer:{staff_id}")
}

/// A new secret for somebody. Nothing is stored before his phone showed the first code.
pub async fn offer(app: &AppState, staff_id: i64, email: &str) -> Result<Offer> {
    let secret: [u8; 20] = random_bytes()?;
    let company = app.settings().await?.text("company.name").trim().to_owned();
    let issuer = if company.is_empty() { "Kimonet".to_owned() } else { company };
    let totp = totp(secret.to_vec(), &issuer, email)?;
    let text = totp.get_secret_base32();
    let grouped: Vec<String> =
        text.as_bytes().chunks(4).map(|part| String::from_utf8_lossy(part).into_owned()).collect();
    Ok(Offer {
        secret: grouped.join(" "),
        sealed: app.secrets.seal(&offered(staff_id), &hex::encode(secret))?,
        url: totp.get_url(),
    })
}

/// The step whose code this is, if it is one of now.
fn step_of(secret: &str, code: &str, now: DateTime<Utc>) -> Result<Option<i64>> {
    let bytes = hex::decode(secret).map_err(|_| Error::Corrupt("rahasia faktor kedua".to_owned()))?;
    let totp = totp(bytes, "Kimonet", "kimonet")?;
    let current = now.timestamp() / STEP_S;
    for step in current - STEPS_OFF..=current + STEPS_OFF {
        let wanted = totp.generate((step * STEP_S).unsigned_abs());
        if bool::from(wanted.as_bytes().ct_eq(code.as_bytes())) {
            return Ok(Some(step));
        }
    }
    Ok(None)
}

fn recovery_hash(staff_id: i64, code: &str) -> String {
    token_hash(&format!("recovery:{staff_id}:{code}"))
}

/// What was typed, without the spaces and dashes that people write.
fn plain(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn recovery_codes() -> Result<Vec<String>> {
    (0..RECOVERY_CODES)
        .map(|_| {
            let bytes: [u8; 10] = random_bytes()?;
            Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 31)])).collect())
        })
        .collect()
}

async fn put_recovery(tx: &mut Tx, staff_id: i64, codes: &[String]) -> Result<()> {
    tx.exec(DROP_RECOVERY, args![staff_id]).await?;
    for code in codes {
        tx.exec_one(ADD_RECOVERY, args![staff_id, recovery_hash(staff_id, code)]).await?;
    }
    Ok(())
}

fn shown(codes: Vec<String>) -> Vec<String> {
    codes
        .into_iter()
        .map(|code| code.split_at_checked(5).map_or_else(|| code.clone(), |(a, b)| format!("{a}-{b}")))
        .collect()
}

/// Switches the second factor on, once the phone showed the code; the recovery codes, shown this once.
pub async fn confirm(app: &AppState, who: Who, id: i64, sealed: &str, code: &str) -> Result<Vec<String>> {
    let secret = app
        .secrets
        .open(&offered(id), sealed)
        .map_err(|_| Error::Refused("Kode QR ini sudah tidak berlaku. Mulai lagi.".to_owned()))?;
    let now = app.clock.now();
    let step = step_of(&secret, &plain(code), now)?.ok_or_else(|| {
        Error::invalid(
            "code",
            "Kode tidak cocok. Ketik enam angka yang sekarang tampil di aplikasi; jam HP harus tepat.",
        )
    })?;
    let sealed = app.secrets.seal(PLACE, &secret)?;
    let codes = recovery_codes()?;
    let stored = codes.clone();
    app.db
        .write::<_, Error, _>(move |tx| {
            let (who, sealed, codes) = (who.clone(), sealed.clone(), stored.clone());
            Box::pin(async move {
                if tx.exec(SET_TOTP, args![id, sealed, step]).await? == 0 {
                    return Err(Error::Conflict("Verifikasi dua langkah sudah menyala.".to_owned()));
                }
                put_recovery(tx, id, &codes).await?;
                let (old, new) = ("verifikasi dua langkah: mati", "verifikasi dua langkah: menyala");
                audit::record(tx, &who, now, "account.totp_on", &subject(id), old, new).await
            })
        })
        .await?;
    Ok(shown(codes))
}

/// New recovery codes; the old ones open nothing any more.
pub async fn renew_recovery(app: &AppState, who: Who, id: i64, password: &str) -> Result<Vec<String>> {
    account::proves(app, id, "password", password).await?;
    let (codes, now) = (recovery_codes()?, app.clock.now());
    let stored = codes.clone();
    app.db
        .write::<_, Error, _>(move |tx| {
            let (who, codes) = (who.clone(), stored.clone());
            Box::pin(async move {
                if Member::of(tx, id).await?.totp_sealed.is_empty() {
                    return Err(Error::Refused("Verifikasi dua langkah belum menyala.".to_owned()));
                }
                put_recovery(tx, id, &codes).await?;
                audit::record(tx, &who, now, "account.recovery", &subject(id), "", "").await
            })
        })
        .await?;
    Ok(shown(codes))
}

/// Switches one's own off; asks for the password.
pub async fn switch_off(app: &AppState, who: Who, id: i64, password: &str) -> Result<()> {
    account::proves(app, id, "password", password).await?;
    drop_factor(app, who, id, "account.totp_off").await
}

/// Takes somebody else's away: he lost his phone and his recovery codes.
pub async fn remove(app: &AppState, who: Who, id: i64) -> Result<()> {
    drop_factor(app, who, id, "staff.totp_off").await
}

async fn drop_factor(app: &AppState, who: Who, id: i64, action: &'static str) -> Result<()> {
    let now = app.clock.now();
    app.db
        .write::<_, Error, _>(move |tx| {
            let who = who.clone();
            Box::pin(async move {
                Member::of(tx, id).await?;
                if tx.exec(DROP_TOTP, args![id]).await? == 0 {
                    return Err(Error::Refused("Verifikasi dua langkah memang tidak menyala.".to_owned()));
                }
                tx.exec(DROP_RECOVERY, args![id]).await?;
                let (old, new) = ("verifikasi dua langkah: menyala", "verifikasi dua langkah: mati");
                audit::record(tx, &who, now, action, &subject(id), old, new).await
            })
        })
        .await
}

/// How many recovery codes are left.
pub async fn recovery_left(app: &AppState, id: i64) -> Result<i64> {
    Ok(app.db.number(RECOVERY_LEFT, args![id]).await?)
}

/// What a code turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The phone's code of this step.
    Step(i64),
    /// One of the recovery codes.
    Recovery,
}

/// What kind of code was typed; whether it opens, [`spend`] says.
pub fn read(app: &AppState, sealed: &str, code: &str, now: DateTime<Utc>) -> Result<Option<Proof>> {
    let code = plain(code);
    if code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()) {
        let secret = app.secrets.open(PLACE, sealed)?;
        return Ok(step_of(&secret, &code, now)?.map(Proof::Step));
    }
    Ok((code.len() == 10).then_some(Proof::Recovery))
}

/// Uses a code up, in the transaction that opens the door. `false`: it was used before, or never existed.
pub async fn spend(tx: &mut Tx, id: i64, proof: Proof, code: &str, now: DateTime<Utc>) -> Result<bool> {
    let moved = match proof {
        Proof::Step(step) => tx.exec(USE_STEP, args![id, step]).await?,
        Proof::Recovery => tx.exec(USE_RECOVERY, args![id, recovery_hash(id, &plain(code)), now]).await?,
    };
    Ok(moved == 1)
}
