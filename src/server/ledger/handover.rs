//! Setoran: somebody hands over the cash of a bag, and somebody else says that he has it. What was counted and what was
//! missing leaves the bag when it is given; a refusal puts it back. Source: RULES, "Money in".

use super::{Ledger, count_on};
use crate::args;
use crate::billing::Rupiah;
use crate::server::audit;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::rights::{Permission, Role};
use crate::server::state::AppState;
use crate::sql;
use chrono::Datelike;

/// More than this at once is a typing error.
const AMOUNT_MAX: i64 = 1_000_000_000_000;

/// A hand-over, as it is given.
#[derive(Clone, Debug)]
pub struct HandoverForm {
    /// The bag.
    pub bag_id: i64,
    /// What the bag held when the giver counted; another sum by now is counted anew.
    pub expected: Rupiah,
    /// What is handed over, counted.
    pub counted: Rupiah,
    /// What stays in the bag as change.
    pub kept: Rupiah,
    /// Why counted and kept are not what the bag held.
    pub reason: String,
    /// `kantor` or `bank`.
    pub destination: String,
    /// The bank's reference, or who has it.
    pub reference: String,
    /// Id of the form: the same one twice is one hand-over.
    pub request_id: String,
}

/// A hand-over that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handed {
    /// Its row.
    pub id: i64,
    /// `ST/2026/01/000001`.
    pub number: String,
    /// Whether it had been given before: nothing was written now.
    pub already: bool,
}

#[derive(sqlx::FromRow)]
struct Given {
    number: String,
    bag_id: i64,
    counted: i64,
    difference: i64,
    state: String,
    given_by_id: Option<i64>,
}

// Whoever gives, answers or gives again comes one after the other.
sql!(TAKE_BAG = "UPDATE cash_bag SET name = name WHERE id = $1");
sql!(IN_BAG = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM bag_entry WHERE bag_id = $1");
sql!(FIND_REQUEST = "SELECT id, number, bag_id, counted FROM handover WHERE request_id = $1");
sql!(OPEN_OF_BAG = "SELECT number FROM handover WHERE bag_id = $1 AND state = 'given'");
sql!(
    INSERT_HANDOVER = "INSERT INTO handover (number, request_id, bag_id, expected, counted, kept, difference, reason, destination, reference,
   business_date, state, given_by, given_by_id, given_at, answered_by, answered_by_id, answered_at, answer)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'given', $12, $13, $14, '', NULL, NULL, '') RETURNING id"
);
sql!(
    ENTER = "INSERT INTO bag_entry (bag_id, kind, amount, payment_id, handover_id, business_date, text, who, at)
 VALUES ($1, $2, $3, NULL, $4, $5, $6, $7, $8)"
);
sql!(GIVEN = "SELECT number, bag_id, counted, difference, state, given_by_id FROM handover WHERE id = $1");
sql!(
    ANSWER = "UPDATE handover SET state = $2, answered_by = $3, answered_by_id = $4, answered_at = $5, answer = $6 WHERE id = $1 AND state = 'given'"
);
sql!(
    OTHER_RECEIVERS =
        "SELECT COUNT(*) FROM staff WHERE active AND id <> $1 AND role IN (SELECT value FROM json_each($2))"
);

/// Whether nobody but `staff_id` may receive a hand-over: then, and only then, he answers his own.
pub async fn receives_alone(state: &AppState, staff_id: i64) -> Result<bool> {
    let rights = state.rights().await?;
    let roles: Vec<&str> =
        Role::ALL.into_iter().filter(|role| rights.allows(*role, Permission::ManageCash)).map(Role::as_str).collect();
    Ok(state.db.number(OTHER_RECEIVERS, args![staff_id, serde_json::to_string(&roles)?]).await? == 0)
}

fn checked(form: &HandoverForm) -> Result<i64> {
    for (field, amount) in [("counted", form.counted), ("kept", form.kept)] {
        if amount < Rupiah::ZERO || amount.0 > AMOUNT_MAX {
            return Err(Error::invalid(field, "Isi jumlah yang benar, nol atau lebih."));
        }
    }
    if !matches!(form.destination.as_str(), "kantor" | "bank") {
        return Err(Error::invalid("destination", "Pilih disetor ke kantor atau ke bank."));
    }
    if form.destination == "bank" && form.reference.trim().is_empty() {
        return Err(Error::invalid("reference", "Tulis bank dan nomor bukti setornya."));
    }
    for (field, text) in [("reason", &form.reason), ("reference", &form.reference)] {
        if text.chars().count() > 300 {
            return Err(Error::invalid(field, "Terlalu panjang, paling banyak 300 huruf."));
        }
    }
    let difference = form.expected.0 - form.counted.0 - form.kept.0;
    if difference != 0 && form.reason.trim().is_empty() {
        let what = if difference > 0 { "kurang" } else { "lebih" };
        let by = Rupiah(difference.abs()).html();
        return Err(Error::invalid("reason", format!("Uang {what} {by} dari isi tas. Tulis sebabnya.")));
    }
    if form.counted.is_zero() && difference == 0 {
        return Err(Error::invalid("counted", "Isi uang yang disetor, lebih dari nol."));
    }
    Ok(difference)
}

impl Ledger {
    /// Gives a bag's cash away; it waits for somebody else's answer. The same form again writes nothing.
    pub async fn hand_over(&self, form: HandoverForm) -> Result<Handed> {
        let ledger = self.clone();
        self.state
            .db
            .write(move |tx| {
                let (ledger, form) = (ledger.clone(), form.clone());
                Box::pin(async move { ledger.hand_over_in(tx, &form).await })
            })
            .await
    }

    async fn hand_over_in(&self, tx: &mut Tx, form: &HandoverForm) -> Result<Handed> {
        if tx.exec(TAKE_BAG, args![form.bag_id]).await? == 0 {
            return Err(Error::NotFound("Tas kas itu tidak ada.".to_owned()));
        }
        if let Some((id, number, bag_id, counted)) =
            tx.opt::<(i64, String, i64, i64)>(FIND_REQUEST, args![&form.request_id]).await?
        {
            return if bag_id == form.bag_id && counted == form.counted.0 {
                Ok(Handed { id, number, already: true })
            } else {
                Err(Error::Conflict(
                    "Nomor permintaan ini sudah dipakai untuk setoran lain. Muat ulang halaman, lalu isi lagi."
                        .to_owned(),
                ))
            };
        }
        let difference = checked(form)?;
        if let Some((number,)) = tx.opt::<(String,)>(OPEN_OF_BAG, args![form.bag_id]).await? {
            return Err(Error::Refused(format!(
                "Setoran {number} dari tas ini belum dijawab. Tunggu sampai diterima atau ditolak, lalu setor lagi."
            )));
        }
        let holds = tx.number(IN_BAG, args![form.bag_id]).await?;
        if holds != form.expected.0 {
            return Err(Error::Conflict(format!(
                "Isi tas sekarang {}, bukan {} lagi. Hitung kembali uangnya.",
                Rupiah(holds).html(),
                form.expected.html()
            )));
        }
        let (year, month) = (self.today.year(), self.today.month());
        let sequence = count_on(tx, &format!("handover:{year:04}-{month:02}"), 1).await?;
        let number = format!("ST/{year:04}/{month:02}/{sequence:06}");
        let id = tx
            .number(
                INSERT_HANDOVER,
                args![
                    &number,
                    &form.request_id,
                    form.bag_id,
                    form.expected,
                    form.counted,
                    form.kept,
                    difference,
                    form.reason.trim(),
                    &form.destination,
                    form.reference.trim(),
                    self.today,
                    &self.who.name,
                    self.who.staff_id,
                    self.now
                ],
            )
            .await?;
        for (kind, amount, text) in [
            ("handover", -form.counted.0, format!("Setoran {number}")),
            ("difference", -difference, format!("Selisih setoran {number}")),
        ] {
            if amount != 0 {
                self.enter(tx, form.bag_id, kind, amount, id, &text).await?;
            }
        }
        let gap = match difference {
            0 => String::new(),
            less if less > 0 => format!(", kurang {}", Rupiah(less)),
            more => format!(", lebih {}", Rupiah(-more)),
        };
        let after = format!("{number}: {} ke {}{gap}", form.counted, form.destination);
        audit::record(tx, &self.who, self.now, "handover.give", &format!("bag:{}", form.bag_id), "", &after).await?;
        Ok(Handed { id, number, already: false })
    }

    /// Confirms or refuses what somebody else gave. The giver never answers himself, but where nobody else may.
    pub async fn answer_handover(&self, id: i64, confirm: bool, answer: &str) -> Result<()> {
        let (ledger, answer) = (self.clone(), answer.trim().to_owned());
        let alone = match self.who.staff_id {
            Some(me) => receives_alone(&self.state, me).await?,
            None => false,
        };
        self.state
            .db
            .write(move |tx| {
                let (ledger, answer) = (ledger.clone(), answer.clone());
                Box::pin(async move { ledger.answer_in(tx, id, confirm, &answer, alone).await })
            })
            .await
    }

    async fn answer_in(&self, tx: &mut Tx, id: i64, confirm: bool, answer: &str, alone: bool) -> Result<()> {
        let missing = || Error::NotFound("Setoran itu tidak ada.".to_owned());
        let bag_id = tx.opt::<Given>(GIVEN, args![id]).await?.ok_or_else(missing)?.bag_id;
        tx.exec_one(TAKE_BAG, args![bag_id]).await?;
        let given: Given = tx.one(GIVEN, args![id]).await?;
        let state = if confirm { "confirmed" } else { "refused" };
        if given.state == state {
            return Ok(());
        }
        if given.state != "given" {
            return Err(Error::Conflict(format!("Setoran {} sudah dijawab orang lain.", given.number)));
        }
        if answer.chars().count() > 300 {
            return Err(Error::invalid("answer", "Terlalu panjang, paling banyak 300 huruf."));
        }
        if !confirm && answer.is_empty() {
            return Err(Error::invalid("answer", "Tulis mengapa setoran ini ditolak."));
        }
        let mut himself = "";
        if let (Some(giver), Some(me)) = (given.given_by_id, self.who.staff_id)
            && giver == me
        {
            if !alone {
                return Err(Error::Refused(
                    "Setoran sendiri dijawab oleh orang lain. Minta rekan yang berhak menerimanya.".to_owned(),
                ));
            }
            himself = " (dijawab sendiri: tidak ada pengguna lain yang berhak)";
        }
        tx.exec_one(ANSWER, args![id, state, &self.who.name, self.who.staff_id, self.now, answer]).await?;
        if !confirm {
            let back = given.counted + given.difference;
            let text = format!("Setoran {} ditolak", given.number);
            self.enter(tx, bag_id, "refused", back, id, &text).await?;
        }
        let action = if confirm { "handover.confirm" } else { "handover.refuse" };
        let said = if confirm { "diterima" } else { "ditolak" };
        let why = if answer.is_empty() { String::new() } else { format!(": {answer}") };
        let after = format!("{} {said}{why}{himself}", given.number);
        audit::record(tx, &self.who, self.now, action, &format!("bag:{bag_id}"), "", &after).await
    }

    async fn enter(&self, tx: &mut Tx, bag: i64, kind: &str, amount: i64, handover: i64, text: &str) -> Result<()> {
        Ok(tx.exec_one(ENTER, args![bag, kind, amount, handover, self.today, text, &self.who.name, self.now]).await?)
    }
}
