//! What Wilayah reads and changes: services carry the name, so that a change of it is one statement over them.

use super::{AreaList, AreaRow};
use crate::app::admin::install::checks::text_of;
use crate::app::dto::{Choice, money};
use crate::server::audit::{self, Who};
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::guard::{Asked, Permission, Scope};
use crate::server::state::AppState;
use crate::{args, in_scope, sql};
use std::collections::HashMap;

sql!(
    AREAS = "SELECT a.id, a.name, COALESCE(a.manager_id, 0), COALESCE(t.name, ''), a.note FROM area a LEFT JOIN staff t ON t.id = a.manager_id ORDER BY a.name"
);
sql!(
    COUNTS = concat!(
        "SELECT s.area, COUNT(*), CAST(COALESCE(SUM(s.owed), 0) AS BIGINT) FROM service_row s WHERE ",
        in_scope!("$1"),
        " GROUP BY s.area"
    )
);
sql!(
    MANAGERS = "SELECT CAST(id AS TEXT), name FROM staff WHERE active ORDER BY CASE WHEN role = 'collector' THEN 0 ELSE 1 END, name"
);
sql!(AREA = "SELECT name, COALESCE(manager_id, 0), note FROM area WHERE id = $1");
sql!(STAFF_THERE = "SELECT COUNT(*) FROM staff WHERE id = $1 AND active");
sql!(NAME_TAKEN = "SELECT COUNT(*) FROM area WHERE name = $1 AND id <> $2");
sql!(INSERT = "INSERT INTO area (name, manager_id, note, created_at) VALUES ($1, $2, $3, $4) RETURNING id");
sql!(UPDATE = "UPDATE area SET name = $2, manager_id = $3, note = $4 WHERE id = $1");
sql!(MOVE = "UPDATE service SET area = $2 WHERE area = $1");
sql!(DELETE = "DELETE FROM area WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM service s WHERE s.area = area.name)");

fn not_there() -> Error {
    Error::NotFound("Wilayah itu tidak ada lagi. Muat ulang halaman.".to_owned())
}

/// All areas; a collector sees those in which he has services, and counts only his.
pub async fn list(asked: &Asked) -> Result<AreaList> {
    let (app, scope) = (&asked.app, asked.scope());
    let sees_money = asked.staff.may(Permission::ViewInvoices);
    let may_edit = asked.staff.may(Permission::EditCustomers);
    let counts: Vec<(String, i64, i64)> = app.db.all(COUNTS, args![scope.arg()]).await?;
    let counts: HashMap<String, (i64, i64)> = counts.into_iter().map(|(area, n, owed)| (area, (n, owed))).collect();
    let areas: Vec<(i64, String, i64, String, String)> = app.db.all(AREAS, args![]).await?;
    let rows = areas
        .into_iter()
        .filter(|(_, name, ..)| scope == Scope::All || counts.contains_key(name))
        .map(|(id, name, manager_id, manager, note)| {
            let (services, owed) = counts.get(&name).copied().unwrap_or_default();
            let owed = if sees_money && owed > 0 { money(owed) } else { String::new() };
            AreaRow { id, name, manager_id, manager, note, services, owed }
        })
        .collect();
    let managers: Vec<(String, String)> = if may_edit { app.db.all(MANAGERS, args![]).await? } else { Vec::new() };
    Ok(AreaList {
        rows,
        without: counts.get("").map_or(0, |count| count.0),
        managers: managers.into_iter().map(|row| Choice::new(row.0, row.1)).collect(),
        may_edit,
        sees_money,
    })
}

/// Saves an area; services follow its name.
pub async fn save(app: &AppState, who: Who, id: i64, name: &str, manager_id: i64, note: &str) -> Result<()> {
    let (name, note) = (text_of("name", "Nama wilayah", name, 100)?, text_of("note", "Catatan", note, 200)?);
    if name.is_empty() {
        return Err(Error::invalid("name", "Isi nama wilayah."));
    }
    let (now, manager) = (app.clock.now(), (manager_id != 0).then_some(manager_id));
    app.db
        .write::<_, Error, _>(move |tx| {
            let (who, name, note) = (who.clone(), name.clone(), note.clone());
            Box::pin(async move {
                if tx.number(NAME_TAKEN, args![&name, id]).await? > 0 {
                    return Err(Error::invalid("name", "Wilayah bernama itu sudah ada. Gabungkan bila memang satu."));
                }
                if let Some(staff) = manager
                    && tx.number(STAFF_THERE, args![staff]).await? == 0
                {
                    return Err(Error::invalid("manager_id", "Pilih penanggung jawab dari daftar."));
                }
                let after = format!("{name}; penanggung jawab: {manager_id}; {note}");
                if id == 0 {
                    let id = tx.number(INSERT, args![&name, manager, &note, now]).await?;
                    return audit::record(tx, &who, now, "area.add", &format!("area:{id}"), "", &after).await;
                }
                let (old, old_manager, old_note): (String, i64, String) =
                    tx.opt(AREA, args![id]).await?.ok_or_else(not_there)?;
                tx.exec_one(UPDATE, args![id, &name, manager, &note]).await?;
                if old != name {
                    tx.exec(MOVE, args![&old, &name]).await?;
                }
                let before = format!("{old}; penanggung jawab: {old_manager}; {old_note}");
                audit::record(tx, &who, now, "area.change", &format!("area:{id}"), &before, &after).await
            })
        })
        .await
}

async fn name_of(tx: &mut Tx, id: i64) -> Result<String> {
    let (name, _, _): (String, i64, String) = tx.opt(AREA, args![id]).await?.ok_or_else(not_there)?;
    Ok(name)
}

/// All services of one area go into another; the first is no more.
pub async fn merge(app: &AppState, who: Who, id: i64, into: i64) -> Result<()> {
    if id == into {
        return Err(Error::invalid("into", "Pilih wilayah lain."));
    }
    let now = app.clock.now();
    app.db
        .write::<_, Error, _>(move |tx| {
            let who = who.clone();
            Box::pin(async move {
                let (from, to) = (name_of(tx, id).await?, name_of(tx, into).await?);
                let moved = tx.exec(MOVE, args![&from, &to]).await?;
                tx.exec_one(DELETE, args![id]).await?;
                let after = format!("{to}; {moved} layanan");
                audit::record(tx, &who, now, "area.merge", &format!("area:{into}"), &from, &after).await
            })
        })
        .await
}

/// Takes an empty area away.
pub async fn delete(app: &AppState, who: Who, id: i64) -> Result<()> {
    let now = app.clock.now();
    app.db
        .write::<_, Error, _>(move |tx| {
            let who = who.clone();
            Box::pin(async move {
                let name = name_of(tx, id).await?;
                if tx.exec(DELETE, args![id]).await? == 0 {
                    return Err(Error::Refused(
                        "Wilayah ini masih punya layanan. Pindahkan atau gabungkan dulu.".to_owned(),
                    ));
                }
                audit::record(tx, &who, now, "area.delete", &format!("area:{id}"), &name, "").await
            })
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::guard::Role;
    use crate::server::testing::TestApp;

    async fn counted(t: &TestApp) -> Vec<(String, i64)> {
        let list = list(&t.asked(Role::Owner, 1)).await.unwrap();
        list.rows.into_iter().map(|row| (row.name, row.services)).collect()
    }

    sql!(TEST_PUT = "UPDATE service SET area = $2 WHERE id = $1");

    #[tokio::test]
    async fn services_follow_their_areas_name_and_none_is_lost() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let package = t.package("Home", 300_000, 1).await;
            for (name, area) in [("A", "Utara"), ("B", "Utara"), ("C", "Selatan")] {
                let id = t.service(name, package, "2025-06-01").await;
                let mut tx = t.state.db.begin().await.unwrap();
                tx.exec_one(TEST_PUT, args![id, area]).await.unwrap();
                tx.commit().await.unwrap();
            }
            for name in ["Utara", "Selatan", "Kosong"] {
                save(&t.state, Who::command(), 0, name, 0, "").await.unwrap();
            }
            let ids = list(&t.asked(Role::Owner, 1)).await.unwrap().rows;
            let id = |name: &str| ids.iter().find(|row| row.name == name).unwrap().id;
            assert!(save(&t.state, Who::command(), id("Utara"), "Selatan", 0, "").await.is_err());
            save(&t.state, Who::command(), id("Utara"), "Lor", 0, "").await.unwrap();
            assert_eq!(counted(&t).await, [("Kosong".to_owned(), 0), ("Lor".to_owned(), 2), ("Selatan".to_owned(), 1)]);
            assert!(delete(&t.state, Who::command(), id("Utara")).await.is_err(), "not while it has services");
            merge(&t.state, Who::command(), id("Utara"), id("Selatan")).await.unwrap();
            delete(&t.state, Who::command(), id("Kosong")).await.unwrap();
            assert_eq!(counted(&t).await, [("Selatan".to_owned(), 3)]);
        }
    }
}
