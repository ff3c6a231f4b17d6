//! What the rates of PPN read and write.

use crate::app::admin::words;
use crate::app::dto::money;
use crate::app::ui::{DeskDeed, DeskField, DeskRow, DeskTable, DeskView};
use crate::billing::Rupiah;
use crate::billing::pricing::{TaxRate, parse_percent};
use crate::billing::words::parse_date_input;
use crate::server::error::{Error, Result};
use crate::server::guard::Asked;
use crate::server::ledger::{DatedRate, add_tax_rate, drop_tax_rate, tax_rates};
use chrono::{Datelike, NaiveDate};

/// The price that shows what a rate does.
const EXAMPLE: Rupiah = Rupiah(300_000);

fn rows(all: &[DatedRate], today: NaiveDate) -> Vec<DeskRow> {
    let holds = all.iter().find(|(from, _)| *from <= today).map(|(from, _)| *from);
    all.iter()
        .map(|(from, rate)| {
            let future = *from > today;
            let state = match (future, Some(*from) == holds) {
                (true, _) => "Mulai nanti",
                (false, true) => "Berlaku sekarang",
                (false, false) => "Pernah berlaku",
            };
            DeskRow {
                cells: vec![
                    words::day(*from),
                    rate.words(),
                    format!("{} dari {}", money(rate.on(EXAMPLE).0), money(EXAMPLE.0)),
                    state.to_owned(),
                ],
                deed: if future { format!("hapus:{from}") } else { String::new() },
                button: "Hapus".to_owned(),
                ..DeskRow::default()
            }
        })
        .collect()
}

/// The rates, and the form.
pub async fn view(who: &Asked) -> Result<DeskView> {
    let all = tax_rates(&who.app.db).await?;
    Ok(DeskView {
        form: "Tarif PPN baru".to_owned(),
        fields: vec![
            DeskField::new(
                "from",
                "Mulai tanggal",
                "Tanggal terbit tagihan, misalnya 1/1/2027; tidak sebelum hari ini",
                "",
            ),
            DeskField::new("rate", "Tarif (%)", "Misalnya 12", ""),
            DeskField::new(
                "base",
                "Dasar pengenaan (DPP)",
                "Bagian harga yang dikenai, misalnya 11/12; kosongkan untuk harga penuh",
                "",
            ),
        ],
        button: "Tambah tarif".to_owned(),
        tables: vec![DeskTable {
            title: "Tarif PPN".to_owned(),
            about: "Dipakai menurut tanggal terbit tagihan".to_owned(),
            heads: ["Mulai", "Tarif", "Contoh#", "Keadaan"].map(str::to_owned).to_vec(),
            rows: rows(&all, who.app.clock.today()),
            none: "Belum ada tarif.".to_owned(),
            info: None,
        }],
        ..DeskView::default()
    })
}

/// `11/12`; nothing typed is the whole price.
fn base_of(typed: &str) -> Option<(i64, i64)> {
    match typed.trim() {
        "" => Some((1, 1)),
        text => {
            let (num, den) = text.split_once('/')?;
            Some((num.trim().parse().ok()?, den.trim().parse().ok()?))
        }
    }
}

/// Adds, or takes back.
pub async fn act(who: &Asked, deed: DeskDeed) -> Result<String> {
    let (app, by) = (&who.app, who.who.clone());
    if let Some(from) = deed.deed.strip_prefix("hapus:") {
        let from = from.parse().map_err(|_| Error::invalid("deed", "Muat ulang halaman ini, lalu coba lagi."))?;
        drop_tax_rate(app, by, from).await?;
        return Ok(format!("Tarif mulai {} dihapus.", words::day(from)));
    }
    let from = parse_date_input(deed.get("from"), app.clock.today().year())
        .ok_or_else(|| Error::invalid("from", "Tanggal tidak terbaca. Tulis seperti 1/1/2027."))?;
    let rate = parse_percent(deed.get("rate"))
        .ok_or_else(|| Error::invalid("rate", "Isi tarif lebih dari 0%, paling banyak 100%."))?;
    let (base_num, base_den) = base_of(deed.get("base"))
        .ok_or_else(|| Error::invalid("base", "Tulis pecahan seperti 11/12, atau kosongkan untuk harga penuh."))?;
    let rate = TaxRate { rate, base_num, base_den };
    add_tax_rate(app, by, from, rate).await?;
    Ok(format!("{} berlaku untuk tagihan yang terbit mulai {}.", rate.words(), words::day(from)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::guard::Role;
    use crate::server::testing::TestApp;

    async fn put(t: &TestApp, from: &str, rate: &str, base: &str) -> Result<String> {
        let values = [("from", from), ("rate", rate), ("base", base)];
        let values = values.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        act(&t.asked(Role::Owner, 1), DeskDeed { deed: String::new(), values }).await
    }

    #[tokio::test]
    async fn a_rate_holds_from_its_day_and_goes_only_before() {
        for t in TestApp::each("2026-01-15 10:00").await {
            t.set(&[("invoice.tax.pkp", "true"), ("invoice.next_on_payment", "false")]).await;
            let package = t.package("Home 20M", 300_000, 1).await;
            let siti = t.service("Siti", package, "2025-06-01").await;
            t.issue("2026-01").await;
            put(&t, "1/2/2026", "10", "").await.unwrap();
            assert!(matches!(put(&t, "1/2/2026", "9", "").await, Err(Error::Invalid { field, .. }) if field == "from"));
            put(&t, "1/3/2026", "12,5%", "11/12").await.unwrap();
            let owner = t.asked(Role::Owner, 1);
            let deeds = async || {
                let rows = view(&owner).await.unwrap().tables.remove(0).rows;
                rows.into_iter().map(|row| row.deed).filter(|deed| !deed.is_empty()).collect::<Vec<_>>()
            };
            assert_eq!(deeds().await, ["hapus:2026-03-01", "hapus:2026-02-01"]);
            t.at("2026-02-01 00:01");
            t.issue("2026-02").await;
            let totals: Vec<i64> = t.bills(siti).await.iter().map(|bill| bill.1).collect();
            assert_eq!(totals, [333_000, 330_000], "on {}", t.state.db.engine());
            let drop =
                async |day: &str| act(&owner, DeskDeed { deed: format!("hapus:{day}"), values: Vec::new() }).await;
            assert!(matches!(drop("2026-02-01").await, Err(Error::Refused(_))), "it holds already");
            drop("2026-03-01").await.unwrap();
            assert_eq!(deeds().await, Vec::<String>::new());
            t.assert_books().await;
        }
    }
}
