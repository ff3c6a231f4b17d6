//! The command line: names, options and JSON as CONTRACT promises them. A file a group of commands.
//!
//! Every command answers with one JSON object under `--json`; logs go to stderr. Exit 0 done, 1 failed, 2 bad arguments.

mod args;
mod billing;
mod customers;
mod network;
mod payments;
mod serve;
mod setup;

pub use args::Cli;

use crate::server::clock::Clock;
use crate::server::config::Config;
use crate::server::db::Db;
use crate::server::error::{Error, Result};
use crate::server::secrets::Secrets;
use crate::server::state::AppState;
use args::Command;
use serde_json::{Value, json};
use std::process::ExitCode;

/// What a command ends with: its object, and whether it did what was asked.
#[derive(Debug)]
pub struct Outcome {
    /// The command's JSON object.
    value: Value,
    /// Lines for people, when no JSON was asked for.
    text: Vec<String>,
    /// The reason of a failure that still has an object.
    error: Option<String>,
}

impl Outcome {
    fn done(value: Value, text: impl Into<String>) -> Self {
        Self { value, text: vec![text.into()], error: None }
    }

    fn lines(value: Value, text: Vec<String>) -> Self {
        Self { value, text, error: None }
    }

    fn failed(value: Value, error: impl Into<String>) -> Self {
        Self { value, text: Vec::new(), error: Some(error.into()) }
    }
}

/// Runs a parsed command line; the exit code.
pub async fn run(cli: Cli) -> ExitCode {
    let json = cli.json;
    let outcome = dispatch(cli).await;
    match outcome {
        Ok(Outcome { value, text, error }) => {
            if json {
                let mut value = value;
                if let (Some(object), Some(error)) = (value.as_object_mut(), &error) {
                    object.insert("error".to_owned(), json!(error));
                }
                println!("{value}");
            } else {
                for line in &text {
                    println!("{line}");
                }
                if let Some(error) = &error {
                    eprintln!("gagal: {error}");
                }
            }
            ExitCode::from(u8::from(error.is_some()))
        }
        Err(error) => {
            if json {
                println!("{}", json!({ "error": error.to_string() }));
            }
            eprintln!("gagal: {error}");
            // What was typed is wrong: 2. Everything else: 1.
            ExitCode::from(if matches!(error, Error::Invalid { .. }) && !is_refused_row(&error) { 2 } else { 1 })
        }
    }
}

/// Rules of the business about values that were understood (a future date, say) are a refusal, not a typing error.
fn is_refused_row(error: &Error) -> bool {
    matches!(error, Error::Invalid { field, .. } if matches!(field.as_str(), "received_on" | "period" | "file" | "setting"))
}

async fn dispatch(cli: Cli) -> Result<Outcome> {
    let mut config = Config::load()?;
    match cli.command {
        Command::Serve { demo } => serve::serve(config, demo).await,
        Command::Sandbox(options) => serve::sandbox(&config, &options).await,
        Command::KeyGenerate { force } => setup::key_generate(config, force).await,
        Command::DbMigrate => setup::migrate(&config).await,
        command => {
            config.demo = false;
            let zone = config.zone;
            let clock = match cli.date {
                Some(date) => Clock::at_business_date(zone, date),
                None => Clock::real(zone, config.clock_offset_s),
            };
            let state = open(config, clock).await?;
            let outcome = with_state(&state, command, cli.date.is_some()).await;
            state.db.close().await;
            outcome
        }
    }
}

async fn with_state(state: &AppState, command: Command, dated: bool) -> Result<Outcome> {
    match command {
        Command::Serve { .. } | Command::Sandbox(_) | Command::KeyGenerate { .. } | Command::DbMigrate => {
            Err(Error::Internal("perintah tanpa basis data".to_owned()))
        }
        Command::DbSeed(options) => setup::seed(state, &options).await,
        Command::StaffCreate(options) => setup::staff_create(state, options).await,
        Command::SettingSet { pairs } => setup::setting_set(state, pairs).await,
        Command::SettingList => setup::setting_list(state).await,
        Command::PackageAdd(options) => customers::package_add(state, options).await,
        Command::CustomerImport { file, dry_run } => customers::import(state, &file, dry_run).await,
        Command::CustomerExport(options) => customers::export(state, options).await,
        Command::RouterAdd(options) => network::router_add(state, options).await,
        Command::MikrotikTest { server } => network::mikrotik_test(state, &server).await,
        Command::RouterSync { server } => network::router_sync(state, server.as_deref()).await,
        Command::IsolirAuto(options) => network::isolir_auto(state, &options, dated).await,
        Command::IsolirCustomer(options) => network::isolir_one(state, options, true).await,
        Command::IsolirRestore(options) => network::isolir_one(state, options, false).await,
        Command::InvoiceGenerate(options) => billing::generate(state, &options, false).await,
        Command::InvoiceProrate(options) => billing::generate(state, &options, true).await,
        Command::InvoiceList(options) => billing::list(state, options).await,
        Command::Verify { deep } => billing::verify(state, deep).await,
        Command::PaymentRecord(options) => payments::record(state, options).await,
        Command::Balance { service_number } => payments::balance(state, &service_number).await,
        Command::WorkDrain { timeout } => payments::drain(state, timeout).await,
    }
}

/// Opens the database with the application key; the schema must be up to date.
async fn open(config: Config, clock: Clock) -> Result<AppState> {
    let secrets = read_key(&config)?;
    prepare_folder(&config)?;
    let db = Db::connect(&config.database_url).await?;
    if db.pending().await? > 0 {
        return Err(Error::Refused("Basis data belum siap: jalankan dahulu `kimonet db:migrate`.".to_owned()));
    }
    let state = AppState::new(db, clock, config, secrets)?;
    state.check_key().await?;
    Ok(state)
}

/// Reads the application key from the environment or its file.
fn read_key(config: &Config) -> Result<Secrets> {
    if let Some(key) = &config.key {
        return Secrets::from_base64(key);
    }
    match std::fs::read_to_string(&config.key_file) {
        Ok(text) => Secrets::from_base64(&text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Error::Refused(format!(
            "Kunci aplikasi belum ada ({}). Buat dahulu dengan `kimonet key:generate`.",
            config.key_file.display()
        ))),
        Err(error) => {
            Err(Error::Refused(format!("Kunci aplikasi tidak terbaca ({}): {error}", config.key_file.display())))
        }
    }
}

/// Makes the data folder where a SQLite database is to lie in it.
fn prepare_folder(config: &Config) -> Result<()> {
    std::fs::create_dir_all(&config.data)
        .map_err(|error| Error::Refused(format!("Folder data {} tidak dapat dibuat: {error}", config.data.display())))
}

/// Reads a secret from standard input, without the line end.
fn read_stdin() -> Result<String> {
    let mut text = String::new();
    std::io::Read::read_to_string(&mut std::io::stdin(), &mut text)?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}
