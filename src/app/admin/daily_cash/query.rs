//! What Kas Harian reads: the entries of all bags by day, and the payments by receiver and way.

use super::{DailyCash, DailyFilter, DayRow};
use crate::app::admin::handover::query::difference_words;
use crate::app::admin::payments::query::way;
use crate::app::admin::words::day;
use crate::app::dto::money;
use crate::billing::Period;
use crate::billing::words::date_short;
use crate::server::checks::filter_day;
use crate::server::documents::sheet::{Column, Kind, Rows, Value};
use crate::server::error::{Error, Result};
use crate::server::guard::{Asked, Permission};
use crate::server::reports::chart::{self, Bars};
use crate::{args, sql};
use chrono::NaiveDate;

/// Longest span of a report, in days.
const DAYS_MAX: i64 = 400;
/// Days that a chart shows one by one.
const BARS_MAX: usize = 62;

sql!(BEFORE = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM bag_entry WHERE business_date < $1");
sql!(
    BY_DAY = "SELECT business_date,
  CAST(SUM(CASE WHEN kind = 'cash' THEN amount ELSE 0 END) AS BIGINT), CAST(SUM(CASE WHEN kind = 'handover' THEN -amount ELSE 0 END) AS BIGINT),
  CAST(SUM(CASE WHEN kind = 'difference' THEN -amount ELSE 0 END) AS BIGINT), CAST(SUM(CASE WHEN kind = 'refused' THEN amount ELSE 0 END) AS BIGINT),
  CAST(SUM(CASE WHEN kind IN ('reversal', 'refund') THEN -amount ELSE 0 END) AS BIGINT)
 FROM bag_entry WHERE business_date >= $1 AND business_date <= $2 GROUP BY business_date ORDER BY business_date"
);
sql!(
    BY_RECEIVER = "SELECT d.received_by, d.method, CAST(SUM(d.one) AS BIGINT), CAST(SUM(d.amount) AS BIGINT) FROM (
  SELECT received_by, method, 1 AS one, amount FROM payment WHERE received_on >= $1 AND received_on <= $2 AND method IN ('cash', 'transfer', 'gateway')
  UNION ALL SELECT received_by, method, -1, -amount FROM payment WHERE reversed_on >= $1 AND reversed_on <= $2 AND method IN ('cash', 'transfer', 'gateway')) d
 GROUP BY d.received_by, d.method ORDER BY d.received_by, d.method"
);

type Day = (NaiveDate, i64, i64, i64, i64, i64);

fn shown(word: String, opening: i64, moved: [i64; 5]) -> DayRow {
    let [cash, handed, difference, refused, out] = moved;
    let or_empty = |amount: i64| if amount == 0 { String::new() } else { money(amount) };
    DayRow {
        day: word,
        opening: money(opening),
        cash: or_empty(cash),
        handed: or_empty(handed),
        difference: difference_words(difference),
        refused: or_empty(refused),
        out: or_empty(out),
        closing: money(closing(opening, moved)),
    }
}

fn closing(opening: i64, [cash, handed, difference, refused, out]: [i64; 5]) -> i64 {
    opening + cash - handed - difference + refused - out
}

fn span(asked: &Asked, filter: &DailyFilter) -> Result<(NaiveDate, NaiveDate)> {
    let today = asked.app.clock.today();
    let read = |field: &str, typed: &str, otherwise: NaiveDate| filter_day(field, typed, today, otherwise);
    let from = read("from", &filter.from, Period::of(today).first_day())?;
    let to = read("to", &filter.to, today)?;
    if from > to || (to - from).num_days() > DAYS_MAX {
        return Err(Error::invalid("from", "Pilih paling lama satu tahun, tanggal pertama sebelum yang terakhir."));
    }
    Ok((from, to))
}

async fn days(asked: &Asked, from: NaiveDate, to: NaiveDate) -> Result<(i64, Vec<Day>)> {
    let db = &asked.app.db;
    Ok((db.number(BEFORE, args![from]).await?, db.all(BY_DAY, args![from, to]).await?))
}

/// What came in and what was handed over, by day; by month where there are more days than bars have room.
fn chart_of(days: &[(NaiveDate, i64, i64)]) -> String {
    let by_month = days.len() > BARS_MAX;
    let mut bars: Vec<Bars> = Vec::new();
    for (date, cash, handed) in days {
        let label = if by_month { Period::of(*date).words() } else { date_short(*date) };
        match bars.last_mut() {
            Some((last, _, sums)) if *last == label => {
                for (sum, part) in sums.iter_mut().zip([cash, handed]) {
                    *sum += part;
                }
            }
            _ => bars.push((label, String::new(), vec![*cash, *handed])),
        }
    }
    for (label, words, sums) in &mut bars {
        *words = format!(
            "{label}: masuk {}, disetor {}",
            money(sums.first().copied().unwrap_or(0)),
            money(sums.get(1).copied().unwrap_or(0))
        );
        // Under a bar there is room for day and month alone.
        *label = if by_month { label.chars().take(3).collect() } else { label.chars().take(5).collect() };
    }
    chart::over_time("Uang tunai per hari", &["Masuk", "Disetor"], &bars)
}

/// The report.
pub async fn report(asked: &Asked, filter: &DailyFilter) -> Result<DailyCash> {
    let (from, to) = span(asked, filter)?;
    let (before, moved) = days(asked, from, to).await?;
    let receivers: Vec<(String, String, i64, i64)> = asked.app.db.all(BY_RECEIVER, args![from, to]).await?;
    let (mut opening, mut whole, mut rows, mut bars) = (before, [0_i64; 5], Vec::new(), Vec::new());
    for (date, cash, handed, difference, refused, out) in moved {
        let moved = [cash, handed, difference, refused, out];
        bars.push((date, cash, handed));
        rows.push(shown(day(date), opening, moved));
        opening = closing(opening, moved);
        for (sum, part) in whole.iter_mut().zip(moved) {
            *sum += part;
        }
    }
    Ok(DailyCash {
        chart: chart_of(&bars),
        days: format!("{} sampai {}", date_short(from), date_short(to)),
        rows,
        whole: shown("Semua".to_owned(), before, whole),
        received: money(receivers.iter().map(|row| row.3).sum()),
        receivers: receivers
            .into_iter()
            .map(|(name, method, count, sum)| (name, way(&method, ""), count, money(sum)))
            .collect(),
        may_export: asked.staff.may(Permission::Export),
    })
}

/// The days for a file: titles and cells.
pub async fn table(asked: &Asked, filter: &DailyFilter) -> Result<Rows> {
    let (from, to) = span(asked, filter)?;
    let (mut opening, moved) = days(asked, from, to).await?;
    let mut columns = vec![Column::new("Tanggal", Kind::Date), Column::new("Awal", Kind::Money)];
    columns.extend(
        ["Masuk", "Disetor", "Kurang (minus: lebih)", "Ditolak", "Dikeluarkan"]
            .map(|title| Column::summed(title, Kind::Money)),
    );
    columns.push(Column::new("Akhir", Kind::Money));
    let mut cells = Vec::new();
    for (date, cash, handed, difference, refused, out) in moved {
        let end = closing(opening, [cash, handed, difference, refused, out]);
        let mut row = vec![Value::Date(date)];
        row.extend([opening, cash, handed, difference, refused, out, end].map(Value::from));
        cells.push(row);
        opening = end;
    }
    Ok((columns, cells))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::Rupiah;
    use crate::server::guard::Role;
    use crate::server::ledger::{HandoverForm, Source};
    use crate::server::testing::TestApp;

    sql!(
        HIRE = "INSERT INTO staff (id, email, name, role, password_hash, active, created_at) VALUES ($1, $2, 'Rina', 'cashier', '-', TRUE, $3)"
    );
    sql!(BAG = "SELECT id FROM cash_bag WHERE staff_id = $1");

    #[tokio::test]
    async fn each_day_ends_with_what_the_next_begins() {
        for t in TestApp::each("2026-01-14 10:00").await {
            let package = t.package("Home", 300_000, 1).await;
            let sari = t.service("SARI", package, "2025-06-01").await;
            let mut tx = t.state.db.begin().await.unwrap();
            for id in [1, 2] {
                tx.exec_one(HIRE, args![id, format!("s{id}@kantor.test"), t.state.clock.now()]).await.unwrap();
            }
            tx.commit().await.unwrap();
            let (rina, owner) = (t.asked(Role::Cashier, 1), t.asked(Role::Owner, 2));
            for (day, amount) in [("2026-01-14 10:00", 100_000), ("2026-01-15 10:00", 200_000)] {
                t.at(day);
                let mut form = t.form(sari, amount, Source::Cash);
                form.holder_id = Some(1);
                t.state.ledger(rina.who.clone()).await.unwrap().settle(form).await.unwrap();
            }
            let bag_id = t.state.db.number(BAG, args![1]).await.unwrap();
            let form = HandoverForm {
                bag_id,
                expected: Rupiah(300_000),
                counted: Rupiah(240_000),
                kept: Rupiah(50_000),
                reason: "kembalian".to_owned(),
                destination: "kantor".to_owned(),
                reference: String::new(),
                request_id: "satu".to_owned(),
            };
            let handed = t.state.ledger(rina.who.clone()).await.unwrap().hand_over(form).await.unwrap();
            t.at("2026-01-16 10:00");
            t.state
                .ledger(owner.who.clone())
                .await
                .unwrap()
                .answer_handover(handed.id, false, "hitung lagi")
                .await
                .unwrap();
            let report = report(&owner, &DailyFilter::default()).await.unwrap();
            let lines = report.rows.iter().map(|row| [row.opening.as_str(), &row.closing]).collect::<Vec<_>>();
            let (zero, first, second, third) = (money(0), money(100_000), money(50_000), money(300_000));
            assert_eq!(lines, [[zero.as_str(), &first], [&first, &second], [&second, &third]]);
            assert_eq!(
                (report.whole.difference.clone(), report.whole.refused.clone()),
                (format!("kurang {}", money(10_000)), money(250_000))
            );
            assert_eq!(report.received, money(300_000));
            assert_eq!(table(&owner, &DailyFilter::default()).await.unwrap().1.len(), 3);
            let wrong = super::report(&owner, &DailyFilter { from: "besok lusa".into(), to: String::new() }).await;
            assert!(matches!(wrong, Err(Error::Invalid { field, .. }) if field == "from"));
        }
    }
}
