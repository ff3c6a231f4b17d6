//! Where somebody is logged in, and how that ends.

use crate::args;
use crate::server::audit::{self, Who};
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::secrets::token_hash;
use crate::server::state::AppState;
use crate::sql;
use chrono::{DateTime, Utc};

sql!(
    SESSIONS =
        "SELECT token_hash, address, agent, created_at, last_seen_at FROM session WHERE subject_kind = 'staff' AND subject_id = $1
 AND step = 'whole' AND expires_at > $2 ORDER BY last_seen_at DESC, token_hash"
);
sql!(END_SESSION = "DELETE FROM session WHERE subject_kind = 'staff' AND subject_id = $1 AND token_hash = $2");
sql!(END_SESSIONS = "DELETE FROM session WHERE subject_kind = 'staff' AND subject_id = $1 AND token_hash <> $2");

/// A session that is open.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OpenSession {
    token_hash: String,
    /// Address it began from.
    pub address: String,
    /// The browser, as it calls itself.
    pub agent: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    pub last_seen_at: DateTime<Utc>,
}

impl OpenSession {
    /// A name for it that opens nothing.
    pub fn handle(&self) -> String {
        token_hash(&self.token_hash).chars().take(20).collect()
    }

    /// Whether it is the session of this token.
    pub fn is_of(&self, token: &str) -> bool {
        self.token_hash == token_hash(token)
    }

    /// Browser and system in words.
    pub fn browser(&self) -> String {
        browser(&self.agent)
    }
}

/// Browser and system in words; more precise than `Chrome di Android` nobody needs.
fn browser(agent: &str) -> String {
    // Each calls itself by the names of those before it as well: the order decides.
    let names = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Firefox", "Firefox"),
        ("FxiOS", "Firefox"),
        ("CriOS", "Chrome"),
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
    ];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Macintosh", "Mac"),
        ("CrOS", "Chromebook"),
        ("Linux", "Linux"),
    ];
    let of =
        |known: &[(&str, &'static str)]| known.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, word)| *word);
    match (of(&names), of(&systems)) {
        (Some(name), Some(system)) => format!("{name} di {system}"),
        (Some(word), None) | (None, Some(word)) => word.to_owned(),
        (None, None) => "Peramban tidak dikenal".to_owned(),
    }
}

/// The open sessions of somebody, the last used first.
pub async fn of(app: &AppState, staff_id: i64) -> Result<Vec<OpenSession>> {
    Ok(app.db.all(SESSIONS, args![staff_id, app.clock.now()]).await?)
}

/// Ends one of somebody's sessions, by its handle.
pub async fn end(app: &AppState, who: Who, staff_id: i64, handle: &str) -> Result<()> {
    let gone = || Error::NotFound("Sesi itu sudah berakhir.".to_owned());
    let session = of(app, staff_id).await?.into_iter().find(|open| open.handle() == handle).ok_or_else(gone)?;
    let (now, words) = (app.clock.now(), format!("{}, {}", session.browser(), session.address));
    app.db
        .write::<_, Error, _>(move |tx| {
            let (who, hash, words) = (who.clone(), session.token_hash.clone(), words.clone());
            Box::pin(async move {
                if tx.exec(END_SESSION, args![staff_id, hash]).await? == 0 {
                    return Err(Error::NotFound("Sesi itu sudah berakhir.".to_owned()));
                }
                audit::record(tx, &who, now, "session.end", &super::subject(staff_id), &words, "").await
            })
        })
        .await
}

/// Ends all sessions of somebody but the one of `kept` (a token; empty keeps none), those half begun too.
pub async fn end_all(tx: &mut Tx, staff_id: i64, kept: &str) -> Result<u64> {
    let kept = if kept.is_empty() { String::new() } else { token_hash(kept) };
    Ok(tx.exec(END_SESSIONS, args![staff_id, kept]).await?)
}

#[cfg(test)]
mod tests {
    use super::browser;

    #[test]
    fn a_browser_is_named_as_people_name_it() {
        let agent =
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36";
        assert_eq!(browser(agent), "Chrome di Android");
        assert_eq!(browser("Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/130.0"), "Firefox di Windows");
        assert_eq!(browser("Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36 Edg/130.0"), "Edge di Windows");
        assert_eq!(browser("curl/8.0"), "Peramban tidak dikenal");
    }
}
