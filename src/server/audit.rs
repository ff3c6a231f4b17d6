//! Who did what: a row for every change by a person, in the transaction of the change. The rows are a chain: each holds
//! a hash over itself and the row before, so that a row that was altered, taken out or put in is found and named. The
//! database refuses to change them; the chain tells when somebody got around that.

use crate::args;
use crate::server::db::{Db, Tx};
use crate::server::error::Result;
use crate::sql;
use chrono::{DateTime, SecondsFormat, Utc};
use sha2::{Digest, Sha256};

/// Counter of the rows of the chain.
const CHAIN: &str = "audit";
/// Rows that a check reads at a time.
const CHECKED_ROWS: i64 = 5_000;
/// Longest text before or after a change.
const VALUE_CHARS_MAX: usize = 8_000;

/// Who is behind a change: a member of staff, the command line, a gateway, or the system itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The member of staff, if it was one.
    pub staff_id: Option<i64>,
    /// What screens show: a name, `Perintah`, `Flip`, `Sistem`.
    pub name: String,
    /// Address the change came from; empty for the system.
    pub address: String,
}

impl Who {
    /// The system itself (schedules, workers).
    pub fn system() -> Self {
        Self { staff_id: None, name: "Sistem".to_owned(), address: String::new() }
    }

    /// The command line.
    pub fn command() -> Self {
        Self { staff_id: None, name: "Perintah".to_owned(), address: String::new() }
    }
}

sql!(
    NEXT_PLACE =
        "INSERT INTO counter (name, n) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET n = counter.n + 1 RETURNING n"
);
sql!(HASH_AT = "SELECT hash FROM audit_event WHERE seq = $1");
sql!(
    INSERT_AUDIT =
        "INSERT INTO audit_event (at, who, staff_id, action, subject, before_value, after_value, address, seq, hash)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
);
sql!(
    CHAIN_FROM =
        "SELECT seq, at, who, staff_id, action, subject, before_value, after_value, address, hash FROM audit_event
 WHERE seq > $1 ORDER BY seq LIMIT $2"
);
sql!(CHAIN_LENGTH = "SELECT CAST(COALESCE(MAX(n), 0) AS BIGINT) FROM counter WHERE name = $1");

/// A row of the chain, as its hash covers it.
#[derive(Clone, Debug, sqlx::FromRow)]
struct Link {
    seq: i64,
    at: DateTime<Utc>,
    who: String,
    staff_id: Option<i64>,
    action: String,
    subject: String,
    before_value: String,
    after_value: String,
    address: String,
    hash: String,
}

impl Link {
    /// SHA-256 over the hash before and every field, each with its length, so that nothing can move between fields.
    fn hash_after(&self, previous: &str) -> String {
        let seq = self.seq.to_string();
        let at = self.at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let staff = self.staff_id.map(|id| id.to_string()).unwrap_or_default();
        let fields = [
            previous,
            &seq,
            &at,
            &self.who,
            &staff,
            &self.action,
            &self.subject,
            &self.before_value,
            &self.after_value,
            &self.address,
        ];
        let mut hash = Sha256::new();
        for field in fields {
            hash.update(format!("{}:", field.len()).as_bytes());
            hash.update(field.as_bytes());
        }
        hex::encode(hash.finalize())
    }
}

/// Writes the row. `action` is a verb of the program (`payment.record`), `subject` names the thing (`service:17`).
/// Never give it a secret. Call it last in a transaction: until its end nobody else writes into the log.
pub async fn record(
    tx: &mut Tx,
    who: &Who,
    now: DateTime<Utc>,
    action: &str,
    subject: &str,
    before: &str,
    after: &str,
) -> Result<()> {
    let cut = |text: &str| text.chars().take(VALUE_CHARS_MAX).collect::<String>();
    let seq = tx.number(NEXT_PLACE, args![CHAIN]).await?;
    let previous = tx.opt::<(String,)>(HASH_AT, args![seq - 1]).await?.map(|row| row.0).unwrap_or_default();
    let mut link = Link {
        seq,
        at: now,
        who: who.name.clone(),
        staff_id: who.staff_id,
        action: action.to_owned(),
        subject: subject.to_owned(),
        before_value: cut(before),
        after_value: cut(after),
        address: who.address.clone(),
        hash: String::new(),
    };
    link.hash = link.hash_after(&previous);
    let values = args![
        link.at,
        &link.who,
        link.staff_id,
        &link.action,
        &link.subject,
        &link.before_value,
        &link.after_value,
        &link.address,
        link.seq,
        &link.hash
    ];
    Ok(tx.exec_one(INSERT_AUDIT, values).await?)
}

/// Where the chain ends: how many rows it has, and the hash of the last. Kept elsewhere (in each backup's manifest), it
/// proves later that the rows up to there are the same.
pub async fn head(db: &Db) -> Result<(i64, String)> {
    let length = db.number(CHAIN_LENGTH, args![CHAIN]).await?;
    Ok((length, db.opt::<(String,)>(HASH_AT, args![length]).await?.map(|row| row.0).unwrap_or_default()))
}

/// Whether row `length` of the chain has this hash: what [`head`] said once still holds.
pub async fn had_head(db: &Db, length: i64, hash: &str) -> Result<bool> {
    let stored = db.opt::<(String,)>(HASH_AT, args![length]).await?.map(|row| row.0).unwrap_or_default();
    Ok(stored == hash)
}

/// Walks the whole chain; every row that does not fit, in words. Memory stays flat.
pub async fn verify_chain(db: &Db) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let (mut last, mut previous) = (0_i64, String::new());
    loop {
        let links: Vec<Link> = db.all(CHAIN_FROM, args![last, CHECKED_ROWS]).await?;
        let Some(end) = links.last().map(|link| link.seq) else { break };
        for link in links {
            if link.seq != last + 1 {
                found.push(format!("log aktivitas: baris {} sampai {} hilang", last + 1, link.seq - 1));
            } else if link.hash_after(&previous) != link.hash {
                let at = link.at.to_rfc3339_opts(SecondsFormat::Secs, true);
                let what = format!("baris {} ({} {}, {}, {at})", link.seq, link.action, link.subject, link.who);
                found.push(format!("log aktivitas: {what} diubah setelah ditulis"));
            }
            last = link.seq;
            previous = link.hash;
        }
        last = end;
    }
    let length = db.number(CHAIN_LENGTH, args![CHAIN]).await?;
    if length != last {
        found.push(format!("log aktivitas: berakhir pada baris {last}, seharusnya {length}"));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::error::Error;
    use crate::server::testing::TestApp;

    crate::sql!(ALTER = "UPDATE audit_event SET after_value = 'Rp 1' WHERE seq = $1");
    crate::sql!(TAKE_OUT = "DELETE FROM audit_event WHERE seq = $1");
    crate::sql!(UNLOCK = sqlite "DROP TRIGGER audit_event_stays", postgres "DROP TRIGGER audit_event_stays ON audit_event");
    crate::sql!(UNLOCK_MORE = sqlite "DROP TRIGGER audit_event_remains", postgres "SELECT 1");

    async fn write(app: &TestApp, n: i64) {
        for n in 0..n {
            let mut tx = app.state.db.begin().await.unwrap();
            let now = app.state.clock.now();
            let subject = format!("service:{n}");
            record(&mut tx, &Who::command(), now, "uji.ubah", &subject, "Rp 0", "Rp 300.000").await.unwrap();
            tx.commit().await.unwrap();
        }
    }

    async fn run(app: &TestApp, sql: crate::server::db::Sql, args: Vec<crate::server::db::Val>) -> Result<u64, Error> {
        app.state
            .db
            .write::<_, Error, _>(move |tx| {
                let args = args.clone();
                Box::pin(async move { Ok(tx.exec(sql, args).await?) })
            })
            .await
    }

    #[tokio::test]
    async fn the_database_refuses_and_the_chain_names_what_was_altered() {
        for app in TestApp::each("2026-01-15 10:00").await {
            write(&app, 5).await;
            assert_eq!(verify_chain(&app.state.db).await.unwrap(), Vec::<String>::new());
            assert_eq!(head(&app.state.db).await.unwrap().0, 5);
            assert!(run(&app, ALTER, args![3]).await.is_err(), "the log cannot be changed");
            assert!(run(&app, TAKE_OUT, args![3]).await.is_err(), "nor shortened");
            // Somebody who owns the database takes the lock away first.
            run(&app, UNLOCK, args![]).await.unwrap();
            run(&app, UNLOCK_MORE, args![]).await.unwrap();
            run(&app, ALTER, args![3]).await.unwrap();
            let found = verify_chain(&app.state.db).await.unwrap();
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].contains("baris 3") && found[0].contains("uji.ubah service:2"), "{found:?}");
            run(&app, TAKE_OUT, args![4]).await.unwrap();
            run(&app, TAKE_OUT, args![5]).await.unwrap();
            let found = verify_chain(&app.state.db).await.unwrap();
            assert!(found.iter().any(|line| line.contains("berakhir pada baris 3")), "{found:?}");
        }
    }

    #[tokio::test]
    async fn writers_at_the_same_time_make_one_chain() {
        for app in TestApp::each("2026-01-15 10:00").await {
            let tasks: Vec<_> = (0..20)
                .map(|n| {
                    let (db, now) = (app.state.db.clone(), app.state.clock.now());
                    tokio::spawn(async move {
                        db.write::<_, Error, _>(move |tx| {
                            Box::pin(
                                async move { record(tx, &Who::system(), now, "uji", &format!("n:{n}"), "", "").await },
                            )
                        })
                        .await
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap().unwrap();
            }
            assert_eq!(head(&app.state.db).await.unwrap().0, 20);
            assert_eq!(verify_chain(&app.state.db).await.unwrap(), Vec::<String>::new());
        }
    }
}
