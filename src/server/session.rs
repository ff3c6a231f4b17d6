//! Sessions: a random token in a cookie, its hash in our table.

use crate::args;
use crate::server::audit::{self, Who};
use crate::server::error::{Error, Result};
use crate::server::rights::{Permission, Rights, Role, Scope};
use crate::server::secrets::{hash_password, password_fits, random_token, token_hash};
use crate::server::state::AppState;
use crate::sql;
use chrono::{DateTime, Duration, Utc};
use http::HeaderMap;
use http::header::COOKIE;

/// How long a session lives after it was last used.
const IDLE_HOURS: i64 = 12;
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
    last_seen_at: DateTime<Utc>,
}

sql!(
    FIND_SESSION =
        "SELECT st.id, st.name, st.role, se.last_seen_at FROM session se JOIN staff st ON st.id = se.subject_id
 WHERE se.token_hash = $1 AND se.subject_kind = 'staff' AND se.step = 'whole' AND se.expires_at > $2 AND st.active"
);
sql!(SEE_SESSION = "UPDATE session SET last_seen_at = $2, expires_at = $3 WHERE token_hash = $1");
sql!(FIND_STAFF = "SELECT id, name, password_hash FROM staff WHERE email = $1 AND active");
sql!(INSERT_SESSION = "INSERT INTO session (token_hash, subject_kind, subject_id, step, address, agent, created_at, expires_at, last_seen_at)
 VALUES ($1, 'staff', $2, 'whole', $3, $4, $5, $6, $5)");
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
    let rights = app.rights().await?.of(role);
    Ok(Some(StaffSession { id: row.id, name: row.name, role, rights }))
}

/// Logs a member of staff in; the new session's token. Unknown e-mail and wrong password answer alike.
pub async fn log_in(app: &AppState, email: &str, password: &str, address: &str, agent: &str) -> Result<Option<String>> {
    let email = email.trim().to_lowercase();
    let found: Option<(i64, String, String)> = app.db.opt(FIND_STAFF, args![&email]).await?;
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
    let Some((staff_id, name, _)) = found.filter(|_| fits) else { return Ok(None) };
    let token = random_token()?;
    let (hash, now) = (token_hash(&token), app.clock.now());
    let who = Who { staff_id: Some(staff_id), name, address: address.to_owned() };
    let agent: String = agent.chars().take(200).collect();
    app.db
        .write::<_, Error, _>(move |tx| {
            let (hash, who, agent) = (hash.clone(), who.clone(), agent.clone());
            Box::pin(async move {
                let expires = now + Duration::hours(IDLE_HOURS);
                tx.exec_one(INSERT_SESSION, args![hash, staff_id, &who.address, agent, now, expires]).await?;
                audit::record(tx, &who, now, "session.login", &format!("staff:{staff_id}"), "", "").await
            })
        })
        .await?;
    Ok(Some(token))
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
