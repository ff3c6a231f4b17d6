//! Sessions: a random token in a cookie, its hash in our table. Where a second factor is asked for, the password opens
//! half a session, that leads to the code and nowhere else.

use crate::args;
use crate::server::audit::{self, Who};
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::rights::{Permission, Rights, Role, Scope};
use crate::server::secrets::{hash_password, password_fits, random_token, token_hash};
use crate::server::staff::second_factor;
use crate::server::state::AppState;
use crate::sql;
use chrono::{DateTime, Duration, Utc};
use http::HeaderMap;
use http::header::COOKIE;

/// How long a session lives after it was last used.
const IDLE_HOURS: i64 = 12;
/// How long half a session waits for the code.
const HALF_MINUTES: i64 = 10;
/// How often the last use is written down.
const SEEN_EVERY_S: i64 = 60;
/// A hash nobody's password has: an unknown e-mail takes as long as a known one.
const NOBODY: &str = "kimonet-nobody";

/// A member of staff who is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffSession {
    /// His row.
    pub id: i64,
    /// His name.
    pub name: String,
    /// His role.
    pub role: Role,
    /// What the role may, adjustments included.
    pub rights: Rights,
    /// The site asks owners for a second factor, and he has none: until he does, he may nothing else.
    pub must_secure: bool,
}

impl StaffSession {
    /// Whether he may.
    pub fn may(&self, permission: Permission) -> bool {
        self.rights.has(permission)
    }

    /// Whose customers he sees.
    pub fn scope(&self) -> Scope {
        if self.role == Role::Collector { Scope::Collector(self.id) } else { Scope::All }
    }
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    id: i64,
    name: String,
    role: String,
    totp_sealed: String,
    last_seen_at: DateTime<Utc>,
}

/// What the password opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedIn {
    /// Token for the cookie.
    pub token: String,
    /// Whether the code is still asked for.
    pub half: bool,
}

/// Somebody who gave his password, and not yet his code.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct HalfSession {
    /// His row.
    pub id: i64,
    name: String,
    totp_sealed: String,
    agent: String,
}

sql!(
    FIND_SESSION =
        "SELECT st.id, st.name, st.role, st.totp_sealed, se.last_seen_at FROM session se JOIN staff st ON st.id = se.subject_id
 WHERE se.token_hash = $1 AND se.subject_kind = 'staff' AND se.step = 'whole' AND se.expires_at > $2 AND st.active"
);
sql!(SEE_SESSION = "UPDATE session SET last_seen_at = $2, expires_at = $3 WHERE token_hash = $1");
sql!(
    FIND_HALF = "SELECT st.id, st.name, st.totp_sealed, se.agent FROM session se JOIN staff st ON st.id = se.subject_id
 WHERE se.token_hash = $1 AND se.subject_kind = 'staff' AND se.step = 'half' AND se.expires_at > $2 AND st.active"
);
sql!(FIND_STAFF = "SELECT id, name, password_hash, totp_sealed FROM staff WHERE email = $1 AND active");
sql!(INSERT_SESSION = "INSERT INTO session (token_hash, subject_kind, subject_id, step, address, agent, created_at, expires_at, last_seen_at)
 VALUES ($1, 'staff', $2, $7, $3, $4, $5, $6, $5)");
sql!(SEE_STAFF = "UPDATE staff SET last_login_at = $2 WHERE id = $1");
sql!(DELETE_SESSION = "DELETE FROM session WHERE token_hash = $1");

/// Name of the session cookie: bound to the host where https makes that possible.
pub fn cookie_name(app: &AppState) -> &'static str {
    if app.config.is_https() { "__Host-sid" } else { "kimonet_sid" }
}

/// The `Set-Cookie` value for a token; an empty token removes the cookie.
pub fn set_cookie(app: &AppState, token: &str) -> String {
    let secure = if app.config.is_https() { "; Secure" } else { "" };
    let age = if token.is_empty() { 0 } else { IDLE_HOURS * 3_600 };
    format!("{}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}", cookie_name(app))
}

/// The session token of a request.
pub fn token_of(app: &AppState, headers: &HeaderMap) -> Option<String> {
    let name = cookie_name(app);
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, value)| *key == name && !value.is_empty())
        .map(|(_, value)| value.to_owned())
}

/// Who of the staff is behind a request.
pub async fn staff_of(app: &AppState, headers: &HeaderMap) -> Result<Option<StaffSession>> {
    let Some(token) = token_of(app, headers) else { return Ok(None) };
    let (hash, now) = (token_hash(&token), app.clock.now());
    let Some(row) = app.db.opt::<SessionRow>(FIND_SESSION, args![&hash, now]).await? else { return Ok(None) };
    let role = Role::parse(&row.role).ok_or_else(|| Error::Corrupt(format!("peran {}", row.role)))?;
    if now - row.last_seen_at > Duration::seconds(SEEN_EVERY_S) {
        let expires = now + Duration::hours(IDLE_HOURS);
        app.db
            .write::<_, Error, _>(move |tx| {
                let hash = hash.clone();
                Box::pin(async move { Ok(tx.exec(SEE_SESSION, args![hash, now, expires]).await?) })
            })
            .await?;
    }
    let must_secure =
        role == Role::Owner && row.totp_sealed.is_empty() && app.settings().await?.flag("security.owner_totp");
    let rights = if must_secure { Rights::default() } else { app.rights().await?.of(role) };
    Ok(Some(StaffSession { id: row.id, name: row.name, role, rights, must_secure }))
}

/// Logs a member of staff in, or half in where he has a second factor. Unknown e-mail and wrong password answer alike.
pub async fn log_in(
    app: &AppState,
    email: &str,
    password: &str,
    address: &str,
    agent: &str,
) -> Result<Option<LoggedIn>> {
    let email = email.trim().to_lowercase();
    let found: Option<(i64, String, String, String)> = app.db.opt(FIND_STAFF, args![&email]).await?;
    let (hash, password) = (found.as_ref().map(|row| row.2.clone()), password.to_owned());
    let fits = tokio::task::spawn_blocking(move || match hash {
        Some(hash) => password_fits(&password, &hash),
        None => {
            // The same work as for a known e-mail.
            let _fits_nobody = hash_password(NOBODY);
            false
        }
    })
    .await
    .map_err(|error| Error::Internal(error.to_string()))?;
    let Some((staff_id, name, _, totp_sealed)) = found.filter(|_| fits) else { return Ok(None) };
    let half = !totp_sealed.is_empty();
    let token = random_token()?;
    let (hash, now) = (token_hash(&token), app.clock.now());
    let who = Who { staff_id: Some(staff_id), name, address: address.to_owned() };
    let agent: String = agent.chars().take(200).collect();
    app.db
        .write::<_, Error, _>(move |tx| {
            let (hash, who, agent) = (hash.clone(), who.clone(), agent.clone());
            Box::pin(async move {
                if half {
                    let expires = now + Duration::minutes(HALF_MINUTES);
                    let values = args![hash, staff_id, &who.address, agent, now, expires, "half"];
                    tx.exec_one(INSERT_SESSION, values).await?;
                    return Ok(());
                }
                open(tx, &who, staff_id, &hash, &agent, now).await
            })
        })
        .await?;
    Ok(Some(LoggedIn { token, half }))
}

/// Writes a whole session down, with its line in the log.
async fn open(tx: &mut Tx, who: &Who, staff_id: i64, hash: &str, agent: &str, now: DateTime<Utc>) -> Result<()> {
    let expires = now + Duration::hours(IDLE_HOURS);
    tx.exec_one(INSERT_SESSION, args![hash, staff_id, &who.address, agent, now, expires, "whole"]).await?;
    tx.exec_one(SEE_STAFF, args![staff_id, now]).await?;
    audit::record(tx, who, now, "session.login", &format!("staff:{staff_id}"), "", "").await
}

/// Who gave his password and owes his code.
pub async fn half_of(app: &AppState, headers: &HeaderMap) -> Result<Option<HalfSession>> {
    let Some(token) = token_of(app, headers) else { return Ok(None) };
    Ok(app.db.opt(FIND_HALF, args![token_hash(&token), app.clock.now()]).await?)
}

/// Makes a half session whole, under a new token: code of the phone, or a recovery code; each opens once. `None`: the
/// code does not fit.
pub async fn complete(app: &AppState, headers: &HeaderMap, code: &str, address: &str) -> Result<Option<String>> {
    let (Some(old), Some(half)) = (token_of(app, headers), half_of(app, headers).await?) else {
        return Err(Error::Unauthenticated);
    };
    let now = app.clock.now();
    let Some(proof) = second_factor::read(app, &half.totp_sealed, code, now)? else { return Ok(None) };
    let token = random_token()?;
    let (old, hash, code) = (token_hash(&old), token_hash(&token), code.to_owned());
    let who = Who { staff_id: Some(half.id), name: half.name.clone(), address: address.to_owned() };
    let opened = app
        .db
        .write::<_, Error, _>(move |tx| {
            let (old, hash, code, who, agent) =
                (old.clone(), hash.clone(), code.clone(), who.clone(), half.agent.clone());
            Box::pin(async move {
                if !second_factor::spend(tx, half.id, proof, &code, now).await? {
                    return Ok(false);
                }
                // Two windows with the same half session: one of them opens it.
                if tx.exec(DELETE_SESSION, args![old]).await? == 0 {
                    return Err(Error::Unauthenticated);
                }
                open(tx, &who, half.id, &hash, &agent, now).await?;
                Ok(true)
            })
        })
        .await?;
    Ok(opened.then_some(token))
}

/// Ends a session.
pub async fn log_out(app: &AppState, token: &str) -> Result<()> {
    let hash = token_hash(token);
    app.db
        .write::<_, Error, _>(move |tx| {
            let hash = hash.clone();
            Box::pin(async move {
                tx.exec(DELETE_SESSION, args![hash]).await?;
                Ok(())
            })
        })
        .await
}
