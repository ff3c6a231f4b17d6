//! What a watching terminal sees of long work. Without one nothing is drawn, so that logs and pipes stay clean.

use super::args::Command;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// How often a spinner turns.
const TURN: Duration = Duration::from_millis(120);

/// A bar over rows.
pub(super) fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    bar
}

/// A spinner with the time that has passed, for work that cannot say how far it is; nothing for short commands.
pub(super) fn spinner(command: &Command) -> ProgressBar {
    let Some(what) = what_takes_long(command).filter(|_| std::io::stderr().is_terminal()) else {
        return ProgressBar::hidden();
    };
    let spinner = ProgressBar::new_spinner().with_message(what);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(TURN);
    spinner
}

fn what_takes_long(command: &Command) -> Option<&'static str> {
    match command {
        Command::DbSeed(_) => Some("Mengisi data contoh"),
        Command::CustomerExport(_) => Some("Menulis berkas"),
        Command::InvoiceGenerate(_) | Command::InvoiceProrate(_) => Some("Menerbitkan tagihan"),
        Command::Verify { .. } => Some("Memeriksa semua jumlah"),
        Command::RouterSync { .. } => Some("Menyamakan router"),
        Command::IsolirAuto(_) | Command::IsolirCustomer(_) | Command::IsolirRestore(_) => Some("Menunggu router"),
        Command::WorkDrain { .. } => Some("Mengerjakan antrean"),
        _ => None,
    }
}
