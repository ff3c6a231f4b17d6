//! The command line: see `kimonet::cli`.

use kimonet::cli::Cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    let filter = std::env::var("KIMONET_LOG").unwrap_or_else(|_| "info,sqlx=warn,hyper=warn".to_owned());
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .init();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("gagal: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(async {
        match Cli::read(std::env::args_os()) {
            Ok(cli) => kimonet::cli::run(cli).await,
            Err(error) => kimonet::cli::answer_typing(&error),
        }
    });
    // A large backup that is being packed when the server is told to stop is not waited for; it is made again.
    runtime.shutdown_background();
    code
}
