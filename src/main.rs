//! The command line: see `kimonet::cli`.

use clap::Parser;
use kimonet::cli::Cli;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let filter = std::env::var("KIMONET_LOG").unwrap_or_else(|_| "info,sqlx=warn,hyper=warn".to_owned());
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .init();
    match Cli::try_parse() {
        Ok(cli) => kimonet::cli::run(cli).await,
        Err(error) => kimonet::cli::answer_typing(&error),
    }
}
