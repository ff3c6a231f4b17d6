//! TLS to port 8729, in the modes that make sense for a router's self-made certificate.
//!
//! Checking against public authorities is not offered: routers carry self-signed certificates, mostly without a name
//! to check. What protects is the pin: the SHA-256 of the certificate, taken down at the first connection (trust on
//! first use; `probe` reports it) and required ever after. Without any certificate on `api-ssl` the router only
//! offers anonymous Diffie-Hellman, which rustls rightly does not speak.

use super::error::RouterError;
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr, sync::Arc};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
        pki_types::{CertificateDer, ServerName, UnixTime},
    },
};

/// SHA-256 of a certificate in DER form.
pub type Fingerprint = [u8; 32];

/// How the connection to a router is protected. Written `off`, `insecure`, or `pin:` and 64 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tls {
    /// No TLS (port 8728): the password crosses the wire readable. For a management VLAN or VPN only.
    #[default]
    Off,
    /// TLS with whatever certificate is shown. INSECURE: keeps out listeners, not an impostor. For first contact.
    AnyCert,
    /// TLS with exactly this certificate.
    Pin(Fingerprint),
}

impl fmt::Display for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::AnyCert => f.write_str("insecure"),
            Self::Pin(pin) => write!(f, "pin:{}", hex::encode(pin)),
        }
    }
}

impl FromStr for Tls {
    type Err = RouterError;

    fn from_str(text: &str) -> Result<Self, RouterError> {
        match text {
            "" | "off" => Ok(Self::Off),
            "insecure" => Ok(Self::AnyCert),
            other => {
                let mut pin = Fingerprint::default();
                // Colons as openssl and WinBox print them are welcome.
                let digits = other.strip_prefix("pin:").map(|digits| digits.replace(':', ""));
                digits
                    .and_then(|digits| hex::decode_to_slice(digits, &mut pin).ok())
                    .map(|()| Self::Pin(pin))
                    .ok_or_else(|| {
                        RouterError::Protocol(format!("TLS mode `{other}` is none of off, insecure, pin:HEX"))
                    })
            }
        }
    }
}

/// Puts TLS over `stream`; gives the stream and the fingerprint of the certificate the router showed.
///
/// # Errors
/// [`RouterError::TlsHandshake`] when no suite is agreed on or the certificate is not the pinned one.
pub async fn wrap<S>(stream: S, host: &str, tls: Tls) -> Result<(TlsStream<S>, Fingerprint), RouterError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let pin = match tls {
        Tls::Pin(pin) => Some(pin),
        Tls::AnyCert | Tls::Off => None,
    };
    let failed = |error: &dyn fmt::Display| RouterError::TlsHandshake(error.to_string());
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(LeafVerifier { pin, provider: provider.clone() });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(|error| failed(&error))?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|error| failed(&error))?;
    let leaf = stream.get_ref().1.peer_certificates().and_then(<[_]>::first).map(fingerprint);
    let leaf = leaf.ok_or_else(|| failed(&"the router showed no certificate"))?;
    Ok((stream, leaf))
}

fn fingerprint(certificate: &CertificateDer<'_>) -> Fingerprint {
    Sha256::digest(certificate).into()
}

/// Accepts the pinned certificate, or any; that its holder has the key is checked in both cases.
#[derive(Debug)]
struct LeafVerifier {
    pin: Option<Fingerprint>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for LeafVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.pin {
            Some(pin) if pin != fingerprint(end_entity) => Err(Error::General(format!(
                "certificate is {}, not the pinned one",
                hex::encode(fingerprint(end_entity))
            ))),
            Some(_) | None => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
