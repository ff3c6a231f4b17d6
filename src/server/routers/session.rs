//! The commands a billing system needs, typed. Passwords are written, never read.

use super::{
    api::{Connection, Reply, Row, Wire},
    error::RouterError,
};

/// A PPP account as the router has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// The router's handle (`*1F`). Not stable across restores: look it up right before each write.
    pub id: String,
    /// Account name; compared byte for byte.
    pub name: String,
    /// Profile a new session will get.
    pub profile: String,
    /// A disabled account cannot open a new session.
    pub disabled: bool,
    /// `pppoe`, `any`, …
    pub service: String,
    /// Other tools keep data in it; read only.
    pub comment: String,
    /// Fixed address, when the account has one.
    pub remote_address: Option<String>,
}

/// A running session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Active {
    /// The router's handle; another one after each redial.
    pub id: String,
    /// Account name.
    pub name: String,
    /// Such as `0x81100000`; tells a session from the one before it.
    pub session_id: String,
    /// As the router writes it: `1w2d3h4m5s` or `01:22:53`.
    pub uptime: String,
}

/// The router itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// `7.18.2 (stable)`.
    pub version: String,
    /// Model, `hEX`, `RB4011`, …
    pub board: String,
    /// As the router writes it.
    pub uptime: String,
}

/// What a new account shall be. Always for PPPoE.
#[derive(Clone, PartialEq, Eq)]
pub struct NewSecret {
    /// Account name.
    pub name: String,
    /// Its password; written, never read back.
    pub password: String,
    /// A profile that exists on the router.
    pub profile: String,
    /// Empty: none.
    pub comment: String,
}

const SECRET_PROPLIST: &str = "=.proplist=.id,name,profile,disabled,service,comment,remote-address";
const ACTIVE_PROPLIST: &str = "=.proplist=.id,name,session-id,uptime";

impl<S: Wire> Connection<S> {
    /// The router's name: the cheapest sign of life.
    ///
    /// # Errors
    /// As [`Connection::talk`]; so do all the calls below.
    pub async fn identity(&mut self) -> Result<String, RouterError> {
        let reply = self.talk(&["/system/identity/print"]).await?;
        take(&mut only_row(reply, "identity")?, "name")
    }

    /// Version, model, uptime.
    pub async fn resource(&mut self) -> Result<Resource, RouterError> {
        let reply = self.talk(&["/system/resource/print", "=.proplist=version,board-name,uptime"]).await?;
        let mut row = only_row(reply, "resource")?;
        Ok(Resource {
            version: take(&mut row, "version")?,
            board: row.remove("board-name").unwrap_or_default(),
            uptime: row.remove("uptime").unwrap_or_default(),
        })
    }

    /// Names of all PPP profiles.
    pub async fn profiles(&mut self) -> Result<Vec<String>, RouterError> {
        let reply = self.talk(&["/ppp/profile/print", "=.proplist=name"]).await?;
        reply.rows.into_iter().map(|mut row| take(&mut row, "name")).collect()
    }

    /// All PPP accounts.
    pub async fn secrets(&mut self) -> Result<Vec<Secret>, RouterError> {
        let reply = self.talk_long(&["/ppp/secret/print", SECRET_PROPLIST]).await?;
        reply.rows.into_iter().map(secret).collect()
    }

    /// The account of exactly this name; `None` when there is none (it may come from RADIUS).
    ///
    /// # Errors
    /// [`RouterError::Protocol`] when the router holds the name more than once.
    pub async fn secret_by_name(&mut self, name: &str) -> Result<Option<Secret>, RouterError> {
        let reply = self.talk(&["/ppp/secret/print", SECRET_PROPLIST, &format!("?name={name}")]).await?;
        // Whether the router compares case is not promised; we do.
        let found: Result<Vec<Secret>, RouterError> = reply.rows.into_iter().map(secret).collect();
        let mut found = found?.into_iter().filter(|secret| secret.name == name);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(RouterError::Protocol(format!("account `{name}` stands on the router twice"))),
            (one, None) => Ok(one),
        }
    }

    /// All running PPP sessions.
    pub async fn active(&mut self) -> Result<Vec<Active>, RouterError> {
        let reply = self.talk_long(&["/ppp/active/print", ACTIVE_PROPLIST]).await?;
        reply.rows.into_iter().map(active).collect()
    }

    /// The running sessions of one account; there may be several.
    pub async fn active_by_name(&mut self, name: &str) -> Result<Vec<Active>, RouterError> {
        let reply = self.talk(&["/ppp/active/print", ACTIVE_PROPLIST, &format!("?name={name}")]).await?;
        let rows: Result<Vec<Active>, RouterError> = reply.rows.into_iter().map(active).collect();
        Ok(rows?.into_iter().filter(|session| session.name == name).collect())
    }

    /// Sets the profile a new session of this account will get. The running one keeps the old: remove it after.
    ///
    /// # Errors
    /// [`RouterError::ProfileMissing`], [`RouterError::NoSuchItem`]. Success is the router's word: read it back.
    pub async fn set_secret_profile(&mut self, id: &str, profile: &str) -> Result<(), RouterError> {
        self.talk(&["/ppp/secret/set", &item(id)?, &format!("=profile={profile}")]).await.map(|_| ())
    }

    /// Disables or enables an account. A running session stays until removed.
    ///
    /// # Errors
    /// [`RouterError::NoSuchItem`]. Success is the router's word: read it back.
    pub async fn set_secret_disabled(&mut self, id: &str, disabled: bool) -> Result<(), RouterError> {
        let value = if disabled { "=disabled=yes" } else { "=disabled=no" };
        self.talk(&["/ppp/secret/set", &item(id)?, value]).await.map(|_| ())
    }

    /// Adds a PPPoE account; gives its `.id`.
    ///
    /// # Errors
    /// [`RouterError::Duplicate`] when the name is there already (look it up and set instead: its password is not
    /// touched), [`RouterError::ProfileMissing`].
    pub async fn add_secret(&mut self, new: &NewSecret) -> Result<String, RouterError> {
        if new.name.is_empty() || new.password.is_empty() {
            return Err(RouterError::Protocol("an account needs a name and a password".to_owned()));
        }
        let mut words = vec![
            "/ppp/secret/add".to_owned(),
            "=service=pppoe".to_owned(),
            format!("=name={}", new.name),
            format!("=password={}", new.password),
            format!("=profile={}", new.profile),
        ];
        if !new.comment.is_empty() {
            words.push(format!("=comment={}", new.comment));
        }
        let reply = self.talk(&words).await?;
        reply.ret.ok_or_else(|| RouterError::Protocol("add answered without an id".to_owned()))
    }

    /// Ends one running session; the customer's device dials again by itself.
    ///
    /// # Errors
    /// [`RouterError::NoSuchItem`] when it has ended meanwhile.
    pub async fn remove_active(&mut self, id: &str) -> Result<(), RouterError> {
        self.talk(&["/ppp/active/remove", &item(id)?]).await.map(|_| ())
    }

    /// Ends all running sessions of an account as they are now; says how many. One that ended meanwhile is no error.
    pub async fn kick(&mut self, name: &str) -> Result<usize, RouterError> {
        let mut ended = 0;
        for session in self.active_by_name(name).await? {
            match self.remove_active(&session.id).await {
                Ok(()) => ended += 1,
                Err(RouterError::NoSuchItem(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(ended)
    }
}

/// `=.id=*1F`. An empty or odd id is refused here: some menus take an empty list for all items.
fn item(id: &str) -> Result<String, RouterError> {
    let digits = id.strip_prefix('*').unwrap_or_default();
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(RouterError::Protocol(format!("`{id}` is no item id")));
    }
    Ok(format!("=.id={id}"))
}

fn only_row(reply: Reply, what: &str) -> Result<Row, RouterError> {
    reply.rows.into_iter().next().ok_or_else(|| RouterError::Protocol(format!("{what}: no row")))
}

fn take(row: &mut Row, name: &str) -> Result<String, RouterError> {
    row.remove(name).ok_or_else(|| RouterError::Protocol(format!("a row without `{name}`")))
}

fn secret(mut row: Row) -> Result<Secret, RouterError> {
    Ok(Secret {
        id: take(&mut row, ".id")?,
        name: take(&mut row, "name")?,
        profile: take(&mut row, "profile")?,
        disabled: match row.get("disabled").map(String::as_str) {
            None | Some("false" | "no") => false,
            Some("true" | "yes") => true,
            Some(other) => return Err(RouterError::Protocol(format!("disabled is `{other}`"))),
        },
        service: row.remove("service").unwrap_or_default(),
        comment: row.remove("comment").unwrap_or_default(),
        remote_address: row.remove("remote-address").filter(|address| !address.is_empty()),
    })
}

fn active(mut row: Row) -> Result<Active, RouterError> {
    Ok(Active {
        id: take(&mut row, ".id")?,
        name: take(&mut row, "name")?,
        session_id: row.remove("session-id").unwrap_or_default(),
        uptime: row.remove("uptime").unwrap_or_default(),
    })
}
