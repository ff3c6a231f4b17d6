//! What Catat Pengeluaran shows and does.

use crate::app::admin::payments::query::way;
use crate::app::dto::{Choice, money};
use crate::app::text;
use crate::app::ui::{DeskDeed, DeskField, DeskRow, DeskTable, DeskView, value_of};
use crate::billing::words::date_short;
use crate::server::error::Result;
use crate::server::guard::Asked;
use crate::server::ledger::expenses::{self, CATEGORIES, ExpenseForm, category_word};
use crate::server::secrets::random_bytes;

/// The form.
pub async fn view(asked: &Asked, address: &[(String, String)]) -> Result<DeskView> {
    match value_of(address, "batal") {
        "" => record(asked).await,
        id => take_back(asked, id.parse().unwrap_or(0)).await,
    }
}

async fn record(asked: &Asked) -> Result<DeskView> {
    let mut kinds = vec![Choice::new("", "Pilih jenis")];
    kinds.extend(CATEGORIES.iter().map(|(code, word)| Choice::new(*code, *word)));
    let ways = vec![Choice::new("cash", way("cash", "")), Choice::new("transfer", way("transfer", ""))];
    let today = date_short(asked.app.clock.today());
    Ok(DeskView {
        title: text::EXPENSES.to_owned(),
        fields: vec![
            DeskField::new("category", "Jenis", "", "").one_of(kinds),
            DeskField::new("amount", "Jumlah", text::MONEY_HINT, ""),
            DeskField::new("day", "Tanggal", "Hari uangnya keluar, misalnya 15/1", today),
            DeskField::new("method", "Dibayar dengan", "", "cash").one_of(ways),
            DeskField::new("note", "Catatan", "Untuk apa, kepada siapa; boleh kosong", ""),
        ],
        request_id: hex::encode(random_bytes::<16>()?),
        button: "Simpan pengeluaran".to_owned(),
        tables: vec![newest(asked).await?],
        ..DeskView::default()
    })
}

async fn newest(asked: &Asked) -> Result<DeskTable> {
    let rows = expenses::newest(asked)
        .await?
        .into_iter()
        .map(|row| {
            let state = match (row.reverses, row.taken_back) {
                (Some(_), _) => "Pembatalan",
                (None, Some(_)) => "Dibatalkan",
                (None, None) => "",
            };
            DeskRow {
                href: if state.is_empty() { format!("/admin/pengeluaran?batal={}", row.id) } else { String::new() },
                cells: vec![
                    format!("{} {}", date_short(row.business_date), category_word(&row.category)),
                    if state.is_empty() { "Klik barisnya untuk membatalkan".to_owned() } else { state.to_owned() },
                    money(row.amount),
                ],
                sub: [row.note, row.who].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · "),
                ..DeskRow::default()
            }
        })
        .collect();
    Ok(DeskTable {
        title: "Terakhir dicatat".to_owned(),
        heads: vec!["Pengeluaran".to_owned(), "Keadaan".to_owned(), "Jumlah#".to_owned()],
        rows,
        none: "Belum ada pengeluaran.".to_owned(),
        ..DeskTable::default()
    })
}

async fn take_back(asked: &Asked, id: i64) -> Result<DeskView> {
    let title = "Batalkan Pengeluaran".to_owned();
    Ok(match expenses::standing(asked, id).await {
        Ok(words) => DeskView {
            title,
            lines: vec![words],
            fields: vec![DeskField::new(
                "reason",
                "Alasan",
                "Pembatalan tercatat hari ini; baris aslinya tetap ada",
                "",
            )],
            button: "Batalkan pengeluaran".to_owned(),
            ..DeskView::default()
        },
        // What was taken back just now, or earlier, is told; there is nothing more to do here.
        Err(crate::server::error::Error::Refused(words)) => {
            DeskView { title, lines: vec![words], tables: vec![newest(asked).await?], ..DeskView::default() }
        }
        Err(error) => return Err(error),
    })
}

/// Does what the form asks for.
pub async fn act(asked: &Asked, deed: &DeskDeed) -> Result<String> {
    let given = |key: &str| deed.get(key).to_owned();
    match deed.get("batal") {
        "" => {
            let form = ExpenseForm {
                day: given("day"),
                category: given("category"),
                amount: given("amount"),
                method: given("method"),
                note: given("note"),
                request_id: given("request_id"),
            };
            expenses::record(asked, form).await
        }
        id => expenses::take_back(asked, id.parse().unwrap_or(0), deed.get("reason")).await,
    }
}
