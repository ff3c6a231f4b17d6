//! `serve` (and its demo) and `sandbox`: what runs until it is told to stop.

use super::args::SandboxArgs;
use super::{Outcome, prepare_folder, read_key, setup};
use crate::sandbox::routeros::ADDRESS;
use crate::server::audit::Who;
use crate::server::clock::Clock;
use crate::server::config::Config;
use crate::server::customers::seed::{self, SeedWish};
use crate::server::db::Db;
use crate::server::error::{Error, Result};
use crate::server::ledger::{IssueWish, Scope};
use crate::server::secrets::Secrets;
use crate::server::staff::first;
use crate::server::state::AppState;
use crate::{args, sql};
use serde_json::json;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;

/// How long a stop may take in all.
const STOP: Duration = Duration::from_secs(9);
/// The demo's log-in.
const DEMO_OWNER: &str = "owner@demo.test";
const DEMO_PASSWORD: &str = "demo-demo-demo";
/// Where the demo's outside world listens.
const DEMO_SANDBOX: ([u8; 4], u16) = ([127, 0, 0, 1], 3900);

sql!(ANY_CUSTOMER = "SELECT COUNT(*) FROM (SELECT 1 FROM customer LIMIT 1) c");
sql!(ANY_STAFF = "SELECT COUNT(*) FROM (SELECT 1 FROM staff LIMIT 1) s");
sql!(DEMO_STAFF = "SELECT COUNT(*) FROM staff WHERE email = $1");

/// Serves the site until SIGTERM or SIGINT. Applies what the schema misses first.
pub async fn serve(mut config: Config, demo: bool) -> Result<Outcome> {
    config.demo = demo;
    if demo {
        config.data = config.data.join("demo");
        config.key_file = config.data.join("app.key");
        config.key = None;
        if std::env::var("DATABASE_URL").is_err() {
            config.database_url = format!("sqlite:{}", config.data.join("kimonet.db").display());
        }
        prepare_folder(&config)?;
        if !config.key_file.exists() {
            setup::write_key(&config.key_file, &Secrets::generate()?)?;
        }
    }
    prepare_folder(&config)?;
    let secrets = read_key(&config)?;
    let clock = Clock::real(config.zone, config.clock_offset_s);
    let db = Db::connect(&config.database_url).await?;
    db.migrate().await?;
    let state = AppState::new(db, clock, config, secrets)?;
    super::check(&state).await?;
    let listener = TcpListener::bind(state.config.listen)
        .await
        .map_err(|error| Error::Refused(format!("Alamat {} tidak dapat dipakai: {error}", state.config.listen)))?;
    if demo {
        prepare_demo(&state).await?;
    }
    let worker = tokio::spawn(crate::jobs::worker::run(state.clone()));
    let schedule = tokio::spawn(crate::jobs::schedule::run(state.clone()));
    tracing::info!(address = %state.config.listen, engine = state.db.engine(), "serving");
    if demo {
        greet(&state);
    }
    if let Some(code) = first::code(&state).await? {
        let base = state.config.base();
        eprintln!("Belum ada pengguna. Buka {base}/admin/siapkan dan buat akun pemilik. Kode penyiapan: {code}");
    }
    tokio::spawn(stop_on_signal(state.clone()));
    let served = crate::server::http::serve(state.clone(), listener).await;
    state.stop.cancel();
    if tokio::time::timeout(STOP, async { (worker.await, schedule.await) }).await.is_err() {
        tracing::warn!("some work had not ended; its lease will run out and another process goes on with it");
    }
    state.db.close().await;
    served?;
    Ok(Outcome::done(json!({ "stopped": true }), "Berhenti."))
}

async fn stop_on_signal(state: AppState) {
    wait_for_signal().await;
    tracing::info!("stopping");
    state.stop.cancel();
}

/// Waits for SIGTERM or SIGINT.
async fn wait_for_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! { _ = interrupt => (), _ = terminate.recv() => () }
            }
            Err(error) => {
                tracing::error!(%error, "cannot listen for SIGTERM");
                if let Err(error) = interrupt.await {
                    tracing::error!(%error, "cannot listen for SIGINT");
                }
            }
        }
    }
}

/// Fills the demo once, and starts its outside world with the accounts that its services have.
async fn prepare_demo(state: &AppState) -> Result<()> {
    let filled = state.db.number(ANY_CUSTOMER, args![]).await? + state.db.number(ANY_STAFF, args![]).await? > 0;
    // The owner is written last: without him this is a demo that was stopped half filled, or somebody's own database.
    if filled && state.db.number(DEMO_STAFF, args![DEMO_OWNER]).await? == 0 {
        return Err(Error::Refused(format!(
            "Basis data ini bukan demo, atau penyiapan demo dahulu terputus. Hapus folder {} lalu jalankan lagi, dan jangan memakai DATABASE_URL milik usaha untuk demo.",
            state.config.data.display()
        )));
    }
    if !filled {
        eprintln!("Menyiapkan data demo …");
        seed::seed(state, SeedWish { customers: 300, months: 12, random_seed: 20_260, routers: ADDRESS }).await?;
        setup::store_settings(state, demo_settings()).await?;
        setup::add_staff(state, DEMO_OWNER, "Bu Rina", "owner", DEMO_PASSWORD).await?;
    }
    let wish = IssueWish { period: None, scope: Scope::All, notify: false, dry_run: false };
    state.ledger(Who::system()).await?.issue(wish).await?;

    let secrets = seed::demo_secrets(state).await?;
    let names: Vec<String> = secrets.iter().map(|router| router.0.clone()).collect();
    let doors = crate::sandbox::run::routers(ADDRESS, &names, &state.clock).await?;
    for (sim, (_, accounts)) in doors.iter().zip(secrets) {
        sim.preload(accounts);
    }
    let callback = format!("http://{}", state.config.listen);
    let stop = state.stop.clone();
    crate::sandbox::run::spawn_http(SocketAddr::from(DEMO_SANDBOX), &callback, &state.clock, doors, async move {
        stop.cancelled().await;
    })
    .await
}

/// Gateway and WhatsApp of the demo: its own sandbox.
fn demo_settings() -> Vec<(String, String)> {
    let sandbox = format!("http://{}", SocketAddr::from(DEMO_SANDBOX));
    let values = [
        ("company.name", "Kimonet Demo".to_owned()),
        ("company.phone", "0812-0000-0000".to_owned()),
        ("gateway.flip.enabled", "true".to_owned()),
        ("gateway.flip.base_url", format!("{sandbox}/flip")),
        ("gateway.flip.secret_key", crate::sandbox::flip::SECRET_KEY.to_owned()),
        ("gateway.flip.validation_token", crate::sandbox::flip::VALIDATION_TOKEN.to_owned()),
        ("whatsapp.provider", "mpwa".to_owned()),
        ("whatsapp.api_url", format!("{sandbox}/whatsapp")),
        ("whatsapp.device_id", crate::sandbox::whatsapp::DEVICE.to_owned()),
        ("whatsapp.api_key", crate::sandbox::whatsapp::API_KEY.to_owned()),
    ];
    values.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn greet(state: &AppState) {
    let base = state.config.base();
    let sandbox = SocketAddr::from(DEMO_SANDBOX);
    eprintln!(
        "\nKimonet demo berjalan.\n  Kantor      {base}/admin   ({DEMO_OWNER} / {DEMO_PASSWORD})\n  Pelanggan   {base}/\n  Dunia luar  http://{sandbox}   (Flip, WhatsApp, router tiruan)\n\nCoba dahulu:\n  1. Masuk ke kantor, buka Pelanggan Terisolir, salin satu nomor layanan.\n  2. Buka {base}/ dan cek tagihan nomor itu, pilih BNI, buat nomor pembayaran.\n  3. Di http://{sandbox} tekan Bayar: halaman bayar berubah sendiri, jalur internet pulih,\n     dan konfirmasi muncul di kotak WhatsApp.\n  Ctrl+C menghentikan.\n"
    );
}

/// Runs the outside world until SIGTERM or SIGINT.
pub async fn sandbox(config: &Config, options: &SandboxArgs) -> Result<Outcome> {
    let clock = Clock::real(config.zone, config.clock_offset_s);
    let names: Vec<String> = (0..options.routers).map(|n| format!("r{n}")).collect();
    let doors = crate::sandbox::run::routers(options.routeros, &names, &clock).await?;
    eprintln!("Dunia luar tiruan: http://{} dan {} router mulai {}", options.http, options.routers, options.routeros);
    crate::sandbox::run::http(options.http, &options.callback_base, &clock, doors, wait_for_signal()).await?;
    Ok(Outcome::done(json!({ "stopped": true }), "Berhenti."))
}
