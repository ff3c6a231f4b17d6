//! `GET /metrics` for Prometheus, with its token only.

use super::Site;
use crate::server::error::Result;
use crate::server::state::AppState;
use crate::{args, sql};
use axum::extract::{Query, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use std::fmt::Write;
use std::sync::atomic::Ordering;

/// Where the token may stand, if not in the header.
#[derive(Debug, Deserialize)]
pub struct Asking {
    #[serde(default)]
    token: String,
}

sql!(INVOICES_TODAY = "SELECT COUNT(*), CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM invoice WHERE issued_on = $1");
sql!(
    PAYMENTS_TODAY = "SELECT method, COUNT(*), CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM payment WHERE received_on = $1 GROUP BY method"
);
sql!(
    QUEUE = "SELECT kind, state, COUNT(*) FROM work WHERE state IN ('ready', 'retry', 'running') GROUP BY kind, state"
);
sql!(DEAD = "SELECT kind, COUNT(*) FROM work WHERE state = 'dead' GROUP BY kind");
sql!(OLDEST_DUE = "SELECT MIN(run_at) FROM work WHERE state IN ('ready', 'retry') AND run_at <= $1");
sql!(ROUTERS = "SELECT state, COUNT(*) FROM router GROUP BY state");
sql!(
    WAITING = "SELECT COUNT(*) FROM service WHERE desired <> observed AND desired <> 'as_is' AND router_id IS NOT NULL"
);
sql!(MESSAGES = "SELECT state, COUNT(*) FROM message WHERE day >= $1 GROUP BY state");
sql!(
    LAST_RUNS = "SELECT r.job, r.state, r.finished_at FROM job_run r
 JOIN (SELECT job, MAX(id) AS id FROM job_run WHERE state <> 'running' GROUP BY job) l ON l.id = r.id ORDER BY r.job"
);
sql!(OPEN_ALERTS = "SELECT kind, COUNT(*) FROM alert WHERE state = 'open' GROUP BY kind");

/// The answer.
pub async fn metrics(State(site): State<Site>, headers: HeaderMap, Query(asking): Query<Asking>) -> Response {
    let bearer = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default();
    let given = if bearer.is_empty() { asking.token.as_str() } else { bearer };
    let expected = match site.app.settings().await.and_then(|settings| settings.secret("metrics.token")) {
        Ok(token) => token,
        Err(error) => return failed(&error),
    };
    if !super::token_fits(&expected, given) {
        return (StatusCode::FORBIDDEN, "Ditolak: token salah atau belum diatur (Pengaturan, Keamanan).\n")
            .into_response();
    }
    match text(&site).await {
        Ok(text) => ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response(),
        Err(error) => failed(&error),
    }
}

fn failed(error: &crate::server::error::Error) -> Response {
    tracing::error!(%error, "metrics");
    (StatusCode::INTERNAL_SERVER_ERROR, "Gagal membaca angka.\n").into_response()
}

/// Lines of Prometheus' text form.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing into a String cannot fail.
        let _always_fits = writeln!(self.0, "{line}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: i64) {
        self.family(name, kind, help);
        self.line(format_args!("{name} {value}"));
    }

    fn by(&mut self, name: &str, kind: &str, help: &str, label: &str, rows: &[(String, i64)]) {
        self.family(name, kind, help);
        for (word, value) in rows {
            self.line(format_args!("{name}{{{label}=\"{}\"}} {value}", escaped(word)));
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

async fn text(site: &Site) -> Result<String> {
    let app = &site.app;
    let mut lines = Lines::default();
    money(app, &mut lines).await?;
    work(app, &mut lines).await?;
    let routers: Vec<(String, i64)> = app.db.all(ROUTERS, args![]).await?;
    lines.by("kimonet_routers", "gauge", "Routers by state.", "state", &routers);
    let waiting = app.db.number(WAITING, args![]).await?;
    lines.one("kimonet_services_waiting", "gauge", "Services that wait for their router.", waiting);
    let messages: Vec<(String, i64)> = app.db.all(MESSAGES, args![app.clock.today()]).await?;
    lines.by("kimonet_messages_today", "gauge", "Messages of today by state.", "state", &messages);
    let alerts: Vec<(String, i64)> = app.db.all(OPEN_ALERTS, args![]).await?;
    lines.by("kimonet_alerts_open", "gauge", "Open alerts by kind.", "kind", &alerts);
    lines.one("kimonet_database_bytes", "gauge", "Size of the database.", app.db.bytes().await?);
    let uptime = i64::try_from(site.started.elapsed().as_secs()).unwrap_or(i64::MAX);
    lines.one("kimonet_process_uptime_seconds", "gauge", "Seconds since this process began.", uptime);
    let answers: Vec<(String, i64)> = site
        .answers
        .iter()
        .enumerate()
        .map(|(class, n)| (format!("{class}xx"), i64::try_from(n.load(Ordering::Relaxed)).unwrap_or(i64::MAX)))
        .filter(|(_, n)| *n > 0)
        .collect();
    lines.by(
        "kimonet_http_requests_total",
        "counter",
        "Requests that this process answered, by status.",
        "status",
        &answers,
    );
    Ok(lines.0)
}

async fn money(app: &AppState, lines: &mut Lines) -> Result<()> {
    let today = app.clock.today();
    let (count, sum): (i64, i64) = app.db.one(INVOICES_TODAY, args![today]).await?;
    lines.one("kimonet_invoices_issued_today", "gauge", "Bills issued today.", count);
    lines.one("kimonet_invoices_issued_today_rupiah", "gauge", "Their sum.", sum);
    let paid: Vec<(String, i64, i64)> = app.db.all(PAYMENTS_TODAY, args![today]).await?;
    let counts: Vec<(String, i64)> = paid.iter().map(|row| (row.0.clone(), row.1)).collect();
    let sums: Vec<(String, i64)> = paid.into_iter().map(|row| (row.0, row.2)).collect();
    lines.by("kimonet_payments_today", "gauge", "Payments received today.", "method", &counts);
    lines.by("kimonet_payments_today_rupiah", "gauge", "Their sum.", "method", &sums);
    Ok(())
}

async fn work(app: &AppState, lines: &mut Lines) -> Result<()> {
    let now = app.clock.now();
    let queue: Vec<(String, String, i64)> = app.db.all(QUEUE, args![]).await?;
    lines.family("kimonet_work", "gauge", "Work in the queue by kind and state.");
    for (kind, state, n) in queue {
        lines.line(format_args!("kimonet_work{{kind=\"{}\",state=\"{}\"}} {n}", escaped(&kind), escaped(&state)));
    }
    let dead: Vec<(String, i64)> = app.db.all(DEAD, args![]).await?;
    lines.by("kimonet_work_dead", "gauge", "Dead letters by kind.", "kind", &dead);
    let (oldest,): (Option<DateTime<Utc>>,) = app.db.one(OLDEST_DUE, args![now]).await?;
    let age = oldest.map_or(0, |at| (now - at).num_seconds().max(0));
    lines.one("kimonet_work_oldest_due_seconds", "gauge", "Age of the oldest work that is due.", age);
    let runs: Vec<(String, String, Option<DateTime<Utc>>)> = app.db.all(LAST_RUNS, args![]).await?;
    lines.family("kimonet_job_last_success", "gauge", "Whether the last run of a job succeeded.");
    for (job, state, _) in &runs {
        lines.line(format_args!("kimonet_job_last_success{{job=\"{}\"}} {}", escaped(job), i64::from(state == "done")));
    }
    lines.family("kimonet_job_last_run_timestamp_seconds", "gauge", "When the last run of a job ended.");
    for (job, _, at) in &runs {
        if let Some(at) = at {
            let line =
                format_args!("kimonet_job_last_run_timestamp_seconds{{job=\"{}\"}} {}", escaped(job), at.timestamp());
            lines.line(line);
        }
    }
    Ok(())
}
