//! What Antrean & Riwayat reads.

use super::{AskedFor, ChannelView, MessageFilter, MessageList, MessageRow, MessageView};
use crate::app::admin::words;
use crate::app::dto::{Badge, Choice, PAGE_ROWS, PageInfo, Tone};
use crate::app::text;
use crate::billing::words::date_words;
use crate::server::checks::filter_day;
use crate::server::customers::service_row::{Needles, find};
use crate::server::error::{Error, Result};
use crate::server::guard::{Asked, Permission};
use crate::server::messages::channel;
use crate::server::messages::defaults::TemplateKind;
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::{DateTime, Days, NaiveDate, Utc};

/// Days back that the list shows until somebody asks for more.
const DAYS_BACK: u64 = 6;

// `$1`, `$2` days, `$3` state, `$4` kind.
macro_rules! conditions {
    () => {
        " AND m.day >= $1 AND m.day <= $2 AND ($3 = '' OR m.state = $3) AND ($4 = '' OR m.kind = $4)"
    };
}

macro_rules! of_days {
    () => {
        concat!("FROM message m WHERE TRUE", conditions!())
    };
}

// The same of the customers whose ids `$5` holds, as `find` gives them. CROSS JOIN: from the few customers to their messages.
macro_rules! of_customers {
    () => {
        concat!(
            "FROM (SELECT DISTINCT CAST(value AS BIGINT) AS customer_id FROM json_each($5)) f CROSS JOIN message m WHERE m.customer_id = f.customer_id",
            conditions!()
        )
    };
}

macro_rules! row {
    () => {
        "m.id, m.created_at, m.sent_at, m.customer_id, c.name, m.phone, m.kind, m.state, m.reason,
 (SELECT MIN(w.run_at) FROM work w WHERE w.dedup = 'send_message:' || CAST(m.id AS TEXT) AND w.state = 'ready'),
 (SELECT MIN(w.run_at) FROM work w WHERE w.dedup = 'send_message:' || CAST(m.id AS TEXT) AND w.state = 'retry')"
    };
}

// Counted to COUNT_MAX and one further.
sql!(COUNT = concat!("SELECT COUNT(*) FROM (SELECT 1 AS one ", of_days!(), " LIMIT 10001) d"));
sql!(COUNT_FOUND = concat!("SELECT COUNT(*) FROM (SELECT 1 AS one ", of_customers!(), " LIMIT 10001) d"));
sql!(
    LIST = concat!(
        "SELECT ",
        row!(),
        " FROM (SELECT m.id AS id ",
        of_days!(),
        " ORDER BY m.day DESC, m.id DESC LIMIT $5 OFFSET $6) hit
 JOIN message m ON m.id = hit.id JOIN customer c ON c.id = m.customer_id ORDER BY m.day DESC, m.id DESC"
    )
);
sql!(
    LIST_FOUND = concat!(
        "SELECT ",
        row!(),
        " FROM (SELECT m.id AS id ",
        of_customers!(),
        " ORDER BY m.day DESC, m.id DESC LIMIT $6 OFFSET $7) hit
 JOIN message m ON m.id = hit.id JOIN customer c ON c.id = m.customer_id ORDER BY m.day DESC, m.id DESC"
    )
);
sql!(ONE = concat!("SELECT ", row!(), " FROM message m JOIN customer c ON c.id = m.customer_id WHERE m.id = $1"));
sql!(TEXT = "SELECT text FROM message WHERE id = $1");
sql!(CUSTOMER_OF = "SELECT customer_id FROM message WHERE id = $1");
sql!(
    BILLS = "SELECT i.id, i.number, i.status, i.due_on FROM message_bill b JOIN invoice i ON i.id = b.invoice_id
 WHERE b.message_id = $1 ORDER BY i.due_on, i.id"
);
sql!(WAITING = "SELECT COUNT(*) FROM message WHERE state = 'queued'");

type Row = (
    i64,
    DateTime<Utc>,
    Option<DateTime<Utc>>,
    i64,
    String,
    String,
    String,
    String,
    String,
    Option<DateTime<Utc>>,
    Option<DateTime<Utc>>,
);

fn row(app: &AppState, row: Row) -> MessageRow {
    let (id, at, sent_at, customer_id, name, phone, kind, state, reason, ready, retry) = row;
    let clock = &app.clock;
    let next = [ready, retry].into_iter().flatten().min();
    let note = match (state.as_str(), sent_at, next) {
        ("sent", Some(sent), _) => words::instant(clock, sent),
        ("queued", _, Some(next)) if next > clock.now() => {
            let when = format!("Akan dikirim {}", words::instant(clock, next));
            if reason.is_empty() { when } else { format!("{reason} {when}.") }
        }
        ("queued", _, _) if reason.is_empty() => "Segera dikirim".to_owned(),
        _ => reason,
    };
    MessageRow {
        id,
        at: words::instant(clock, at),
        customer_id,
        name,
        phone: words::phone(&phone),
        kind: TemplateKind::title_of(&kind),
        state: text::message(&state),
        note,
    }
}

/// A page of messages.
pub async fn list(asked: &Asked, filter: MessageFilter) -> Result<MessageList> {
    let app = &asked.app;
    let today = app.clock.today();
    let day = |field: &str, typed: &str, otherwise: NaiveDate| filter_day(field, typed, today, otherwise);
    let last = day("to", &filter.to, today)?;
    let first = day("from", &filter.from, last.min(today) - Days::new(DAYS_BACK))?;
    let needles = Needles::of(&filter.q);
    let mut values = args![first, last, &filter.state, &filter.kind];
    let (mut count, mut rows, mut too_many) = (COUNT, LIST, false);
    if !needles.text.is_empty() || asked.scope().arg() != 0 {
        let customers;
        (customers, too_many) = find(&app.db, &needles, asked.scope().arg()).await?.customers();
        (count, rows) = (COUNT_FOUND, LIST_FOUND);
        values.extend(args![customers]);
    }
    let info = PageInfo::capped(filter.page, app.db.number(count, values.clone()).await?);
    values.extend(args![PAGE_ROWS, info.offset()]);
    let rows: Vec<Row> = app.db.all(rows, values).await?;
    Ok(MessageList {
        rows: rows.into_iter().map(|found| row(app, found)).collect(),
        info,
        too_many,
        days: format!("{} sampai {}", date_words(first), date_words(last)),
        kinds: TemplateKind::ALL.into_iter().map(|kind| Choice::new(kind.code(), kind.title())).collect(),
        channel: device(app).await?,
    })
}

/// Refuses who may not see this message's customer.
pub async fn reach(asked: &Asked, id: i64) -> Result<()> {
    let customer: Option<(i64,)> = asked.app.db.opt(CUSTOMER_OF, args![id]).await?;
    let (customer_id,) = customer.ok_or_else(|| Error::NotFound("Pesan itu tidak ada.".to_owned()))?;
    asked.reaches_customer(customer_id).await
}

/// One message.
pub async fn one(asked: &Asked, id: i64) -> Result<MessageView> {
    reach(asked, id).await?;
    let app = &asked.app;
    let found: Row = app.db.one(ONE, args![id]).await?;
    let state = found.7.clone();
    let (body,): (String,) = app.db.one(TEXT, args![id]).await?;
    let bills: Vec<(i64, String, String, NaiveDate)> = app.db.all(BILLS, args![id]).await?;
    let today = app.clock.today();
    let bills = bills
        .into_iter()
        .map(|(id, number, status, due)| AskedFor { id, number, state: text::invoice(&status, due < today, 0) })
        .collect();
    let may = asked.staff.may(Permission::ManageMessages);
    Ok(MessageView {
        row: row(app, found),
        text: body,
        bills,
        may_cancel: may && state == "queued",
        may_resend: may && state != "queued",
    })
}

/// The device, as the queue knows it.
pub async fn device(app: &AppState) -> Result<ChannelView> {
    let settings = app.settings().await?;
    if settings.text("whatsapp.provider") == "none" {
        let lines = vec!["Belum ada gateway WhatsApp yang dipilih, jadi tidak ada pesan yang dikirim.".to_owned()];
        return Ok(ChannelView { state: Badge::new("Belum diatur", Tone::Warn), lines });
    }
    let (clock, now) = (&app.clock, app.clock.now());
    let waiting = app.db.number(WAITING, args![]).await?;
    let mut lines = vec![format!("{} pesan mengantre.", text::count(waiting))];
    let Some(device) = channel::read(app).await? else {
        return Ok(ChannelView { state: Badge::new("Belum pernah mengirim", Tone::Plain), lines });
    };
    if let Some(at) = device.last_ok_at {
        lines.push(format!("Terakhir berhasil mengirim {}.", words::instant(clock, at)));
    }
    if device.failures > 0 {
        let since = device.down_since.map_or_else(String::new, |at| format!(" sejak {}", words::instant(clock, at)));
        lines.push(format!("Gagal {} kali berturut-turut{since}: {}", device.failures, device.last_problem));
    }
    let state = match device.paused_until.filter(|until| *until > now) {
        Some(until) => {
            lines.push(format!("Dicoba lagi {}. Pesan tetap mengantre.", words::instant(clock, until)));
            Badge::new("Beristirahat", Tone::Bad)
        }
        None if device.failures > 0 => Badge::new("Bermasalah", Tone::Warn),
        None => Badge::new("Mengirim", Tone::Ok),
    };
    Ok(ChannelView { state, lines })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::dto::COUNT_MAX;
    use crate::server::guard::Role;
    use crate::server::messages::reminders::remind;
    use crate::server::testing::TestApp;

    sql!(
        MESSAGES = "WITH RECURSIVE n(i) AS (SELECT CAST($2 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $3)
 INSERT INTO message (kind, subject, day, customer_id, service_id, phone, text, state, reason, provider_id, created_at, sent_at)
 SELECT $4, 'uji:' || CAST(i AS TEXT), $5, s.customer_id, s.id, '6281234567890', 'uji', 'sent', '', '', s.created_at, NULL FROM n, service s WHERE s.id = $1"
    );

    #[tokio::test]
    async fn ten_thousand_are_counted_and_more_are_said_to_be_more() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let package = t.package("Home", 300_000, 1).await;
            let budi = t.service("BUDI", package, "2025-06-01").await;
            let today = t.state.clock.today();
            let send = async |from: i64, to: i64, kind: &str| {
                let mut tx = t.state.db.begin().await.unwrap();
                tx.exec(MESSAGES, args![budi, from, to, kind, today]).await.unwrap();
                tx.commit().await.unwrap();
            };
            let asked = t.asked(Role::Owner, 1);
            let of = async |q: &str, kind: &str, page: i64| {
                let filter = MessageFilter { q: q.into(), kind: kind.into(), page, ..MessageFilter::default() };
                list(&asked, filter).await.unwrap()
            };
            send(1, COUNT_MAX, "reminder").await;
            for q in ["", "budi"] {
                let all = of(q, "", 1).await;
                assert_eq!((all.info.words().as_str(), all.info.pages), ("10.000", 200), "{q:?}");
            }
            send(COUNT_MAX + 1, COUNT_MAX + 1, "isolated").await;
            for q in ["", "budi"] {
                let last = of(q, "", 900).await;
                assert_eq!((last.info.words().as_str(), last.info.page), ("lebih dari 10.000", 200), "{q:?}");
                assert_eq!(last.rows.len(), 50, "the last page that is reached is a whole one");
                // The filters reach what lies behind them.
                assert_eq!(of(q, "isolated", 1).await.info.words(), "1", "{q:?}");
            }
        }
    }

    #[tokio::test]
    async fn messages_are_found_by_state_kind_day_and_name() {
        for t in TestApp::each("2026-01-01 06:00").await {
            t.set(&[("whatsapp.provider", "mpwa"), ("whatsapp.api_url", "http://127.0.0.1:9")]).await;
            let package = t.package("Home", 300_000, 1).await;
            for name in ["BUDI", "SARI"] {
                t.service(name, package, "2025-06-01").await;
            }
            t.issue("2026-01").await;
            t.at("2026-01-03 09:00");
            remind(&t.state).await.unwrap();
            let asked = t.asked(Role::Owner, 1);
            let of = async |change: &dyn Fn(&mut MessageFilter)| {
                let mut filter = MessageFilter { page: 1, ..MessageFilter::default() };
                change(&mut filter);
                list(&asked, filter).await.unwrap()
            };
            let all = of(&|_| ()).await;
            assert_eq!(all.info.total, 2, "{all:?}");
            assert!(all.rows.iter().any(|row| row.note.starts_with("Akan dikirim") || row.note == "Segera dikirim"));
            assert_eq!(of(&|f| f.q = "sari".into()).await.info.total, 1);
            assert_eq!(of(&|f| f.kind = "reminder".into()).await.info.total, 2);
            assert_eq!(of(&|f| f.state = "sent".into()).await.info.total, 0);
            assert_eq!(of(&|f| f.to = "2/1/2026".into()).await.info.total, 0);
            t.at("2026-01-20 09:00");
            assert_eq!(of(&|_| ()).await.info.total, 0, "the last week only");
            assert_eq!(of(&|f| f.from = "1/1".into()).await.info.total, 2);
            let bad = MessageFilter { from: "kemarin".into(), page: 1, ..MessageFilter::default() };
            assert!(matches!(list(&asked, bad).await, Err(Error::Invalid { field, .. }) if field == "from"));
            let id = all.rows[0].id;
            let seen = one(&asked, id).await.unwrap();
            assert_eq!(seen.bills.len(), 1);
            assert!(seen.may_cancel && !seen.may_resend && seen.text.contains("Rp 300.000"));
            assert!(!one(&t.asked(Role::Viewer, 2), id).await.unwrap().may_cancel);
        }
    }
}
