//! Opening the books of a service: what it owed, and what its payer had paid in advance, before Kimonet.

use super::next::NewBill;
use super::settle::INSERT_ENTRY;
use super::{Ledger, take_turn};
use crate::args;
use crate::billing::pricing::PricedLine;
use crate::billing::{LineKind, Rupiah};
use crate::server::db::Tx;
use crate::server::error::Result;
use crate::sql;
use chrono::Days;

sql!(
    NAMES_OF = "SELECT c.name, p.name FROM service s JOIN customer c ON c.id = s.customer_id JOIN package p ON p.id = s.package_id WHERE s.id = $1"
);
// Written once a service: the request id is its key.
sql!(
    INSERT_OPENING_CREDIT =
        "INSERT INTO payment (receipt, customer_id, service_id, amount, method, channel, gateway, gateway_reference,
   request_id, reference, note, received_on, received_by, unused, at)
 VALUES ($1, $2, $3, $4, 'opening', '', NULL, NULL, $5, '', 'Saldo awal', $6, $7, $4, $8) RETURNING id"
);

impl Ledger {
    /// Writes the opening arrears (one open bill per service, ever) and the opening credit (Saldo) in the caller's
    /// transaction. Unique keys refuse a second time. The bill is due `invoice.min_days_to_pay` from today.
    pub async fn open_books(
        &self,
        tx: &mut Tx,
        service_id: i64,
        customer_id: i64,
        arrears: Rupiah,
        credit: Rupiah,
    ) -> Result<()> {
        if arrears <= Rupiah::ZERO && credit <= Rupiah::ZERO {
            return Ok(());
        }
        take_turn(tx, customer_id).await?;
        if arrears > Rupiah::ZERO {
            self.open_arrears(tx, service_id, customer_id, arrears).await?;
        }
        if credit > Rupiah::ZERO {
            let receipt = format!("SALDO-AWAL/{service_id}");
            let payment_id = tx
                .number(
                    INSERT_OPENING_CREDIT,
                    args![
                        receipt,
                        customer_id,
                        service_id,
                        credit,
                        format!("opening:{service_id}"),
                        self.today,
                        &self.who.name,
                        self.now
                    ],
                )
                .await?;
            tx.exec_one(
                INSERT_ENTRY,
                args![
                    customer_id,
                    service_id,
                    "opening_credit",
                    -credit,
                    None::<i64>,
                    payment_id,
                    self.today,
                    "Saldo awal",
                    &self.who.name,
                    self.now
                ],
            )
            .await?;
        }
        self.use_saldo(tx, customer_id).await
    }

    async fn open_arrears(&self, tx: &mut Tx, service_id: i64, customer_id: i64, arrears: Rupiah) -> Result<()> {
        let (customer_name, package_name): (String, String) = tx.one(NAMES_OF, args![service_id]).await?;
        let min_days = u64::try_from(self.settings.int("invoice.min_days_to_pay")).unwrap_or(0);
        let line = PricedLine {
            kind: LineKind::Opening,
            period: self.current(),
            amount: arrears,
            text: "Tunggakan awal".to_owned(),
            derivation: "Tunggakan dari pembukuan lama, sebelum memakai Kimonet.".to_owned(),
        };
        let bill = NewBill {
            customer_id,
            service_id,
            period: self.current(),
            kind: "opening",
            due_on: self.today + Days::new(min_days),
            customer_name: &customer_name,
            package_name: &package_name,
            lines: &[line],
            change: None,
            basis: None,
            entry: ("opening", "Tunggakan awal ", ""),
        };
        self.write_bill(tx, bill).await?;
        Ok(())
    }
}
