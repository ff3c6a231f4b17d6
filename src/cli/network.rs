//! `router:add`, `mikrotik:test`, `router:sync`, `isolir:*`.

use super::args::{IsolirArgs, OneArgs, RouterArgs};
use super::{Outcome, read_stdin};
use crate::server::access::{self, isolir, isolir::RunIsolir};
use crate::server::audit::Who;
use crate::server::customers::find::service_id;
use crate::server::error::{Error, Result};
use crate::server::routers::reconcile;
use crate::server::routers::store::{self, RouterForm};
use crate::server::state::AppState;
use serde_json::json;
use std::time::Duration;

pub async fn router_add(state: &AppState, options: RouterArgs) -> Result<Outcome> {
    let name = options.name.clone();
    let form = RouterForm {
        name: options.name,
        host: options.host,
        port: options.port,
        username: options.username,
        password: Some(read_stdin()?),
        isolir_profile: options.isolir_profile,
        strategy: options.strategy,
        tls: options.tls.unwrap_or_else(|| "off".to_owned()),
    };
    let id = store::add(state, form, &Who::command()).await?;
    Ok(Outcome::done(
        json!({ "id": id }),
        format!("Router {name} ditambahkan. Uji dengan `kimonet mikrotik:test --server {id}`."),
    ))
}

pub async fn mikrotik_test(state: &AppState, server: &str) -> Result<Outcome> {
    let router = store::find(state, server).await?;
    let probe = store::probe(state, &router).await?;
    let value = serde_json::to_value(&probe)?;
    if probe.ok() {
        let text = format!("Router {} menjawab: {value}", router.name);
        Ok(Outcome::done(value, text))
    } else {
        let say = |key: &str| value.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        let reason = format!("{} {}", say("problem"), say("advice"));
        Ok(Outcome::failed(value, reason))
    }
}

pub async fn router_sync(state: &AppState, server: Option<&str>) -> Result<Outcome> {
    let only = match server {
        Some(name) => Some(store::find(state, name).await?),
        None => None,
    };
    let reports = reconcile::sync_routers(state, only.as_ref()).await?;
    let text = reports
        .iter()
        .map(|report| match &report.error {
            Some(error) => format!("{}: {error}", report.name),
            None => format!(
                "{}: {} akun dibaca, {} diubah, {} sesi diputus, {} tanpa layanan",
                report.name, report.read, report.changed, report.kicked, report.unmatched
            ),
        })
        .collect::<Vec<_>>();
    let failed: Vec<&str> =
        reports.iter().filter(|report| report.error.is_some()).map(|report| report.name.as_str()).collect();
    let value = json!({ "routers": reports });
    if failed.is_empty() {
        Ok(Outcome::lines(value, text))
    } else {
        Ok(Outcome::failed(value, format!("router tidak tersinkron: {}", failed.join(", "))))
    }
}

pub async fn isolir_auto(state: &AppState, options: &IsolirArgs) -> Result<Outcome> {
    let run = RunIsolir {
        today: state.clock.today(),
        dry_run: options.dry_run,
        approve: options.approve,
        by: Who::command(),
        wait: Some(Duration::from_secs(options.wait)),
    };
    let report = isolir::run_isolir(state, run).await?;
    let mut text = vec![format!(
        "{} lewat tempo, {} terisolir, {} ditahan, {} dipulihkan, {} menunggu router, {} gagal.",
        report.overdue,
        report.isolated,
        report.held.len(),
        report.restored,
        report.pending,
        report.failed.len()
    )];
    text.extend(report.held.iter().map(|held| format!("  ditahan {}: {}", held.service_number, held.reason)));
    text.extend(report.failed.iter().map(|failed| format!("  gagal {}: {}", failed.service_number, failed.problem)));
    let value = serde_json::to_value(&report)?;
    if report.braked {
        return Ok(Outcome::failed(
            value,
            "Terlalu banyak layanan akan diisolir sekaligus; tidak ada yang diisolir. Periksa dahulu, lalu jalankan lagi dengan --approve.",
        ));
    }
    Ok(Outcome::lines(value, text))
}

pub async fn isolir_one(state: &AppState, options: OneArgs, cut: bool) -> Result<Outcome> {
    let id = service_id(state, &options.id).await?;
    let wait = Some(Duration::from_secs(options.wait));
    let who = Who::command();
    let reason = if options.reason.is_empty() { "lewat perintah" } else { &options.reason };
    let report = if cut {
        access::isolate_one(state, id, reason, &who, wait).await?
    } else {
        access::restore_one(state, id, reason, &who, wait).await?
    };
    let text = format!("{}: seharusnya {}, terlihat {}", report.service_number, report.desired, report.observed);
    Ok(Outcome::done(serde_json::to_value(&report).map_err(Error::from)?, text))
}

pub async fn whatsapp_reminder(state: &AppState) -> Result<Outcome> {
    let report = crate::server::messages::reminders::remind(state).await?;
    let text = format!(
        "{} pengingat diantre ({} di antaranya peringatan isolir), {} dilewati.",
        report.queued.values().sum::<i64>() + report.warned_apart,
        report.warned,
        report.skipped
    );
    Ok(Outcome::done(serde_json::to_value(&report)?, text))
}
