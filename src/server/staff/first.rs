//! The first owner: on an empty database somebody must be able to come in, and nobody else before him.

use super::{checked_email, checked_name, checked_password, hashed, subject};
use crate::args;
use crate::server::audit::{self, Who};
use crate::server::error::{Error, Result};
use crate::server::secrets::random_token;
use crate::server::state::AppState;
use crate::sql;
use std::path::PathBuf;
use subtle::ConstantTimeEq;

/// File in the data folder that holds the set-up code while nobody is there.
const CODE_FILE: &str = "kode-penyiapan.txt";

sql!(ANY_MEMBER = "SELECT COUNT(*) FROM (SELECT 1 FROM staff LIMIT 1) s");
// Two first owners at the same time meet at this key, whichever the engine.
sql!(FIRST_TURN = "INSERT INTO counter (name, n) VALUES ('first_owner', 1) ON CONFLICT (name) DO NOTHING");
sql!(
    FIRST_OWNER = "INSERT INTO staff (email, name, role, password_hash, active, created_at)
 SELECT $1, $2, 'owner', $3, TRUE, $4 WHERE NOT EXISTS (SELECT 1 FROM staff) RETURNING id"
);

/// Whether nobody works here yet.
pub async fn is_missing(app: &AppState) -> Result<bool> {
    Ok(app.db.number(ANY_MEMBER, args![]).await? == 0)
}

fn code_file(app: &AppState) -> PathBuf {
    app.config.data.join(CODE_FILE)
}

/// The code that proves that somebody may look into the data folder; made where it is missing. `None`: somebody is here
/// already, and no code opens anything.
pub async fn code(app: &AppState) -> Result<Option<String>> {
    if !is_missing(app).await? {
        return Ok(None);
    }
    let path = code_file(app);
    if let Ok(known) = tokio::fs::read_to_string(&path).await
        && known.trim().len() >= 12
    {
        return Ok(Some(known.trim().to_owned()));
    }
    let code: String = random_token()?.chars().filter(char::is_ascii_alphanumeric).take(16).collect();
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    options.mode(0o600);
    let mut file = options.open(&path).await?;
    tokio::io::AsyncWriteExt::write_all(&mut file, format!("{code}\n").as_bytes()).await?;
    file.sync_all().await?;
    Ok(Some(code))
}

/// What the form says.
#[derive(Clone, Debug, Default)]
pub struct FirstOwner {
    /// Name.
    pub name: String,
    /// What he will log in with.
    pub email: String,
    /// Password.
    pub password: String,
    /// The same again.
    pub repeated: String,
    /// The set-up code, where it is asked for.
    pub code: String,
}

/// Makes the first owner. `trusted`: he sits at the machine itself; anybody else shows the code.
pub async fn create(app: &AppState, typed: FirstOwner, trusted: bool, address: &str) -> Result<()> {
    let late = || Error::Refused("Pemilik pertama sudah ada. Silakan masuk.".to_owned());
    let wanted = code(app).await?.ok_or_else(late)?;
    if !trusted && !bool::from(wanted.as_bytes().ct_eq(typed.code.trim().as_bytes())) {
        return Err(Error::invalid(
            "code",
            format!(
                "Kode penyiapan tidak cocok. Kode itu ditulis server saat dijalankan, dan ada di berkas {CODE_FILE} di folder data."
            ),
        ));
    }
    let name = checked_name(&typed.name)?;
    let email = checked_email(&typed.email)?;
    checked_password("password", &typed.password)?;
    if typed.password != typed.repeated {
        return Err(Error::invalid("repeated", "Kedua kata sandi tidak sama. Ketik sekali lagi."));
    }
    let (hash, now, address) = (hashed(&typed.password).await?, app.clock.now(), address.to_owned());
    app.db
        .write::<_, Error, _>(move |tx| {
            let (name, email, hash, address) = (name.clone(), email.clone(), hash.clone(), address.clone());
            Box::pin(async move {
                let late = || Error::Refused("Pemilik pertama sudah ada. Silakan masuk.".to_owned());
                if tx.exec(FIRST_TURN, args![]).await? == 0 {
                    return Err(late());
                }
                let row: Option<(i64,)> = tx.opt(FIRST_OWNER, args![&email, &name, hash, now]).await?;
                let (id,) = row.ok_or_else(late)?;
                let who = Who { staff_id: Some(id), name: name.clone(), address };
                audit::record(tx, &who, now, "staff.first", &subject(id), "", &email).await
            })
        })
        .await?;
    // Spent: the code opens nothing any more, whether the file is there or not.
    if let Err(error) = tokio::fs::remove_file(code_file(app)).await {
        tracing::warn!(%error, "the set-up code stays in its file; it opens nothing any more");
    }
    Ok(())
}
