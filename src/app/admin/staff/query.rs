//! What Pengguna & Hak Akses reads, and who may do what to whom. The deeds themselves, with their rows in the log, are
//! the staff module's.

use super::rights::{RightCell, RightRow, RightsView};
use super::{StaffLink, StaffList, StaffMember, StaffRow};
use crate::app::admin::account::query::session_rows;
use crate::app::admin::words::{self, instant};
use crate::app::dto::{Badge, Choice, PAGE_ROWS, PageInfo, Tone};
use crate::server::config::Config;
use crate::server::error::{Error, Result};
use crate::server::guard::{Asked, Permission, RightsTable, Role, adjustable, allows};
use crate::server::staff::{invite, manage, second_factor, sessions};
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::{DateTime, Utc};

/// `$1` text searched for, in small letters between percent signs; empty for everybody.
macro_rules! wanted {
    () => {
        " FROM staff WHERE ($1 = '' OR LOWER(name) LIKE $1 OR email LIKE $1 OR phone LIKE $1)"
    };
}
macro_rules! columns {
    () => {
        "SELECT id, name, email, phone, role, active, totp_sealed, CAST(CASE WHEN password_hash = '-' THEN 1 ELSE 0 END AS BIGINT) AS fresh,
 CASE WHEN invite_hash <> '' THEN invite_until END AS invite_until, last_login_at"
    };
}
sql!(COUNT = concat!("SELECT COUNT(*)", wanted!()));
sql!(LIST = concat!(columns!(), wanted!(), " ORDER BY active DESC, LOWER(name), id LIMIT $2 OFFSET $3"));
sql!(MEMBER = concat!(columns!(), " FROM staff WHERE id = $1"));
sql!(ROLE_OF = "SELECT role FROM staff WHERE id = $1");

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    name: String,
    email: String,
    phone: String,
    role: String,
    active: bool,
    totp_sealed: String,
    fresh: i64,
    invite_until: Option<DateTime<Utc>>,
    last_login_at: Option<DateTime<Utc>>,
}

impl Row {
    fn shown(self, app: &AppState) -> StaffRow {
        let open = self.invite_until.filter(|until| self.active && *until > app.clock.now());
        let state = match (self.active, self.fresh == 1, open.is_some()) {
            (false, ..) => Badge::new("Nonaktif", Tone::Plain),
            (true, true, true) => Badge::new("Diundang", Tone::Note),
            (true, true, false) => Badge::new("Undangan lewat waktu", Tone::Warn),
            (true, false, true) => Badge::new("Aktif, tautan terbuka", Tone::Note),
            (true, false, false) => Badge::new("Aktif", Tone::Ok),
        };
        StaffRow {
            id: self.id,
            name: self.name,
            email: self.email,
            role: Role::parse(&self.role).map_or("", Role::label).to_owned(),
            seen: self.last_login_at.map_or_else(|| "Belum pernah".to_owned(), |at| instant(&app.clock, at)),
            factor: !self.totp_sealed.is_empty(),
            state,
            link_until: open.map(|until| format!("sampai {}", instant(&app.clock, until))).unwrap_or_default(),
        }
    }
}

fn is_owner(asked: &Asked) -> bool {
    asked.staff.role == Role::Owner
}

/// Roles that he may give: only an owner makes an owner.
fn roles(asked: &Asked) -> Vec<Choice> {
    let given = Role::ALL.into_iter().filter(|role| is_owner(asked) || *role != Role::Owner);
    given.map(|role| Choice::new(role.as_str(), role.label())).collect()
}

fn role_of(asked: &Asked, typed: &str) -> Result<Role> {
    let role = Role::parse(typed).ok_or_else(|| Error::invalid("role", "Pilih peran dari daftar."))?;
    if role == Role::Owner && !is_owner(asked) {
        return Err(Error::invalid("role", "Hanya pemilik yang dapat menjadikan orang lain pemilik."));
    }
    Ok(role)
}

/// Refuses what a person who was given this screen could make himself owner with.
async fn may_change(asked: &Asked, id: i64) -> Result<()> {
    let row: Option<(String,)> = asked.app.db.opt(ROLE_OF, args![id]).await?;
    let (role,) = row.ok_or_else(|| Error::NotFound("Pengguna itu tidak ada.".to_owned()))?;
    if role == Role::Owner.as_str() && !is_owner(asked) {
        return Err(Error::Refused("Hanya pemilik yang dapat mengubah seorang pemilik.".to_owned()));
    }
    Ok(())
}

/// One's own password and second factor ask for the password: a session left open must not be enough.
async fn may_open(asked: &Asked, id: i64) -> Result<()> {
    if asked.staff.id == id {
        return Err(Error::Refused("Untuk diri sendiri, pakai halaman Akun Saya.".to_owned()));
    }
    may_change(asked, id).await
}

/// A page of the list.
pub async fn list(asked: &Asked, q: &str, page: i64) -> Result<StaffList> {
    let app = &asked.app;
    let typed = q.trim().to_lowercase();
    let like = if typed.is_empty() { String::new() } else { format!("%{typed}%") };
    let info = PageInfo::of(page, app.db.number(COUNT, args![&like]).await?);
    let rows: Vec<Row> = app.db.all(LIST, args![&like, PAGE_ROWS, info.offset()]).await?;
    Ok(StaffList { rows: rows.into_iter().map(|row| row.shown(app)).collect(), info, roles: roles(asked) })
}

/// One member of staff.
pub async fn read(asked: &Asked, id: i64) -> Result<StaffMember> {
    let app = &asked.app;
    let row: Option<Row> = app.db.opt(MEMBER, args![id]).await?;
    let row = row.ok_or_else(|| Error::NotFound("Pengguna itu tidak ada.".to_owned()))?;
    let (phone, role, active) = (words::phone(&row.phone), row.role.clone(), row.active);
    Ok(StaffMember {
        may: is_owner(asked) || role != Role::Owner.as_str(),
        row: row.shown(app),
        phone,
        role,
        roles: roles(asked),
        active,
        mine: asked.staff.id == id,
        sessions: session_rows(app, id, "").await?,
    })
}

/// Invites somebody.
pub async fn invite(asked: Asked, name: String, email: String, phone: String, role: &str) -> Result<StaffLink> {
    let role = role_of(&asked, role)?;
    let link = invite::invite(&asked.app, asked.who, invite::Invitation { name, email, phone, role }).await?;
    shown(&asked.app, link)
}

/// A new link for somebody.
pub async fn link(asked: Asked, id: i64) -> Result<StaffLink> {
    may_open(&asked, id).await?;
    let link = invite::reset(&asked.app, asked.who, id).await?;
    shown(&asked.app, link)
}

/// Name, telephone and role.
pub async fn save(asked: Asked, id: i64, name: &str, phone: &str, role: &str) -> Result<()> {
    may_change(&asked, id).await?;
    let role = role_of(&asked, role)?;
    manage::change(&asked.app, asked.who, id, name, phone, role).await
}

/// In again, or out.
pub async fn switch(asked: Asked, id: i64, active: bool) -> Result<()> {
    may_change(&asked, id).await?;
    manage::switch(&asked.app, asked.who, id, active).await
}

/// His second factor goes.
pub async fn drop_factor(asked: Asked, id: i64) -> Result<()> {
    may_open(&asked, id).await?;
    second_factor::remove(&asked.app, asked.who, id).await
}

/// One of his sessions ends.
pub async fn end(asked: Asked, id: i64, handle: &str) -> Result<()> {
    may_change(&asked, id).await?;
    sessions::end(&asked.app, asked.who, id, handle).await
}

/// Where the office is, with this path: on its own host where it has one.
fn office(config: &Config, path: &str) -> Result<String> {
    let mut url = config.base_url.clone();
    if let Some(host) = &config.admin_host {
        url.set_host(Some(host)).map_err(|error| Error::Internal(format!("host kantor: {error}")))?;
    }
    url.set_path(path);
    Ok(url.into())
}

fn shown(app: &AppState, link: invite::Link) -> Result<StaffLink> {
    let url = office(&app.config, &format!("/admin/undangan/{}", link.token))?;
    let until = instant(&app.clock, link.until);
    let text = format!(
        "Halo {}, tetapkan kata sandi Kimonet Anda lewat tautan ini: {url} (sekali pakai, berlaku sampai {until}). Jangan teruskan kepada siapa pun.",
        link.name
    );
    // Without a number WhatsApp lets the sender choose.
    let whatsapp = url::Url::parse_with_params(&format!("https://wa.me/{}", link.phone), [("text", text)])
        .map_err(|error| Error::Internal(format!("wa.me: {error}")))?;
    // WhatsApp shows a plus sign as it is.
    Ok(StaffLink { name: link.name, url, whatsapp: whatsapp.as_str().replace('+', "%20"), until })
}

/// Whether he may change this cell: the column of those who may be given this screen is an owner's.
fn open(asked: &Asked, role: Role, permission: Permission) -> bool {
    adjustable(role, permission) && (is_owner(asked) || role != Role::Admin)
}

/// The table.
pub async fn rights(asked: &Asked) -> Result<RightsView> {
    let table = RightsTable::load(&asked.app.db).await?;
    let cell = |role: Role, permission: Permission| RightCell {
        role: role.as_str().to_owned(),
        word: role.label().to_owned(),
        open: open(asked, role, permission),
        allowed: table.allows(role, permission),
        delivered: allows(role, permission),
    };
    let rows: Vec<RightRow> = Permission::ALL
        .iter()
        .map(|permission| RightRow {
            code: permission.code().to_owned(),
            label: permission.label().to_owned(),
            cells: Role::ALL.into_iter().map(|role| cell(role, *permission)).collect(),
        })
        .collect();
    let changed = rows.iter().flat_map(|row| &row.cells).filter(|cell| cell.allowed != cell.delivered).count();
    Ok(RightsView {
        roles: Role::ALL.into_iter().map(|role| role.label().to_owned()).collect(),
        rows,
        changed: i64::try_from(changed).unwrap_or(i64::MAX),
        may_reset: is_owner(asked),
    })
}

/// One cell.
pub async fn set_right(asked: Asked, role: &str, permission: &str, allowed: bool) -> Result<()> {
    let role = Role::parse(role).ok_or_else(|| Error::invalid("role", "Peran itu tidak ada."))?;
    let permission = Permission::ALL
        .iter()
        .copied()
        .find(|known| known.code() == permission)
        .ok_or_else(|| Error::invalid("permission", "Hak itu tidak ada."))?;
    if adjustable(role, permission) && !open(&asked, role, permission) {
        return Err(Error::Refused("Hak peran Admin hanya diubah oleh pemilik.".to_owned()));
    }
    manage::set_right(&asked.app, asked.who, role, permission, allowed).await
}

/// Everything as delivered.
pub async fn reset_rights(asked: Asked) -> Result<()> {
    if !is_owner(&asked) {
        return Err(Error::Refused("Hanya pemilik yang dapat mengembalikan semua hak ke bawaan.".to_owned()));
    }
    manage::reset_rights(&asked.app, asked.who).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::audit::verify_chain;
    use crate::server::testing::TestApp;

    async fn invited(asked: &Asked, name: &str, role: &str) -> Result<StaffLink> {
        let email = format!("{}@kantor.test", name.to_lowercase());
        invite(asked.clone(), name.to_owned(), email, "0812-3456-7890".to_owned(), role).await
    }

    #[tokio::test]
    async fn the_list_says_who_is_in_who_is_asked_and_who_is_out() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let owner = t.asked(Role::Owner, 0);
            let link = invited(&owner, "Budi", "cashier").await.unwrap();
            assert!(
                link.url.contains("/admin/undangan/")
                    && link.whatsapp.starts_with("https://wa.me/6281234567890?text=Halo%20Budi")
            );
            let token = link.url.rsplit('/').next().unwrap().to_owned();
            let all = list(&owner, "", 1).await.unwrap();
            assert_eq!((all.rows[0].state.word.as_str(), all.rows[0].seen.as_str()), ("Diundang", "Belum pernah"));
            assert_eq!(all.rows[0].link_until, "sampai 18/01/2026 10:00");
            let id = all.rows[0].id;
            t.at("2026-01-18 10:01");
            assert_eq!(read(&owner, id).await.unwrap().row.state.word, "Undangan lewat waktu");
            assert!(matches!(
                invite::accept(&t.state, &token, "kata sandi baru", "kata sandi baru", "").await,
                Err(Error::NotFound(_))
            ));
            let again = link_of(&owner, id).await;
            let token = again.url.rsplit('/').next().unwrap();
            invite::accept(&t.state, token, "kata sandi baru", "kata sandi baru", "").await.unwrap();
            assert_eq!(read(&owner, id).await.unwrap().row.state.word, "Aktif");
            switch(owner.clone(), id, false).await.unwrap();
            assert_eq!(list(&owner, "BUDI@", 1).await.unwrap().rows[0].state.word, "Nonaktif");
            assert_eq!(list(&owner, "siapa", 1).await.unwrap().info.total, 0);
            assert_eq!(verify_chain(&t.state.db).await.unwrap(), Vec::<String>::new());
        }
    }

    async fn link_of(asked: &Asked, id: i64) -> StaffLink {
        link(asked.clone(), id).await.unwrap()
    }

    #[tokio::test]
    async fn whoever_was_given_this_screen_does_not_make_himself_an_owner() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let owner = t.asked(Role::Owner, 0);
            invited(&owner, "Anna", "owner").await.unwrap();
            invited(&owner, "Budi", "cashier").await.unwrap();
            let rows = list(&owner, "", 1).await.unwrap().rows;
            let (anna, budi) = (rows[0].id, rows[1].id);
            let admin = t.asked(Role::Admin, 0);
            assert!(matches!(link(admin.clone(), anna).await, Err(Error::Refused(_))));
            assert!(matches!(drop_factor(admin.clone(), anna).await, Err(Error::Refused(_))));
            assert!(matches!(switch(admin.clone(), anna, false).await, Err(Error::Refused(_))));
            assert!(matches!(save(admin.clone(), budi, "Budi", "", "owner").await, Err(Error::Invalid { .. })));
            assert!(invited(&admin, "Cici", "owner").await.is_err());
            assert!(matches!(set_right(admin.clone(), "admin", "backup", true).await, Err(Error::Refused(_))));
            assert!(matches!(reset_rights(admin.clone()).await, Err(Error::Refused(_))));
            assert!(!roles(&admin).iter().any(|role| role.value == "owner"));
            save(admin.clone(), budi, "Budi Kasir", "", "technician").await.unwrap();
            assert_eq!(read(&admin, budi).await.unwrap().row.role, "Teknisi");
            let mine = t.asked(Role::Owner, anna);
            assert!(matches!(link(mine, anna).await, Err(Error::Refused(_))), "that is what Akun Saya is for");
        }
    }

    #[tokio::test]
    async fn the_table_counts_what_differs() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let owner = t.asked(Role::Owner, 0);
            assert_eq!(rights(&owner).await.unwrap().changed, 0);
            set_right(owner.clone(), "cashier", "run_billing", true).await.unwrap();
            let table = rights(&owner).await.unwrap();
            let row = table.rows.iter().find(|row| row.code == "run_billing").unwrap();
            let cell = row.cells.iter().find(|cell| cell.role == "cashier").unwrap();
            assert!(table.changed == 1 && cell.allowed && !cell.delivered && cell.open);
            assert!(!row.cells.iter().find(|cell| cell.role == "owner").unwrap().open);
            assert!(set_right(owner.clone(), "kasir", "run_billing", true).await.is_err());
            reset_rights(owner.clone()).await.unwrap();
            assert_eq!(rights(&owner).await.unwrap().changed, 0);
        }
    }

    #[test]
    fn the_link_leads_to_the_offices_own_host() {
        let mut config = Config::load().unwrap();
        config.admin_host = Some("kantor.test".to_owned());
        assert!(office(&config, "/admin/undangan/x").unwrap().contains("://kantor.test"));
    }
}
