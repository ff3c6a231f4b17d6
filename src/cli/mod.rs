//! The command line: names, options and JSON as CONTRACT promises them. A file a group of commands.
//!
//! Every command answers with one JSON object under `--json`; logs go to stderr. Exit 0 done, 1 failed, 2 bad arguments.

mod args;
mod backup;
mod billing;
mod customers;
mod help;
mod life;
mod network;
mod payments;
mod progress;
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
use std::io::Write;
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

/// Exit code of arguments that cannot be understood.
const BAD_ARGUMENTS: u8 = 2;

/// Answers a command line that clap did not take (2), or that asked for help or version (0).
pub fn answer_typing(error: &clap::Error) -> ExitCode {
    let wrong = error.use_stderr();
    if wrong && std::env::args_os().any(|arg| arg == "--json") {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        if print_lines(&[json!({ "error": first }).to_string()]).is_err() {
            return ExitCode::FAILURE;
        }
    }
    match error.print() {
        Ok(()) if !wrong => ExitCode::SUCCESS,
        _ => ExitCode::from(BAD_ARGUMENTS),
    }
}

/// Writes to stdout. A reader that went away (`| head`) is an error here, never a panic.
fn print_lines(lines: &[String]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for line in lines {
        writeln!(out, "{line}")?;
    }
    out.flush()
}

/// Runs a parsed command line; the exit code.
pub async fn run(cli: Cli) -> ExitCode {
    let json = cli.json;
    let (lines, reason, code) = match dispatch(cli).await {
        Ok(Outcome { mut value, text, error }) => {
            if let (Some(object), Some(error)) = (value.as_object_mut(), &error) {
                object.insert("error".to_owned(), json!(error));
            }
            let code = u8::from(error.is_some());
            (if json { vec![value.to_string()] } else { text }, error, code)
        }
        Err(error) => {
            let code = if is_typing_error(&error) { BAD_ARGUMENTS } else { 1 };
            let lines = if json { vec![json!({ "error": error.to_string() }).to_string()] } else { Vec::new() };
            (lines, Some(error.to_string()), code)
        }
    };
    if let Some(reason) = reason {
        eprintln!("gagal: {reason}");
    }
    // What was done is done; but nobody was told, and that is no success.
    if print_lines(&lines).is_err() { ExitCode::FAILURE } else { ExitCode::from(code) }
}

/// Whether what was typed is wrong. Values that were understood and refused by a rule (a future date, say), a file that
/// is no table, and a faulty environment are failures instead.
fn is_typing_error(error: &Error) -> bool {
    let Error::Invalid { field, .. } = error else { return false };
    let refused = matches!(field.as_str(), "received_on" | "period" | "file" | "setting");
    let environment = field.starts_with("KIMONET_") || field.starts_with("LEPTOS_") || field == "Leptos.toml";
    !refused && !environment
}

async fn dispatch(cli: Cli) -> Result<Outcome> {
    let config = Config::load()?;
    if cli.date.is_some() && matches!(cli.command, Command::Serve { .. } | Command::Sandbox(_)) {
        return Err(Error::invalid(
            "--date",
            "--date berlaku untuk satu perintah; server dan sandbox digeser dengan KIMONET_CLOCK_OFFSET_S.",
        ));
    }
    match cli.command {
        Command::Serve { demo } => serve::serve(config, demo).await,
        Command::Sandbox(options) => serve::sandbox(&config, &options).await,
        Command::KeyGenerate { force } => setup::key_generate(config, force).await,
        Command::DbMigrate => setup::migrate(&config).await,
        Command::Restore { file, passphrase_stdin } => {
            let clock = Clock::real(config.zone, config.clock_offset_s);
            backup::restore(config, clock, &file, passphrase_stdin).await
        }
        command => {
            let zone = config.zone;
            let clock = match cli.date {
                Some(date) => Clock::at_business_date(zone, date),
                None => Clock::real(zone, config.clock_offset_s),
            };
            let state = open(config, clock).await?;
            let spinner = progress::spinner(&command);
            let outcome = with_state(&state, command).await;
            spinner.finish_and_clear();
            state.db.close().await;
            outcome
        }
    }
}

async fn with_state(state: &AppState, command: Command) -> Result<Outcome> {
    match command {
        Command::Serve { .. }
        | Command::Sandbox(_)
        | Command::KeyGenerate { .. }
        | Command::DbMigrate
        | Command::Restore { .. } => Err(Error::Internal("perintah tanpa basis data".to_owned())),
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
        Command::IsolirAuto(options) => network::isolir_auto(state, &options).await,
        Command::IsolirCustomer(options) => network::isolir_one(state, options, true).await,
        Command::IsolirRestore(options) => network::isolir_one(state, options, false).await,
        Command::InvoiceGenerate(options) => billing::generate(state, &options, false).await,
        Command::InvoiceProrate(options) => billing::generate(state, &options, true).await,
        Command::InvoiceList(options) => billing::list(state, options).await,
        Command::Verify { deep } => billing::verify(state, deep).await,
        Command::PaymentRecord(options) => payments::record(state, options).await,
        Command::PaymentReverse { id, reason } => payments::reverse(state, id, &reason).await,
        Command::ServiceChange { package, options } => life::package(state, &package, options).await,
        Command::ServicePause { months, options } => life::pause(state, months, options).await,
        Command::ServiceResume { options } => life::resume(state, options).await,
        Command::ServiceStop { options } => life::stop(state, options).await,
        Command::PromiseAdd { service_number, until, reason } => {
            life::promise(state, &service_number, until, reason).await
        }
        Command::HoldAdd { service_number, from, to, reason } => {
            life::hold(state, &service_number, from, to, reason).await
        }
        Command::PackagePrice { name, price, from } => life::price(state, &name, &price, from).await,
        Command::InvoiceVoid { number, reason } => payments::void(state, &number, &reason).await,
        Command::Balance { service_number } => payments::balance(state, &service_number).await,
        Command::Backup { file } => backup::write(state, &file).await,
        Command::WhatsappReminder => network::whatsapp_reminder(state).await,
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
    check(&state).await?;
    Ok(state)
}

/// What every process must find right before it does anything: the key that the database was sealed with, and no moved
/// clock where a gateway takes real money.
async fn check(state: &AppState) -> Result<()> {
    state.check_key().await?;
    if state.clock.offset_s() != 0
        && let Some(gateway) = state.fresh_settings().await?.production_gateway()
    {
        return Err(Error::Refused(format!(
            "KIMONET_CLOCK_OFFSET_S tidak boleh dipakai selama gateway {gateway} memakai lingkungan production."
        )));
    }
    Ok(())
}

/// Reads the application key from the environment or its file.
fn read_key(config: &Config) -> Result<Secrets> {
    config.read_key()
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
