//! Pengeluaran: the expenses themselves, with what was taken back of them as rows below zero.

use super::wish::{choice_filter, days_filters, href};
use super::{Cell, Column, Extent, Report, Wish, last_row, part};
use crate::app::admin::payments::query::way;
use crate::app::dto::Choice;
use crate::app::text;
use crate::billing::Period;
use crate::billing::words::date_short;
use crate::server::error::Result;
use crate::server::guard::{Asked, Permission};
use crate::server::ledger::expenses::{CATEGORIES, category_word};
use crate::{args, sql};
use chrono::NaiveDate;

sql!(
    BY_DAY = "SELECT business_date, category, CAST(SUM(amount) AS BIGINT) FROM expense WHERE business_date >= $1 AND business_date <= $2
 GROUP BY business_date, category ORDER BY business_date, category"
);
macro_rules! matching {
    () => {
        "FROM expense e WHERE e.business_date >= $1 AND e.business_date <= $2 AND ($3 = '' OR e.category = $3)"
    };
}
sql!(COUNT = concat!("SELECT COUNT(*), CAST(COALESCE(SUM(e.amount), 0) AS BIGINT) ", matching!()));
sql!(
    ROWS = concat!(
        "SELECT e.id, e.business_date, e.category, e.method, e.note, e.who, e.amount, (SELECT r.id FROM expense r WHERE r.reverses = e.id) AS taken_back, e.reverses ",
        matching!(),
        " ORDER BY e.business_date DESC, e.id DESC LIMIT $4 OFFSET $5"
    )
);

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    business_date: NaiveDate,
    category: String,
    method: String,
    note: String,
    who: String,
    amount: i64,
    taken_back: Option<i64>,
    reverses: Option<i64>,
}

/// What was spent, day by day and kind by kind.
pub async fn by_day(asked: &Asked, (from, to): (Period, Period)) -> Result<Vec<(NaiveDate, String, i64)>> {
    Ok(asked.app.db.all(BY_DAY, args![from.first_day(), to.last_day()]).await?)
}

/// The expenses behind a number.
pub async fn rows(asked: &Asked, wish: &Wish, extent: Extent) -> Result<Report> {
    let db = &asked.app.db;
    let span = wish.days(asked.app.clock.today())?;
    let matching = args![span.0, span.1, wish.get("kategori")];
    let (total, sum): (i64, i64) = db.one(COUNT, matching.clone()).await?;
    let (limit, offset, info) = part(extent, wish, total)?;
    let mut values = matching;
    values.extend(args![limit, offset]);
    let found: Vec<Row> = db.all(ROWS, values).await?;
    let may_take_back = asked.staff.may(Permission::ManageExpenses);
    let rows = found
        .into_iter()
        .map(|row| {
            let deed = match (row.reverses, row.taken_back) {
                (Some(_), _) => Cell::text("Pembatalan"),
                (None, Some(_)) => Cell::text("Dibatalkan"),
                (None, None) if may_take_back => Cell::link("Batalkan", format!("/admin/pengeluaran?batal={}", row.id)),
                (None, None) => Cell::default(),
            };
            vec![
                Cell::day(row.business_date),
                Cell::text(category_word(&row.category)),
                Cell::text(row.note),
                Cell::text(way(&row.method, "")),
                Cell::text(row.who),
                deed,
                Cell::money(row.amount, String::new()),
            ]
        })
        .collect();
    let totals = last_row(text::counted(total, "baris"), 6, [Cell::money(sum, String::new())]);
    let kinds = CATEGORIES.iter().map(|(code, word)| Choice::new(*code, *word)).collect();
    let mut filters = days_filters(span);
    filters.push(choice_filter("kategori", "Jenis", wish.get("kategori"), kinds));
    Ok(Report {
        title: "Rincian Pengeluaran".to_owned(),
        says: format!(
            "Pengeluaran {} sampai {}. Yang dibatalkan tetap tampil, dengan pembatalannya sebagai pengurang.",
            date_short(span.0),
            date_short(span.1)
        ),
        filters,
        columns: vec![
            Column::text("Tanggal", 8),
            Column::text("Jenis", 16),
            Column::text("Catatan", 28).wide(),
            Column::text("Cara", 8).wide(),
            Column::text("Dicatat oleh", 12).wide(),
            Column::text("Keadaan", 9),
            Column::sum("Jumlah"),
        ],
        rows,
        totals,
        info,
        back: Some((text::CASH_BOOK, href("arus-kas", &[]))),
        ..Report::default()
    })
}
