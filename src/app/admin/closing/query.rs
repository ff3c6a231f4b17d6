//! What Tutup Buku reads and writes.

use crate::app::admin::words;
use crate::app::dto::Choice;
use crate::app::text;
use crate::app::ui::{DeskDeed, DeskField, DeskRow, DeskTable, DeskView};
use crate::billing::Period;
use crate::server::error::{Error, Result};
use crate::server::guard::{Asked, Role};
use crate::server::ledger::{CLOSED_UNTIL, close_books, reopen_books};
use crate::{args, sql};
use chrono::{DateTime, Utc};

/// Months offered.
const MONTHS_OFFERED: i32 = 12;
/// The word for opening every month.
const ALL: &str = "semua";

sql!(
    HISTORY = "SELECT at, who, action, after_value FROM audit_event
 WHERE subject = 'books' OR (subject = 'books.closed_until' AND action = 'setting.set') ORDER BY at DESC, id DESC LIMIT 100"
);

/// What holds, the form, and who closed and opened when.
pub async fn view(who: &Asked) -> Result<DeskView> {
    let app = &who.app;
    let settings = app.fresh_settings().await?;
    let closed: Option<Period> = settings.text(CLOSED_UNTIL).parse().ok();
    let current = Period::of(app.clock.today());
    let closable =
        (1..=MONTHS_OFFERED).map(|n| current.add_months(-n)).filter(|month| closed.is_none_or(|c| *month > c));
    let mut choices: Vec<Choice> =
        closable.map(|month| Choice::new(month.to_string(), format!("Tutup sampai {}", month.words()))).collect();
    let owner = who.staff.role == Role::Owner;
    if let (true, Some(closed)) = (owner, closed) {
        choices.extend(
            (1..=MONTHS_OFFERED)
                .map(|n| closed.add_months(-n))
                .map(|month| Choice::new(format!("buka:{month}"), format!("Buka lagi sesudah {}", month.words()))),
        );
        choices.push(Choice::new(format!("buka:{ALL}"), "Buka semua bulan"));
    }
    let first = choices.first().map(|choice| choice.value.clone()).unwrap_or_default();
    let rows: Vec<(DateTime<Utc>, String, String, String)> = app.db.all(HISTORY, args![]).await?;
    let mut lines = vec![
        closed.map_or_else(
            || "Belum ada bulan yang ditutup.".to_owned(),
            |closed| format!("Buku ditutup sampai {}.", closed.words()),
        ),
        "Ke bulan yang ditutup tidak dapat lagi dicatat pembayaran atau pengeluaran bertanggal mundur, jadi laporan yang sudah Anda cetak tetap sama.".to_owned(),
        "Tagihan dari bulan itu tetap dapat dibayar. Membatalkan pembayaran, nota kredit, hapus piutang, dan pengembalian Saldo tetap bisa: semuanya bertanggal hari itu juga, di bulan yang masih terbuka.".to_owned(),
    ];
    if !owner {
        lines.push("Hanya pemilik yang dapat membuka bulan yang sudah ditutup.".to_owned());
    }
    let fields = if choices.is_empty() {
        Vec::new()
    } else {
        vec![
            DeskField::new("until", "Bulan", "", first).one_of(choices),
            DeskField::new("note", "Catatan", "Wajib bila membuka lagi: alasannya", ""),
        ]
    };
    Ok(DeskView {
        title: text::CLOSING.to_owned(),
        lines,
        form: "Tutup atau buka".to_owned(),
        fields,
        button: "Simpan".to_owned(),
        tables: vec![DeskTable {
            title: "Riwayat".to_owned(),
            heads: ["Kapan", "Oleh", "Apa"].map(str::to_owned).to_vec(),
            rows: rows
                .into_iter()
                .map(|(at, by, action, after)| {
                    // A command sets the bare month.
                    let what = if action == "setting.set" { format!("lewat perintah: {after}") } else { after };
                    DeskRow { cells: vec![words::instant(&app.clock, at), by, what], ..DeskRow::default() }
                })
                .collect(),
            none: "Belum pernah ditutup.".to_owned(),
            ..DeskTable::default()
        }],
        ..DeskView::default()
    })
}

/// Closes, or opens again.
pub async fn act(who: &Asked, deed: DeskDeed) -> Result<String> {
    let month = |text: &str| text.parse::<Period>().map_err(|_| Error::invalid("until", "Pilih bulannya dari daftar."));
    let note = deed.get("note");
    match deed.get("until").strip_prefix("buka:") {
        None => {
            let until = month(deed.get("until"))?;
            close_books(&who.app, who.who.clone(), until, note).await?;
            Ok(format!("Buku ditutup sampai {}.", until.words()))
        }
        Some(_) if who.staff.role != Role::Owner => Err(Error::Forbidden),
        Some(until) => {
            let until = if until == ALL { None } else { Some(month(until)?) };
            reopen_books(&who.app, who.who.clone(), until, note).await.map_err(|error| match error {
                Error::Invalid { field, message } if field == "reason" => Error::invalid("note", message),
                other => other,
            })?;
            Ok(until.map_or_else(
                || "Semua bulan terbuka lagi.".to_owned(),
                |until| format!("Bulan sesudah {} terbuka lagi.", until.words()),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::Rupiah;
    use crate::server::audit::Who;
    use crate::server::ledger::{CreditForm, CreditKind, Source};
    use crate::server::testing::TestApp;

    async fn put(asked: &Asked, until: &str, note: &str) -> Result<String> {
        let values = vec![("until".to_owned(), until.to_owned()), ("note".to_owned(), note.to_owned())];
        act(asked, DeskDeed { deed: String::new(), values }).await
    }

    fn field(result: Result<String>) -> (String, String) {
        match result {
            Err(Error::Invalid { field, message }) => (field, message),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_closed_month_takes_nothing_and_only_the_owner_opens_it() {
        for t in TestApp::each("2026-02-03 10:00").await {
            let package = t.package("Home 20M", 300_000, 1).await;
            let siti = t.service("Siti", package, "2025-06-01").await;
            t.issue("2026-02").await;
            let (owner, admin) = (t.asked(Role::Owner, 1), t.asked(Role::Admin, 2));
            assert_eq!(field(put(&admin, "2026-02", "").await).0, "until", "it is not over");
            assert!(put(&admin, "2026-01", "Laporan dicetak").await.unwrap().contains("Januari 2026"));
            assert_eq!(field(put(&admin, "2025-12", "").await).0, "until", "it is closed further");
            let mut form = t.form(siti, 100_000, Source::Cash);
            form.received_on = "2026-01-31".parse().unwrap();
            let ledger = t.state.ledger(Who::command()).await.unwrap();
            let refused = ledger.settle(form).await.unwrap_err();
            assert_eq!(refused.to_string(), "Bulan Januari 2026 sudah ditutup; isi tanggal sesudahnya.");
            let receipt = t.cash(siti, 100_000).await;
            ledger.reverse_payment(receipt.payment_id, "salah catat").await.unwrap();

            assert!(matches!(put(&admin, "buka:semua", "perlu").await, Err(Error::Forbidden)));
            assert_eq!(field(put(&owner, "buka:semua", "").await).0, "note", "without a reason");
            put(&owner, "buka:2025-12", "kuitansi tertinggal").await.unwrap();
            let seen = view(&owner).await.unwrap();
            assert!(seen.lines[0].contains("Desember 2025"), "{:?}", seen.lines);
            let history: Vec<_> = seen.tables[0].rows.iter().map(|row| row.cells[1..].join(": ")).collect();
            assert_eq!(history.len(), 2);
            assert!(history[0].contains("Pemilik") && history[0].contains("kuitansi tertinggal"), "{history:?}");
            assert!(history[1].contains("Laporan dicetak"), "{history:?}");

            // Closed beyond today, as only a command can: nothing that is dated today goes in.
            t.set(&[("books.closed_until", "2026-02")]).await;
            let ledger = t.state.ledger(Who::command()).await.unwrap();
            let credit = CreditForm {
                kind: CreditKind::Note,
                service_id: siti,
                invoice_id: None,
                amount: Rupiah(1_000),
                reason: "uji".to_owned(),
                request_id: "a".repeat(32),
            };
            let errors = [
                ledger.reverse_payment(receipt.payment_id, "uji").await.unwrap_err(),
                ledger.void_invoice(1, "uji").await.unwrap_err(),
                ledger.credit(credit).await.unwrap_err(),
                ledger.settle(t.form(siti, 1_000, Source::Cash)).await.unwrap_err(),
            ];
            for error in errors {
                assert!(error.to_string().contains("Februari 2026 sudah ditutup"), "{error}");
            }
            t.assert_books().await;
        }
    }
}
