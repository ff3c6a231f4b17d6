//! One conversation with a router: connect, log in, send a command, read its whole answer.
//!
//! Source: MikroTik documentation, "API". An answer is over at `!done` and nowhere else; whatever ends before that is
//! an error, so that half a list can never be taken for a list.

use super::{
    codec::{Sentence, read_sentence, write_sentence},
    error::RouterError,
    tls::{self, Fingerprint, Tls},
};
use md5::{Digest, Md5};
use std::{collections::BTreeMap, future::Future, io::ErrorKind, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite, BufStream},
    net::{TcpSocket, TcpStream, lookup_host},
    time::timeout,
};

/// One row of an answer: property to value. Properties without a value are mostly left out by the router.
pub type Row = BTreeMap<String, String>;

/// Most rows one answer may have; above that the peer is not a router we can serve.
pub const ROWS_MAX: usize = 500_000;

/// A stream a conversation can run on: TCP, TLS over TCP, or a pipe in a test.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Wire for S {}

/// Where a router is and how to get in.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Name or address, without port.
    pub host: String,
    /// 8728 without TLS, 8729 with, or whatever is forwarded there.
    pub port: u16,
    /// RouterOS user.
    pub username: String,
    /// Its password.
    pub password: String,
    /// How the way there is protected.
    pub tls: Tls,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The password stays out of logs.
        write!(f, "{}@{}:{} (tls {})", self.username, self.host, self.port, self.tls)
    }
}

/// How long each part may take, as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// To be connected, TLS included.
    pub connect: Duration,
    /// To be logged in.
    pub login: Duration,
    /// For one ordinary command.
    pub command: Duration,
    /// For a full list of secrets or sessions.
    pub list: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            login: Duration::from_secs(5),
            command: Duration::from_secs(15),
            list: Duration::from_secs(60),
        }
    }
}

/// A complete answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// The `!re` rows, in the router's order.
    pub rows: Vec<Row>,
    /// What `!done` carried: the new `.id` of an `add`, the number of a `count-only`, a login challenge.
    pub ret: Option<String>,
}

/// A conversation, one command at a time. After a time-out, a cut or nonsense it is given up: a late answer must not be
/// taken for the next command's.
pub struct Connection<S> {
    stream: BufStream<S>,
    deadlines: Deadlines,
    next_tag: u64,
    heard: bool,
    given_up: bool,
    fingerprint: Option<Fingerprint>,
}

/// Connects and logs in.
///
/// # Errors
/// [`RouterError::Unreachable`], [`RouterError::Refused`], [`RouterError::TlsHandshake`], then as
/// [`Connection::login`].
pub async fn connect(endpoint: &Endpoint) -> Result<Connection<Box<dyn Wire>>, RouterError> {
    connect_with(endpoint, Deadlines::default()).await
}

/// [`connect`] with other deadlines.
///
/// # Errors
/// As [`connect`].
pub async fn connect_with(endpoint: &Endpoint, deadlines: Deadlines) -> Result<Connection<Box<dyn Wire>>, RouterError> {
    let silent = RouterError::Unreachable("no connection in time".to_owned());
    let (stream, fingerprint) =
        timeout(deadlines.connect, open(endpoint)).await.map_err(|_elapsed| silent).flatten()?;
    let mut connection = Connection::with_deadlines(stream, deadlines);
    connection.fingerprint = fingerprint;
    connection.login(&endpoint.username, &endpoint.password).await?;
    Ok(connection)
}

async fn open(endpoint: &Endpoint) -> Result<(Box<dyn Wire>, Option<Fingerprint>), RouterError> {
    let stream = open_tcp(&endpoint.host, endpoint.port).await?;
    if endpoint.tls == Tls::Off {
        return Ok((Box::new(stream), None));
    }
    let (stream, fingerprint) = tls::wrap(stream, &endpoint.host, endpoint.tls).await?;
    Ok((Box::new(stream), Some(fingerprint)))
}

async fn open_tcp(host: &str, port: u16) -> Result<TcpStream, RouterError> {
    let unreachable = |error: std::io::Error| match error.kind() {
        ErrorKind::ConnectionRefused => RouterError::Refused,
        _ => RouterError::Unreachable(error.to_string()),
    };
    let mut last = RouterError::Unreachable("the name has no address".to_owned());
    for address in lookup_host((host, port)).await.map_err(unreachable)? {
        match open_address(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = unreachable(error),
        }
    }
    Err(last)
}

async fn open_address(address: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Tunnels drop idle mappings without a word; keep-alive notices.
    socket.set_keepalive(true)?;
    socket.set_nodelay(true)?;
    socket.connect(address).await
}

impl<S: Wire> Connection<S> {
    /// A conversation over an open stream, with the usual deadlines. Log in next.
    pub fn new(stream: S) -> Self {
        Self::with_deadlines(stream, Deadlines::default())
    }

    /// [`Connection::new`] with other deadlines.
    pub fn with_deadlines(stream: S, deadlines: Deadlines) -> Self {
        Self {
            stream: BufStream::with_capacity(64 * 1024, 8 * 1024, stream),
            deadlines,
            next_tag: 1,
            heard: false,
            given_up: false,
            fingerprint: None,
        }
    }

    /// SHA-256 of the certificate the router showed; `None` without TLS.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.fingerprint
    }

    /// The deadlines in force.
    pub fn deadlines(&self) -> Deadlines {
        self.deadlines
    }

    /// Logs in: the form of RouterOS 6.43 and later first; a router that answers it with a challenge is older and gets
    /// the MD5 response. Within [`Deadlines::login`] as a whole.
    ///
    /// # Errors
    /// [`RouterError::LoginRefused`]; [`RouterError::Closed`] when the router hangs up without a word (its user is
    /// bound to another address); otherwise as [`Connection::talk`].
    pub async fn login(&mut self, user: &str, password: &str) -> Result<(), RouterError> {
        let deadline = self.deadlines.login;
        self.within(deadline, async |this| {
            let name = format!("=name={user}");
            let reply = this.exchange(&["/login", &name, &format!("=password={password}")], None).await?;
            let Some(challenge) = reply.ret else { return Ok(()) };
            let response = challenge_response(password, &challenge)?;
            let reply = this.exchange(&["/login", &name, &format!("=response={response}")], None).await?;
            match reply.ret {
                None => Ok(()),
                Some(_) => Err(RouterError::Protocol("a second login challenge".to_owned())),
            }
        })
        .await
        .map_err(|error| match error {
            RouterError::Trap { message, .. } => RouterError::LoginRefused(message),
            other => other,
        })
    }

    /// Sends one command (its words: command, attributes `=name=value`, queries `?name=value`) and reads the answer to
    /// its `!done`, within [`Deadlines::command`].
    ///
    /// # Errors
    /// The router's own refusal ([`RouterError::from_trap`], the first of several), after which the conversation goes
    /// on; or a time-out, cut, fatal or protocol error, after which it is given up.
    pub async fn talk<W: AsRef<str>>(&mut self, words: &[W]) -> Result<Reply, RouterError> {
        self.talk_within(self.deadlines.command, words).await
    }

    /// [`Connection::talk`] within [`Deadlines::list`], for full lists.
    ///
    /// # Errors
    /// As [`Connection::talk`].
    pub async fn talk_long<W: AsRef<str>>(&mut self, words: &[W]) -> Result<Reply, RouterError> {
        self.talk_within(self.deadlines.list, words).await
    }

    async fn talk_within<W: AsRef<str>>(&mut self, limit: Duration, words: &[W]) -> Result<Reply, RouterError> {
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        if !words.first().is_some_and(|command| command.starts_with('/')) || words.iter().any(|word| word.is_empty()) {
            return Err(RouterError::Protocol("a command begins with `/` and has no empty word".to_owned()));
        }
        let tag = self.next_tag.to_string();
        self.next_tag += 1;
        self.within(limit, async |this| this.exchange(&words, Some(&tag)).await).await
    }

    /// Runs `work` under a deadline and gives the conversation up when it can no longer be trusted. Given up first and
    /// taken back after, so that a caller who drops the future in the middle leaves no half-read answer behind.
    async fn within<T>(
        &mut self,
        limit: Duration,
        work: impl AsyncFnOnce(&mut Self) -> Result<T, RouterError>,
    ) -> Result<T, RouterError> {
        if self.given_up {
            return Err(RouterError::Closed);
        }
        self.given_up = true;
        let result = timed(limit, work(self)).await;
        self.given_up = matches!(
            result,
            Err(RouterError::Timeout
                | RouterError::Closed
                | RouterError::Cut
                | RouterError::Fatal(_)
                | RouterError::Protocol(_))
        );
        result
    }

    async fn exchange(&mut self, words: &[&str], tag: Option<&str>) -> Result<Reply, RouterError> {
        let tag_word = tag.map(|tag| format!(".tag={tag}"));
        let mut words = words.to_vec();
        words.extend(tag_word.as_deref());
        match write_sentence(&mut self.stream, &words).await {
            Ok(()) => {}
            Err(error) => return Err(self.lost(error.into())),
        }
        let mut reply = Reply::default();
        let mut trap = None;
        loop {
            let sentence = match read_sentence(&mut self.stream).await {
                Ok(Some(sentence)) => sentence,
                Ok(None) => return Err(self.lost(RouterError::Cut)),
                Err(error) => return Err(self.lost(error.into())),
            };
            self.heard = true;
            let mut heard = Heard::read(&sentence);
            if heard.kind == "!fatal" {
                return Err(RouterError::Fatal(heard.text));
            }
            if heard.tag.as_deref() != tag {
                // Another command's answer: not ours to read.
                continue;
            }
            match heard.kind.as_str() {
                "!re" if reply.rows.len() == ROWS_MAX => {
                    return Err(RouterError::Protocol(format!("more than {ROWS_MAX} rows")));
                }
                "!re" => reply.rows.push(heard.row),
                "!trap" => {
                    let message = heard.row.remove("message").unwrap_or_default();
                    let category = heard.row.get("category").and_then(|number| number.parse().ok());
                    trap.get_or_insert_with(|| RouterError::from_trap(&message, category));
                }
                "!done" => {
                    reply.ret = heard.row.remove("ret");
                    return trap.map_or(Ok(reply), Err);
                }
                // Since 7.18: nothing matched. `!done` still follows.
                "!empty" => {}
                unknown => tracing::warn!(word = unknown, "unknown reply word from a router, ignored"),
            }
        }
    }

    /// A connection lost before the router ever said a word was closed on purpose.
    fn lost(&self, error: RouterError) -> RouterError {
        match error {
            RouterError::Cut if !self.heard => RouterError::Closed,
            other => other,
        }
    }
}

async fn timed<T>(limit: Duration, work: impl Future<Output = Result<T, RouterError>>) -> Result<T, RouterError> {
    timeout(limit, work).await.map_err(|_elapsed| RouterError::Timeout).flatten()
}

/// A reply sentence taken apart. Bytes that are not UTF-8 (old WinBox entries) are replaced, not refused.
struct Heard {
    kind: String,
    tag: Option<String>,
    text: String,
    row: Row,
}

impl Heard {
    fn read(sentence: &Sentence) -> Self {
        let mut words = sentence.iter().map(|word| String::from_utf8_lossy(word));
        let mut heard = Self {
            kind: words.next().map(std::borrow::Cow::into_owned).unwrap_or_default(),
            tag: None,
            text: String::new(),
            row: Row::new(),
        };
        for word in words {
            // `=name=value`: only the second sign divides, a value may hold more of them.
            if let Some((name, value)) = word.strip_prefix('=').and_then(|rest| rest.split_once('=')) {
                heard.row.insert(name.to_owned(), value.to_owned());
            } else if let Some(tag) = word.strip_prefix(".tag=") {
                heard.tag = Some(tag.to_owned());
            } else if heard.text.is_empty() {
                heard.text = word.into_owned();
            }
        }
        if heard.text.is_empty() {
            heard.text = heard.row.get("message").cloned().unwrap_or_default();
        }
        heard
    }
}

/// The answer to a login challenge before 6.43: `00` and the hex of MD5(zero byte, password, challenge bytes).
///
/// # Errors
/// [`RouterError::Protocol`] when the challenge is not 16 bytes in hex.
pub fn challenge_response(password: &str, challenge_hex: &str) -> Result<String, RouterError> {
    let mut challenge = [0; 16];
    hex::decode_to_slice(challenge_hex, &mut challenge)
        .map_err(|_| RouterError::Protocol("the login challenge is not 32 hex digits".to_owned()))?;
    let hash = Md5::new().chain_update([0]).chain_update(password).chain_update(challenge).finalize();
    Ok(format!("00{}", hex::encode(hash)))
}
