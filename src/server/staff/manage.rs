//! What an owner does to others: role, name, in and out, second factor. There is always an owner who can come in.

use super::{Member, checked_name, checked_phone, sessions, subject};
use crate::args;
use crate::server::audit::{self, Who};
use crate::server::customers::links;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::rights::{Permission, RightsTable, Role, adjustable, allows};
use crate::server::state::AppState;
use crate::sql;

// The owners' rows are locked by the update itself: two owners who put each other out at the same moment meet at the
// counter below.
sql!(
    TURN = "INSERT INTO counter (name, n) VALUES ('staff_turn', 1) ON CONFLICT (name) DO UPDATE SET n = counter.n + 1 RETURNING n"
);
sql!(OTHER_OWNERS = "SELECT COUNT(*) FROM staff WHERE role = 'owner' AND active AND password_hash <> '-' AND id <> $1");
sql!(CHANGE_MEMBER = "UPDATE staff SET name = $2, phone = $3, role = $4 WHERE id = $1");
sql!(SWITCH_MEMBER = "UPDATE staff SET active = $2, invite_hash = '', invite_until = NULL WHERE id = $1");
sql!(
    PUT_RIGHT = "INSERT INTO role_right (role, permission, allowed) VALUES ($1, $2, $3)
 ON CONFLICT (role, permission) DO UPDATE SET allowed = EXCLUDED.allowed"
);
sql!(DROP_RIGHT = "DELETE FROM role_right WHERE role = $1 AND permission = $2");
sql!(DROP_RIGHTS = "DELETE FROM role_right");

/// Refuses what would leave the office without an owner.
async fn keeps_an_owner(tx: &mut Tx, member: &Member) -> Result<()> {
    if member.role == Role::Owner.as_str() && member.active && tx.number(OTHER_OWNERS, args![member.id]).await? == 0 {
        return Err(Error::Refused(
            "Ini pemilik aktif yang terakhir. Jadikan orang lain pemilik dahulu, supaya selalu ada yang dapat masuk."
                .to_owned(),
        ));
    }
    Ok(())
}

fn role_word(role: &str) -> &'static str {
    Role::parse(role).map_or("", Role::label)
}

/// Name, telephone and role of somebody. Nobody changes his own role.
pub async fn change(app: &AppState, who: Who, id: i64, name: &str, phone: &str, role: Role) -> Result<()> {
    let (name, phone, now) = (checked_name(name)?, checked_phone(phone)?, app.clock.now());
    app.db
        .write::<_, Error, _>(move |tx| {
            let (who, name, phone) = (who.clone(), name.clone(), phone.clone());
            Box::pin(async move {
                tx.number(TURN, args![]).await?;
                let before = Member::of(tx, id).await?;
                if before.role != role.as_str() {
                    if who.staff_id == Some(id) {
                        return Err(Error::invalid("role", "Peran sendiri tidak dapat diubah; minta pemilik lain."));
                    }
                    keeps_an_owner(tx, &before).await?;
                }
                tx.exec_one(CHANGE_MEMBER, args![id, &name, &phone, role.as_str()]).await?;
                let words = |name: &str, phone: &str, role: &str| {
                    format!("nama: {name}; telepon: {phone}; peran: {}", role_word(role))
                };
                let (old, new) =
                    (words(&before.name, &before.phone, &before.role), words(&name, &phone, role.as_str()));
                audit::record(tx, &who, now, "staff.change", &subject(id), &old, &new).await?;
                links::claim(tx, &who, now, id).await
            })
        })
        .await
}

/// Lets somebody in again, or puts him out: all his sessions end at once.
pub async fn switch(app: &AppState, who: Who, id: i64, active: bool) -> Result<()> {
    let now = app.clock.now();
    app.db
        .write::<_, Error, _>(move |tx| {
            let who = who.clone();
            Box::pin(async move {
                tx.number(TURN, args![]).await?;
                let before = Member::of(tx, id).await?;
                if !active {
                    if who.staff_id == Some(id) {
                        return Err(Error::Refused("Anda tidak dapat menonaktifkan diri sendiri.".to_owned()));
                    }
                    keeps_an_owner(tx, &before).await?;
                }
                tx.exec_one(SWITCH_MEMBER, args![id, active]).await?;
                if !active {
                    sessions::end_all(tx, id, "").await?;
                }
                let word = |active| if active { "keadaan: aktif" } else { "keadaan: nonaktif" };
                audit::record(tx, &who, now, "staff.switch", &subject(id), word(before.active), word(active)).await?;
                links::claim(tx, &who, now, id).await
            })
        })
        .await
}

/// Allows a role something, or takes it away. What the delivered table says anyway needs no row.
pub async fn set_right(app: &AppState, who: Who, role: Role, permission: Permission, allowed: bool) -> Result<()> {
    if !adjustable(role, permission) {
        return Err(Error::Refused("Hak ini tetap; tidak dapat diubah untuk peran itu.".to_owned()));
    }
    let before = RightsTable::load(&app.db).await?.allows(role, permission);
    let now = app.clock.now();
    app.db
        .write::<_, Error, _>(move |tx| {
            let who = who.clone();
            Box::pin(async move {
                if allowed == allows(role, permission) {
                    tx.exec(DROP_RIGHT, args![role.as_str(), permission.code()]).await?;
                } else {
                    tx.exec_one(PUT_RIGHT, args![role.as_str(), permission.code(), allowed]).await?;
                }
                let words = |allowed: bool| {
                    format!("{} · {}: {}", role.label(), permission.label(), if allowed { "boleh" } else { "tidak" })
                };
                let what = format!("right:{}.{}", role.as_str(), permission.code());
                audit::record(tx, &who, now, "right.set", &what, &words(before), &words(allowed)).await
            })
        })
        .await?;
    app.fresh_settings().await?;
    Ok(())
}

/// Back to the table that is delivered.
pub async fn reset_rights(app: &AppState, who: Who) -> Result<()> {
    let table = RightsTable::load(&app.db).await?;
    let mut before = Vec::new();
    for role in Role::ALL {
        for permission in Permission::ALL {
            let allowed = table.allows(role, *permission);
            if allowed != allows(role, *permission) {
                let word = if allowed { "boleh" } else { "tidak" };
                before.push(format!("{} · {}: {word}", role.label(), permission.label()));
            }
        }
    }
    let (before, now) = (before.join("; "), app.clock.now());
    app.db
        .write::<_, Error, _>(move |tx| {
            let (who, before) = (who.clone(), before.clone());
            Box::pin(async move {
                tx.exec(DROP_RIGHTS, args![]).await?;
                audit::record(tx, &who, now, "right.reset", "right:all", &before, "seperti bawaan").await
            })
        })
        .await?;
    app.fresh_settings().await?;
    Ok(())
}
