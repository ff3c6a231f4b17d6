//! What the screens of routers read and do.

use super::{RouterCommands, RouterDetail, RouterRow, RouterSeen, RouterTyped, WaitingRow};
use crate::app::admin::words;
use crate::app::dto::Badge;
use crate::app::text;
use crate::server::audit::Who;
use crate::server::error::{Error, Result};
use crate::server::routers::probe::Probe;
use crate::server::routers::reconcile;
use crate::server::routers::store::{self, RouterForm};
use crate::server::secrets::random_bytes;
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::{DateTime, Utc};

/// Services that wait, shown at once.
const WAITING_ROWS: i64 = 200;
/// The user that the commands make.
const USERNAME: &str = "kimonet";

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    name: String,
    host: String,
    port: i64,
    state: String,
    state_since: Option<DateTime<Utc>>,
    last_read_at: Option<DateTime<Utc>>,
    last_problem: String,
    services: i64,
    waiting: i64,
}

sql!(LIST = "SELECT r.id, r.name, r.host, r.port, r.state, r.state_since, r.last_read_at, r.last_problem,
  COALESCE(n.services, 0) AS services, COALESCE(w.waiting, 0) AS waiting
 FROM router r
 LEFT JOIN (SELECT router_id, COUNT(*) AS services FROM service WHERE router_id IS NOT NULL GROUP BY router_id) n ON n.router_id = r.id
 LEFT JOIN (SELECT router_id, COUNT(*) AS waiting FROM service WHERE desired <> observed AND desired <> 'as_is' GROUP BY router_id) w ON w.router_id = r.id
 ORDER BY r.name");
sql!(
    WAITING =
        "SELECT s.customer_id, c.name, s.service_number, s.pppoe_username, s.desired, s.observed, s.router_problem
 FROM service s JOIN customer c ON c.id = s.customer_id
 WHERE s.router_id = $1 AND s.desired <> s.observed AND s.desired <> 'as_is' ORDER BY s.desired_since, s.id LIMIT $2"
);
sql!(PROFILES = "SELECT name FROM router_profile WHERE router_id = $1 ORDER BY name");
sql!(
    WANTED_PROFILES = "SELECT DISTINCT p.profile FROM service s JOIN package p ON p.id = s.package_id
 WHERE s.router_id = $1 AND s.stage IN ('aktif', 'siap_dicabut') ORDER BY p.profile"
);
sql!(SOME_PROFILE = "SELECT profile FROM package WHERE active ORDER BY id LIMIT 1");

fn shown(app: &AppState, row: Row) -> RouterRow {
    let now = app.clock.now();
    RouterRow {
        id: row.id,
        name: row.name,
        address: format!("{}:{}", row.host, row.port),
        state: text::router(&row.state),
        since: row.state_since.map(|at| words::since(now, at)).unwrap_or_default(),
        read_at: row.last_read_at.map(|at| words::instant(&app.clock, at)).unwrap_or_default(),
        problem: row.last_problem,
        services: row.services,
        waiting: row.waiting,
    }
}

/// All routers.
pub async fn list(app: &AppState) -> Result<Vec<RouterRow>> {
    let rows: Vec<Row> = app.db.all(LIST, args![]).await?;
    Ok(rows.into_iter().map(|row| shown(app, row)).collect())
}

/// Everything about one.
pub async fn view(app: &AppState, id: i64, may_manage: bool) -> Result<RouterDetail> {
    let router = store::get(app, id).await?;
    let row = list(app).await?.into_iter().find(|row| row.id == id);
    let row = row.ok_or_else(|| Error::NotFound("Router itu tidak ada.".to_owned()))?;
    type Waits = (i64, String, String, String, String, String, String);
    let waits: Vec<Waits> = app.db.all(WAITING, args![id, WAITING_ROWS]).await?;
    let waiting = waits
        .into_iter()
        .map(|(customer_id, name, number, account, desired, observed, problem)| WaitingRow {
            customer_id,
            name,
            number,
            account,
            wanted: text::access(&desired),
            seen: observed_badge(&observed),
            problem,
        })
        .collect();
    let profiles: Vec<(String,)> = app.db.all(PROFILES, args![id]).await?;
    Ok(RouterDetail {
        row,
        form: RouterTyped {
            id,
            name: router.name,
            host: router.host,
            port: router.port.to_string(),
            username: router.username,
            password: String::new(),
            isolir_profile: router.isolir_profile,
            tls: router.tls,
            pin: router.tls_pin,
        },
        waiting,
        profiles: profiles.into_iter().map(|row| row.0).collect(),
        may_manage,
    })
}

/// What a router was seen to give.
fn observed_badge(observed: &str) -> Badge {
    use crate::app::dto::Tone;
    match observed {
        "unknown" => Badge::new("Belum dibaca", Tone::Plain),
        "missing" => Badge::new("Akun tidak ada", Tone::Warn),
        "other" => Badge::new("Profil lain", Tone::Warn),
        known => text::access(known),
    }
}

/// Adds or changes a router.
pub async fn save(app: &AppState, who: &Who, typed: RouterTyped) -> Result<i64> {
    let port = typed.port.trim().parse::<u16>().ok().filter(|port| *port > 0).ok_or_else(|| {
        Error::invalid("port", "Port harus angka 1 sampai 65535; API MikroTik biasanya 8728, atau 8729 dengan TLS.")
    })?;
    let tls = match typed.tls.as_str() {
        "pin" => {
            let pin: String = typed.pin.chars().filter(|c| !matches!(c, ':' | ' ')).collect::<String>().to_lowercase();
            if pin.len() != 64 || !pin.bytes().all(|b| b.is_ascii_hexdigit()) {
                let say = "Sidik jari SHA-256 berisi 64 huruf hex. Uji dahulu dengan sertifikat apa pun, lalu salin sidik jarinya ke sini.";
                return Err(Error::invalid("pin", say));
            }
            format!("pin:{pin}")
        }
        other => other.to_owned(),
    };
    let form = RouterForm {
        name: typed.name,
        host: typed.host,
        port,
        username: typed.username.trim().to_owned(),
        password: Some(typed.password),
        isolir_profile: typed.isolir_profile.trim().to_owned(),
        strategy: "profile".to_owned(),
        tls,
    };
    if typed.id == 0 {
        store::add(app, form, who).await
    } else {
        store::update(app, typed.id, form, who).await.map(|()| typed.id)
    }
}

/// Asks a router whether it works for us.
pub async fn test(app: &AppState, id: i64) -> Result<RouterSeen> {
    let router = store::get(app, id).await?;
    let wanted: Vec<(String,)> = app.db.all(WANTED_PROFILES, args![id]).await?;
    Ok(match store::probe(app, &router).await? {
        Probe::Works {
            identity, version, board, profiles, isolir_profile_exists, latency_ms, tls_fingerprint, ..
        } => {
            let mut advice = Vec::new();
            if !isolir_profile_exists {
                advice.push(format!(
                    "Profil {} belum ada di router ini, jadi tidak ada yang dapat diisolir. Buat dengan: /ppp profile add name={} rate-limit=512k/512k",
                    router.isolir_profile, router.isolir_profile
                ));
            }
            for (profile,) in wanted.iter().filter(|(profile,)| !profiles.contains(profile)) {
                advice.push(format!(
                    "Profil {profile} dipakai paket pelanggan di router ini, tetapi belum ada. Buat di PPP, Profiles."
                ));
            }
            let mut facts = vec![
                ("Nama".to_owned(), identity),
                ("RouterOS".to_owned(), version),
                ("Perangkat".to_owned(), board),
                ("Jeda".to_owned(), format!("{latency_ms} ms")),
                ("Profil".to_owned(), profiles.join(", ")),
            ];
            facts.extend(tls_fingerprint.map(|pin| ("Sidik jari TLS".to_owned(), pin)));
            RouterSeen { fine: advice.is_empty(), facts, advice }
        }
        Probe::Fails { problem, advice, .. } => {
            RouterSeen { fine: false, facts: Vec::new(), advice: vec![problem, advice] }
        }
    })
}

/// Visits a router now.
pub async fn sync(app: &AppState, id: i64) -> Result<String> {
    let router = store::get(app, id).await?;
    let reports = reconcile::sync_routers(app, Some(&router)).await?;
    let report = reports.into_iter().next().ok_or_else(|| Error::Internal("kunjungan tanpa laporan".to_owned()))?;
    match report.error {
        Some(problem) => Err(Error::Unavailable(problem)),
        None => Ok(format!(
            "{} akun dibaca, {} diubah, {} sesi diputus, {} akun tanpa layanan.",
            report.read, report.changed, report.kicked, report.unmatched
        )),
    }
}

/// Commands for a router's terminal. A new group has only the rights that it names.
pub async fn commands(app: &AppState) -> Result<RouterCommands> {
    let password = hex::encode(random_bytes::<12>()?);
    // The slow profile is a copy of one that customers have, so that addresses are given as before.
    let like = app.db.opt::<(String,)>(SOME_PROFILE, args![]).await?.map_or_else(|| "default".to_owned(), |row| row.0);
    let like = like.replace(['\\', '"', '$', '[', ']', ';', '\n', '\r'], "");
    let commands = format!(
        "/user group add name={USERNAME} policy=api,read,write,test\n\
         /user add name={USERNAME} group={USERNAME} password=\"{password}\" comment=\"billing\"\n\
         /ip service set api disabled=no port=8728\n\
         /ppp profile add copy-from=[find name=\"{like}\"] name=ISOLIR rate-limit=512k/512k"
    );
    let tls_commands = format!(
        "/certificate add name={USERNAME} common-name={USERNAME} days-valid=3650 key-usage=tls-server\n\
         /certificate sign {USERNAME}\n\
         /ip service set api-ssl certificate={USERNAME} disabled=no port=8729\n\
         /ip service set api disabled=yes"
    );
    Ok(RouterCommands { username: USERNAME.to_owned(), password, commands, tls_commands })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::routeros::{PASSWORD, RouterSim, USER};
    use crate::server::testing::TestApp;
    use serde_json::json;

    fn typed(sim: &RouterSim) -> RouterTyped {
        RouterTyped {
            id: 0,
            name: "Utara".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: sim.address().port().to_string(),
            username: USER.to_owned(),
            password: PASSWORD.to_owned(),
            isolir_profile: "ISOLIR".to_owned(),
            tls: "off".to_owned(),
            pin: String::new(),
        }
    }

    #[tokio::test]
    async fn a_router_is_added_tested_changed_and_stays_while_it_is_used() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let sim = RouterSim::start("127.0.0.1:0".parse().unwrap(), "r0", t.state.clock.clone()).await.unwrap();
            let who = Who::command();
            let id = save(&t.state, &who, typed(&sim)).await.unwrap();
            let seen = test(&t.state, id).await.unwrap();
            assert!(
                seen.fine && view(&t.state, id, true).await.unwrap().profiles.contains(&"ISOLIR".to_owned()),
                "{seen:?}"
            );

            // Blank keeps the password; a wrong one is told with advice.
            let blank = RouterTyped { id, name: "Selatan".to_owned(), password: String::new(), ..typed(&sim) };
            save(&t.state, &who, blank).await.unwrap();
            assert!(test(&t.state, id).await.unwrap().fine);
            let wrong = RouterTyped { id, password: "salah".to_owned(), ..typed(&sim) };
            save(&t.state, &who, wrong).await.unwrap();
            let seen = test(&t.state, id).await.unwrap();
            assert!(!seen.fine && seen.advice[0].contains("ditolak"), "{seen:?}");
            save(&t.state, &who, RouterTyped { id, ..typed(&sim) }).await.unwrap();
            sim.control(json!({ "drop_profile": "ISOLIR" })).await.unwrap();
            let seen = test(&t.state, id).await.unwrap();
            assert!(!seen.fine && seen.advice[0].contains("/ppp profile add name=ISOLIR"), "{seen:?}");

            let package = t.package("Home", 300_000, 1).await;
            t.service_on("a", package, "2025-01-01", Some(id)).await;
            assert_eq!(view(&t.state, id, true).await.unwrap().waiting.len(), 1);
            let Err(Error::Refused(words)) = store::remove(&t.state, id, &who).await else { panic!("removed") };
            assert!(words.contains("1 layanan"), "{words}");
            let port = RouterTyped { port: "delapan".to_owned(), ..typed(&sim) };
            assert!(matches!(save(&t.state, &who, port).await, Err(Error::Invalid { field, .. }) if field == "port"));
            let twin = save(&t.state, &who, typed(&sim)).await;
            assert!(matches!(twin, Err(Error::Invalid { field, .. }) if field == "name"));
            let spare = save(&t.state, &who, RouterTyped { name: "Cadangan".to_owned(), ..typed(&sim) }).await.unwrap();
            test(&t.state, spare).await.unwrap();
            store::remove(&t.state, spare, &who).await.unwrap();
        }
    }
}
