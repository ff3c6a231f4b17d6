//! The bag of cash that each receiver has: what came in and was not handed over. Source: RULES, "Money in".

use super::Ledger;
use crate::args;
use crate::billing::Rupiah;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::sql;
use chrono::NaiveDate;

/// The bag of cash that nobody is named for.
const NOBODY: &str = "Tanpa nama";

sql!(BAG_OF_STAFF = "SELECT id FROM cash_bag WHERE staff_id = $1");
sql!(BAG_OF_NAME = "SELECT id FROM cash_bag WHERE staff_id IS NULL AND name = $1");
sql!(
    ADD_BAG =
        "INSERT INTO cash_bag (staff_id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING id"
);
sql!(
    PUT_IN = "INSERT INTO bag_entry (bag_id, kind, amount, payment_id, handover_id, business_date, text, who, at)
 VALUES ($1, 'cash', $2, $3, NULL, $4, $5, $6, $7)"
);

sql!(HELD = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM bag_entry WHERE bag_id = $1");

impl Ledger {
    /// Refuses cash that would fill a bag beyond its limit, where the owner wants it refused.
    pub(super) async fn has_room(&self, tx: &mut Tx, bag_id: i64, amount: Rupiah) -> Result<()> {
        let limit = self.settings.int("cash.bag_limit");
        if limit == 0 || self.settings.text("cash.over_limit") != "refuse" {
            return Ok(());
        }
        let holds = tx.number(HELD, args![bag_id]).await?;
        if holds + amount.0 <= limit {
            return Ok(());
        }
        Err(Error::Refused(format!(
            "Kas di tas sudah {}; batasnya {}. Setorkan dahulu di Setoran & Tutup Kas, lalu terima uang ini.",
            Rupiah(holds).html(),
            Rupiah(limit).html()
        )))
    }

    /// The bag of a member of staff or, where it is none, of a name; made when it is first needed.
    pub(super) async fn bag(&self, tx: &mut Tx, staff_id: Option<i64>, name: &str) -> Result<i64> {
        let name = if name.trim().is_empty() { NOBODY } else { name.trim() };
        let (find, key) = match staff_id {
            Some(id) => (BAG_OF_STAFF, args![id]),
            None => (BAG_OF_NAME, args![name]),
        };
        if let Some((id,)) = tx.opt::<(i64,)>(find, key.clone()).await? {
            return Ok(id);
        }
        if let Some((id,)) = tx.opt::<(i64,)>(ADD_BAG, args![staff_id, name, self.now]).await? {
            return Ok(id);
        }
        // Somebody else made it at the same moment.
        Ok(tx.number(find, key).await?)
    }

    /// Lays the cash of a payment into a bag.
    pub(super) async fn put_in_bag(
        &self,
        tx: &mut Tx,
        bag_id: i64,
        (payment_id, receipt): (i64, &str),
        amount: Rupiah,
        received_on: NaiveDate,
    ) -> Result<()> {
        let text = format!("Pembayaran {receipt}");
        Ok(tx.exec_one(PUT_IN, args![bag_id, amount, payment_id, received_on, text, &self.who.name, self.now]).await?)
    }
}
