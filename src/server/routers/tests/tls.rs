//! TLS against a router with a self-signed certificate without a usable name, as routers have them.

use super::{
    super::{
        api::{Connection, Deadlines, Endpoint, connect_with},
        error::RouterError,
        probe::{Probe, probe_with},
        tls::{Fingerprint, Tls, wrap},
    },
    short,
};
use crate::{sandbox::routeros::RouterSim, server::clock::Clock};
use std::{sync::Arc, time::Duration};
use tokio::{io::duplex, net::TcpListener};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

/// SHA-256 of the certificate below, computed with openssl.
const FINGERPRINT: &str = "09eddd7c7a286d6e29908a279625a5ddfb66882ca2f3418d37acd97a0b5d5085";

/// Made for this test with `openssl req -x509`; protects nothing.
const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----
MIIBgzCCASmgAwIBAgIUHhxj97ALXUO+0b69qvWAlFLXpvkwCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLcm91dGVyLnRlc3QwIBcNMjYxMTIzMTUwOTMyWhgPMjEyNjEw
MzAxNTA5MzJaMBYxFDASBgNVBAMMC3JvdXRlci50ZXN0MFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAE0Df9hSByfy0Nq2g14mG9Jm48rbuy8UHbzeQ+30hEDpMXh7pr
CikQh7Mb1F0JMiI2zRSOzifM+IE1TNxjTbb08aNTMFEwHQYDVR0OBBYEFLQzHLhB
f9Ajxzv3gJQIEIRdZsDHMB8GA1UdIwQYMBaAFLQzHLhBf9Ajxzv3gJQIEIRdZsDH
MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgDTVeAa1+kFhEzuNp
7mfHcvdYGpzuucx7emVyqWhm/OsCIQCg3fnprB2u3bx877KzWaK1F6UvZ5C/uH1F
ELsHHJD/tw==
-----END CERTIFICATE-----
";

const KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgrB+oWM9uTG3UoZLa
JdnzoSh6Agl1NVvCSMSZftATNV2hRANCAATQN/2FIHJ/LQ2raDXiYb0mbjytu7Lx
QdvN5D7fSEQOkxeHumsKKRCHsxvUXQkyIjbNFI7OJ8z4gTVM3GNNtvTx
-----END PRIVATE KEY-----
";

fn acceptor() -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn pin() -> Fingerprint {
    hex::decode(FINGERPRINT).unwrap().try_into().unwrap()
}

fn clock() -> Clock {
    Clock::real(chrono_tz::Asia::Jakarta, 0)
}

async fn handshake(tls: Tls) -> Result<Fingerprint, RouterError> {
    let (ours, theirs) = duplex(64 * 1024);
    let router = tokio::spawn(async move { acceptor().accept(theirs).await.map(drop) });
    let result = wrap(ours, "10.0.0.1", tls).await.map(|(_stream, fingerprint)| fingerprint);
    // With the wrong pin the router's side fails as well; what matters is ours.
    let _router_side = router.await.unwrap();
    result
}

#[tokio::test]
async fn the_pinned_certificate_is_taken_and_no_other() {
    assert_eq!(handshake(Tls::Pin(pin())).await.unwrap(), pin());
    assert_eq!(handshake(Tls::AnyCert).await.unwrap(), pin());
    let mut other = pin();
    other[0] ^= 1;
    let error = handshake(Tls::Pin(other)).await.unwrap_err();
    // The log names the certificate that was shown, so that a renewed one can be compared and pinned.
    assert!(matches!(&error, RouterError::TlsHandshake(text) if text.contains(FINGERPRINT)), "{error:?}");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn a_probe_over_tls_reports_the_fingerprint_to_pin() {
    let sim = RouterSim::start("127.0.0.1:0".parse().unwrap(), "r0", clock()).await.unwrap();
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _peer) = socket.accept().await.unwrap();
            if let Ok(stream) = acceptor().accept(stream).await {
                sim.serve_stream(stream).await;
            }
        }
    });
    let endpoint = |tls| Endpoint {
        host: "127.0.0.1".to_owned(),
        port,
        username: "billing".to_owned(),
        password: "s3cret".to_owned(),
        tls,
    };
    let Probe::Works { tls_fingerprint, isolir_profile_exists, .. } =
        probe_with(&endpoint(Tls::AnyCert), "ISOLIR", Deadlines::default()).await
    else {
        panic!("probe failed")
    };
    assert_eq!(tls_fingerprint.as_deref(), Some(FINGERPRINT));
    assert!(isolir_profile_exists);
    let mut router = connect_with(&endpoint(Tls::Pin(pin())), Deadlines::default()).await.unwrap();
    assert_eq!(router.identity().await.unwrap(), "r0");
}

#[tokio::test]
async fn tls_to_a_plain_port_fails_in_time() {
    let sim = RouterSim::start("127.0.0.1:0".parse().unwrap(), "r0", clock()).await.unwrap();
    let endpoint = Endpoint {
        host: "127.0.0.1".to_owned(),
        port: sim.address().port(),
        username: "billing".to_owned(),
        password: "s3cret".to_owned(),
        tls: Tls::AnyCert,
    };
    let deadlines = Deadlines { connect: Duration::from_millis(500), ..short() };
    let error = connect_with(&endpoint, deadlines).await.map(|_: Connection<_>| ()).unwrap_err();
    assert!(matches!(error, RouterError::TlsHandshake(_) | RouterError::Unreachable(_)), "{error:?}");
}

#[test]
fn modes_are_written_and_read_alike() {
    for tls in [Tls::Off, Tls::AnyCert, Tls::Pin(pin())] {
        assert_eq!(tls.to_string().parse::<Tls>().unwrap(), tls);
    }
    let colons = format!(
        "pin:{}",
        FINGERPRINT.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap()).collect::<Vec<_>>().join(":")
    );
    assert_eq!(colons.parse::<Tls>().unwrap(), Tls::Pin(pin()));
    assert!("pin:12".parse::<Tls>().is_err());
    assert!("verify".parse::<Tls>().is_err());
}
