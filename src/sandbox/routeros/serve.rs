//! One client's conversation with the simulated router: login, commands, and everything that can go wrong with them.

use super::{
    PASSWORD, Shared, USER,
    commands::{Answer, Desk, Request, Trap},
};
use crate::server::routers::{
    api::{Wire, challenge_response},
    codec::{CodecError, read_sentence},
};
use std::{sync::Arc, time::Duration};
use tokio::io::{AsyncWriteExt, BufStream};

/// Commands before the login that are answered with a trap; the next one ends the connection.
const STRANGER_COMMANDS_MAX: u32 = 3;

/// Whether the conversation goes on.
enum Next {
    Go,
    Stop,
}

/// Serves one connection until the client leaves or something breaks it.
pub(super) async fn converse<S: Wire>(shared: Arc<Shared>, stream: S) -> Result<(), CodecError> {
    let mut client =
        Client { shared, stream: BufStream::new(stream), inside: false, challenge: None, strange: 0, sent: 0 };
    while let Some(sentence) = read_sentence(&mut client.stream).await? {
        if let Next::Stop = client.serve(&Request::parse(&sentence)).await? {
            break;
        }
    }
    client.stream.shutdown().await?;
    Ok(())
}

struct Client<S> {
    shared: Arc<Shared>,
    stream: BufStream<S>,
    inside: bool,
    challenge: Option<String>,
    strange: u32,
    /// Bytes of answers since the login, for `cut_after_bytes`.
    sent: usize,
}

impl<S: Wire> Client<S> {
    async fn serve(&mut self, request: &Request) -> Result<Next, CodecError> {
        if self.shared.lock().faults.frozen {
            // A frozen router swallows the command; once it thaws, this connection is of no more use.
            self.shared.thawed().await;
            return Ok(Next::Stop);
        }
        let latency_ms = self.shared.lock().faults.latency_ms;
        if latency_ms > 0 {
            tokio::time::sleep(Duration::from_millis(latency_ms)).await;
        }
        if request.command == "/quit" {
            self.fatal("session terminated on request").await?;
            return Ok(Next::Stop);
        }
        if request.command == "/login" {
            let answer = self.login(request)?;
            self.stream.write_all(&answer.bytes).await?;
            self.stream.flush().await?;
            return Ok(Next::Go);
        }
        if !self.inside {
            self.strange += 1;
            if self.strange > STRANGER_COMMANDS_MAX {
                self.fatal("too many commands before login").await?;
                return Ok(Next::Stop);
            }
            let mut answer = Answer::new(request.tag.clone());
            answer.trap(&Trap::new("not logged in", None))?;
            self.stream.write_all(&answer.bytes).await?;
            self.stream.flush().await?;
            return Ok(Next::Go);
        }
        let answer = self.run(request)?;
        self.send(&answer.bytes).await
    }

    fn run(&self, request: &Request) -> Result<Answer, CodecError> {
        let now = self.shared.clock.now();
        let (answer, redial) = {
            let mut inner = self.shared.lock();
            let inner = &mut *inner;
            let mut desk = Desk {
                tables: &mut inner.tables,
                identity: &self.shared.name,
                version: &inner.version,
                says_empty: inner.says_empty,
                lies: inner.faults.lies,
                read_only: inner.faults.read_only,
                now,
                booted: inner.booted,
                redial: Vec::new(),
            };
            let answer = desk.run(request)?;
            (answer, desk.redial)
        };
        if !request.command.ends_with("/print") {
            self.shared.touched();
        }
        for name in redial {
            self.shared.clone().redial(name);
        }
        Ok(answer)
    }

    fn login(&mut self, request: &Request) -> Result<Answer, CodecError> {
        let mut answer = Answer::new(request.tag.clone());
        let (reject, challenges) = {
            let mut inner = self.shared.lock();
            inner.challenges_given += 1;
            (inner.faults.reject_login, inner.old_login.then_some(inner.challenges_given))
        };
        let word = |name: &str| request.attributes.get(name).map(String::as_str).unwrap_or_default();
        let known = match (challenges, self.challenge.take()) {
            (None, _) => word("password") == PASSWORD,
            (Some(_), Some(challenge)) if !word("response").is_empty() => {
                challenge_response(PASSWORD, &challenge).is_ok_and(|right| right == word("response"))
            }
            (Some(number), _) => {
                // A router before 6.43 does not look at a password sent in clear; it sends a challenge.
                let challenge =
                    format!("{:032x}", u128::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED));
                answer.done(Some(challenge.clone()))?;
                self.challenge = Some(challenge);
                return Ok(answer);
            }
        };
        self.inside = known && word("name") == USER && !reject;
        if self.inside {
            answer.done(None)?;
        } else {
            let text = if challenges.is_some() { "cannot log in" } else { "invalid user name or password (6)" };
            answer.trap(&Trap::new(text, None))?;
        }
        Ok(answer)
    }

    async fn fatal(&mut self, reason: &str) -> Result<(), CodecError> {
        let mut answer = Answer::new(None);
        answer.say(&["!fatal".to_owned(), reason.to_owned()])?;
        self.stream.write_all(&answer.bytes).await?;
        self.stream.flush().await?;
        Ok(())
    }

    /// Sends an answer, or the part of it that is left before the cut.
    async fn send(&mut self, bytes: &[u8]) -> Result<Next, CodecError> {
        let left = self.shared.lock().faults.cut_after_bytes.map(|cut| cut.saturating_sub(self.sent));
        let whole = left.is_none_or(|left| left >= bytes.len());
        let part = left.and_then(|left| bytes.get(..left)).unwrap_or(bytes);
        self.stream.write_all(part).await?;
        self.stream.flush().await?;
        self.sent += part.len();
        Ok(if whole { Next::Go } else { Next::Stop })
    }
}
