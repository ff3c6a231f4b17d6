use super::{check, nearly_full};
use crate::sandbox::http::{Sandbox, SandboxConfig};
use crate::server::alerts;
use crate::server::testing::TestApp;
use crate::{args, sql};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

sql!(ROUTER_DOWN = "INSERT INTO router (name, host, port, username, password_sealed, isolir_profile, strategy, tls, tls_pin, state, state_since, last_problem, failures, created_at)
 VALUES ($1, '127.0.0.1', 8728, 'billing', '', 'ISOLIR', 'profile', 'off', '', 'down', $2, 'Tidak menjawab.', 9, $2)");
sql!(ROUTER_UP = "UPDATE router SET state = 'up' WHERE name = $1");
sql!(
    REFUSE = "INSERT INTO refused_notice (gateway, reason, body_start, address, at) VALUES ('flip', 'token', '', '203.0.113.9', $1)"
);
sql!(
    LATE = "INSERT INTO work (kind, payload, dedup, lane, run_at, lease_by, attempt, state, last_error, created_at) VALUES ('run_job', '{}', 'x', '', $1, '', 0, 'ready', '', $1)"
);
sql!(HOW = "SELECT told_how FROM alert ORDER BY id");

async fn exec(app: &TestApp, sql: crate::server::db::Sql, args: Vec<crate::server::db::Val>) {
    let mut tx = app.state.db.begin().await.unwrap();
    tx.exec(sql, args).await.unwrap();
    tx.commit().await.unwrap();
}

async fn open_kinds(app: &TestApp) -> Vec<String> {
    check(&app.state, None).await.unwrap();
    alerts::open_ones(&app.state).await.unwrap().into_iter().map(|alert| alert.kind).collect()
}

/// A mail server that takes everything and keeps what came: real SMTP on a port.
async fn mail_server() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let taken = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&taken);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let kept = Arc::clone(&kept);
            tokio::spawn(async move {
                let (read, mut write) = stream.into_split();
                let mut lines = BufReader::new(read).lines();
                write.write_all(b"220 surel.test ESMTP\r\n").await.unwrap();
                let (mut letter, mut inside) = (String::new(), false);
                while let Ok(Some(line)) = lines.next_line().await {
                    if inside {
                        if line == "." {
                            inside = false;
                            kept.lock().unwrap().push(std::mem::take(&mut letter));
                            write.write_all(b"250 taken\r\n").await.unwrap();
                        } else {
                            letter.push_str(&line);
                            letter.push('\n');
                        }
                        continue;
                    }
                    let answer: &[u8] = match line.to_ascii_uppercase().as_str() {
                        "DATA" => {
                            inside = true;
                            b"354 go on\r\n"
                        }
                        "QUIT" => b"221 bye\r\n",
                        word if word.starts_with("EHLO") => b"250-surel.test\r\n250 8BITMIME\r\n",
                        _ => b"250 ok\r\n",
                    };
                    write.write_all(answer).await.unwrap();
                }
            });
        }
    });
    (url, taken)
}

#[tokio::test]
async fn a_router_down_for_half_an_hour_is_told_once_and_its_end_once() {
    for app in TestApp::each("2026-01-15 10:00").await {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let config = SandboxConfig::new("http://127.0.0.1:9".to_owned());
        let sandbox = Sandbox::new(config, app.state.clock.clone(), client, Vec::new());
        let whatsapp = sandbox.whatsapp.clone();
        let theirs = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/whatsapp", theirs.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(theirs, sandbox.router()).await.unwrap() });
        app.set(&[
            ("whatsapp.provider", "mpwa"),
            ("whatsapp.api_url", &base),
            ("whatsapp.device_id", crate::sandbox::whatsapp::DEVICE),
            ("whatsapp.api_key", crate::sandbox::whatsapp::API_KEY),
            ("alert.phone", "081234567890"),
        ])
        .await;
        exec(&app, ROUTER_DOWN, args!["Utara", app.state.clock.now()]).await;
        assert_eq!(open_kinds(&app).await, Vec::<String>::new(), "not yet");
        app.at("2026-01-15 10:31");
        for _ in 0..3 {
            assert_eq!(open_kinds(&app).await, ["router_down"]);
        }
        assert_eq!(whatsapp.messages().len(), 1);
        exec(&app, ROUTER_UP, args!["Utara"]).await;
        for _ in 0..3 {
            assert_eq!(open_kinds(&app).await, Vec::<String>::new());
        }
        let texts: Vec<String> = whatsapp.messages().into_iter().map(|message| message.text).collect();
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(texts.iter().any(|text| text.contains("Router Utara tidak menjawab lebih dari 30 menit")), "{texts:?}");
        assert!(texts.iter().any(|text| text.contains("sudah beres")), "{texts:?}");
    }
}

#[tokio::test]
async fn refused_callbacks_a_standing_queue_and_a_dead_device_are_told_by_mail() {
    for app in TestApp::each("2026-01-15 10:00").await {
        let (url, taken) = mail_server().await;
        app.set(&[
            ("alert.email", "rina@contoh.test"),
            ("email.from", "kimonet@contoh.test"),
            ("email.smtp_url", &url),
        ])
        .await;
        let now = app.state.clock.now();
        for _ in 0..10 {
            exec(&app, REFUSE, args![now]).await;
        }
        exec(&app, LATE, args![now - chrono::Duration::minutes(20)]).await;
        let mut tx = app.state.db.begin().await.unwrap();
        alerts::open(&mut tx, "whatsapp_down", "whatsapp", "WhatsApp tidak dapat mengirim.", now).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(open_kinds(&app).await, ["whatsapp_down", "refused", "queue"]);
        assert_eq!(open_kinds(&app).await.len(), 3);
        let letters = taken.lock().unwrap().clone();
        assert_eq!(letters.len(), 3, "{letters:?}");
        assert!(letters[0].contains("To: rina@contoh.test") && letters[0].contains("WhatsApp tidak dapat mengirim"));
        let how: Vec<(String,)> = app.state.db.all(HOW, args![]).await.unwrap();
        assert!(how.iter().all(|row| row.0 == "email"), "{how:?}");
    }
}

#[tokio::test]
async fn who_cannot_be_told_yet_is_told_later() {
    let app = TestApp::sqlite("2026-01-15 10:00").await;
    exec(&app, ROUTER_DOWN, args!["Utara", app.state.clock.now() - chrono::Duration::hours(1)]).await;
    assert_eq!(open_kinds(&app).await, ["router_down"]);
    let (url, taken) = mail_server().await;
    app.set(&[("alert.email", "rina@contoh.test"), ("email.smtp_url", &url)]).await;
    open_kinds(&app).await;
    assert_eq!(taken.lock().unwrap().len(), 1);
}

#[test]
fn a_disk_is_full_by_share_and_by_bytes() {
    let gb = 1024 * 1024 * 1024;
    assert!(nearly_full(400 * 1024 * 1024, 50));
    assert!(nearly_full(5 * gb, 5));
    assert!(!nearly_full(5 * gb, 20));
    assert!(!nearly_full(100 * gb, 5));
}

sql!(
    HELD = "INSERT INTO rehearsal (period, set_hash, bills, total, state, differing, who, staff_id, approved_at, ended_at) VALUES ('2026-01', '', 50, 0, 'asked', 7, 'Rina', NULL, $1, NULL)"
);
sql!(DECIDED = "UPDATE rehearsal SET state = 'cancelled'");

#[tokio::test]
async fn a_bill_run_that_waits_for_a_decision_is_told_until_it_is_made() {
    for app in TestApp::each("2026-01-01 00:05").await {
        exec(&app, HELD, args![app.state.clock.now()]).await;
        assert_eq!(open_kinds(&app).await, ["bills_held"]);
        exec(&app, DECIDED, args![]).await;
        assert_eq!(open_kinds(&app).await, Vec::<String>::new());
    }
}
