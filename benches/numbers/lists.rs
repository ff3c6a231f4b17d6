//! Every list of the office at full size, with all its filters, sorts and searches: server time through the whole site
//! (guard, SQL, JSON), beside a primary-key read on the same engine. And the export of everything, with its memory.

use crate::Number;
use axum::body::Body;
use axum::http::Request;
use futures::StreamExt;
use kimonet::server::secrets::hash_password;
use kimonet::server::state::AppState;
use kimonet::{args, sql};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use tower::ServiceExt;

const LIMIT: Duration = Duration::from_millis(50);
const EXPORT_LIMIT: Duration = Duration::from_secs(30);
/// Memory that the export may add.
const EXPORT_MB: i64 = 64;
/// The files that hold every customer: with chosen columns, and the one that can be imported again.
const EXPORTS: [&str; 2] = [
    "/admin/pelanggan/ekspor.xlsx?kolom=nomor&kolom=nama&kolom=telepon&kolom=alamat&kolom=paket&kolom=sisa",
    "/admin/ekspor.xlsx",
];
/// Requests of one list.
const REQUESTS_MAX: usize = 400;
/// A prime above any list's combinations over that.
const STRIDE: usize = 7919;

sql!(
    HIRE = "INSERT INTO staff (email, name, role, password_hash, active, created_at) VALUES ('bench@kantor.test', 'Bench', 'owner', $1, TRUE, $2)"
);
sql!(BY_KEY = "SELECT name FROM customer WHERE id = $1");
sql!(SOME_AREA = "SELECT area FROM service WHERE area <> '' ORDER BY id LIMIT 1");
sql!(SOME_PACKAGE = "SELECT package_id, service_number FROM service ORDER BY id LIMIT 1");

// What a year of messages, lines cut and restored, and deeds of the staff would leave: some hundred thousand rows each.
sql!(
    MESSAGES = "INSERT INTO message (kind, subject, day, customer_id, service_id, phone, text, state, reason, provider_id, created_at, sent_at)
 SELECT k.kind, 'bench:' || CAST(i.id AS TEXT), i.issued_on, i.customer_id, i.service_id, '6281200000000', 'Tagihan Anda sudah terbit.', CASE WHEN i.id % 50 = 0 THEN 'failed' ELSE 'sent' END, '', '', i.created_at, i.created_at
 FROM invoice i CROSS JOIN (SELECT 'invoice' AS kind UNION ALL SELECT 'reminder') k WHERE i.kind = 'regular'"
);
sql!(
    EVENTS = "INSERT INTO access_event (service_id, what, reason, profile_before, profile_after, who, at)
 SELECT i.service_id, k.what, 'Lewat jatuh tempo', 'Home', 'ISOLIR', 'Sistem', i.created_at
 FROM invoice i CROSS JOIN (SELECT 'wish_isolated' AS what UNION ALL SELECT 'isolated') k WHERE i.kind = 'regular'"
);
sql!(
    DEEDS = "INSERT INTO audit_event (at, who, staff_id, action, subject, before_value, after_value, address, hash)
 SELECT i.created_at, 'Bench', 1, CASE WHEN i.id % 3 = 0 THEN 'service.change' ELSE 'payment.record' END, 'service:' || CAST(i.service_id AS TEXT), '', 'Rp 150.000 tunai', '10.0.0.7', ''
 FROM invoice i WHERE i.kind = 'regular'"
);

/// Every combination of the choices; of many, as many as [`REQUESTS_MAX`], in strides that no choice's number divides, so
/// that each value of each choice is met with each of the others.
fn combinations(base: Value, choices: &[(&str, Vec<String>)]) -> Vec<Value> {
    let mut all = vec![base];
    for (key, values) in choices {
        all = all
            .into_iter()
            .flat_map(|base| {
                values.iter().map(move |value| {
                    let mut with = base.clone();
                    with[*key] = json!(value);
                    with
                })
            })
            .collect();
    }
    let count = all.len();
    (0..count.min(REQUESTS_MAX)).map(|n| all[n * STRIDE % count].clone()).collect()
}

fn words(text: &str) -> Vec<String> {
    text.split('|').map(str::to_owned).collect()
}

/// What PostgreSQL's autovacuum does within a minute of such an insert: until then an index alone does not tell which rows
/// there are, and nothing else of this bench lasts a minute.
async fn vacuum(state: &AppState) {
    if let kimonet::server::db::Db::Postgres(pool) = &state.db {
        sqlx::query("VACUUM (ANALYZE)").execute(pool).await.expect("vacuum");
    }
}

/// The lists of the office with what can be chosen on each: filters, searches, orders.
fn lists(searches: &[String], package: &str, area: &str) -> Vec<(&'static str, Vec<Value>)> {
    let searched = ("q", searches.to_vec());
    let packages = ("package", vec![String::new(), package.to_owned()]);
    let areas = ("area", vec![String::new(), area.to_owned()]);
    let nobody = ("collector", words(""));
    let days = ("to", words("|31/12/2025"));
    vec![
        (
            "customer/list",
            combinations(
                json!({}),
                &[
                    searched.clone(),
                    ("stage", words("|aktif|berhenti")),
                    ("paid", words("|belum|menunggak|lunas")),
                    ("access", words("|isolated")),
                    packages.clone(),
                    ("router", words("|1")),
                    areas.clone(),
                    nobody.clone(),
                    ("sort", words("|-name|number|-due|area|started|owed|-owed")),
                ],
            ),
        ),
        (
            "invoice/list",
            combinations(
                json!({}),
                &[
                    searched.clone(),
                    ("period", words("|2026-01|2025-12|semua")),
                    ("status", words("|unpaid|overdue|paid")),
                    ("sort", words("|number|due|-due|name|-total|-left")),
                ],
            ),
        ),
        (
            "isolir/list",
            combinations(
                json!({}),
                &[
                    searched.clone(),
                    ("state", words("|terbukti|menunggu|manual")),
                    ("sort", words("|name|-owed|since")),
                ],
            ),
        ),
        (
            "arrears/list",
            combinations(
                json!({}),
                &[
                    searched.clone(),
                    areas.clone(),
                    nobody.clone(),
                    packages,
                    ("age", words("|30|60|lebih")),
                    ("sort", words("|-due|name|-name|owed|-owed")),
                ],
            ),
        ),
        ("collect/list", combinations(json!({}), &[searched.clone(), areas, nobody, ("due", words("|tempo"))])),
        (
            "payment/list",
            combinations(
                json!({}),
                &[
                    searched.clone(),
                    ("from", words("|1/12/2025|1/1/2025")),
                    days.clone(),
                    ("method", words("|cash|transfer")),
                    ("receiver", words("|Rina")),
                ],
            )
            .into_iter()
            .filter(|filter| filter["from"] != "" || filter["to"] == "" || filter["q"] != "")
            .collect(),
        ),
        (
            "message/list",
            combinations(
                json!({}),
                &[
                    searched.clone(),
                    ("state", words("|sent|failed")),
                    ("kind", words("|invoice|reminder")),
                    ("from", words("|1/12/2025")),
                    ("to", words("")),
                ],
            ),
        ),
        (
            "activity/list",
            combinations(
                json!({ "before": 0, "after": 0 }),
                &[
                    searched.clone(),
                    ("who", words("|1|Sistem")),
                    ("action", words("|payment.record|service.change")),
                    ("subject", words("|service:77")),
                    ("from", words("|1/1/2025")),
                    ("to", words("")),
                ],
            ),
        ),
        (
            "isolir/log",
            combinations(
                json!({}),
                &[searched, ("what", words("|diminta|terbukti")), ("from", words("|1/1/2025")), ("to", words(""))],
            ),
        ),
    ]
}

pub async fn run(state: &AppState) -> Vec<Number> {
    let hash = hash_password("bench-bench-bench").expect("hash");
    let mut tx = state.db.begin().await.expect("transaction");
    tx.exec_one(HIRE, args![hash, state.clock.now()]).await.expect("staff");
    for fill in [MESSAGES, EVENTS, DEEDS] {
        tx.exec(fill, args![]).await.expect("rows");
    }
    tx.analyze().await.expect("analyze");
    tx.commit().await.expect("commit");
    vacuum(state).await;
    let token = kimonet::server::session::log_in(state, "bench@kantor.test", "bench-bench-bench", "127.0.0.1", "bench")
        .await
        .expect("log-in");
    let cookie = format!("kimonet_sid={}", token.expect("let in").token);
    let site = kimonet::server::http::router(state.clone());
    let (area,): (String,) = state.db.one(SOME_AREA, args![]).await.expect("area");
    let (package, number): (i64, String) = state.db.one(SOME_PACKAGE, args![]).await.expect("package");
    let searches = vec![String::new(), "siti".to_owned(), "0812".to_owned(), number, "tidak ada".to_owned()];

    let lists = lists(&searches, &package.to_string(), &area);

    let mut keys = Vec::new();
    for id in 1..=400_i64 {
        let begin = Instant::now();
        state.db.opt::<(String,)>(BY_KEY, args![id * 97 % 1_000 + 1]).await.expect("read");
        keys.push(begin.elapsed());
    }
    keys.sort();
    let by_key = keys[keys.len() / 2];

    let mut numbers = Vec::new();
    for (list, filters) in lists {
        let (mut times, mut worst) = (Vec::new(), (Duration::ZERO, Value::Null));
        let mut waiting: VecDeque<(Value, i64)> = filters.into_iter().map(|filter| (filter, 1)).collect();
        while let Some((mut filter, page)) = waiting.pop_front() {
            filter["page"] = json!(page);
            let begin = Instant::now();
            let answer = post(&site, list, &cookie, &json!({ "filter": filter })).await;
            let took = begin.elapsed();
            // Where there are more pages, one far on is asked for as well.
            let last = answer["info"]["pages"].as_i64().unwrap_or(1);
            if page == 1 && last > 1 {
                waiting.push_back((filter.clone(), last.min(40)));
            }
            if took > LIMIT && std::env::var_os("BENCH_SLOW").is_some() {
                eprintln!("slow: {took:.0?} {list} {filter}");
            }
            if took > worst.0 {
                worst = (took, filter);
            }
            times.push(took);
        }
        times.sort();
        let p95 = times[times.len() * 95 / 100];
        eprintln!(
            "lists: {list} {} requests, median {:.1?}, p95 {p95:.1?}, worst {:.1?} {}",
            times.len(),
            times[times.len() / 2],
            worst.0,
            worst.1
        );
        let ratio = p95.as_secs_f64() / by_key.as_secs_f64();
        numbers.push(Number::limited(
            format!("{list} on {}, p95 over {} filters", state.db.engine(), times.len()),
            format!("{p95:.1?}, {ratio:.0} × a read by key ({by_key:.0?})"),
            format!("under {LIMIT:?}"),
            p95 < LIMIT,
        ));
    }
    for path in EXPORTS {
        numbers.extend(export(&site, &cookie, state.db.engine(), path).await);
    }
    numbers
}

async fn post(site: &axum::Router, path: &str, cookie: &str, body: &Value) -> Value {
    let request = Request::post(format!("/api/admin/{path}"))
        .header("host", "localhost")
        .header("cookie", cookie)
        .header("content-type", "application/json")
        .header("accept", "application/json")
        .body(Body::from(body.to_string()))
        .expect("request");
    let answer = site.clone().oneshot(request).await.expect("answer");
    let status = answer.status();
    let text = axum::body::to_bytes(answer.into_body(), usize::MAX).await.expect("body");
    assert!(status.is_success(), "{path} {body}: {status} {}", String::from_utf8_lossy(&text));
    serde_json::from_slice(&text).expect("JSON")
}

/// Megabytes that this process holds of its own; pages of the database's file, which are the system's, not counted.
fn resident_mb() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<i64>().ok()).unwrap_or(0) / 1024
}

async fn export(site: &axum::Router, cookie: &str, engine: &str, path: &'static str) -> Vec<Number> {
    let request =
        Request::get(path).header("host", "localhost").header("cookie", cookie).body(Body::empty()).expect("request");
    let before = resident_mb();
    PEAK.store(before, std::sync::atomic::Ordering::Relaxed);
    let watch = tokio::spawn(async {
        loop {
            PEAK.fetch_max(resident_mb(), std::sync::atomic::Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let begin = Instant::now();
    let answer = site.clone().oneshot(request).await.expect("answer");
    assert!(answer.status().is_success(), "export: {}", answer.status());
    let (mut bytes, mut body) = (0, answer.into_body().into_data_stream());
    while let Some(piece) = body.next().await {
        bytes += piece.expect("piece").len();
    }
    let took = begin.elapsed();
    watch.abort();
    let added = (PEAK.load(std::sync::atomic::Ordering::Relaxed) - before).max(0);
    let name = path.split('?').next().unwrap_or_default();
    vec![
        Number::limited(
            format!("{name}, all customers, {engine} ({} kB)", bytes / 1024),
            format!("{took:.1?}"),
            format!("under {EXPORT_LIMIT:?}"),
            took < EXPORT_LIMIT,
        ),
        Number::limited(
            format!("memory that it adds, {engine}"),
            format!("{added} MB"),
            format!("at most {EXPORT_MB} MB"),
            added <= EXPORT_MB,
        ),
    ]
}

static PEAK: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);
