//! What the business spends (Catat Pengeluaran). A row is written once; a mistake is taken back by a row that names it,
//! today, with the amount below zero. Nothing is dated into a closed month.

use crate::args;
use crate::billing::Rupiah;
use crate::billing::words::{date_short, parse_date_input};
use crate::server::audit;
use crate::server::checks::{form_id, reason};
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::guard::Asked;
use crate::server::ledger::must_be_open;
use crate::sql;
use chrono::{Datelike, Days, NaiveDate};

/// Kinds of expenses: as the database writes them, as people read them.
pub const CATEGORIES: &[(&str, &str)] = &[
    ("gaji", "Gaji dan upah"),
    ("komisi", "Komisi kolektor"),
    ("bandwidth", "Bandwidth (upstream)"),
    ("listrik", "Listrik"),
    ("sewa", "Sewa tempat dan tiang"),
    ("perangkat", "Perangkat dan kabel"),
    ("perbaikan", "Perbaikan"),
    ("transportasi", "Transportasi"),
    ("pajak", "Pajak dan iuran (BHP/USO)"),
    ("lain", "Lain-lain"),
];
/// More than this at once is a typing error.
const AMOUNT_MAX: Rupiah = Rupiah(1_000_000_000_000);
/// How far back an expense may be dated, in days.
const BACKDATE_DAYS_MAX: u64 = 366;
/// Rows that the form shows of what was written last.
const NEWEST_ROWS: i64 = 10;
/// Letters of a note at most.
const NOTE_CHARS_MAX: usize = 200;

/// The word of a kind; one of a newer version is shown as it is.
pub fn category_word(code: &str) -> &str {
    CATEGORIES.iter().find(|known| known.0 == code).map_or(code, |known| known.1)
}

/// An expense as it was typed.
#[derive(Clone, Debug, Default)]
pub struct ExpenseForm {
    /// Day; empty: today.
    pub day: String,
    /// Kind, as [`CATEGORIES`] names it.
    pub category: String,
    /// Amount.
    pub amount: String,
    /// `cash` or `transfer`.
    pub method: String,
    /// What for.
    pub note: String,
    /// Id of the form: the same one twice is one expense.
    pub request_id: String,
}

/// An expense that can be.
#[derive(Clone, Debug)]
struct Expense {
    day: NaiveDate,
    category: &'static str,
    amount: Rupiah,
    method: &'static str,
    note: String,
    request_id: String,
}

sql!(TAKEN = "SELECT amount, business_date, category, method, note FROM expense WHERE request_id = $1");
sql!(
    INSERT =
        "INSERT INTO expense (request_id, business_date, category, amount, method, note, reverses, who, staff_id, at)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id"
);
sql!(
    STANDING = "SELECT e.business_date, e.category, e.amount, e.method, e.note, e.reverses, (SELECT r.id FROM expense r WHERE r.reverses = e.id) FROM expense e WHERE e.id = $1"
);

sql!(
    NEWEST = "SELECT e.id, e.business_date, e.category, e.amount, e.note, e.who, e.reverses, (SELECT r.id FROM expense r WHERE r.reverses = e.id) AS taken_back
 FROM expense e ORDER BY e.id DESC LIMIT $1"
);

/// Day, kind, amount, method, note, what it takes back, what took it back.
type Standing = (NaiveDate, String, i64, String, String, Option<i64>, Option<i64>);

/// Refuses a day that has not come, lies far back, or in a closed month.
async fn check_day(asked: &Asked, typed: &str) -> Result<NaiveDate> {
    let today = asked.app.clock.today();
    if typed.trim().is_empty() {
        return open_day(asked, today).await;
    }
    let day = parse_date_input(typed, today.year())
        .ok_or_else(|| Error::invalid("day", format!("Tanggal {typed:?} tidak terbaca; tulis misalnya 15/1/2026.")))?;
    if day > today {
        return Err(Error::invalid("day", "Tanggal itu belum terjadi; isi hari ini atau sebelumnya."));
    }
    if day + Days::new(BACKDATE_DAYS_MAX) < today {
        return Err(Error::invalid("day", "Tanggal paling lama setahun yang lalu."));
    }
    open_day(asked, day).await
}

/// A day whose month is not closed.
async fn open_day(asked: &Asked, day: NaiveDate) -> Result<NaiveDate> {
    must_be_open(&*asked.app.settings().await?, day, "day")?;
    Ok(day)
}

async fn check(asked: &Asked, form: ExpenseForm) -> Result<Expense> {
    let day = check_day(asked, &form.day).await?;
    let (category, _) = CATEGORIES
        .iter()
        .find(|known| known.0 == form.category)
        .ok_or_else(|| Error::invalid("category", "Pilih jenis pengeluarannya."))?;
    let amount = Rupiah::parse_input(&form.amount).map_err(|error| Error::invalid("amount", error.to_string()))?;
    if !amount.is_positive() {
        return Err(Error::invalid("amount", "Jumlah harus lebih dari nol."));
    }
    if amount > AMOUNT_MAX {
        return Err(Error::invalid("amount", "Jumlah terlalu besar; periksa lagi angkanya."));
    }
    let method = match form.method.as_str() {
        "cash" => "cash",
        "transfer" => "transfer",
        _ => return Err(Error::invalid("method", "Pilih tunai atau transfer.")),
    };
    let note = form.note.trim().to_owned();
    if note.chars().count() > NOTE_CHARS_MAX {
        return Err(Error::invalid("note", format!("Terlalu panjang, paling banyak {NOTE_CHARS_MAX} huruf.")));
    }
    Ok(Expense { day, category, amount, method, note, request_id: form_id(form.request_id)? })
}

/// An expense, or what takes one back.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Written {
    /// Its row.
    pub id: i64,
    /// Day.
    pub business_date: NaiveDate,
    /// Kind.
    pub category: String,
    /// Rupiah; below zero where it takes one back.
    pub amount: i64,
    /// What for.
    pub note: String,
    /// Who wrote it.
    pub who: String,
    /// What it takes back.
    pub reverses: Option<i64>,
    /// What took it back.
    pub taken_back: Option<i64>,
}

/// Those that were written last.
pub async fn newest(asked: &Asked) -> Result<Vec<Written>> {
    Ok(asked.app.db.all(NEWEST, args![NEWEST_ROWS]).await?)
}

/// Writes an expense; answers what to say.
///
/// # Errors
/// `Invalid` beside the field that cannot be; `Conflict` when the form's id was another expense.
pub async fn record(asked: &Asked, form: ExpenseForm) -> Result<String> {
    let expense = check(asked, form).await?;
    let said = format!("{} {} dicatat.", category_word(expense.category), expense.amount.html());
    let (who, now) = (asked.who.clone(), asked.app.clock.now());
    asked
        .app
        .db
        .write(move |tx: &mut Tx| {
            let (expense, who) = (expense.clone(), who.clone());
            Box::pin(async move {
                let taken: Option<(i64, NaiveDate, String, String, String)> =
                    tx.opt(TAKEN, args![&expense.request_id]).await?;
                let same = |(amount, day, category, method, note): &(i64, NaiveDate, String, String, String)| {
                    *amount == expense.amount.0
                        && *day == expense.day
                        && category == expense.category
                        && method == expense.method
                        && *note == expense.note
                };
                match taken {
                    Some(taken) if same(&taken) => return Ok(()),
                    Some(_) => {
                        return Err(Error::Conflict(
                            "Formulir ini sudah dikirim dengan isi lain. Muat ulang halaman, lalu isi lagi.".to_owned(),
                        ));
                    }
                    None => {}
                }
                let row = args![
                    &expense.request_id,
                    expense.day,
                    expense.category,
                    expense.amount,
                    expense.method,
                    &expense.note,
                    None::<i64>,
                    &who.name,
                    who.staff_id,
                    now
                ];
                let id = tx.number(INSERT, row).await?;
                let after = format!(
                    "{} {} {}: {}",
                    date_short(expense.day),
                    category_word(expense.category),
                    expense.amount,
                    expense.note
                );
                audit::record(tx, &who, now, "expense.record", &format!("expense:{id}"), "", &after).await
            })
        })
        .await?;
    Ok(said)
}

/// What an expense is, in words, where it can be taken back.
///
/// # Errors
/// `NotFound`; `Refused` where it was taken back or takes another back.
pub async fn standing(asked: &Asked, id: i64) -> Result<String> {
    words(asked.app.db.opt(STANDING, args![id]).await?)
}

fn words(found: Option<Standing>) -> Result<String> {
    let (day, category, amount, _, note, reverses, taken_back) =
        found.ok_or_else(|| Error::NotFound("Pengeluaran itu tidak ada.".to_owned()))?;
    if reverses.is_some() {
        return Err(Error::Refused("Baris itu sendiri sebuah pembatalan.".to_owned()));
    }
    if taken_back.is_some() {
        return Err(Error::Refused("Pengeluaran itu sudah dibatalkan.".to_owned()));
    }
    Ok(format!("{} {} {} {note}", date_short(day), category_word(&category), Rupiah(amount).html())
        .trim_end()
        .to_owned())
}

/// Takes an expense back, today; answers what to say.
///
/// # Errors
/// `NotFound`; `Refused` where it was taken back already; `Invalid` without a reason, or where this month is closed.
pub async fn take_back(asked: &Asked, id: i64, why: &str) -> Result<String> {
    let why = reason(why)?;
    let today = open_day(asked, asked.app.clock.today()).await.map_err(|error| match error {
        Error::Invalid { message, .. } => Error::Refused(message),
        other => other,
    })?;
    let (who, now) = (asked.who.clone(), asked.app.clock.now());
    let said = asked
        .app
        .db
        .write(move |tx: &mut Tx| {
            let (why, who) = (why.clone(), who.clone());
            Box::pin(async move {
                let found: Option<Standing> = tx.opt(STANDING, args![id]).await?;
                let before = words(found.clone())?;
                let Some((_, category, amount, method, ..)) = found else { return Ok::<_, Error>(before) };
                let row = args![
                    format!("batal:{id}"),
                    today,
                    category,
                    -amount,
                    method,
                    format!("Pembatalan: {why}"),
                    id,
                    &who.name,
                    who.staff_id,
                    now
                ];
                tx.number(INSERT, row).await.map_err(|error| {
                    // Somebody else was faster: the key lets one of them through.
                    if error.is_unique_violation() {
                        Error::Refused("Pengeluaran itu sudah dibatalkan.".to_owned())
                    } else {
                        Error::from(error)
                    }
                })?;
                audit::record(tx, &who, now, "expense.reverse", &format!("expense:{id}"), &before, &why).await?;
                Ok(before)
            })
        })
        .await?;
    Ok(format!("Dibatalkan: {said}."))
}
