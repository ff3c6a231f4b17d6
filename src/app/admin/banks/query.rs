//! What Rekening Bank reads and writes.

use super::BankAccount;
use crate::server::audit::{self, Who};
use crate::server::db::DbError;
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::{args, sql};

sql!(BANKS = "SELECT id, bank, number, holder, active FROM bank_account ORDER BY active DESC, bank, number");
sql!(BANK = "SELECT id, bank, number, holder, active FROM bank_account WHERE id = $1");
sql!(
    ADD_BANK =
        "INSERT INTO bank_account (bank, number, holder, active, created_at) VALUES ($1, $2, $3, $4, $5) RETURNING id"
);
sql!(CHANGE_BANK = "UPDATE bank_account SET bank = $2, number = $3, holder = $4, active = $5 WHERE id = $1");

type Row = (i64, String, String, String, bool);

fn account(row: Row) -> BankAccount {
    BankAccount { id: row.0, bank: row.1, number: row.2, holder: row.3, active: row.4 }
}

fn words(account: &BankAccount) -> String {
    let state = if account.active { "dipakai" } else { "tidak dipakai" };
    format!("{} {} a.n. {} ({state})", account.bank, account.number, account.holder)
}

/// All accounts.
pub async fn list(app: &AppState) -> Result<Vec<BankAccount>> {
    Ok(app.db.all::<Row>(BANKS, args![]).await?.into_iter().map(account).collect())
}

fn checked(typed: BankAccount) -> Result<BankAccount> {
    let line = |field: &str, text: &str, label: &str, max: usize| {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > max || text.chars().any(char::is_control) {
            return Err(Error::invalid(field, format!("{label} harus diisi, paling banyak {max} huruf.")));
        }
        Ok(text.to_owned())
    };
    let bank = line("bank", &typed.bank, "Nama bank", 60)?;
    let number: String = typed.number.chars().filter(|c| !matches!(c, ' ' | '-' | '.')).collect();
    if !(5..=30).contains(&number.len()) || !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Error::invalid("number", "Nomor rekening berisi angka saja, 5 sampai 30 angka."));
    }
    let holder = line("holder", &typed.holder, "Nama pemilik rekening", 100)?;
    Ok(BankAccount { bank, number, holder, ..typed })
}

/// Adds or changes an account.
pub async fn save(app: &AppState, who: Who, typed: BankAccount) -> Result<()> {
    let wanted = checked(typed)?;
    let taken = format!("Rekening {} {} sudah ada di daftar.", wanted.bank, wanted.number);
    let now = app.clock.now();
    let saved = app
        .db
        .write::<_, Error, _>(move |tx| {
            let (wanted, who) = (wanted.clone(), who.clone());
            Box::pin(async move {
                let (id, before) = if wanted.id == 0 {
                    let values = args![&wanted.bank, &wanted.number, &wanted.holder, wanted.active, now];
                    (tx.number(ADD_BANK, values).await?, String::new())
                } else {
                    let row: Option<Row> = tx.opt(BANK, args![wanted.id]).await?;
                    let before =
                        row.map(account).ok_or_else(|| Error::NotFound("Rekening itu tidak ada.".to_owned()))?;
                    let values = args![wanted.id, &wanted.bank, &wanted.number, &wanted.holder, wanted.active];
                    tx.exec_one(CHANGE_BANK, values).await?;
                    (wanted.id, words(&before))
                };
                let subject = format!("bank:{id}");
                audit::record(tx, &who, now, "bank.save", &subject, &before, &words(&wanted)).await
            })
        })
        .await;
    match saved {
        Err(Error::Db(error)) if DbError::is_unique_violation(&error) => Err(Error::invalid("number", taken)),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::testing::TestApp;

    #[tokio::test]
    async fn an_account_is_added_once_and_changed_in_place() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let typed = BankAccount {
                id: 0,
                bank: "BCA".into(),
                number: "123-456 7890".into(),
                holder: "PT Uji".into(),
                active: true,
            };
            save(&t.state, Who::command(), typed.clone()).await.unwrap();
            let Err(Error::Invalid { field, .. }) = save(&t.state, Who::command(), typed).await else {
                panic!("twice")
            };
            assert_eq!(field, "number");
            let mut stored = list(&t.state).await.unwrap().remove(0);
            assert_eq!(stored.number, "1234567890");
            stored.active = false;
            save(&t.state, Who::command(), stored.clone()).await.unwrap();
            assert_eq!(list(&t.state).await.unwrap(), [stored]);
            let bad =
                BankAccount { bank: "BCA".into(), number: "abc".into(), holder: "X".into(), ..BankAccount::default() };
            assert!(
                matches!(save(&t.state, Who::command(), bad).await, Err(Error::Invalid { field, .. }) if field == "number")
            );
        }
    }
}
