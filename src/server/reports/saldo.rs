//! Saldo Pelanggan: what customers paid ahead and nothing has used yet, now.

use super::wish::href;
use super::{Cell, Column, Extent, Report, Wish, chart, part};
use crate::app::text;
use crate::server::error::Result;
use crate::server::guard::Asked;
use crate::{args, sql};

/// Customers of the chart.
const SHOWN: i64 = 9;

sql!(
    HELD = "SELECT CAST(COALESCE(SUM(p.unused), 0) AS BIGINT), COUNT(DISTINCT p.customer_id) FROM payment p WHERE p.unused > 0"
);
sql!(
    ROWS = "SELECT h.customer_id, c.name, COALESCE(c.number, '') AS number, h.service_number, h.held FROM (
  SELECT p.customer_id AS customer_id, MIN(v.service_number) AS service_number, CAST(SUM(p.unused) AS BIGINT) AS held FROM payment p JOIN service v ON v.id = p.service_id
  WHERE p.unused > 0 GROUP BY p.customer_id ORDER BY held DESC, customer_id LIMIT $1 OFFSET $2) h
 JOIN customer c ON c.id = h.customer_id ORDER BY h.held DESC, h.customer_id"
);

/// All Saldo, and how many customers hold it.
pub async fn held(asked: &Asked) -> Result<(i64, i64)> {
    Ok(asked.app.db.one(HELD, args![]).await?)
}

/// Who holds how much, the most first.
pub async fn report(asked: &Asked, wish: &Wish, extent: Extent) -> Result<Report> {
    type Row = (i64, String, String, String, i64);
    let db = &asked.app.db;
    let (sum, holders) = held(asked).await?;
    let (limit, offset, info) = part(extent, wish, holders)?;
    let found: Vec<Row> = db.all(ROWS, args![limit, offset]).await?;
    let most: Vec<Row> = db.all(ROWS, args![SHOWN, 0]).await?;
    let mut bars: Vec<(String, i64)> = most.into_iter().map(|row| (row.1, row.4)).collect();
    let rest = sum - bars.iter().map(|bar| bar.1).sum::<i64>();
    bars.push(("Lainnya".to_owned(), rest));
    let rows = found
        .into_iter()
        .map(|(customer_id, name, number, service_number, held)| {
            let page = format!("/admin/pelanggan/{customer_id}");
            vec![
                Cell::link(name, page.clone()),
                Cell::text(number),
                Cell::text(service_number),
                Cell::money(held, page),
            ]
        })
        .collect();
    Ok(Report {
        title: text::SALDO_REPORT.to_owned(),
        says: "Uang pelanggan yang belum dipakai tagihan mana pun, menurut keadaan sekarang. Saldo ini utang Anda kepada pelanggan."
            .to_owned(),
        columns: vec![
            Column::text("Pelanggan", 24),
            Column::text("Nomor pelanggan", 12).wide(),
            Column::text("Nomor layanan", 12),
            Column::sum("Saldo"),
        ],
        rows,
        totals: vec![
            Cell::text(text::counted(holders, "pelanggan")),
            Cell::default(),
            Cell::default(),
            Cell::money(sum, String::new()),
        ],
        chart: chart::by_name("Saldo pelanggan", &bars),
        info,
        back: Some((text::MONTH_REPORT, href("ringkasan", &[]))),
        ..Report::default()
    })
}
