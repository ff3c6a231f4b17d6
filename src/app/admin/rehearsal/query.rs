//! What Pratinjau Tagihan reads and decides.

use super::{DifferRow, RehearsalView};
use crate::app::admin::words::instant;
use crate::app::dto::{Choice, money};
use crate::app::text;
use crate::billing::Period;
use crate::billing::words::date_words;
use crate::server::documents::sheet::{self, Column, Kind, Value};
use crate::server::error::{Error, Result};
use crate::server::guard::Asked;
use crate::server::ledger::{IssueWish, Outlier, Scope};
use std::collections::BTreeMap;

/// Numbers of services that a reason names.
const NAMED_MAX: usize = 5;

/// Everybody of a month, as a sheet: who is billed what, who is not and why, who would be cut when.
pub async fn sheet(asked: &Asked, period: &str) -> Result<Vec<u8>> {
    let period = parse(asked, period)?;
    let list = asked.app.ledger(asked.who.clone()).await?.look_list(period).await?;
    let columns = vec![
        Column::new("Nomor layanan", Kind::Text),
        Column::wide("Nama", 28.0),
        Column::wide("Paket", 20.0),
        Column::summed(period.words(), Kind::Money),
        Column::summed(period.prev().words(), Kind::Money),
        Column::new("Jatuh tempo", Kind::Date),
        Column::new("Terisolir bila tidak membayar", Kind::Date),
        Column::wide("Keterangan", 34.0),
    ];
    let day = |day: Option<chrono::NaiveDate>| day.map_or(Value::None, Value::Date);
    let rows = list.into_iter().map(|bill| {
        vec![
            bill.service_number.into(),
            bill.name.into(),
            bill.package.into(),
            bill.total.map_or(Value::None, Value::Number),
            bill.before.into(),
            day(bill.due_on),
            day(bill.cut_on),
            bill.note.into(),
        ]
    });
    sheet::file("Pratinjau", (columns, rows.collect())).await
}

fn parse(asked: &Asked, period: &str) -> Result<Period> {
    let this = Period::of(asked.app.clock.today());
    if period.is_empty() {
        return Ok(this.next());
    }
    let period = period.parse().map_err(|_| Error::invalid("period", "Pilih bulan dari daftar."))?;
    if period == this || period == this.next() {
        Ok(period)
    } else {
        Err(Error::invalid("period", format!("Pilih {} atau {}.", this.words(), this.next().words())))
    }
}

/// So much more or less than before, in words.
fn change(before: i64, now: i64) -> String {
    if before == 0 {
        return String::new();
    }
    let difference = now - before;
    let permille = difference.saturating_mul(1_000) / before;
    let sign = if difference < 0 { "turun" } else { "naik" };
    format!("{sign} {} ({},{}%)", money(difference.abs()), permille.abs() / 10, permille.abs() % 10)
}

/// An amount; below zero there is no bill.
fn or_none(amount: i64) -> String {
    if amount < 0 { "tidak ada".to_owned() } else { money(amount) }
}

fn differ(row: Outlier) -> DifferRow {
    DifferRow {
        parked_id: 0,
        customer_id: row.customer_id,
        name: row.name,
        number: row.service_number,
        before: or_none(row.before),
        now: or_none(row.now),
    }
}

/// Everything of a month.
pub async fn view(asked: &Asked, period: &str) -> Result<RehearsalView> {
    let app = &asked.app;
    let period = parse(asked, period)?;
    let this = Period::of(app.clock.today());
    let ledger = app.ledger(asked.who.clone()).await?;
    let ahead = ledger.look_ahead(period).await?;
    let approval = ledger.approval(period).await?;
    let parked = ledger.parked(period).await?;
    let mut reasons: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for skipped in &ahead.report.skipped {
        reasons.entry(skipped.reason.clone()).or_default().push(&skipped.service_number);
    }
    let reasons = reasons.into_iter().map(|(reason, numbers)| {
        let named = numbers.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
        let rest = numbers.len().saturating_sub(NAMED_MAX);
        let named = if rest == 0 { named } else { format!("{named} dan {rest} lagi") };
        (reason, i64::try_from(numbers.len()).unwrap_or(i64::MAX), named)
    });
    let skipped = reasons.collect();
    let total = ahead.report.total.0;
    let expected = total / 1_000 * ahead.paid_permille;
    Ok(RehearsalView {
        periods: [this, this.next()].map(|period| Choice::new(period.to_string(), period.words())).to_vec(),
        period: period.to_string(),
        month: period.words(),
        issued: ahead.report.issued,
        already: ahead.report.already,
        total: money(total),
        before: money(ahead.before.1),
        before_bills: format!("{} tagihan", text::count(ahead.before.0)),
        change: change(ahead.before.1, total),
        expected: if ahead.before.1 == 0 { String::new() } else { money(expected) },
        messages: ahead.messages,
        packages: ahead.packages.into_iter().map(|(name, count, sum)| (name, count, money(sum))).collect(),
        outliers: ahead.outliers.into_iter().map(differ).collect(),
        drifted: ahead.drifted.into_iter().map(differ).collect(),
        outliers_in_all: ahead.outliers_in_all,
        skipped,
        isolated: ahead.isolated.into_iter().map(|(day, count)| (date_words(day), count)).collect(),
        approval: approval.as_ref().map_or_else(String::new, |approval| {
            let by = format!(
                "{} tagihan, {}, disetujui {} pada {}",
                text::count(approval.bills),
                money(approval.total),
                approval.who,
                instant(&app.clock, approval.approved_at)
            );
            match approval.state.as_str() {
                "approved" if approval.set_hash == ahead.report.set_hash => format!("{by}. Belum ada yang berubah."),
                "approved" => format!("{by}. Sejak itu ada yang berubah, lihat di bawah; yang berubah akan ditahan, yang lain tetap terbit."),
                "asked" => format!(
                    "{by}. Tidak ada yang diterbitkan: {} tagihan berbeda, melewati batas. Setujui yang baru, atau tarik persetujuan agar terbit seperti biasa.",
                    text::count(approval.differing)
                ),
                "used" => format!("{by}. Sudah diterbitkan; {} berbeda.", text::count(approval.differing)),
                _ => String::new(),
            }
        }),
        unchanged: approval.as_ref().is_some_and(|approval| approval.set_hash == ahead.report.set_hash),
        state: approval.map(|approval| approval.state).unwrap_or_default(),
        set_hash: ahead.report.set_hash,
        parked: parked
            .into_iter()
            .map(|row| DifferRow {
                parked_id: row.id,
                customer_id: row.customer_id,
                name: row.name,
                number: row.service_number,
                before: or_none(row.approved_total),
                now: or_none(row.now_total),
            })
            .collect(),
    })
}

/// Approves; where the month has begun, its run goes out at once.
pub async fn approve(asked: &Asked, period: &str, set_hash: &str) -> Result<()> {
    let period = parse(asked, period)?;
    let ledger = asked.app.ledger(asked.who.clone()).await?;
    ledger.approve(period, set_hash).await?;
    go_on(asked, period).await
}

/// Takes an approval back; where the month has begun, its run goes out at once.
pub async fn cancel(asked: &Asked, period: &str) -> Result<()> {
    let period = parse(asked, period)?;
    asked.app.ledger(asked.who.clone()).await?.unapprove(period).await?;
    go_on(asked, period).await
}

async fn go_on(asked: &Asked, period: Period) -> Result<()> {
    let ledger = asked.app.ledger(asked.who.clone()).await?;
    if period <= Period::of(ledger.today()) {
        let wish = IssueWish { period: Some(period), scope: Scope::All, notify: true, dry_run: false };
        ledger.issue(wish).await?;
        asked.app.work_bell.notify_one();
    }
    Ok(())
}

/// Issues a parked bill, or leaves it out.
pub async fn parked(asked: &Asked, id: i64, issue: bool) -> Result<String> {
    let number = asked.app.ledger(asked.who.clone()).await?.answer_parked(id, issue).await?;
    Ok(number.map_or_else(|| "Tidak diterbitkan.".to_owned(), |number| format!("{number} terbit.")))
}
