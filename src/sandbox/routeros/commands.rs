//! The simulated router's menus: what each command reads, writes and answers.
//!
//! Source: MikroTik documentation, "API" and "PPP AAA"; trap texts as routers in the field send them.

use super::{
    model::{Plain, Printed, Secret, Tables, handle},
    query::{Query, passes},
};
use crate::server::routers::codec::{CodecError, Sentence, encode_sentence};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// A command as it came in.
#[derive(Debug, Default)]
pub struct Request {
    /// `/ppp/secret/print`.
    pub command: String,
    /// `=name=value` words.
    pub attributes: BTreeMap<String, String>,
    /// `?…` words, in order.
    pub queries: Vec<Query>,
    /// `.tag`.
    pub tag: Option<String>,
}

impl Request {
    /// Sorts the words of a sentence. Bytes that are not UTF-8 are replaced.
    pub fn parse(sentence: &Sentence) -> Self {
        let mut words = sentence.iter().map(|word| String::from_utf8_lossy(word).into_owned());
        let mut request = Self { command: words.next().unwrap_or_default(), ..Self::default() };
        for word in words {
            if let Some((name, value)) = word.strip_prefix('=').and_then(|rest| rest.split_once('=')) {
                request.attributes.insert(name.to_owned(), value.to_owned());
            } else if let Some(tag) = word.strip_prefix(".tag=") {
                request.tag = Some(tag.to_owned());
            } else if let Some(query) = Query::parse(&word) {
                request.queries.push(query);
            }
        }
        request
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// The items meant: `.id` or `numbers`, one or several with commas, of which all must exist.
    fn items(&self, exists: impl Fn(u64) -> bool) -> Result<Vec<u64>, Trap> {
        let list = self.attribute(".id").or_else(|| self.attribute("numbers")).unwrap_or_default();
        let id = |text: &str| {
            let id = u64::from_str_radix(text.strip_prefix('*')?, 16).ok()?;
            exists(id).then_some(id)
        };
        list.split(',').map(|text| id(text).ok_or_else(|| Trap::new("no such item", Some(0)))).collect()
    }
}

/// A refusal.
#[derive(Debug)]
pub struct Trap {
    message: String,
    category: Option<u8>,
}

impl Trap {
    /// A refusal in the router's words, with MikroTik's category where it sends one.
    pub fn new(message: &str, category: Option<u8>) -> Self {
        Self { message: message.to_owned(), category }
    }
}

/// Collects the sentences of an answer.
#[derive(Debug, Default)]
pub struct Answer {
    /// Encoded sentences.
    pub bytes: Vec<u8>,
    tag: Option<String>,
}

impl Answer {
    /// An answer to a command with this tag.
    pub fn new(tag: Option<String>) -> Self {
        Self { bytes: Vec::new(), tag: tag.map(|tag| format!(".tag={tag}")) }
    }

    /// Adds a sentence.
    ///
    /// # Errors
    /// [`CodecError::TooLong`].
    pub fn say(&mut self, words: &[String]) -> Result<(), CodecError> {
        let words: Vec<&str> = words.iter().map(String::as_str).chain(self.tag.as_deref()).collect();
        encode_sentence(&words, &mut self.bytes)
    }

    /// Adds `!trap` and the `!done` that follows it.
    ///
    /// # Errors
    /// [`CodecError::TooLong`].
    pub fn trap(&mut self, trap: &Trap) -> Result<(), CodecError> {
        let mut words = vec!["!trap".to_owned()];
        words.extend(trap.category.map(|category| format!("=category={category}")));
        words.push(format!("=message={}", trap.message));
        self.say(&words)?;
        self.say(&["!done".to_owned()])
    }

    /// Adds `!done`, with what it returns.
    ///
    /// # Errors
    /// [`CodecError::TooLong`].
    pub fn done(&mut self, ret: Option<String>) -> Result<(), CodecError> {
        let mut words = vec!["!done".to_owned()];
        words.extend(ret.map(|ret| format!("=ret={ret}")));
        self.say(&words)
    }
}

/// What a command may see and touch.
pub struct Desk<'a> {
    /// The router's tables.
    pub tables: &'a mut Tables,
    /// The router's name.
    pub identity: &'a str,
    /// `7.18.2 (stable)`.
    pub version: &'a str,
    /// Says `!empty` when nothing matched (7.18 and later).
    pub says_empty: bool,
    /// Answers changes of accounts with `!done` and does nothing.
    pub lies: bool,
    /// Its user lacks the policy `write`.
    pub read_only: bool,
    /// Now.
    pub now: DateTime<Utc>,
    /// When the router came up.
    pub booted: DateTime<Utc>,
    /// Accounts whose devices dial after this command.
    pub redial: Vec<String>,
}

const SECRET_OPTIONS: [&str; 9] = [
    "comment",
    "remote-address",
    "local-address",
    "caller-id",
    "limit-bytes-in",
    "limit-bytes-out",
    "routes",
    "ipv6-routes",
    "remote-ipv6-prefix",
];
const PROFILE_OPTIONS: [&str; 9] = [
    "comment",
    "rate-limit",
    "local-address",
    "remote-address",
    "address-list",
    "only-one",
    "session-timeout",
    "idle-timeout",
    "dns-server",
];

impl Desk<'_> {
    /// Runs a command of a logged-in user and writes its whole answer.
    ///
    /// # Errors
    /// [`CodecError::TooLong`] when a row does not fit a sentence.
    pub fn run(&mut self, request: &Request) -> Result<Answer, CodecError> {
        let mut answer = Answer::new(request.tag.clone());
        match self.menu(request, &mut answer)? {
            Ok(ret) => answer.done(ret)?,
            Err(trap) => answer.trap(&trap)?,
        }
        Ok(answer)
    }

    fn menu(&mut self, request: &Request, answer: &mut Answer) -> Result<Result<Option<String>, Trap>, CodecError> {
        let (path, verb) = request.command.rsplit_once('/').unwrap_or_default();
        if verb == "print" {
            return self.print(path, request, answer);
        }
        let known = match path {
            "/ppp/secret" => matches!(verb, "add" | "set" | "remove" | "enable" | "disable" | "unset" | "comment"),
            "/ppp/profile" => matches!(verb, "add" | "set" | "remove"),
            "/ppp/active" => verb == "remove",
            _ => request.command == "/cancel",
        };
        if !known {
            return Ok(Err(Trap::new("no such command", Some(0))));
        }
        if self.read_only {
            return Ok(Err(Trap::new("not enough permissions (9)", None)));
        }
        Ok(match (path, verb) {
            ("/ppp/secret", "add") => self.add_secret(request).map(Some),
            ("/ppp/secret", _) => self.change_secret(verb, request).map(|()| None),
            ("/ppp/profile", _) => self.change_profile(verb, request),
            ("/ppp/active", _) => self.end_sessions(request).map(|()| None),
            _ => Ok(None),
        })
    }

    fn print(
        &self,
        path: &str,
        request: &Request,
        answer: &mut Answer,
    ) -> Result<Result<Option<String>, Trap>, CodecError> {
        let tables = &*self.tables;
        let name = Query::by_name(&request.queries);
        let mut printer = Printer { request, answer, now: self.now, rows: 0 };
        match (path, name) {
            ("/ppp/secret", Some(name)) => {
                let found = tables.secret_id(name).and_then(|id| Some((id, tables.secrets.get(&id)?)));
                printer.all(found.into_iter())?;
            }
            ("/ppp/secret", None) => printer.all(tables.secrets.iter().map(|(id, row)| (*id, row)))?,
            ("/ppp/profile", _) => printer.all(tables.profiles.iter().map(|(id, row)| (*id, row)))?,
            ("/ppp/active", Some(name)) => {
                let found = tables.session_id(name).and_then(|id| Some((id, tables.sessions.get(&id)?)));
                printer.all(found.into_iter())?;
            }
            ("/ppp/active", None) => printer.all(tables.sessions.iter().map(|(id, row)| (*id, row)))?,
            ("/system/identity", _) => printer.one(&Plain::new(vec![("name", self.identity.to_owned())]))?,
            ("/system/resource", _) => printer.one(&self.resource())?,
            ("/interface", _) => {
                printer.one(&interface("*1".to_owned(), "ether1".to_owned(), "ether", false))?;
                for (id, session) in &tables.sessions {
                    let name = format!("<pppoe-{}>", session.name);
                    printer.one(&interface(handle(*id), name, "pppoe-in", true))?;
                }
            }
            _ => return Ok(Err(Trap::new("no such command prefix", Some(0)))),
        }
        let rows = printer.rows;
        if request.attributes.contains_key("count-only") {
            return Ok(Ok(Some(rows.to_string())));
        }
        if rows == 0 && self.says_empty {
            answer.say(&["!empty".to_owned()])?;
        }
        Ok(Ok(None))
    }

    fn resource(&self) -> Plain {
        Plain::new(vec![
            ("uptime", super::model::uptime((self.now - self.booted).num_seconds())),
            ("version", self.version.to_owned()),
            ("cpu-load", "3".to_owned()),
            ("free-memory", "180355072".to_owned()),
            ("total-memory", "268435456".to_owned()),
            ("architecture-name", "arm64".to_owned()),
            ("board-name", "RB5009UG+S+".to_owned()),
            ("platform", "MikroTik".to_owned()),
        ])
    }

    /// A word that neither the verb nor the menu knows is refused, and so is a profile that is not there.
    fn check(&self, request: &Request, options: &[&str], own: &[&str]) -> Result<(), Trap> {
        let odd = |name: &&String| {
            !options.contains(&name.as_str()) && !own.contains(&name.as_str()) && *name != ".id" && *name != "numbers"
        };
        if let Some(name) = request.attributes.keys().find(odd) {
            return Err(Trap::new(&format!("unknown parameter {name}"), None));
        }
        match request.attribute("profile") {
            Some(profile) if !self.tables.has_profile(profile) => {
                Err(Trap::new("input does not match any value of profile", Some(1)))
            }
            _ => Ok(()),
        }
    }

    fn add_secret(&mut self, request: &Request) -> Result<String, Trap> {
        self.check(request, &SECRET_OPTIONS, &["name", "password", "service", "profile", "disabled"])?;
        let text = |name: &str, default: &str| request.attribute(name).unwrap_or(default).to_owned();
        let name = text("name", "");
        if name.is_empty() {
            return Err(Trap::new("failure: name cannot be empty", None));
        }
        let secret = Secret {
            name: name.clone(),
            password: text("password", ""),
            service: text("service", "any"),
            profile: text("profile", "default"),
            disabled: flag(request.attribute("disabled").unwrap_or("no"))?,
            extra: options(request, &SECRET_OPTIONS),
        };
        let id = self
            .tables
            .add_secret(secret)
            .ok_or_else(|| Trap::new("failure: secret with the same name already exists", None))?;
        self.redial.push(name);
        Ok(handle(id))
    }

    fn change_secret(&mut self, verb: &str, request: &Request) -> Result<(), Trap> {
        let own: &[&str] = match verb {
            "set" => &["name", "password", "service", "profile", "disabled"],
            "unset" => &["value-name"],
            _ => &[],
        };
        self.check(request, if verb == "set" || verb == "comment" { &SECRET_OPTIONS } else { &[] }, own)?;
        let disabled = match verb {
            "enable" => Some(false),
            "disable" => Some(true),
            _ => request.attribute("disabled").map(flag).transpose()?,
        };
        let ids = request.items(|id| self.tables.secrets.contains_key(&id))?;
        if self.lies {
            return Ok(());
        }
        for id in ids {
            if verb == "remove" {
                self.tables.remove_secret(id);
                continue;
            }
            if let Some(name) = request.attribute("name")
                && !self.tables.rename_secret(id, name)
            {
                return Err(Trap::new("failure: secret with the same name already exists", None));
            }
            let Some(secret) = self.tables.secrets.get_mut(&id) else { continue };
            if let Some(name) = request.attribute("value-name") {
                secret.extra.remove(name);
            }
            for (field, name) in
                [(&mut secret.password, "password"), (&mut secret.service, "service"), (&mut secret.profile, "profile")]
            {
                if let Some(value) = request.attribute(name) {
                    value.clone_into(field);
                }
            }
            secret.extra.extend(options(request, &SECRET_OPTIONS));
            secret.disabled = disabled.unwrap_or(secret.disabled);
            // Devices without a session keep dialling; one more try is due. A running session stays as it is.
            if !secret.disabled {
                self.redial.push(secret.name.clone());
            }
        }
        Ok(())
    }

    fn change_profile(&mut self, verb: &str, request: &Request) -> Result<Option<String>, Trap> {
        self.check(request, if verb == "remove" { &[] } else { &PROFILE_OPTIONS }, &["name"])?;
        if verb == "add" {
            let name = request.attribute("name").unwrap_or_default();
            if name.is_empty() || self.tables.has_profile(name) {
                return Err(Trap::new("failure: profile with the same name already exists", None));
            }
            let id = self.tables.add_profile(name, None);
            if let Some(profile) = self.tables.profiles.get_mut(&id) {
                profile.extra = options(request, &PROFILE_OPTIONS);
            }
            return Ok(Some(handle(id)));
        }
        for id in request.items(|id| self.tables.profiles.contains_key(&id))? {
            let Some(profile) = self.tables.profiles.get_mut(&id) else { continue };
            if verb == "set" {
                profile.extra.extend(options(request, &PROFILE_OPTIONS));
            } else if profile.builtin {
                return Err(Trap::new("failure: can not remove default profile", None));
            } else {
                self.tables.profiles.remove(&id);
            }
        }
        Ok(None)
    }

    fn end_sessions(&mut self, request: &Request) -> Result<(), Trap> {
        self.check(request, &[], &[])?;
        for id in request.items(|id| self.tables.sessions.contains_key(&id))? {
            self.redial.extend(self.tables.end_session(id));
        }
        Ok(())
    }
}

fn interface(id: String, name: String, kind: &str, dynamic: bool) -> Plain {
    Plain::new(vec![
        (".id", id),
        ("name", name),
        ("type", kind.to_owned()),
        ("running", "true".to_owned()),
        ("dynamic", dynamic.to_string()),
        ("disabled", "false".to_owned()),
        ("rx-byte", "0".to_owned()),
        ("tx-byte", "0".to_owned()),
    ])
}

fn options(request: &Request, names: &[&str]) -> BTreeMap<String, String> {
    names.iter().filter_map(|name| Some(((*name).to_owned(), request.attribute(name)?.to_owned()))).collect()
}

fn flag(text: &str) -> Result<bool, Trap> {
    match text {
        "yes" | "true" => Ok(true),
        "no" | "false" => Ok(false),
        _ => Err(Trap::new("invalid value for argument disabled", Some(1))),
    }
}

/// Writes the rows of a `print` that pass its query, with the properties asked for.
struct Printer<'a> {
    request: &'a Request,
    answer: &'a mut Answer,
    now: DateTime<Utc>,
    rows: usize,
}

impl Printer<'_> {
    fn all<'t, R: Printed + 't>(&mut self, rows: impl Iterator<Item = (u64, &'t R)>) -> Result<(), CodecError> {
        rows.into_iter().try_for_each(|(id, row)| self.row(id, row))
    }

    fn one(&mut self, row: &Plain) -> Result<(), CodecError> {
        self.row(0, row)
    }

    fn row<R: Printed>(&mut self, id: u64, row: &R) -> Result<(), CodecError> {
        let get = |name: &str| row.property(id, self.now, name);
        if !passes(&self.request.queries, &get) {
            return Ok(());
        }
        self.rows += 1;
        if self.request.attributes.contains_key("count-only") {
            return Ok(());
        }
        let mut words = vec!["!re".to_owned()];
        let mut put = |name: &str| words.extend(get(name).map(|value| format!("={name}={value}")));
        match self.request.attribute(".proplist") {
            Some(list) => list.split(',').for_each(&mut put),
            None => row.properties().iter().copied().for_each(&mut put),
        }
        self.answer.say(&words)
    }
}
