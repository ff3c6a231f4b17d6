//! Bills of a month, not the cancelled ones: what they came to, what notes of credit and write-offs took off, what was
//! paid with money or Saldo, what is left. For every bill: total = notes + write-offs + paid + left.

use super::wish::{choice_filter, href, month_filter};
use super::{Cell, Column, Extent, Filter, Report, Wish, last_row, part};
use crate::app::admin::{choices, words};
use crate::app::dto::Choice;
use crate::app::text;
use crate::billing::Period;
use crate::server::error::Result;
use crate::server::guard::Asked;
use crate::server::state::AppState;
use crate::{args, sql};
use std::collections::BTreeMap;

/// What notes of credit and write-offs took off each bill of months `$1` to `$2`.
macro_rules! lowered {
    () => {
        "(SELECT a.invoice_id AS invoice_id, CAST(SUM(CASE WHEN p.method = 'credit' THEN a.amount ELSE 0 END) AS BIGINT) AS credited,
   CAST(SUM(CASE WHEN p.method = 'write_off' THEN a.amount ELSE 0 END) AS BIGINT) AS written_off
  FROM payment p JOIN allocation a ON a.payment_id = p.id JOIN invoice x ON x.id = a.invoice_id
  WHERE p.method IN ('credit', 'write_off') AND x.period >= $1 AND x.period <= $2 GROUP BY a.invoice_id)"
    };
}

sql!(
    BILLED = "SELECT period, COUNT(*), CAST(SUM(total) AS BIGINT), CAST(SUM(paid) AS BIGINT) FROM invoice
 WHERE period >= $1 AND period <= $2 AND status <> 'void' GROUP BY period"
);
sql!(
    LOWERED = concat!(
        "SELECT i.period, CAST(SUM(k.credited) AS BIGINT), CAST(SUM(k.written_off) AS BIGINT) FROM ",
        lowered!(),
        " k JOIN invoice i ON i.id = k.invoice_id WHERE i.status <> 'void' GROUP BY i.period"
    )
);

// `$3`, `$4` area; `$5` collector, -1 for none of them; `$6` what must not be nothing.
macro_rules! matching {
    () => {
        concat!(
            "FROM invoice i JOIN service_row s ON s.service_id = i.service_id LEFT JOIN area g ON g.name = s.area LEFT JOIN ",
            lowered!(),
            " k ON k.invoice_id = i.id WHERE i.period >= $1 AND i.period <= $2 AND i.status <> 'void' AND ($3 = 0 OR s.area = $4)
  AND ($5 = 0 OR COALESCE(s.collector_id, g.manager_id, -1) = $5)
  AND ($6 = '' OR ($6 = 'sisa' AND i.total > i.paid) OR ($6 = 'kredit' AND k.credited <> 0) OR ($6 = 'hapus' AND k.written_off <> 0)
   OR ($6 = 'terkumpul' AND i.paid > COALESCE(k.credited, 0) + COALESCE(k.written_off, 0)))"
        )
    };
}
macro_rules! sums {
    () => {
        "COUNT(*), CAST(COALESCE(SUM(i.total), 0) AS BIGINT), CAST(COALESCE(SUM(k.credited), 0) AS BIGINT), CAST(COALESCE(SUM(k.written_off), 0) AS BIGINT),
  CAST(COALESCE(SUM(i.paid), 0) AS BIGINT) "
    };
}
sql!(SUMS = concat!("SELECT ", sums!(), matching!()));
sql!(
    pub(super) BY_COLLECTOR = concat!(
        "SELECT COALESCE(s.collector_id, g.manager_id, -1), ",
        sums!(),
        matching!(),
        " GROUP BY COALESCE(s.collector_id, g.manager_id, -1)"
    )
);
// `+i.id`: in the order of numbers, but found by month; walking all bills in that order would take longer with each month.
sql!(ROWS = concat!("SELECT h.id, i.number, i.customer_id, i.customer_name, v.service_number, i.total, i.paid, h.credited, h.written_off FROM (
  SELECT i.id AS id, CAST(COALESCE(k.credited, 0) AS BIGINT) AS credited, CAST(COALESCE(k.written_off, 0) AS BIGINT) AS written_off ", matching!(), " ORDER BY +i.id LIMIT $7 OFFSET $8) h
 JOIN invoice i ON i.id = h.id JOIN service v ON v.id = i.service_id ORDER BY h.id"));

/// What notes of credit and write-offs took off the bills of a month.
pub async fn lowered(app: &AppState, period: Period) -> Result<i64> {
    let rows: Vec<(String, i64, i64)> = app.db.all(LOWERED, args![period, period]).await?;
    Ok(rows.iter().map(|row| row.1 + row.2).sum())
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    number: String,
    customer_id: i64,
    customer_name: String,
    service_number: String,
    total: i64,
    paid: i64,
    credited: i64,
    written_off: i64,
}

/// What the bills of a month came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// How many.
    pub bills: i64,
    /// In rupiah.
    pub total: i64,
    /// Taken off by notes of credit.
    pub credited: i64,
    /// Given up.
    pub written_off: i64,
    /// Paid in any way, notes and write-offs included.
    pub paid: i64,
}

impl Sums {
    /// What was to come in: billed, net of notes of credit.
    pub const fn expected(self) -> i64 {
        self.total - self.credited
    }

    /// Paid with money or Saldo.
    pub const fn collected(self) -> i64 {
        self.paid - self.credited - self.written_off
    }

    /// Not paid.
    pub const fn left(self) -> i64 {
        self.total - self.paid
    }
}

/// The sums of each month.
pub async fn by_month(asked: &Asked, (from, to): (Period, Period)) -> Result<BTreeMap<Period, Sums>> {
    let db = &asked.app.db;
    let billed: Vec<(String, i64, i64, i64)> = db.all(BILLED, args![from, to]).await?;
    let lowered: Vec<(String, i64, i64)> = db.all(LOWERED, args![from, to]).await?;
    let mut months: BTreeMap<Period, Sums> =
        super::wish::each_month((from, to)).map(|month| (month, Sums::default())).collect();
    for (period, bills, total, paid) in billed {
        if let Some(sums) = period.parse().ok().and_then(|month| months.get_mut(&month)) {
            *sums = Sums { bills, total, paid, ..Sums::default() };
        }
    }
    for (period, credited, written_off) in lowered {
        if let Some(sums) = period.parse().ok().and_then(|month| months.get_mut(&month)) {
            (sums.credited, sums.written_off) = (credited, written_off);
        }
    }
    Ok(months)
}

/// The bills of a month with their parts.
pub async fn rows(asked: &Asked, wish: &Wish, extent: Extent) -> Result<Report> {
    let db = &asked.app.db;
    let today = asked.app.clock.today();
    let current = Period::of(today);
    let month = wish.month("bulan", current, today)?;
    let (any_area, area) = wish.name_of("wilayah");
    let collector = if wish.get("kolektor") == super::wish::NAMELESS { -1 } else { wish.id_of("kolektor") };
    let matching = args![month, month, any_area, area, collector, wish.get("isi")];
    let (bills, total, credited, written_off, paid) = db.one(SUMS, matching.clone()).await?;
    let sums = Sums { bills, total, credited, written_off, paid };
    let (limit, offset, info) = part(extent, wish, bills)?;
    let mut values = matching;
    values.extend(args![limit, offset]);
    let found: Vec<Row> = db.all(ROWS, values).await?;
    let amounts = |of: Sums| {
        [of.total, of.credited, of.expected(), of.collected(), of.written_off, of.left()]
            .map(|amount| Cell::money(amount, String::new()))
    };
    let rows = found
        .into_iter()
        .map(|row| {
            let of = Sums {
                bills: 1,
                total: row.total,
                credited: row.credited,
                written_off: row.written_off,
                paid: row.paid,
            };
            let mut cells = vec![
                Cell::link(row.number, format!("/admin/tagihan/{}", row.id)),
                Cell::link(row.customer_name, format!("/admin/pelanggan/{}", row.customer_id)),
                Cell::text(row.service_number),
            ];
            cells.extend(amounts(of));
            cells
        })
        .collect();
    let totals = last_row(text::counted(bills, "tagihan"), 3, amounts(sums));
    Ok(Report {
        title: "Rincian Tagihan".to_owned(),
        says: format!(
            "Tagihan {}, tanpa yang dibatalkan. Jumlah dikurangi nota kredit = seharusnya = terkumpul + dihapus + sisa.",
            words::period(&month.to_string())
        ),
        filters: filters(asked, wish, month, current).await?,
        columns: vec![
            Column::text("Nomor", 14),
            Column::text("Pelanggan", 15),
            Column::text("Layanan", 9).wide(),
            Column::sum("Jumlah").wide(),
            Column::sum("Nota kredit").wide(),
            Column::sum("Seharusnya").wide(),
            Column::sum("Terkumpul").wide(),
            Column::sum("Dihapus").wide(),
            Column::sum("Sisa"),
        ],
        rows,
        totals,
        info,
        back: Some((text::MONTH_REPORT, href("ringkasan", &[("bulan", &month.to_string())]))),
        ..Report::default()
    })
}

async fn filters(asked: &Asked, wish: &Wish, month: Period, current: Period) -> Result<Vec<Filter>> {
    let parts = [
        ("terkumpul", "Ada yang terkumpul"),
        ("sisa", "Masih ada sisa"),
        ("kredit", "Ada nota kredit"),
        ("hapus", "Ada yang dihapus"),
    ];
    let parts = parts.into_iter().map(|(code, word)| Choice::new(code, word)).collect();
    Ok(vec![
        month_filter("bulan", "Bulan", month, current.next()),
        choice_filter("wilayah", "Wilayah", wish.get("wilayah"), choices::areas(asked).await?),
        choice_filter("kolektor", "Kolektor", wish.get("kolektor"), choices::collectors(asked).await?),
        choice_filter("isi", "Isi", wish.get("isi"), parts),
    ])
}
