//! Kartu Piutang: every row of a customer's ledger between two days, with what was open before and after each.

use super::canvas::{A4, Canvas};
use super::flow::{Cell, Column, Flow, Sender};
use super::font::Weight;
use super::sheet::{Column as SheetColumn, Kind, Sheet, Value};
use crate::app::admin::words::day;
use crate::app::dto::money;
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::NaiveDate;

/// Rows of one paper at most: some 300 pages.
const ROWS_MAX: usize = 10_000;

/// A row of the ledger: day, what it was, what it adds to the debt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Business day.
    pub day: NaiveDate,
    /// What it was.
    pub text: String,
    /// Rupiah; what lowers the debt is negative.
    pub amount: i64,
}

/// A customer's ledger between two days, both inclusive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Name, number, address.
    pub payer: Vec<String>,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// Rupiah owed before the first day; below zero it is Saldo.
    pub opening: i64,
    /// Rows, by day and then as they were written.
    pub rows: Vec<Row>,
    /// Rupiah owed after the last day.
    pub closing: i64,
}

sql!(PAYER = "SELECT name, COALESCE(number, ''), address FROM customer WHERE id = $1");
sql!(NUMBERS = "SELECT service_number FROM service WHERE customer_id = $1 ORDER BY id");
sql!(
    BEFORE = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM ledger_entry WHERE customer_id = $1 AND business_date < $2"
);
sql!(
    ROWS = "SELECT business_date, text, amount FROM ledger_entry WHERE customer_id = $1 AND business_date >= $2 AND business_date <= $3
 ORDER BY business_date, id LIMIT $4"
);

impl Statement {
    /// Reads it. Whether the customer may be seen is the caller's to ask.
    ///
    /// # Errors
    /// `Invalid` for days that run backwards, `NotFound` without that customer, `Refused` for too many rows.
    pub async fn read(app: &AppState, customer: i64, from: NaiveDate, to: NaiveDate) -> Result<Self> {
        if from > to {
            return Err(Error::invalid("from", "Tanggal pertama sesudah tanggal terakhir. Tukar keduanya."));
        }
        let found: Option<(String, String, String)> = app.db.opt(PAYER, args![customer]).await?;
        let (name, number, address) = found.ok_or_else(|| Error::NotFound("Pelanggan ini tidak ada.".to_owned()))?;
        let numbers: Vec<(String,)> = app.db.all(NUMBERS, args![customer]).await?;
        let numbers = numbers.into_iter().map(|row| row.0).collect::<Vec<_>>().join(", ");
        let opening = app.db.number(BEFORE, args![customer, from]).await?;
        let limit = i64::try_from(ROWS_MAX).unwrap_or(i64::MAX) + 1;
        let rows: Vec<(NaiveDate, String, i64)> = app.db.all(ROWS, args![customer, from, to, limit]).await?;
        if rows.len() > ROWS_MAX {
            return Err(Error::Refused(
                "Terlalu banyak catatan untuk satu Kartu Piutang. Pilih rentang tanggal yang lebih pendek.".to_owned(),
            ));
        }
        let rows: Vec<Row> = rows.into_iter().map(|(day, text, amount)| Row { day, text, amount }).collect();
        let labelled = |label: &str, value: String| if value.is_empty() { value } else { format!("{label} {value}") };
        Ok(Self {
            payer: [name, labelled("No. pelanggan", number), labelled("No. layanan", numbers), address]
                .into_iter()
                .filter(|line| !line.trim().is_empty())
                .collect(),
            from,
            to,
            opening,
            closing: opening + rows.iter().map(|row| row.amount).sum::<i64>(),
            rows,
        })
    }

    /// The rows with the balance after each.
    fn balanced(&self) -> impl Iterator<Item = (&Row, i64)> {
        self.rows.iter().scan(self.opening, |balance, row| {
            *balance += row.amount;
            Some((row, *balance))
        })
    }

    fn raised(&self) -> i64 {
        self.rows.iter().map(|row| row.amount).filter(|amount| *amount > 0).sum()
    }

    fn lowered(&self) -> i64 {
        -self.rows.iter().map(|row| row.amount).filter(|amount| *amount < 0).sum::<i64>()
    }

    /// Its pages.
    ///
    /// # Errors
    /// `Internal` when the program's own fonts can't be read.
    pub fn pages(&self, sender: &Sender, today: NaiveDate) -> Result<Vec<Canvas>> {
        let days = format!("{} sampai {}", day(self.from), day(self.to));
        let mut flow = Flow::begin(sender, A4, "Kartu Piutang", &days)?;
        flow.beside(
            &self.payer,
            &[
                ("Belum dibayar pada awal".to_owned(), owed(self.opening)),
                ("Tagihan".to_owned(), money(self.raised())),
                ("Bayar".to_owned(), money(self.lowered())),
                ("Belum dibayar pada akhir".to_owned(), owed(self.closing)),
                ("Dicetak".to_owned(), day(today)),
            ],
        );
        flow.table(&[
            Column { title: "Tanggal", share: 13, right: false },
            Column { title: "Keterangan", share: 36, right: false },
            Column { title: "Tagihan", share: 17, right: true },
            Column { title: "Bayar", share: 17, right: true },
            Column { title: "Sisa", share: 17, right: true },
        ])?;
        let empty = Cell::default;
        let before = format!("Sisa sebelum {}", day(self.from));
        flow.row(&[empty(), Cell::bold(before), empty(), empty(), Cell::bold(money(self.opening))])?;
        for (row, balance) in self.balanced() {
            let (debit, credit) =
                if row.amount < 0 { (String::new(), money(-row.amount)) } else { (money(row.amount), String::new()) };
            flow.row(&[
                Cell::new(day(row.day)),
                Cell::new(row.text.clone()),
                Cell::new(debit),
                Cell::new(credit),
                Cell::new(money(balance)),
            ])?;
        }
        flow.row(&[
            empty(),
            Cell::bold(format!("Sisa per {}", day(self.to))),
            Cell::bold(money(self.raised())),
            Cell::bold(money(self.lowered())),
            Cell::bold(money(self.closing)),
        ])?;
        flow.end_table();
        flow.y += 4.0;
        flow.words(Weight::Bold, 10.5, &self.in_words())?;
        Ok(flow.finish(&format!("Kartu Piutang · {}", self.payer.first().map_or("", String::as_str))))
    }

    /// What it comes to.
    pub fn in_words(&self) -> String {
        let on = day(self.to);
        match self.closing {
            0 => format!("Per {on} tidak ada yang belum dibayar."),
            owed if owed > 0 => format!("Per {on} belum dibayar {}.", money(owed)),
            saldo => format!("Per {on} ada Saldo {}.", money(-saldo)),
        }
    }

    /// The same as a sheet.
    ///
    /// # Errors
    /// `Internal` when it can't be written.
    pub fn xlsx(&self) -> Result<Vec<u8>> {
        let mut sheet = Sheet::begin(
            "Kartu Piutang",
            vec![
                SheetColumn::new("Tanggal", Kind::Date),
                SheetColumn::wide("Keterangan", 48.0),
                SheetColumn::summed("Tagihan", Kind::Money),
                SheetColumn::summed("Bayar", Kind::Money),
                SheetColumn::new("Sisa", Kind::Money),
            ],
        )?;
        let before = format!("Sisa sebelum {}", day(self.from));
        sheet.row(&[Value::None, Value::Text(before), Value::None, Value::None, Value::Number(self.opening)])?;
        for (row, balance) in self.balanced() {
            let amount = |shown: bool| if shown { Value::Number(row.amount.abs()) } else { Value::None };
            sheet.row(&[
                Value::Date(row.day),
                Value::Text(row.text.clone()),
                amount(row.amount >= 0),
                amount(row.amount < 0),
                Value::Number(balance),
            ])?;
        }
        sheet.finish()
    }
}

/// A debt, or that it is Saldo.
fn owed(amount: i64) -> String {
    if amount < 0 { format!("Saldo {}", money(-amount)) } else { money(amount) }
}
