use super::{Drilled, drill, make, path_of, restore};
use crate::args;
use crate::server::alerts;
use crate::server::config::Config;
use crate::server::db::dump::Scratch;
use crate::server::error::Error;
use crate::server::testing::TestApp;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

crate::sql!(STATES = "SELECT kind, state, copied FROM backup ORDER BY id");
crate::sql!(DRILL = "SELECT drill FROM backup ORDER BY id DESC LIMIT 1");

/// An installation whose key lies in its file, as after `key:generate`, with customers and bills.
async fn installations() -> Vec<TestApp> {
    let mut apps = TestApp::each("2026-01-15 10:00").await;
    for app in &mut apps {
        let mut config = (*app.state.config).clone();
        config.key = None;
        config.key_file = app.folder().join("app.key");
        std::fs::write(&config.key_file, app.state.secrets.to_base64()).unwrap();
        app.state.config = Arc::new(config);
        let package = app.package("Home", 300_000, 1).await;
        for n in 0..12 {
            app.service(&format!("1000{n:04}"), package, "2025-06-01").await;
        }
        app.issue("2026-01").await;
        app.set(&[("gateway.flip.secret_key", "rahasia-flip")]).await;
        let files = app.folder().join("files/ktp");
        std::fs::create_dir_all(&files).unwrap();
        std::fs::write(files.join("a.jpg"), vec![7; 300_000]).unwrap();
    }
    apps
}

/// An empty place for the same engine.
struct Bare {
    folder: TempDir,
    scratch: Option<Scratch>,
    config: Config,
}

impl Bare {
    async fn beside(app: &TestApp) -> Self {
        let folder = TempDir::new().unwrap();
        let name = format!("r_{}", hex::encode(crate::server::secrets::random_bytes::<6>().unwrap()));
        let scratch = Scratch::make(&app.state.config.database_url, folder.path(), &name).await.unwrap();
        let mut config = (*app.state.config).clone();
        config.data = folder.path().join("data");
        config.database_url.clone_from(&scratch.url);
        Self { folder, scratch: Some(scratch), config }
    }

    async fn restore(&self, app: &TestApp, file: &Path, words: Option<&str>) -> Result<super::Restored, Error> {
        let (clock, secrets) = (app.state.clock.clone(), app.state.secrets.clone());
        restore(self.config.clone(), clock, secrets, file, words.map(str::to_owned)).await
    }

    async fn end(mut self) {
        self.scratch.take().unwrap().remove().await.unwrap();
    }
}

fn newest(app: &TestApp, file: &str) -> PathBuf {
    path_of(&app.state, file)
}

async fn assert_red(app: &TestApp, word: &str) -> Drilled {
    let drilled = drill(&app.state).await.unwrap();
    assert!(!drilled.green, "{drilled:?}");
    assert!(drilled.text.contains(word), "{word:?} in {:?}", drilled.text);
    let (stored,): (String,) = app.state.db.one(DRILL, args![]).await.unwrap();
    assert_eq!(stored, "red");
    assert!(alerts::open_ones(&app.state).await.unwrap().iter().any(|alert| alert.kind == super::ALERT_DRILL));
    drilled
}

#[tokio::test]
async fn a_backup_under_load_restores_to_one_moment() {
    for app in installations().await {
        let stop = Arc::new(AtomicBool::new(false));
        let state = app.state.clone();
        let forms: Vec<_> =
            (1..=12).map(|service| app.form(service, 1_000, crate::server::ledger::Source::Cash)).collect();
        let ended = Arc::clone(&stop);
        let load = tokio::spawn(async move {
            let mut n = 0;
            while !ended.load(Ordering::Relaxed) {
                for form in &forms {
                    let ledger = state.ledger(crate::server::audit::Who::command()).await.unwrap();
                    ledger.settle(form.clone()).await.unwrap();
                    n += 1;
                }
            }
            n
        });
        let made = make(&app.state, true, "Rina").await.unwrap();
        stop.store(true, Ordering::Relaxed);
        assert!(load.await.unwrap() > 0);
        let bare = Bare::beside(&app).await;
        let restored = bare.restore(&app, &newest(&app, &made.file), None).await.unwrap();
        assert_eq!(restored.report.differences, Vec::<String>::new(), "on {}", app.state.db.engine());
        assert_eq!(restored.report.invoices, 12);
        assert_eq!(std::fs::read(bare.config.data.join("files/ktp/a.jpg")).unwrap(), vec![7; 300_000]);
        // A place that is not empty any more is left alone.
        let again = bare.restore(&app, &newest(&app, &made.file), None).await.unwrap_err();
        assert!(again.to_string().contains("tidak kosong"), "{again}");
        let drilled = drill(&app.state).await.unwrap();
        assert!(drilled.green, "{drilled:?}");
        assert!(drilled.text.contains("12 pelanggan"), "{}", drilled.text);
        // Nothing is left of the trials.
        let left: Vec<_> = std::fs::read_dir(app.folder())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("latihan") || name.starts_with("mencadangkan"))
            .collect();
        assert_eq!(left, Vec::<String>::new());
        bare.end().await;
    }
}

/// What a packed file holds, where it can be read.
fn inside(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut held = Vec::new();
    std::io::Read::read_to_end(&mut flate2::bufread::GzDecoder::new(bytes), &mut held).ok()?;
    Some(held)
}

#[tokio::test]
async fn the_drill_goes_red_on_one_byte_anywhere_and_green_again() {
    for app in installations().await {
        let made = make(&app.state, true, "Rina").await.unwrap();
        let path = newest(&app, &made.file);
        let whole = std::fs::read(&path).unwrap();
        for from in [4, whole.len() / 3, whole.len() / 2, whole.len() - 2] {
            // A bit may say only where a repetition is copied from, and equal bytes stand in two places: nothing is lost
            // then. The next one that changes what is inside, or its sums, counts.
            let (at, bytes) = (from..whole.len())
                .map(|at| {
                    let mut bytes = whole.clone();
                    bytes[at] ^= 1;
                    (at, bytes)
                })
                .find(|(at, bytes)| *at == 4 || inside(bytes) != inside(&whole))
                .unwrap();
            std::fs::write(&path, bytes).unwrap();
            assert_red(&app, "rusak").await;
            // Without the noted sum, too: `restore` has only the file.
            let bare = Bare::beside(&app).await;
            let refused = bare.restore(&app, &path, None).await;
            assert!(refused.is_err(), "byte {at} of {}", whole.len());
            bare.end().await;
        }
        std::fs::write(&path, &whole).unwrap();
        assert!(drill(&app.state).await.unwrap().green);
        assert_eq!(alerts::open_ones(&app.state).await.unwrap(), Vec::new());
    }
}

#[tokio::test]
async fn the_drill_goes_red_without_the_key_and_restore_writes_nothing() {
    for app in installations().await {
        let made = make(&app.state, true, "Rina").await.unwrap();
        let path = newest(&app, &made.file);
        std::fs::remove_file(&app.state.config.key_file).unwrap();
        assert_red(&app, "Kunci aplikasi belum ada").await;
        let other = crate::server::secrets::Secrets::generate().unwrap();
        std::fs::write(&app.state.config.key_file, other.to_base64()).unwrap();
        assert_red(&app, "bukan kunci yang menyegel").await;
        let bare = Bare::beside(&app).await;
        let clock = app.state.clock.clone();
        let refused = restore(bare.config.clone(), clock, other, &path, None).await.unwrap_err();
        assert!(refused.to_string().contains("Tidak ada yang ditulis"), "{refused}");
        assert!(!bare.config.data.exists() && !bare.folder.path().join("scratch.db").exists());
        bare.end().await;
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&app.state.config.key_file, app.state.secrets.to_base64()).unwrap();
        assert_red(&app, "tidak ada di server ini").await;
    }
}

#[tokio::test]
async fn a_truncated_file_and_a_truncated_dump_are_red() {
    for app in installations().await {
        let made = make(&app.state, true, "Rina").await.unwrap();
        let path = newest(&app, &made.file);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 100]).unwrap();
        assert_red(&app, "rusak").await;
        let bare = Bare::beside(&app).await;
        assert!(bare.restore(&app, &path, None).await.is_err());
        bare.end().await;
        // A dump that was cut before it was packed: the archive itself is whole, its sums agree.
        let folder = TempDir::new().unwrap();
        let manifest = super::archive::unpack(
            &{
                std::fs::write(&path, &whole).unwrap();
                path.clone()
            },
            None,
            folder.path(),
        )
        .unwrap();
        let dump = folder.path().join(&manifest.members[0].name);
        let bytes = std::fs::read(&dump).unwrap();
        std::fs::write(&dump, &bytes[..bytes.len() / 2]).unwrap();
        let mut cut = manifest.clone();
        let sources: Vec<PathBuf> = cut.members.iter().map(|member| folder.path().join(&member.name)).collect();
        for (member, source) in cut.members.iter_mut().zip(&sources) {
            (member.bytes, member.sha256) = super::archive::digest(source).unwrap();
        }
        let (_, sha256) = super::archive::pack(&path, &cut, &sources, None).unwrap();
        crate::sql!(NOTE_SUM = "UPDATE backup SET sha256 = $1 WHERE state = 'done'");
        let mut tx = app.state.db.begin().await.unwrap();
        tx.exec_one(NOTE_SUM, args![sha256]).await.unwrap();
        tx.commit().await.unwrap();
        let drilled = drill(&app.state).await.unwrap();
        assert!(!drilled.green, "{drilled:?}");
    }
}

#[tokio::test]
async fn a_sealed_backup_opens_with_its_passphrase_only() {
    let app = installations().await.remove(0);
    app.set(&[("backup.passphrase", "kambing hitam di atas bukit")]).await;
    let made = make(&app.state, true, "Rina").await.unwrap();
    let path = newest(&app, &made.file);
    assert!(made.file.ends_with(".tar.gz.age"), "{}", made.file);
    assert!(std::fs::read(&path).unwrap().starts_with(b"age-encryption.org/v1"));
    let bare = Bare::beside(&app).await;
    let wrong = bare.restore(&app, &path, Some("kambing putih")).await.unwrap_err();
    assert!(wrong.to_string().contains("tidak cocok"), "{wrong}");
    let none = bare.restore(&app, &path, None).await.unwrap_err();
    assert!(none.to_string().contains("--passphrase-stdin"), "{none}");
    assert!(!bare.config.data.exists());
    let restored = bare.restore(&app, &path, Some("kambing hitam di atas bukit")).await.unwrap();
    assert_eq!(restored.report.differences, Vec::<String>::new());
    assert!(drill(&app.state).await.unwrap().green);
    // The passphrase was changed since: that backup is lost to whoever has only the new one, and the drill says so.
    app.set(&[("backup.passphrase", "domba putih di lembah sunyi")]).await;
    assert_red(&app, "tidak cocok").await;
    bare.end().await;
}

#[tokio::test]
async fn days_and_months_are_kept_and_the_second_place_follows() {
    for app in installations().await {
        let second = TempDir::new().unwrap();
        let folder = second.path().display().to_string();
        app.set(&[("backup.keep_days", "3"), ("backup.keep_months", "2"), ("backup.folder", &folder)]).await;
        for month in ["01", "02", "03"] {
            for day in ["26", "27", "28"] {
                app.at(&format!("2026-{month}-{day} 02:00"));
                make(&app.state, false, "Jadwal").await.unwrap();
            }
        }
        let rows: Vec<(String, String, String)> = app.state.db.all(STATES, args![]).await.unwrap();
        let kept = |kind: &str| rows.iter().filter(|row| row.0 == kind && row.1 == "done").count();
        assert_eq!((kept("harian"), kept("bulanan")), (3, 2), "{rows:?}");
        assert!(rows.iter().all(|row| row.2 == "done"));
        let count = |folder: &Path| std::fs::read_dir(folder).unwrap().count();
        assert_eq!((count(&app.folder().join("backups")), count(second.path())), (5, 5));
        // A share that is not mounted: the local one is kept, and the alert says why.
        std::fs::remove_dir_all(second.path()).unwrap();
        let made = make(&app.state, true, "Rina").await.unwrap();
        assert!(made.copy_problem.contains("tidak terpasang"), "{}", made.copy_problem);
        assert!(newest(&app, &made.file).is_file());
        let open = alerts::open_ones(&app.state).await.unwrap();
        assert!(open.iter().any(|alert| alert.kind == super::ALERT_COPY), "{open:?}");
    }
}

/// A bucket of S3's wire: multipart uploads, one object a key; with another key everything is refused.
async fn bucket() -> (String, Arc<Mutex<BTreeMap<String, Vec<u8>>>>) {
    type Kept = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;
    async fn answer(State(kept): State<Kept>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
        let signed = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !signed.contains("Credential=AKIAUJI/") {
            return (StatusCode::FORBIDDEN, "<Error><Code>InvalidAccessKeyId</Code></Error>").into_response();
        }
        let (key, query) = (uri.path().to_owned(), uri.query().unwrap_or_default().to_owned());
        let mut kept = kept.lock().unwrap();
        match method.as_str() {
            "POST" if query.starts_with("uploads") => "<InitiateMultipartUploadResult><Bucket>cadangan</Bucket><Key>k</Key><UploadId>u1</UploadId></InitiateMultipartUploadResult>".into_response(),
            "PUT" => {
                kept.entry(key).or_default().extend_from_slice(&body);
                ([("etag", "\"e1\"")], "").into_response()
            }
            "POST" => "<CompleteMultipartUploadResult><ETag>e1</ETag></CompleteMultipartUploadResult>".into_response(),
            "DELETE" => {
                kept.remove(&key);
                StatusCode::NO_CONTENT.into_response()
            }
            _ => match kept.get(&key) {
                Some(bytes) => ([("etag", "\"e1\""), ("last-modified", "Thu, 15 Jan 2026 03:00:00 GMT")], bytes.clone()).into_response(),
                None => StatusCode::NOT_FOUND.into_response(),
            },
        }
    }
    let kept = Kept::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let site = axum::Router::new().fallback(answer).layer(DefaultBodyLimit::disable()).with_state(Arc::clone(&kept));
    tokio::spawn(async move { axum::serve(listener, site).await.unwrap() });
    (url, kept)
}

#[tokio::test]
async fn a_bucket_gets_the_same_bytes_and_a_refusal_leaves_the_local_one() {
    let app = installations().await.remove(0);
    let (url, kept) = bucket().await;
    app.set(&[
        ("backup.s3.endpoint", &url),
        ("backup.s3.bucket", "cadangan"),
        ("backup.s3.prefix", "kantor"),
        ("backup.s3.access_key", "AKIAUJI"),
        ("backup.s3.secret_key", "rahasia"),
    ])
    .await;
    super::check_second(&app.state.fresh_settings().await.unwrap()).await.unwrap();
    assert!(kept.lock().unwrap().is_empty(), "the trial leaves nothing");
    let made = make(&app.state, true, "Rina").await.unwrap();
    assert_eq!(made.copy_problem, "");
    let whole = std::fs::read(newest(&app, &made.file)).unwrap();
    assert_eq!(kept.lock().unwrap().get(&format!("/cadangan/kantor/{}", made.file)), Some(&whole));
    app.set(&[("backup.s3.access_key", "AKIALAIN")]).await;
    let made = make(&app.state, true, "Rina").await.unwrap();
    assert!(!made.copy_problem.is_empty());
    assert!(newest(&app, &made.file).is_file());
    assert!(super::check_second(&app.state.fresh_settings().await.unwrap()).await.is_err());
}
