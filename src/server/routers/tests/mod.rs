//! The conversation against a scripted peer on a pipe, where every byte is under control.

mod tls;

use super::{
    api::{Connection, Deadlines, Reply, challenge_response},
    codec::encode_sentence,
    error::RouterError,
};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

/// Deadlines short enough to be waited for.
pub(super) fn short() -> Deadlines {
    let short = Duration::from_millis(80);
    Deadlines { connect: short, login: short, command: short, list: short }
}

fn bytes(sentences: &[&[&str]]) -> Vec<u8> {
    let mut out = Vec::new();
    for sentence in sentences {
        encode_sentence(sentence, &mut out).unwrap();
    }
    out
}

/// A conversation with a peer that has already said `said`; it then hangs up (`None`) or stays silent.
async fn with_peer(said: &[u8], hang_up: bool) -> (Connection<DuplexStream>, Option<DuplexStream>) {
    let (ours, mut theirs) = duplex(1 << 20);
    theirs.write_all(said).await.unwrap();
    if hang_up {
        theirs.shutdown().await.unwrap();
    }
    (Connection::with_deadlines(ours, short()), Some(theirs))
}

async fn answer_to(sentences: &[&[&str]]) -> Result<Reply, RouterError> {
    let (mut connection, _peer) = with_peer(&bytes(sentences), false).await;
    connection.talk(&["/ppp/secret/print"]).await
}

fn row(pairs: &[(&str, &str)]) -> super::api::Row {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn an_answer_cut_at_any_byte_is_an_error_and_never_a_list() {
    let whole = bytes(&[
        &["!re", "=.id=*1", "=name=budi", ".tag=1"],
        &["!re", "=.id=*2", "=name=siti", ".tag=1"],
        &["!done", ".tag=1"],
    ]);
    for cut in 0..whole.len() {
        let (mut connection, _peer) = with_peer(&whole[..cut], true).await;
        let error = connection.talk(&["/ppp/secret/print"]).await.unwrap_err();
        // Before the first sentence was complete nothing was heard: closed. After it: cut.
        assert!(matches!(error, RouterError::Cut | RouterError::Closed), "cut at {cut}: {error:?}");
        assert_eq!(connection.talk(&["/ppp/secret/print"]).await, Err(RouterError::Closed), "used again after {cut}");
    }
    let (mut connection, _peer) = with_peer(&whole, true).await;
    assert_eq!(connection.talk(&["/ppp/secret/print"]).await.unwrap().rows.len(), 2);
}

#[tokio::test]
async fn silence_after_any_byte_is_a_timeout_and_ends_the_conversation() {
    let whole = bytes(&[&["!re", "=name=a", ".tag=1"], &["!done", ".tag=1"]]);
    for heard in [0, 1, 5, whole.len() - 1] {
        let (mut connection, _peer) = with_peer(&whole[..heard], false).await;
        assert_eq!(connection.talk(&["/ppp/secret/print"]).await, Err(RouterError::Timeout));
        assert_eq!(connection.talk(&["/ppp/secret/print"]).await, Err(RouterError::Closed));
    }
}

#[tokio::test]
async fn a_dropped_command_ends_the_conversation() {
    let (mut connection, mut peer) = with_peer(&[], false).await;
    tokio::select! {
        biased;
        _ = connection.talk(&["/ppp/secret/print"]) => panic!("nobody answers"),
        _ = peer.as_mut().unwrap().read_u8() => {}
    }
    assert_eq!(connection.talk(&["/ppp/secret/print"]).await, Err(RouterError::Closed));
}

#[tokio::test]
async fn other_tags_and_unknown_words_are_not_ours() {
    let reply = answer_to(&[
        &["!re", "=name=theirs", ".tag=9"],
        &["!re", "=name=ours", "=comment=a=b=c", "=empty=", ".tag=1"],
        &["!done", ".tag=9"],
        &["!new-in-8", "=name=x", ".tag=1"],
        &["!trap", "=message=theirs", ".tag=9"],
        &["!re", "=name=ours too", ".tag=1"],
        &["!done", "=ret=*4", ".tag=1"],
    ])
    .await
    .unwrap();
    assert_eq!(
        reply.rows,
        [row(&[("name", "ours"), ("comment", "a=b=c"), ("empty", "")]), row(&[("name", "ours too")])]
    );
    assert_eq!(reply.ret.as_deref(), Some("*4"));
}

#[tokio::test]
async fn empty_is_no_rows_but_only_with_done() {
    assert_eq!(answer_to(&[&["!empty", ".tag=1"], &["!done", ".tag=1"]]).await, Ok(Reply::default()));
    assert_eq!(answer_to(&[&["!empty", ".tag=1"]]).await, Err(RouterError::Timeout));
}

#[tokio::test]
async fn the_first_trap_counts_and_the_conversation_goes_on_after_done() {
    let said = bytes(&[
        &["!trap", "=category=1", "=message=input does not match any value of profile", ".tag=1"],
        &["!trap", "=message=second", ".tag=1"],
        &["!done", ".tag=1"],
        &["!done", ".tag=2"],
    ]);
    let (mut connection, _peer) = with_peer(&said, false).await;
    assert!(matches!(connection.talk(&["/ppp/secret/set"]).await, Err(RouterError::ProfileMissing(_))));
    assert_eq!(connection.talk(&["/ppp/secret/set"]).await, Ok(Reply::default()));
}

#[tokio::test]
async fn fatal_ends_it_with_the_routers_reason() {
    let said = bytes(&[&["!fatal", "session terminated on request"]]);
    let (mut connection, _peer) = with_peer(&said, false).await;
    let reason = "session terminated on request".to_owned();
    assert_eq!(connection.talk(&["/quit"]).await, Err(RouterError::Fatal(reason)));
    assert_eq!(connection.talk(&["/quit"]).await, Err(RouterError::Closed));
}

#[tokio::test]
async fn a_peer_that_speaks_http_is_told_from_a_router() {
    let (mut connection, _peer) = with_peer(&[0xFF; 40], false).await;
    assert!(matches!(connection.login("billing", "s3cret").await, Err(RouterError::Protocol(_))));
}

#[tokio::test]
async fn nothing_odd_is_sent() {
    let (mut connection, _peer) = with_peer(&[], false).await;
    for words in [vec![], vec!["print"], vec!["/ppp/secret/print", ""]] {
        assert!(matches!(connection.talk::<&str>(&words).await, Err(RouterError::Protocol(_))));
    }
    for id in ["", "*", "1F", "*1F,*2", "*xyz"] {
        assert!(matches!(connection.remove_active(id).await, Err(RouterError::Protocol(_))), "{id}");
    }
}

#[tokio::test]
async fn the_new_login_and_a_command_are_sent_as_the_worked_bytes() {
    let (mut connection, peer) = with_peer(&bytes(&[&["!done"], &["!done", ".tag=1"]]), false).await;
    connection.login("billing", "s3cret").await.unwrap();
    connection.set_secret_profile("*1F", "ISOLIR").await.unwrap();
    drop(connection);
    let mut sent = Vec::new();
    peer.unwrap().read_to_end(&mut sent).await.unwrap();
    let mut expected = bytes(&[&["/login", "=name=billing", "=password=s3cret"]]);
    assert_eq!(expected.len(), 39);
    expected.extend(bytes(&[&["/ppp/secret/set", "=.id=*1F", "=profile=ISOLIR", ".tag=1"]]));
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn an_old_router_gets_the_challenge_answered() {
    let challenge = "a1b2c3d4e5f60718293a4b5c6d7e8f90";
    assert_eq!(challenge_response("s3cret", challenge).unwrap(), "002e3485642ef12542b2e0954b8f79a26c");
    assert_eq!(challenge_response("", challenge).unwrap(), "004d195557ec4448456bdfd293c9e57bc7");
    assert!(challenge_response("s3cret", "not hex").is_err());

    let ret = format!("=ret={challenge}");
    let (mut connection, peer) = with_peer(&bytes(&[&["!done", &ret], &["!done"]]), false).await;
    connection.login("billing", "s3cret").await.unwrap();
    drop(connection);
    let mut sent = Vec::new();
    peer.unwrap().read_to_end(&mut sent).await.unwrap();
    let response = "=response=002e3485642ef12542b2e0954b8f79a26c";
    assert!(sent.ends_with(&bytes(&[&["/login", "=name=billing", response]])));
}

#[tokio::test]
async fn a_refused_login_and_a_hang_up_are_told_apart() {
    let refused = bytes(&[&["!trap", "=message=invalid user name or password (6)"], &["!done"]]);
    let (mut connection, _peer) = with_peer(&refused, true).await;
    assert!(matches!(connection.login("billing", "x").await, Err(RouterError::LoginRefused(_))));
    let (mut connection, _peer) = with_peer(&[], true).await;
    assert_eq!(connection.login("billing", "x").await, Err(RouterError::Closed));
    let (mut connection, _peer) = with_peer(&[], false).await;
    assert_eq!(connection.login("billing", "x").await, Err(RouterError::Timeout));
}

#[tokio::test]
async fn a_conversation_can_move_to_another_task() {
    let said = bytes(&[&["!done"], &["!re", "=name=r0", ".tag=1"], &["!done", ".tag=1"]]);
    let (mut connection, _peer) = with_peer(&said, false).await;
    let task = tokio::spawn(async move {
        connection.login("billing", "s3cret").await?;
        connection.identity().await
    });
    assert_eq!(task.await.unwrap().unwrap(), "r0");
}

#[tokio::test]
async fn old_winbox_text_is_read_with_replacements() {
    // 0xE9 is é in Windows-1252 and no UTF-8.
    let mut said = bytes(&[&["!re", "=name=Ren?", ".tag=1"], &["!done", ".tag=1"]]);
    let at = said.iter().position(|byte| *byte == b'?').unwrap();
    said[at] = 0xE9;
    let (mut connection, _peer) = with_peer(&said, false).await;
    let reply = connection.talk(&["/ppp/secret/print"]).await.unwrap();
    assert_eq!(reply.rows[0]["name"], "Ren\u{FFFD}");
}

#[test]
fn traps_are_sorted_by_their_text_and_every_error_says_what_to_do() {
    let sorted = |text: &str| RouterError::from_trap(text, None);
    assert!(matches!(sorted("invalid user name or password (6)"), RouterError::LoginRefused(_)));
    assert!(matches!(sorted("cannot log in"), RouterError::LoginRefused(_)));
    assert!(matches!(sorted("not enough permissions (9)"), RouterError::NoPermission(_)));
    assert!(matches!(sorted("no such item (4)"), RouterError::NoSuchItem(_)));
    assert!(matches!(sorted("Input does not match any value of profile"), RouterError::ProfileMissing(_)));
    assert!(matches!(sorted("failure: secret with the same name already exists"), RouterError::Duplicate(_)));
    assert!(matches!(sorted("failure: already have such entry"), RouterError::Duplicate(_)));
    let other = sorted("no such command");
    assert!(matches!(other, RouterError::Trap { .. }) && !other.is_transient());
    assert!(RouterError::from_trap("interrupted", Some(2)).is_transient());
    for error in [RouterError::Refused, RouterError::Timeout, RouterError::Closed, RouterError::Cut, other] {
        assert!(error.problem().len() > 10 && error.advice().len() > 10, "{error}");
    }
}
