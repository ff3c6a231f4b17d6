//! The operator's own texts: which placeholders a kind fills, what a text with sample values looks like, and keeping it.

use super::defaults::TemplateKind;
use super::template::{self, PLACEHOLDERS, Rendered, Values, render, unknown_placeholders};
use crate::server::audit::{self, Who};
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::settings::Settings;
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::{DateTime, Utc};

/// Longest text; WhatsApp gateways cut at 4,096 with the values in it.
pub const TEXT_CHARS_MAX: usize = 3_000;

sql!(TEMPLATES = "SELECT kind, text, who, updated_at FROM message_template");
sql!(TEMPLATE_OF = "SELECT text FROM message_template WHERE kind = $1");
sql!(
    PUT_TEMPLATE = "INSERT INTO message_template (kind, text, who, updated_at) VALUES ($1, $2, $3, $4)
 ON CONFLICT (kind) DO UPDATE SET text = excluded.text, who = excluded.who, updated_at = excluded.updated_at"
);
sql!(DROP_TEMPLATE = "DELETE FROM message_template WHERE kind = $1");

/// A text of the operator's own.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct OwnText {
    /// [`TemplateKind::code`].
    pub kind: String,
    /// The text.
    pub text: String,
    /// Who wrote it.
    pub who: String,
    /// When.
    pub updated_at: DateTime<Utc>,
}

/// Names that a message of this kind has a value for, in the order in which the editor lists them.
pub const fn filled(kind: TemplateKind) -> &'static [&'static str] {
    match kind {
        TemplateKind::Welcome => &["nama_pelanggan", "nomor_layanan", "paket", "total", "payment_link", "company"],
        TemplateKind::PaymentConfirmation => &[
            "nama_pelanggan",
            "nomor_layanan",
            "nomor_kuitansi",
            "rincian",
            "total",
            "metode",
            "waktu",
            "saldo",
            "company",
        ],
        TemplateKind::Restored => &["nama_pelanggan", "nomor_layanan", "payment_link", "company"],
        TemplateKind::Isolated => &["nama_pelanggan", "nomor_layanan", "rincian", "total", "payment_link", "company"],
        TemplateKind::Reminder | TemplateKind::NewBill | TemplateKind::Warning => &[
            "nama_pelanggan",
            "nomor_layanan",
            "paket",
            "periode",
            "invoice_no",
            "rincian",
            "total",
            "tunggakan",
            "count",
            "due_date",
            "tanggal",
            "sisa_hari",
            "payment_link",
            "telepon_company",
            "company",
        ],
    }
}

/// What a placeholder stands for, in words.
pub fn meaning(name: &str) -> &'static str {
    PLACEHOLDERS.iter().find(|(known, _)| *known == name).map_or("", |(_, words)| words)
}

/// A text with sample values, as a customer would read it.
pub fn preview(state: &AppState, settings: &Settings, kind: TemplateKind, text: &str) -> Rendered {
    let company = match settings.text("company.name") {
        "" => "Nama Usaha Anda",
        name => name,
    };
    let values = filled(kind).iter().fold(Values::new(), |values, name| {
        let sample = match *name {
            "nama_pelanggan" => "Budi Santoso",
            "nomor_layanan" => "20260001",
            "paket" => "Home 20 Mbps",
            "periode" => "Januari 2026",
            "invoice_no" => "INV/2026/01/000123",
            "rincian" if kind == TemplateKind::PaymentConfirmation => "Tagihan Januari 2026",
            "rincian" => "Tagihan Januari 2026: Rp 300.000",
            "total" | "tunggakan" => "300.000",
            "count" => "1",
            "due_date" | "tanggal" => "10 Januari 2026",
            "sisa_hari" => "3",
            "telepon_company" => settings.text("company.phone"),
            "company" => company,
            "nomor_kuitansi" => "KW/2026/01/000045",
            "metode" => "Tunai",
            "waktu" => "8 Januari 2026 10:15",
            "saldo" => "0",
            "payment_link" => return values.ours(name, super::asking::link(&state.config.base_url, "20260001")),
            _ => "-",
        };
        // Sums and dates are ours; what somebody typed loses its markup, as in a real message.
        if matches!(*name, "company" | "telepon_company" | "nama_pelanggan" | "nomor_layanan" | "paket") {
            values.customers(name, sample)
        } else {
            values.ours(name, sample)
        }
    });
    render(text, &values)
}

/// The text to be kept, or what is wrong with it.
pub fn checked(typed: &str) -> Result<String> {
    let text = typed.replace("\r\n", "\n").trim().to_owned();
    let wrong = |message: String| Err(Error::invalid("text", message));
    if text.is_empty() {
        return wrong("Isi teks pesannya, atau kembalikan ke teks bawaan.".to_owned());
    }
    let length = text.chars().count();
    if length > TEXT_CHARS_MAX {
        return wrong(format!("Teks ini {length} huruf; paling banyak {TEXT_CHARS_MAX}. Persingkat pesannya."));
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return wrong("Ada huruf yang tidak terlihat di dalam teks. Ketik ulang, jangan disalin.".to_owned());
    }
    let unknown = unknown_placeholders(&text);
    if let Some(name) = unknown.first() {
        let near = template::nearest(name).map_or_else(String::new, |near| format!(" Mungkin maksudnya {{{near}}}?"));
        let all = unknown.iter().map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join(", ");
        return wrong(format!("{all} tidak dikenal, jadi tidak akan terisi.{near} Pilih dari daftar di bawah."));
    }
    Ok(text)
}

/// Every text of the operator's own.
pub async fn own(state: &AppState) -> Result<Vec<OwnText>> {
    Ok(state.db.all(TEMPLATES, args![]).await?)
}

/// Keeps a text; one that equals the delivered one is no text of his own.
pub async fn save(state: &AppState, who: Who, kind: TemplateKind, typed: &str) -> Result<()> {
    let text = checked(typed)?;
    put(state, who, kind, (text != kind.default_text()).then_some(text)).await
}

/// Goes back to the delivered text.
pub async fn reset(state: &AppState, who: Who, kind: TemplateKind) -> Result<()> {
    put(state, who, kind, None).await
}

async fn put(state: &AppState, who: Who, kind: TemplateKind, wanted: Option<String>) -> Result<()> {
    let now = state.clock.now();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (who, wanted) = (who.clone(), wanted.clone());
            Box::pin(async move { put_in(tx, &who, kind, wanted, now).await })
        })
        .await?;
    state.fresh_settings().await?;
    Ok(())
}

async fn put_in(tx: &mut Tx, who: &Who, kind: TemplateKind, wanted: Option<String>, now: DateTime<Utc>) -> Result<()> {
    let stored: Option<(String,)> = tx.opt(TEMPLATE_OF, args![kind.code()]).await?;
    let before = stored.map(|row| row.0);
    if before == wanted {
        return Ok(());
    }
    match &wanted {
        Some(text) => tx.exec_one(PUT_TEMPLATE, args![kind.code(), text, &who.name, now]).await?,
        None => tx.exec_one(DROP_TEMPLATE, args![kind.code()]).await?,
    }
    let shown = |text: Option<String>| text.unwrap_or_else(|| kind.default_text().to_owned());
    let subject = format!("template:{}", kind.code());
    audit::record(tx, who, now, "template.save", &subject, &shown(before), &shown(wanted)).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::testing::TestApp;

    sql!(AUDITED = "SELECT before_value, after_value FROM audit_event WHERE action = 'template.save' ORDER BY id");

    #[tokio::test]
    async fn delivered_texts_are_filled_whole() {
        let t = TestApp::sqlite("2026-01-15 10:00").await;
        let settings = t.state.fresh_settings().await.unwrap();
        for kind in TemplateKind::ALL {
            let seen = preview(&t.state, &settings, kind, kind.default_text());
            assert!(seen.unknown.is_empty() && seen.without_value.is_empty(), "{}: {seen:?}", kind.code());
            assert!(seen.text.contains("Budi Santoso"));
            for name in filled(kind) {
                assert!(!meaning(name).is_empty(), "{name}");
            }
        }
    }

    #[test]
    fn a_mistyped_placeholder_is_named_with_the_likely_one() {
        let Err(Error::Invalid { field, message }) = checked("Halo {nama_pelangan}, {total}") else { panic!("taken") };
        assert_eq!(field, "text");
        assert!(
            message.contains("{nama_pelangan} tidak dikenal") && message.contains("{nama_pelanggan}?"),
            "{message}"
        );
        assert!(checked("  ").is_err() && checked(&"a".repeat(TEXT_CHARS_MAX + 1)).is_err());
        assert_eq!(checked(" Halo {customer}\r\n{Total} ").unwrap(), "Halo {customer}\n{Total}");
    }

    #[tokio::test]
    async fn a_text_is_kept_used_logged_and_taken_back() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let kind = TemplateKind::Reminder;
            save(&t.state, Who::command(), kind, "Bayar ya {nama_pelanggan}").await.unwrap();
            save(&t.state, Who::command(), kind, "Bayar ya {nama_pelanggan}").await.unwrap();
            assert_eq!(t.state.settings().await.unwrap().template(kind), "Bayar ya {nama_pelanggan}");
            assert!(save(&t.state, Who::command(), kind, "{salah}").await.is_err());
            reset(&t.state, Who::command(), kind).await.unwrap();
            reset(&t.state, Who::command(), kind).await.unwrap();
            assert_eq!(t.state.settings().await.unwrap().template(kind), kind.default_text());
            assert!(own(&t.state).await.unwrap().is_empty());
            let log: Vec<(String, String)> = t.state.db.all(AUDITED, args![]).await.unwrap();
            assert_eq!(log.len(), 2, "what changes nothing is no change");
            assert_eq!(log[0].1, "Bayar ya {nama_pelanggan}");
            assert_eq!(log[1].1, kind.default_text());
        }
    }
}
