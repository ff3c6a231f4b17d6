//! One paper over all open bills of a payer: each line's number and month, the sum of all, and where each service is paid.

use super::canvas::{A4, Canvas};
use super::flow::{Cell, Column, Flow, Sender};
use crate::app::admin::words;
use crate::app::dto::money;
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::NaiveDate;

/// Side of a QR code.
const QR: f32 = 66.0;

/// The open bills of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfService {
    /// Number and package.
    pub title: String,
    /// Where they are paid.
    pub link: String,
    /// Its bills: what for, number, due day, what is left.
    pub bills: Vec<(String, String, NaiveDate, i64)>,
}

/// The open bills of a payer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Several {
    /// Name, number, address.
    pub payer: Vec<String>,
    /// By service.
    pub services: Vec<OfService>,
    /// Rupiah of Saldo that waits.
    pub saldo: i64,
    /// Where all of them are paid at once; empty where there is one, or more than a code holds that a telephone reads.
    pub at_once: String,
}

/// Letters of an address that a QR code of this size still shows large enough.
const LINK_MAX: usize = 420;

sql!(PAYER = "SELECT name, COALESCE(number, ''), address FROM customer WHERE id = $1");
sql!(
    OPEN = "SELECT s.service_number, s.slug, i.package_name, i.number, i.period, i.kind, (SELECT l.text FROM invoice_line l WHERE l.invoice_id = i.id ORDER BY l.id LIMIT 1) AS text, i.due_on, i.total - i.paid AS owed
 FROM invoice i JOIN service s ON s.id = i.service_id WHERE i.customer_id = $1 AND i.status IN ('open', 'partial')
 ORDER BY s.id, CASE WHEN i.kind = 'opening' THEN 0 ELSE 1 END, i.due_on, i.number"
);
sql!(SALDO = "SELECT CAST(COALESCE(SUM(unused), 0) AS BIGINT) FROM payment WHERE customer_id = $1 AND unused > 0");

#[derive(sqlx::FromRow)]
struct Open {
    service_number: String,
    slug: String,
    package_name: String,
    number: String,
    period: String,
    kind: String,
    text: Option<String>,
    due_on: NaiveDate,
    owed: i64,
}

impl Several {
    /// Reads it. Whether the customer may be seen is the caller's to ask.
    ///
    /// # Errors
    /// `NotFound` without that customer or without an open bill.
    pub async fn read(app: &AppState, customer: i64) -> Result<Self> {
        let at_once = crate::app::admin::customer::query::sheet(app, customer).await?;
        let found: Option<(String, String, String)> = app.db.opt(PAYER, args![customer]).await?;
        let (name, number, address) = found.ok_or_else(|| Error::NotFound("Pelanggan ini tidak ada.".to_owned()))?;
        let open: Vec<Open> = app.db.all(OPEN, args![customer]).await?;
        if open.is_empty() {
            return Err(Error::NotFound("Tidak ada tagihan yang belum dibayar.".to_owned()));
        }
        let mut services: Vec<(String, OfService)> = Vec::new();
        for row in open {
            let what = words::bill(&row.kind, &row.period, row.text.as_deref());
            let bill = (what, row.number, row.due_on, row.owed);
            match services.last_mut().filter(|service| service.0 == row.service_number) {
                Some(service) => service.1.bills.push(bill),
                None => {
                    let service = OfService {
                        title: format!("No. layanan {} · {}", row.service_number, row.package_name),
                        link: words::portal(&app.config, &row.slug),
                        bills: vec![bill],
                    };
                    services.push((row.service_number, service));
                }
            }
        }
        let number = if number.is_empty() { number } else { format!("No. pelanggan {number}") };
        Ok(Self {
            payer: [name, number, address].into_iter().filter(|line| !line.trim().is_empty()).collect(),
            services: services.into_iter().map(|service| service.1).collect(),
            saldo: app.db.number(SALDO, args![customer]).await?,
            at_once: if at_once.len() > LINK_MAX { String::new() } else { at_once },
        })
    }

    /// Rupiah of all together.
    pub fn total(&self) -> i64 {
        self.services.iter().flat_map(|service| &service.bills).map(|bill| bill.3).sum()
    }

    /// Its pages.
    ///
    /// # Errors
    /// `Internal` when the program's own fonts can't be read.
    pub fn pages(&self, sender: &Sender, today: NaiveDate) -> Result<Vec<Canvas>> {
        let date = words::day(today);
        let mut flow = Flow::begin(sender, A4, "Tagihan yang belum dibayar", &date)?;
        let count: usize = self.services.iter().map(|service| service.bills.len()).sum();
        flow.beside(
            &self.payer,
            &[("Banyaknya".to_owned(), format!("{count} tagihan")), ("Jumlah".to_owned(), money(self.total()))],
        );
        let mut accounts = sender.accounts.as_slice();
        for service in &self.services {
            flow.end_table();
            flow.room(QR + 90.0)?;
            flow.words(super::font::Weight::Bold, 10.5, &service.title)?;
            flow.y += 6.0;
            flow.table(&[
                Column { title: "Untuk", share: 34, right: false },
                Column { title: "Nomor", share: 27, right: false },
                Column { title: "Jatuh tempo", share: 17, right: false },
                Column { title: "Sisa", share: 22, right: true },
            ])?;
            for (what, number, due, owed) in &service.bills {
                let cells = [what.clone(), number.clone(), words::day(*due), money(*owed)];
                flow.row(&cells.map(Cell::new))?;
            }
            flow.end_table();
            let sum: i64 = service.bills.iter().map(|bill| bill.3).sum();
            flow.sums(&[("Jumlah layanan ini".to_owned(), money(sum), true)])?;
            flow.y += 4.0;
            let mut lines = vec![service.link.clone()];
            if !accounts.is_empty() {
                lines.push("atau transfer ke".to_owned());
                lines.extend(accounts.iter().take(3).cloned());
            }
            accounts = &[];
            flow.pay_at("Pindai atau buka untuk membayar", &service.link, &lines, QR)?;
        }
        if self.services.len() > 1 || self.saldo > 0 {
            flow.room(40.0)?;
            let mut sums = vec![("Jumlah semua".to_owned(), money(self.total()), true)];
            if self.saldo > 0 {
                sums.push(("Saldo yang tersimpan".to_owned(), money(self.saldo), false));
            }
            flow.sums(&sums)?;
        }
        if !self.at_once.is_empty() {
            let words = "Satu nomor pembayaran untuk semua tagihan di atas yang bulannya sudah mulai.".to_owned();
            flow.pay_at("Bayar semua sekaligus", &self.at_once, &[words], 2.0 * QR)?;
        }
        Ok(flow.finish("Tagihan yang belum dibayar"))
    }
}
