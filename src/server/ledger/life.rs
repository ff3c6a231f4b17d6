//! The life of a service inside a month that is billed: another package from today, a stop with final settlement. What is
//! left of the old is taken off and the same days of the new are put on, on a bill or a note of their own. Source: RULES,
//! "Bills".

use super::credit::{CreditForm, CreditKind, credited_before};
use super::next::{NewBill, SERVICE_TO_BILL, ServiceRow};
use super::{Ledger, take_turn_of};
use crate::args;
use crate::billing::pricing::{Basis, ChangeInput, ChangeSide, PricedLine, price_change};
use crate::billing::{LineKind, Period, Rupiah};
use crate::server::access;
use crate::server::audit;
use crate::server::checks;
use crate::server::customers::planned;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::work::{self, Job};
use crate::sql;
use chrono::NaiveDate;

sql!(
    PACKAGE = "SELECT p.name, p.duration_months, (SELECT pp.price FROM package_price pp WHERE pp.package_id = p.id AND pp.valid_from <= $2 ORDER BY pp.valid_from DESC LIMIT 1)
 FROM package p WHERE p.id = $1 AND p.active"
);
sql!(PACKAGE_OF = "SELECT package_id, router_id, pppoe_username FROM service WHERE id = $1");
// Months from $2 on that have a standing regular bill.
sql!(
    BILLED_FROM =
        "SELECT i.id, l.period, i.total - i.paid, i.paid FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
 WHERE l.service_id = $1 AND l.period >= $2 AND l.kind IN ('subscription', 'prorate') AND NOT l.void ORDER BY l.period"
);
sql!(BASIS_OF = "SELECT b.input FROM invoice i JOIN price_basis b ON b.id = i.basis_id WHERE i.id = $1");
// What the standing papers of package changes after a month's bill $2 were made from, the last first.
sql!(
    CHANGES_SINCE = "SELECT b.input FROM service_change g
 LEFT JOIN invoice_line l ON l.change_id = 'change:' || CAST(g.id AS TEXT) AND NOT l.void LEFT JOIN invoice i ON i.id = l.invoice_id
 LEFT JOIN payment p ON p.request_id = 'change:' || CAST(g.id AS TEXT) AND p.reversed_on IS NULL
 JOIN price_basis b ON b.id = COALESCE(i.basis_id, p.basis_id)
 WHERE g.service_id = $1 AND g.kind = 'package' AND g.state = 'done' AND g.created_at >= (SELECT m.created_at FROM invoice m WHERE m.id = $2)
 ORDER BY g.id DESC"
);
sql!(
    WRITE_CHANGE =
        "INSERT INTO service_change (service_id, kind, from_on, package_id, state, reason, who, created_at, ended_at)
 VALUES ($1, $2, $3, $4, 'done', $5, $6, $7, $7) RETURNING id"
);
sql!(SET_PACKAGE = "UPDATE service SET package_id = $2 WHERE id = $1");
sql!(
    DROP_PLANS =
        "UPDATE service_change SET state = 'cancelled', ended_at = $2 WHERE service_id = $1 AND state = 'planned'"
);

/// What a change did, or would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// First day of the new.
    pub from: NaiveDate,
    /// The lines: what is taken off, what is put on.
    pub lines: Vec<PricedLine>,
    /// Their sum.
    pub total: Rupiah,
    /// Number of the bill or the note of credit, where one was written.
    pub paper: Option<String>,
}

/// A standing bill of a month: its row, the month, what is left, what is paid.
type Billed = (i64, String, i64, i64);

fn period_of(text: &str) -> Result<Period> {
    text.parse().map_err(|_| Error::Corrupt(format!("periode {text}")))
}

sql!(
    LINES_OF = "SELECT i.number, l.period, l.kind, l.amount, l.text, l.derivation FROM invoice i JOIN invoice_line l ON l.invoice_id = i.id WHERE i.id = $1 ORDER BY l.id"
);

impl Ledger {
    /// The number and the lines of a bill.
    pub(crate) async fn bill_lines(&self, tx: &mut Tx, invoice_id: i64) -> Result<(String, Vec<PricedLine>)> {
        let rows: Vec<(String, String, String, i64, String, String)> = tx.all(LINES_OF, args![invoice_id]).await?;
        let number = rows.first().map(|row| row.0.clone()).unwrap_or_default();
        let lines = rows
            .into_iter()
            .map(|(_, period, kind, amount, text, derivation)| {
                let unknown = || Error::Corrupt(format!("jenis baris {kind}"));
                Ok(PricedLine {
                    kind: LineKind::parse(&kind).ok_or_else(unknown)?,
                    period: period_of(&period)?,
                    amount: Rupiah(amount),
                    text,
                    derivation,
                })
            })
            .collect::<Result<_>>()?;
        Ok((number, lines))
    }

    /// Gives a service another package from today on, in the caller's transaction: every month that is billed is
    /// corrected from its first day that has the new package.
    ///
    /// # Errors
    /// `Invalid` beside the field; `Refused` where bills come after the month, or the package is for several months:
    /// then only from a month's first day (`customers::planned`).
    pub(crate) async fn change_package(
        &self,
        tx: &mut Tx,
        service_id: i64,
        package_id: i64,
        why: &str,
    ) -> Result<Changed> {
        let why = checks::reason(why)?;
        let service = self.running(tx, service_id).await?;
        let (old_package, router_id, _): (i64, Option<i64>, String) = tx.one(PACKAGE_OF, args![service_id]).await?;
        if old_package == package_id {
            return Err(Error::invalid("package_id", "Paket itu sudah dipakai layanan ini; pilih paket lain."));
        }
        let (name, months, price): (String, i64, Option<i64>) =
            tx.opt(PACKAGE, args![package_id, self.today])
                .await?
                .ok_or_else(|| Error::invalid("package_id", "Pilih paket dari daftar."))?;
        let Some(price) = price else {
            return Err(Error::invalid("package_id", "Paket ini belum punya harga. Isi harganya di Paket Internet."));
        };
        if months != 1 || service.duration_months != 1 {
            return Err(Error::Refused(
                "Paket untuk beberapa bulan hanya dapat diganti mulai awal bulan. Pilih mulai bulan depan.".to_owned(),
            ));
        }
        if self.in_arrears() {
            return Err(Error::Refused(
                "Tagihan terbit di akhir bulan, jadi paket diganti mulai awal bulan. Pilih mulai bulan depan."
                    .to_owned(),
            ));
        }
        self.issue_month(tx, service_id, self.current(), self.current().first_day()).await?;
        let new = ChangeSide { package_name: name.clone(), price: Rupiah(price) };
        let mut inputs = Vec::new();
        for (invoice_id, month, _, _) in tx.all::<Billed>(BILLED_FROM, args![service_id, self.current()]).await? {
            inputs.push(self.correction(tx, &service, invoice_id, period_of(&month)?, Some(new.clone())).await?);
        }
        let basis = Basis::Changes(inputs);
        let lines = basis.lines();
        let total = lines.iter().map(|line| line.amount).sum();
        let values = args![service_id, "package", self.today, package_id, &why, &self.who.name, self.now];
        let change_id = tx.number(WRITE_CHANGE, values).await?;
        let text = format!("Ganti paket {} ke {name}: {why}", service.package_name);
        let paper = self.write_correction(tx, &service, change_id, basis, &text).await?;
        tx.exec_one(SET_PACKAGE, args![service_id, package_id]).await?;
        if let Some(router_id) = router_id {
            work::enqueue(tx, &Job::SyncRouter { router_id }, self.now, self.now).await?;
        }
        let subject = format!("service:{service_id}");
        audit::record(tx, &self.who, self.now, "service.package", &subject, &service.package_name, &text).await?;
        Ok(Changed { from: self.today, lines, total, paper })
    }

    /// Stops a service from today on (today is not used), in the caller's transaction. A paid month is not refunded; of
    /// an unpaid one only the days that were used remain; a coming month's bill goes.
    ///
    /// # Errors
    /// `Refused` when it doesn't run; `Invalid` without a reason.
    pub(crate) async fn stop_now(&self, tx: &mut Tx, service_id: i64, why: &str) -> Result<Changed> {
        let why = checks::reason(why)?;
        let service = self.running(tx, service_id).await?;
        let (_, _, pppoe): (i64, Option<i64>, String) = tx.one(PACKAGE_OF, args![service_id]).await?;
        if service.stage == "aktif" && service.duration_months == 1 {
            self.issue_month(tx, service_id, self.current(), self.current().first_day()).await?;
        }
        let values = args![service_id, "stop", self.today, None::<i64>, &why, &self.who.name, self.now];
        let change_id = tx.number(WRITE_CHANGE, values).await?;
        let (mut lines, mut total, mut paper) = (Vec::new(), Rupiah::ZERO, None);
        for (invoice_id, month, left, paid) in tx.all::<Billed>(BILLED_FROM, args![service_id, self.current()]).await? {
            if left == 0 || service.duration_months != 1 {
                continue;
            }
            let input = self.correction(tx, &service, invoice_id, period_of(&month)?, None).await?;
            let priced = price_change(&input);
            if paid == 0 && left + priced.total.0 <= 0 {
                let number = self.void_invoice_in(tx, invoice_id, &why).await?;
                total -= Rupiah(left);
                paper = Some(number);
                lines.extend(priced.lines);
                continue;
            }
            let most = Rupiah(left + paid) - credited_before(tx, invoice_id).await?;
            let off = Rupiah(left).min(-priced.total).min(most);
            if off.is_positive() {
                let whole = off == -priced.total;
                let form = CreditForm {
                    kind: CreditKind::Note,
                    service_id,
                    invoice_id: Some(invoice_id),
                    amount: off,
                    reason: format!("Berhenti mulai {}", crate::billing::words::date_short(self.today)),
                    request_id: format!("change:{change_id}:{month}"),
                };
                let note = self.credit_with(tx, form, whole.then(|| Basis::Changes(vec![input]))).await?;
                total -= off;
                paper = Some(note.receipt);
                lines.extend(priced.lines);
            }
        }
        tx.exec_one(planned::STOP, args![service_id]).await?;
        tx.exec(DROP_PLANS, args![service_id, self.now]).await?;
        if !pppoe.is_empty() {
            access::wish(tx, &self.access(), service_id, "disabled", "none", &format!("Berhenti: {why}")).await?;
        }
        let subject = format!("service:{service_id}");
        audit::record(tx, &self.who, self.now, "service.stop", &subject, &service.stage, &why).await?;
        Ok(Changed { from: self.today, lines, total, paper })
    }

    /// The service, inside its payer's turn; refused when it doesn't run.
    async fn running(&self, tx: &mut Tx, service_id: i64) -> Result<ServiceRow> {
        take_turn_of(tx, service_id).await?;
        let service: ServiceRow = tx.one(SERVICE_TO_BILL, args![service_id, self.today, self.current()]).await?;
        if !matches!(service.stage.as_str(), "aktif" | "siap_dicabut" | "cuti") {
            return Err(Error::Refused("Layanan ini tidak sedang berjalan.".to_owned()));
        }
        Ok(service)
    }

    /// What a month that is billed changes by, from today or its first day on. What comes off is what was billed for those
    /// days, and what goes on is priced on the same terms: a discount, a price or a PPN that came after the bill holds
    /// from the next bill.
    async fn correction(
        &self,
        tx: &mut Tx,
        service: &ServiceRow,
        invoice_id: i64,
        period: Period,
        new: Option<ChangeSide>,
    ) -> Result<ChangeInput> {
        let from = self.today.max(period.first_day()).max(service.started_on);
        let old_name = service.package_name.clone();
        let changes: Vec<(String,)> = tx.all(CHANGES_SINCE, args![service.id, invoice_id]).await?;
        for (text,) in &changes {
            let Basis::Changes(inputs) = serde_json::from_str(text)? else { continue };
            let of_month = inputs.into_iter().find(|input| Period::of(input.from) == period);
            if let Some(ChangeInput { new: Some(last), discount, rules, .. }) = of_month {
                let old = Some(ChangeSide { package_name: old_name, ..last });
                return Ok(ChangeInput { from, old, new, discount, rules });
            }
        }
        let month = match tx.opt::<(String,)>(BASIS_OF, args![invoice_id]).await? {
            Some((text,)) => match serde_json::from_str(&text)? {
                Basis::Month(month) => Some(*month),
                Basis::Changes(_) => None,
            },
            None => None,
        };
        let input = match month {
            Some(month) => month.input,
            // A bill from before bases were kept: by what holds now.
            None => {
                let price_on = self.today.max(period.first_day());
                let service: ServiceRow = tx.one(SERVICE_TO_BILL, args![service.id, price_on, period]).await?;
                let Some(month) = service.priced(period, price_on, self.price_rules())? else {
                    return Err(Error::Refused("Paket layanan ini belum punya harga.".to_owned()));
                };
                month.input
            }
        };
        Ok(ChangeInput {
            from,
            old: Some(ChangeSide { package_name: old_name, price: input.price }),
            new,
            discount: input.discount,
            rules: input.rules,
        })
    }

    /// Writes a bill of kind `adjustment`, or a note of credit against the open bills; answers its number.
    async fn write_correction(
        &self,
        tx: &mut Tx,
        service: &ServiceRow,
        change_id: i64,
        basis: Basis,
        text: &str,
    ) -> Result<Option<String>> {
        let lines = basis.lines();
        let total: Rupiah = lines.iter().map(|line| line.amount).sum();
        if total == Rupiah::ZERO {
            return Ok(None);
        }
        if total < Rupiah::ZERO {
            // Against an open bill that is large enough, its former notes taken off; else it is Saldo.
            let mut against = None;
            for (id, _, left, paid) in tx.all::<Billed>(BILLED_FROM, args![service.id, self.current()]).await? {
                if left > 0 && -total <= Rupiah(left + paid) - credited_before(tx, id).await? {
                    against = Some(id);
                    break;
                }
            }
            let form = CreditForm {
                kind: CreditKind::Note,
                service_id: service.id,
                invoice_id: against,
                amount: -total,
                reason: text.chars().take(checks::REASON_CHARS_MAX).collect(),
                request_id: format!("change:{change_id}"),
            };
            return Ok(Some(self.credit_with(tx, form, Some(basis)).await?.receipt));
        }
        let bill = NewBill {
            customer_id: service.customer_id,
            service_id: service.id,
            period: self.current(),
            kind: "adjustment",
            due_on: self.charge_due(),
            customer_name: &service.customer_name,
            package_name: &service.package_name,
            lines: &lines,
            change: Some(&format!("change:{change_id}")),
            basis: Some(&basis),
            entry: ("issue", "Tagihan ", &format!(": {text}")),
        };
        let (_, number) = self.write_bill(tx, bill).await?;
        self.use_saldo(tx, service.customer_id).await?;
        Ok(Some(number))
    }
}
