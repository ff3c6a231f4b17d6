//! What Setoran & Tutup Kas reads, and its two doors to the ledger.

use super::{Answer, BagPayment, BagRow, HandoverRow, HandoverView, HandoverWish};
use crate::app::admin::words::{day, instant, since};
use crate::app::dto::{Badge, Tone, money};
use crate::billing::Rupiah;
use crate::server::checks::form_id;
use crate::server::error::{Error, Result};
use crate::server::guard::{Asked, Permission};
use crate::server::ledger::{HandoverForm, receives_alone};
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::{DateTime, NaiveDate, Utc};

/// Hand-overs on the page.
const HANDOVERS_SHOWN: i64 = 50;
/// Payments on the page; the rest is counted.
const PAYMENTS_SHOWN: i64 = 200;

sql!(OWN_BAG = "SELECT id, name FROM cash_bag WHERE staff_id = $1");
// Whoever manages the cash may also empty bags of names that are no staff.
sql!(
    NAMED_BAG =
        "SELECT b.id, b.name FROM cash_bag b WHERE b.id = $1 AND (b.staff_id = $2 OR (b.staff_id IS NULL AND $3 = 1))"
);
sql!(BAG_SUM = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM bag_entry WHERE bag_id = $1");
// What came in after the last hand-over that was not refused.
sql!(
    SINCE_LAST = "SELECT COUNT(*), CAST(COALESCE(SUM(e.amount), 0) AS BIGINT), MIN(e.at) FROM bag_entry e WHERE e.bag_id = $1 AND e.kind = 'cash'
 AND e.id > COALESCE((SELECT MAX(x.id) FROM bag_entry x JOIN handover h ON h.id = x.handover_id
   WHERE x.bag_id = $1 AND x.kind IN ('handover', 'difference') AND h.state <> 'refused'), 0)"
);
sql!(
    PAYMENTS = "SELECT p.id, p.receipt, c.name, p.at, e.amount FROM bag_entry e JOIN payment p ON p.id = e.payment_id JOIN customer c ON c.id = p.customer_id
 WHERE e.bag_id = $1 AND e.kind = 'cash'
 AND e.id > COALESCE((SELECT MAX(x.id) FROM bag_entry x JOIN handover h ON h.id = x.handover_id
   WHERE x.bag_id = $1 AND x.kind IN ('handover', 'difference') AND h.state <> 'refused'), 0)
 ORDER BY e.id DESC LIMIT $2"
);
sql!(
    BAGS = "SELECT b.id, COALESCE(s.name, b.name), COALESCE(s.role, ''), CAST(COALESCE(e.amount, 0) AS BIGINT), e.last_at, b.staff_id
 FROM cash_bag b LEFT JOIN staff s ON s.id = b.staff_id
 LEFT JOIN (SELECT bag_id, SUM(amount) AS amount, MAX(at) AS last_at FROM bag_entry GROUP BY bag_id) e ON e.bag_id = b.id
 ORDER BY COALESCE(e.amount, 0) DESC, b.name"
);
sql!(
    HANDOVERS = "SELECT h.id, h.number, COALESCE(s.name, b.name) AS bag, h.expected, h.counted, h.kept, h.difference, h.reason, h.destination, h.reference,
   h.business_date, h.state, h.given_by, h.given_by_id, h.given_at, h.answered_by, h.answer
 FROM handover h JOIN cash_bag b ON b.id = h.bag_id LEFT JOIN staff s ON s.id = b.staff_id
 WHERE ($1 = 0 OR h.bag_id = $1) AND ($2 = 0 OR h.id = $2)
 ORDER BY CASE WHEN h.state = 'given' THEN 0 ELSE 1 END, h.id DESC LIMIT $3"
);
sql!(OPEN_OF_BAG = "SELECT COUNT(*) FROM handover WHERE bag_id = $1 AND state = 'given'");

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    number: String,
    bag: String,
    expected: i64,
    counted: i64,
    kept: i64,
    difference: i64,
    reason: String,
    destination: String,
    reference: String,
    business_date: NaiveDate,
    state: String,
    given_by: String,
    given_by_id: Option<i64>,
    given_at: DateTime<Utc>,
    answered_by: String,
    answer: String,
}

/// A bag: id, name, role, sum, when something last moved, member of staff.
type Bag = (i64, String, String, i64, Option<DateTime<Utc>>, Option<i64>);

fn badge(state: &str) -> Badge {
    match state {
        "confirmed" => Badge::new("Diterima", Tone::Ok),
        "refused" => Badge::new("Ditolak", Tone::Bad),
        _ => Badge::new("Menunggu diterima", Tone::Warn),
    }
}

/// A difference in words: `kurang Rp 10.000`, `lebih Rp 10.000`, or empty.
pub fn difference_words(difference: i64) -> String {
    match difference {
        0 => String::new(),
        short if short > 0 => format!("kurang {}", money(short)),
        over => format!("lebih {}", money(-over)),
    }
}

fn shown(app: &AppState, row: Row, answers: bool) -> HandoverRow {
    HandoverRow {
        id: row.id,
        number: row.number,
        bag: row.bag,
        expected: money(row.expected),
        counted: money(row.counted),
        kept: if row.kept == 0 { String::new() } else { money(row.kept) },
        difference: difference_words(row.difference),
        reason: row.reason,
        destination: if row.destination == "bank" { "Bank".to_owned() } else { "Kantor".to_owned() },
        reference: row.reference,
        day: day(row.business_date),
        given_by: row.given_by,
        given_at: instant(&app.clock, row.given_at),
        answered_by: row.answered_by,
        answer: row.answer,
        may_answer: answers && row.state == "given",
        state: badge(&row.state),
    }
}

async fn bag_of(asked: &Asked, bag: Option<i64>) -> Result<Option<(i64, String)>> {
    let manages = i64::from(asked.staff.may(Permission::ManageCash));
    match bag {
        None => Ok(asked.app.db.opt(OWN_BAG, args![asked.staff.id]).await?),
        Some(id) => match asked.app.db.opt(NAMED_BAG, args![id, asked.staff.id, manages]).await? {
            Some(found) => Ok(Some(found)),
            None => Err(Error::NotFound("Tas kas itu tidak ada, atau bukan milik Anda.".to_owned())),
        },
    }
}

/// One's own bag (or one of a name that is no staff), and, for whoever manages the cash, all bags and hand-overs.
pub async fn view(asked: &Asked, bag: Option<i64>) -> Result<HandoverView> {
    let app = &asked.app;
    let db = &app.db;
    let manages = asked.staff.may(Permission::ManageCash);
    let found = bag_of(asked, bag).await?;
    let (bag_id, name) = found.unwrap_or((0, asked.staff.name.clone()));
    let holds = db.number(BAG_SUM, args![bag_id]).await?;
    let (count, _, first): (i64, i64, Option<DateTime<Utc>>) = db.one(SINCE_LAST, args![bag_id]).await?;
    let payments: Vec<(i64, String, String, DateTime<Utc>, i64)> =
        db.all(PAYMENTS, args![bag_id, PAYMENTS_SHOWN]).await?;
    // An id that no bag has shows nothing; only whoever manages the cash sees every bag's.
    let of_bag = if manages {
        0
    } else if bag_id == 0 {
        -1
    } else {
        bag_id
    };
    let rows: Vec<Row> = db.all(HANDOVERS, args![of_bag, 0, HANDOVERS_SHOWN]).await?;
    let alone = receives_alone(app, asked.staff.id).await?;
    let settings = app.settings().await?;
    let limit = settings.int("cash.bag_limit");
    let mut bags = Vec::new();
    if manages {
        let all: Vec<Bag> = db.all(BAGS, args![]).await?;
        bags = all
            .into_iter()
            .map(|(id, name, role, amount, last, staff)| BagRow {
                id,
                name,
                role: crate::server::guard::Role::parse(&role).map_or("", |role| role.label()).to_owned(),
                holds: money(amount),
                last: last.map(|at| instant(&app.clock, at)).unwrap_or_default(),
                over: limit > 0 && amount > limit,
                named: staff.is_none() && amount != 0,
            })
            .collect();
    }
    let over = if limit > 0 && holds > limit {
        format!("Isi tas {} melebihi batas {}. Setorkan hari ini.", money(holds), money(limit))
    } else {
        String::new()
    };
    Ok(HandoverView {
        bag_id,
        name,
        holds,
        holds_words: money(holds),
        since: first
            .map(|at| format!("{} ({})", instant(&app.clock, at), since(app.clock.now(), at)))
            .unwrap_or_default(),
        count,
        payments: payments
            .into_iter()
            .map(|(id, receipt, name, at, amount)| BagPayment {
                id,
                receipt,
                name,
                at: instant(&app.clock, at),
                amount: money(amount),
            })
            .collect(),
        open: db.number(OPEN_OF_BAG, args![bag_id]).await? > 0,
        over,
        manages,
        bags,
        handovers: rows
            .into_iter()
            .map(|row| {
                let may = manages && (alone || row.given_by_id != Some(asked.staff.id));
                shown(app, row, may)
            })
            .collect(),
        request_id: hex::encode(crate::server::secrets::random_bytes::<16>()?),
    })
}

/// One hand-over, for its paper: whoever manages the cash, and who gave it.
pub async fn one(asked: &Asked, id: i64) -> Result<HandoverRow> {
    let row: Row = asked
        .app
        .db
        .opt(HANDOVERS, args![0, id, 1])
        .await?
        .ok_or_else(|| Error::NotFound("Setoran itu tidak ada.".to_owned()))?;
    if !asked.staff.may(Permission::ManageCash) && row.given_by_id != Some(asked.staff.id) {
        return Err(Error::Forbidden);
    }
    Ok(shown(&asked.app, row, false))
}

fn amount(field: &str, typed: &str) -> Result<Rupiah> {
    if typed.trim().is_empty() {
        return Ok(Rupiah::ZERO);
    }
    Rupiah::parse_input(typed).map_err(|error| Error::invalid(field, error.to_string()))
}

/// Gives the bag's cash away.
pub async fn give(asked: &Asked, wish: HandoverWish) -> Result<String> {
    bag_of(asked, Some(wish.bag_id)).await?;
    let request_id = form_id(wish.request_id)?;
    if wish.counted.trim().is_empty() {
        return Err(Error::invalid("counted", "Hitung uangnya, lalu isi jumlahnya."));
    }
    let form = HandoverForm {
        bag_id: wish.bag_id,
        expected: Rupiah(wish.expected),
        counted: amount("counted", &wish.counted)?,
        kept: amount("kept", &wish.kept)?,
        reason: wish.reason,
        destination: wish.destination,
        reference: wish.reference,
        request_id,
    };
    let handed = asked.app.ledger(asked.who.clone()).await?.hand_over(form).await?;
    Ok(handed.number)
}

/// Confirms or refuses what another gave.
pub async fn answer(asked: &Asked, answer: Answer) -> Result<()> {
    asked.app.ledger(asked.who.clone()).await?.answer_handover(answer.id, answer.confirm, &answer.text).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::guard::Role;
    use crate::server::ledger::Source;
    use crate::server::testing::TestApp;

    sql!(
        HIRE = "INSERT INTO staff (id, email, name, role, password_hash, active, created_at) VALUES ($1, $2, $3, $4, '-', TRUE, $5)"
    );

    fn wish(view: &HandoverView, counted: &str, reason: &str) -> HandoverWish {
        HandoverWish {
            bag_id: view.bag_id,
            expected: view.holds,
            counted: counted.to_owned(),
            kept: "50rb".to_owned(),
            reason: reason.to_owned(),
            destination: "kantor".to_owned(),
            reference: String::new(),
            request_id: view.request_id.clone(),
        }
    }

    #[tokio::test]
    async fn a_cashier_sees_his_bag_hands_it_over_and_the_owner_confirms() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let package = t.package("Home", 300_000, 1).await;
            let sari = t.service("SARI", package, "2025-06-01").await;
            t.issue("2026-01").await;
            let mut tx = t.state.db.begin().await.unwrap();
            for (id, role) in [(1, "owner"), (2, "cashier"), (3, "collector")] {
                let values = args![id, format!("{role}@kantor.test"), role, role, t.state.clock.now()];
                tx.exec_one(HIRE, values).await.unwrap();
            }
            tx.commit().await.unwrap();
            let (owner, cashier, collector) =
                (t.asked(Role::Owner, 1), t.asked(Role::Cashier, 2), t.asked(Role::Collector, 3));
            let mut form = t.form(sari, 300_000, Source::Cash);
            form.holder_id = Some(2);
            t.state.ledger(cashier.who.clone()).await.unwrap().settle(form).await.unwrap();

            assert_eq!(view(&collector, None).await.unwrap().holds, 0);
            let mine = view(&cashier, None).await.unwrap();
            assert_eq!((mine.holds, mine.count, mine.bags.len()), (300_000, 1, 0));
            assert!(matches!(view(&collector, Some(mine.bag_id)).await, Err(Error::NotFound(_))));
            assert!(matches!(give(&collector, wish(&mine, "250.000", "")).await, Err(Error::NotFound(_))));
            assert!(
                matches!(give(&cashier, wish(&mine, "seratus", "")).await, Err(Error::Invalid { field, .. }) if field == "counted")
            );
            let number = give(&cashier, wish(&mine, "240rb", "kembalian salah")).await.unwrap();
            assert_eq!(give(&cashier, wish(&mine, "240rb", "kembalian salah")).await.unwrap(), number);

            let all = view(&owner, None).await.unwrap();
            assert_eq!(all.bags.iter().map(|bag| bag.holds.clone()).collect::<Vec<_>>(), [money(50_000)]);
            assert_eq!((all.handovers[0].number.clone(), all.handovers[0].may_answer), (number, true));
            assert_eq!(all.handovers[0].difference, format!("kurang {}", money(10_000)));
            let id = all.handovers[0].id;
            answer(&owner, Answer { id, confirm: true, text: String::new() }).await.unwrap();
            assert_eq!(view(&cashier, None).await.unwrap().handovers[0].state.word, "Diterima");
            assert_eq!(one(&cashier, id).await.unwrap().counted, money(240_000));
            assert!(matches!(one(&collector, id).await, Err(Error::Forbidden)));
            t.assert_books().await;
        }
    }
}
