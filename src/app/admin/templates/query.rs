//! What Template Pesan reads.

use super::{Preview, TemplateForm, TemplateRow};
use crate::app::admin::words::instant;
use crate::app::dto::{Badge, Tone};
use crate::server::error::{Error, Result};
use crate::server::messages::defaults::TemplateKind;
use crate::server::messages::editing::{self, OwnText};
use crate::server::state::AppState;

/// The kind of that name.
pub fn kind(code: &str) -> Result<TemplateKind> {
    TemplateKind::parse(code).ok_or_else(|| Error::NotFound("Jenis pesan itu tidak ada.".to_owned()))
}

const fn when(kind: TemplateKind) -> &'static str {
    match kind {
        TemplateKind::Welcome => "Saat layanan baru diaktifkan.",
        TemplateKind::NewBill => "Saat tagihan bulanan terbit, mulai pukul 08:00.",
        TemplateKind::Reminder => {
            "Sebelum dan pada hari jatuh tempo; satu pesan per nomor per hari berisi semua tagihannya."
        }
        TemplateKind::Warning => "Sehari sebelum internet dibatasi.",
        TemplateKind::Isolated => "Saat internet dibatasi.",
        TemplateKind::PaymentConfirmation => "Segera setelah pembayaran dicatat, juga di jam tenang.",
        TemplateKind::Restored => "Segera setelah internet aktif lagi, juga di jam tenang.",
    }
}

fn row(app: &AppState, kind: TemplateKind, own: Option<&OwnText>) -> TemplateRow {
    let (state, changed) = match own {
        Some(own) => {
            (Badge::new("Diubah", Tone::Note), format!("{} · {}", own.who, instant(&app.clock, own.updated_at)))
        }
        None => (Badge::new("Bawaan", Tone::Plain), String::new()),
    };
    TemplateRow {
        kind: kind.code().to_owned(),
        title: kind.title().to_owned(),
        when: when(kind).to_owned(),
        state,
        changed,
    }
}

/// Every kind.
pub async fn list(app: &AppState) -> Result<Vec<TemplateRow>> {
    let own = editing::own(app).await?;
    let of = |kind: TemplateKind| own.iter().find(|own| own.kind == kind.code());
    Ok(TemplateKind::ALL.into_iter().map(|kind| row(app, kind, of(kind))).collect())
}

/// One text.
pub async fn read(app: &AppState, kind: TemplateKind) -> Result<TemplateForm> {
    let own = editing::own(app).await?.into_iter().find(|own| own.kind == kind.code());
    let text = own.as_ref().map_or_else(|| kind.default_text().to_owned(), |own| own.text.clone());
    let placeholders =
        editing::filled(kind).iter().map(|name| ((*name).to_owned(), editing::meaning(name).to_owned())).collect();
    let seen = preview(app, kind, &text).await?;
    Ok(TemplateForm { row: row(app, kind, own.as_ref()), text, own: own.is_some(), placeholders, seen })
}

/// What a customer would read.
pub async fn preview(app: &AppState, kind: TemplateKind, text: &str) -> Result<Preview> {
    let cut: String = text.chars().take(editing::TEXT_CHARS_MAX).collect();
    let settings = app.fresh_settings().await?;
    let seen = editing::preview(app, &settings, kind, &cut);
    let list = |names: &[String]| names.iter().map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join(", ");
    let mut remarks = Vec::new();
    if !seen.unknown.is_empty() {
        remarks.push(format!("{} tidak dikenal; pesan ini belum dapat disimpan.", list(&seen.unknown)));
    }
    if !seen.without_value.is_empty() {
        remarks.push(format!(
            "{} tidak punya isi di jenis pesan ini; pelanggan akan membaca tanda -.",
            list(&seen.without_value)
        ));
    }
    Ok(Preview { text: seen.text, remarks })
}
