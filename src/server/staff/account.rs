//! What everybody changes about himself.

use super::{Member, checked_name, checked_password, checked_phone, fits, hashed, sessions, subject};
use crate::args;
use crate::server::audit::{self, Who};
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::sql;

sql!(OWN_HASH = "SELECT password_hash FROM staff WHERE id = $1");
sql!(CHANGE_OWN = "UPDATE staff SET name = $2, phone = $3 WHERE id = $1");
sql!(
    CHANGE_PASSWORD = "UPDATE staff SET password_hash = $2, invite_hash = '', invite_until = NULL WHERE id = $1 AND password_hash = $3"
);

/// Refuses whoever does not know his own password.
pub async fn proves(app: &AppState, staff_id: i64, field: &str, password: &str) -> Result<String> {
    let (hash,): (String,) = app.db.one(OWN_HASH, args![staff_id]).await?;
    if fits(password, &hash).await? {
        return Ok(hash);
    }
    Err(Error::invalid(field, "Kata sandi Anda yang sekarang tidak cocok."))
}

/// Own name and telephone.
pub async fn change(app: &AppState, who: Who, id: i64, name: &str, phone: &str) -> Result<()> {
    let (name, phone, now) = (checked_name(name)?, checked_phone(phone)?, app.clock.now());
    app.db
        .write::<_, Error, _>(move |tx| {
            let (who, name, phone) = (who.clone(), name.clone(), phone.clone());
            Box::pin(async move {
                let before = Member::of(tx, id).await?;
                tx.exec_one(CHANGE_OWN, args![id, &name, &phone]).await?;
                let (old, new) = (
                    format!("nama: {}; telepon: {}", before.name, before.phone),
                    format!("nama: {name}; telepon: {phone}"),
                );
                audit::record(tx, &who, now, "account.change", &subject(id), &old, &new).await
            })
        })
        .await
}

/// Own password; every other session ends. Answers how many did.
pub async fn change_password(app: &AppState, who: Who, id: i64, token: &str, old: &str, new: &str) -> Result<u64> {
    let known = proves(app, id, "old", old).await?;
    checked_password("new", new)?;
    if old == new {
        return Err(Error::invalid("new", "Kata sandi baru sama dengan yang lama; pilih yang lain."));
    }
    let (hash, token, now) = (hashed(new).await?, token.to_owned(), app.clock.now());
    app.db
        .write::<_, Error, _>(move |tx| {
            let (who, hash, known, token) = (who.clone(), hash.clone(), known.clone(), token.clone());
            Box::pin(async move {
                if tx.exec(CHANGE_PASSWORD, args![id, hash, known]).await? == 0 {
                    return Err(Error::Conflict("Kata sandi baru saja diubah di tempat lain.".to_owned()));
                }
                let ended = sessions::end_all(tx, id, &token).await?;
                audit::record(tx, &who, now, "account.password", &subject(id), "", "").await?;
                Ok(ended)
            })
        })
        .await
}
