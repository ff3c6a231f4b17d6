//! Invitations and resets: a link with a token, once and for 72 hours, behind which somebody sets his own password. The
//! office never learns it.

use super::{Member, checked_email, checked_name, checked_password, checked_phone, hashed, sessions, subject};
use crate::args;
use crate::server::audit::{self, Who};
use crate::server::customers::links;
use crate::server::db::DbError;
use crate::server::error::{Error, Result};
use crate::server::rights::Role;
use crate::server::secrets::{random_token, token_hash};
use crate::server::state::AppState;
use crate::sql;
use chrono::{DateTime, Duration, Utc};

/// How long a link opens.
pub const OPEN_HOURS: i64 = 72;
/// A hash that no password has: whoever is invited logs in only once he set his own.
const NO_PASSWORD: &str = "-";

sql!(
    INVITE =
        "INSERT INTO staff (email, name, role, password_hash, active, created_at, phone, invite_hash, invite_until)
 VALUES ($1, $2, $3, $4, TRUE, $5, $6, $7, $8) RETURNING id"
);
sql!(NEW_LINK = "UPDATE staff SET invite_hash = $2, invite_until = $3 WHERE id = $1 AND active");
sql!(
    INVITED = "SELECT id, name, email, password_hash FROM staff WHERE invite_hash = $1 AND invite_hash <> '' AND invite_until > $2 AND active"
);
// The token opens once: whoever comes second moves no row.
sql!(
    ACCEPT = "UPDATE staff SET password_hash = $3, invite_hash = '', invite_until = NULL
 WHERE id = $1 AND invite_hash = $2 AND invite_hash <> '' AND invite_until > $4 AND active"
);

/// Who is to come.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Name.
    pub name: String,
    /// What he will log in with.
    pub email: String,
    /// Telephone; may be empty.
    pub phone: String,
    /// Role.
    pub role: Role,
}

/// A link that was made: shown once, since the database keeps its hash only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Whose.
    pub staff_id: i64,
    /// His name.
    pub name: String,
    /// His telephone; may be empty.
    pub phone: String,
    /// The token in it.
    pub token: String,
    /// Until when it opens.
    pub until: DateTime<Utc>,
}

/// Somebody behind an open link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invited {
    /// His row.
    pub id: i64,
    /// His name.
    pub name: String,
    /// What he logs in with.
    pub email: String,
    /// Whether he had a password already: then this is a reset.
    pub again: bool,
}

/// Adds a member of staff who sets his password himself.
pub async fn invite(app: &AppState, who: Who, typed: Invitation) -> Result<Link> {
    let name = checked_name(&typed.name)?;
    let email = checked_email(&typed.email)?;
    let phone = checked_phone(&typed.phone)?;
    let (token, now) = (random_token()?, app.clock.now());
    let until = now + Duration::hours(OPEN_HOURS);
    let hash = token_hash(&token);
    let taken = Error::invalid("email", format!("Sudah ada pengguna dengan email {email}."));
    let (row_name, row_phone) = (name.clone(), phone.clone());
    let added = app
        .db
        .write::<_, Error, _>(move |tx| {
            let (who, name, email, phone, hash) =
                (who.clone(), row_name.clone(), email.clone(), row_phone.clone(), hash.clone());
            Box::pin(async move {
                let role = typed.role;
                let values = args![&email, &name, role.as_str(), NO_PASSWORD, now, &phone, hash, until];
                let id = tx.number(INVITE, values).await?;
                let after = format!("nama: {name}; email: {email}; telepon: {phone}; peran: {}", role.label());
                audit::record(tx, &who, now, "staff.invite", &subject(id), "", &after).await?;
                links::claim(tx, &who, now, id).await?;
                Ok(id)
            })
        })
        .await;
    let staff_id = match added {
        Err(Error::Db(error)) if DbError::is_unique_violation(&error) => return Err(taken),
        other => other?,
    };
    Ok(Link { staff_id, name, phone, token, until })
}

/// A new link for somebody: he forgot his password, or his invitation ran out. His password holds until he sets another.
pub async fn reset(app: &AppState, who: Who, staff_id: i64) -> Result<Link> {
    let (token, now) = (random_token()?, app.clock.now());
    let until = now + Duration::hours(OPEN_HOURS);
    let hash = token_hash(&token);
    let member = app
        .db
        .write::<_, Error, _>(move |tx| {
            let (who, hash) = (who.clone(), hash.clone());
            Box::pin(async move {
                let member = Member::of(tx, staff_id).await?;
                if !member.active {
                    return Err(Error::Refused("Pengguna ini nonaktif; aktifkan dahulu.".to_owned()));
                }
                tx.exec_one(NEW_LINK, args![staff_id, hash, until]).await?;
                audit::record(tx, &who, now, "staff.link", &subject(staff_id), "", &member.email).await?;
                Ok(member)
            })
        })
        .await?;
    Ok(Link { staff_id, name: member.name, phone: member.phone, token, until })
}

/// Who stands behind a token, if it still opens.
pub async fn invited(app: &AppState, token: &str) -> Result<Option<Invited>> {
    let row: Option<(i64, String, String, String)> =
        app.db.opt(INVITED, args![token_hash(token), app.clock.now()]).await?;
    Ok(row.map(|(id, name, email, hash)| Invited { id, name, email, again: hash != NO_PASSWORD }))
}

/// Sets the password behind a token, once. Every session that was open under the old one ends.
pub async fn accept(app: &AppState, token: &str, password: &str, repeated: &str, address: &str) -> Result<()> {
    checked_password("password", password)?;
    if password != repeated {
        return Err(Error::invalid("repeated", "Kedua kata sandi tidak sama. Ketik sekali lagi."));
    }
    let spent = || Error::NotFound("Tautan ini sudah dipakai atau sudah lewat waktunya.".to_owned());
    let invited = invited(app, token).await?.ok_or_else(spent)?;
    let (token, hash, now) = (token_hash(token), hashed(password).await?, app.clock.now());
    let who = Who { staff_id: Some(invited.id), name: invited.name.clone(), address: address.to_owned() };
    app.db
        .write::<_, Error, _>(move |tx| {
            let (who, token, hash) = (who.clone(), token.clone(), hash.clone());
            Box::pin(async move {
                if tx.exec(ACCEPT, args![invited.id, token, hash, now]).await? == 0 {
                    return Err(Error::NotFound("Tautan ini sudah dipakai atau sudah lewat waktunya.".to_owned()));
                }
                sessions::end_all(tx, invited.id, "").await?;
                audit::record(tx, &who, now, "staff.password_by_link", &subject(invited.id), "", "").await
            })
        })
        .await
}
