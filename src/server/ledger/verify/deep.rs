//! `verify --deep`: every line again, from what it was made of, and that again from the prices, dates and events in the
//! books. A basis says what a bill was priced from ([`Basis`]); whatever of it the books say differently today must
//! have been changed after the bill, and the log must know that. Read in ranges of bills, so that memory stays flat.

use super::Found;
use super::facts::{Facts, Service, World};
use crate::args;
use crate::billing::Rupiah;
use crate::billing::pricing::{Basis, PricedLine};
use crate::server::error::Result;
use crate::server::ledger::basis::digest;
use crate::server::state::AppState;
use crate::sql;
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::HashMap;

/// Bills read at a time.
const CHUNK_BILLS: i64 = 5_000;
/// Bases kept in mind; beyond it all are forgotten and read again.
const BASES_MAX: usize = 20_000;

sql!(LAST_BILL = "SELECT CAST(COALESCE(MAX(id), 0) AS BIGINT) FROM invoice");
sql!(
    FIRST_WITH_BASIS =
        "SELECT CAST(COALESCE(MIN(id), 9007199254740991) AS BIGINT) FROM invoice WHERE basis_id IS NOT NULL"
);
sql!(HEADS = "SELECT i.id, i.number, i.kind, i.status, COALESCE(i.basis_id, 0) AS basis_id, i.service_id, i.issued_on, i.due_on, COALESCE(r.started_at, i.created_at) AS created_at,
   s.package_id, s.started_on, s.discount_kind, s.discount_value, s.discount_until
 FROM invoice i JOIN service s ON s.id = i.service_id LEFT JOIN issue_run r ON r.id = i.run_id WHERE i.id > $1 AND i.id <= $2 ORDER BY i.id");
sql!(
    LINES = "SELECT invoice_id AS paper_id, kind, period, amount, text, derivation FROM invoice_line WHERE invoice_id > $1 AND invoice_id <= $2 ORDER BY invoice_id, id"
);
sql!(
    BASES = "SELECT id, digest, input FROM price_basis WHERE id IN (SELECT i.basis_id FROM invoice i WHERE i.id > $1 AND i.id <= $2)"
);
sql!(NOTES = "SELECT p.id, p.receipt, b.id AS basis_id, b.digest, b.input FROM payment p JOIN price_basis b ON b.id = p.basis_id
 WHERE p.basis_id IS NOT NULL AND p.id > $1 ORDER BY p.id LIMIT 1000");
sql!(
    NOTE_LINES = "SELECT l.payment_id AS paper_id, l.kind, l.period, l.amount, l.text, l.derivation FROM credit_line l JOIN payment p ON p.id = l.payment_id
 WHERE p.basis_id IS NOT NULL AND l.payment_id > $1 AND l.payment_id <= $2 ORDER BY l.payment_id, l.id"
);

#[derive(sqlx::FromRow)]
struct Head {
    id: i64,
    number: String,
    kind: String,
    status: String,
    basis_id: i64,
    service_id: i64,
    issued_on: NaiveDate,
    due_on: NaiveDate,
    created_at: DateTime<Utc>,
    package_id: i64,
    started_on: NaiveDate,
    discount_kind: String,
    discount_value: i64,
    discount_until: String,
}

#[derive(sqlx::FromRow)]
struct Line {
    paper_id: i64,
    kind: String,
    period: String,
    amount: i64,
    text: String,
    derivation: String,
}

#[derive(sqlx::FromRow)]
struct Note {
    id: i64,
    receipt: String,
    basis_id: i64,
    digest: String,
    input: String,
}

/// A basis and the lines that it makes.
struct Known {
    basis: Basis,
    lines: Vec<PricedLine>,
}

/// Bases by row, with what is wrong with them said once.
#[derive(Default)]
struct Bases(HashMap<i64, Option<Known>>);

impl Bases {
    fn learn(&mut self, id: i64, key: &str, text: &str, found: &mut Found) {
        if self.0.contains_key(&id) {
            return;
        }
        let known = match serde_json::from_str::<Basis>(text) {
            Ok(basis) if digest(text) == key => Some(Known { lines: basis.lines(), basis }),
            Ok(_) => {
                found.add("dasar harga diubah setelah ditulis", || format!("dasar {id}"));
                None
            }
            Err(error) => {
                found.add("dasar harga tidak terbaca", || format!("dasar {id}: {error}"));
                None
            }
        };
        self.0.insert(id, known);
    }

    fn of(&self, id: i64) -> Option<&Known> {
        self.0.get(&id).and_then(Option::as_ref)
    }
}

/// What a deep look covered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Covered {
    /// Lines that were derived again.
    pub(super) derived: i64,
    /// Monthly bills and corrections that were written before a basis was kept; only their sums are looked at.
    pub(super) without_basis: i64,
}

/// Derives every line again.
pub(super) async fn look(state: &AppState, found: &mut Found) -> Result<Covered> {
    let mut covered = Covered::default();
    let world = World::read(state).await?;
    let last = state.db.number(LAST_BILL, args![]).await?;
    // Bills from before bases were kept have none; a later one must.
    let first_with_basis = state.db.number(FIRST_WITH_BASIS, args![]).await?;
    let (mut bases, mut from) = (Bases::default(), 0);
    while from < last {
        let to = (from + CHUNK_BILLS).min(last);
        // Between two chunks: what one needs stays while it is looked at.
        if bases.0.len() >= BASES_MAX {
            bases.0.clear();
        }
        let heads: Vec<Head> = state.db.all(HEADS, args![from, to]).await?;
        let mut lines: Vec<Line> = state.db.all(LINES, args![from, to]).await?;
        for (id, key, text) in state.db.all::<(i64, String, String)>(BASES, args![from, to]).await? {
            bases.learn(id, &key, &text, found);
        }
        let facts = Facts::read(state, from, to).await?;
        for head in heads.iter().rev() {
            let own = take(&mut lines, head.id);
            if head.due_on < head.issued_on && head.kind != "opening" {
                found.add("jatuh tempo sebelum terbit", || {
                    format!("{}: terbit {}, jatuh tempo {}", head.number, head.issued_on, head.due_on)
                });
            }
            let Some(known) = bases.of(head.basis_id) else {
                if head.basis_id == 0 && matches!(head.kind.as_str(), "regular" | "adjustment") {
                    if head.id > first_with_basis {
                        found.add("tagihan tanpa dasar harga", || head.number.clone());
                    }
                    covered.without_basis += 1;
                }
                continue;
            };
            covered.derived += count(own.len());
            same_lines(&head.number, &own, &known.lines, found);
            if let Basis::Month(month) = &known.basis
                && head.status != "void"
            {
                let service = Service {
                    id: head.service_id,
                    package_id: head.package_id,
                    started_on: head.started_on,
                    discount_kind: &head.discount_kind,
                    discount_value: head.discount_value,
                    discount_until: &head.discount_until,
                };
                for cause in world.differences(&facts, month, &service, head.issued_on, head.created_at) {
                    found.add("dasar tagihan tidak sama dengan catatannya", || format!("{}: {cause}", head.number));
                }
            }
        }
        for line in &lines {
            found.add("baris tanpa tagihan", || format!("{} {}", line.text, Rupiah(line.amount)));
        }
        from = to;
    }
    covered.derived += notes(state, &mut bases, found).await?;
    Ok(covered)
}

/// The lines of a paper from the end of `lines`, in their order: papers are asked for from the last to the first.
fn take(lines: &mut Vec<Line>, paper_id: i64) -> Vec<Line> {
    let start = lines.iter().rposition(|line| line.paper_id < paper_id).map_or(0, |place| place + 1);
    lines.split_off(start)
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn same_lines(paper: &str, stored: &[Line], derived: &[PricedLine], found: &mut Found) {
    const WHAT: &str = "baris tidak sama dengan hitungan ulangnya";
    if stored.len() != derived.len() {
        found.add(WHAT, || {
            let lines: Vec<&str> = derived.iter().map(|line| line.derivation.as_str()).collect();
            format!("{paper}: tercatat {} baris, seharusnya {}: {}", stored.len(), derived.len(), lines.join("; "))
        });
        return;
    }
    for (place, (line, again)) in stored.iter().zip(derived).enumerate() {
        if line.amount != again.amount.0 {
            found.add(WHAT, || {
                format!(
                    "{paper} baris {}: tercatat {}, seharusnya {} ({})",
                    place + 1,
                    Rupiah(line.amount),
                    again.amount,
                    again.derivation
                )
            });
        } else if line.kind != again.kind.as_str()
            || line.period != again.period.to_string()
            || line.text != again.text
            || line.derivation != again.derivation
        {
            found.add(WHAT, || {
                format!(
                    "{paper} baris {}: tercatat \"{}\", seharusnya \"{}\"",
                    place + 1,
                    line.derivation,
                    again.derivation
                )
            });
        }
    }
}

/// The notes of credit that were derived; answers how many lines.
async fn notes(state: &AppState, bases: &mut Bases, found: &mut Found) -> Result<i64> {
    let (mut derived, mut from) = (0, 0);
    loop {
        let notes: Vec<Note> = state.db.all(NOTES, args![from]).await?;
        let Some(last) = notes.last().map(|note| note.id) else { return Ok(derived) };
        let mut lines: Vec<Line> = state.db.all(NOTE_LINES, args![from, last]).await?;
        for note in notes.iter().rev() {
            bases.learn(note.basis_id, &note.digest, &note.input, found);
            let own = take(&mut lines, note.id);
            derived += count(own.len());
            if let Some(known) = bases.of(note.basis_id) {
                same_lines(&note.receipt, &own, &known.lines, found);
            }
        }
        from = last;
    }
}
