//! What carries a client's bytes.

use std::io;
use std::sync::{Arc, LazyLock};

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A connection.
#[derive(Debug)]
pub enum Carrier {
    /// Plain.
    Tcp(TcpStream),
    /// With TLS.
    Tls(Box<TlsStream<TcpStream>>),
    /// In frames of WebSocket (RFC 6455 §5).
    WebSocket(TcpStream),
    /// While TLS begins.
    Gone,
}

impl Carrier {
    /// Writes it all; on WebSocket as one message. Nothing is nothing.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        match self {
            Carrier::Tcp(socket) => socket.write_all(bytes).await,
            Carrier::Tls(socket) => {
                socket.write_all(bytes).await?;
                socket.flush().await
            }
            Carrier::WebSocket(socket) => socket.write_all(&masked(bytes)).await,
            Carrier::Gone => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Reads what has come; frames as they are.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Carrier::Tcp(socket) | Carrier::WebSocket(socket) => socket.read(bytes).await,
            Carrier::Tls(socket) => match socket.read(bytes).await {
                // Peers that do not say goodbye in TLS have said it in XML.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
                other => other,
            },
            Carrier::Gone => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// From here on each message is a frame.
    pub fn frame(&mut self) {
        if let Carrier::Tcp(socket) = std::mem::replace(self, Carrier::Gone) {
            *self = Carrier::WebSocket(socket);
        }
    }

    /// From here on everything is encrypted. Whose certificate it is does not matter here.
    ///
    /// # Errors
    /// When TLS does not come about.
    pub async fn start_tls(&mut self, domain: &'static str) -> io::Result<()> {
        static CONNECTOR: LazyLock<Option<TlsConnector>> = LazyLock::new(|| {
            let mut config =
                ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
                    .with_safe_default_protocol_versions()
                    .ok()?
                    .dangerous()
                    .with_custom_certificate_verifier(Arc::new(Anybody))
                    .with_no_client_auth();
            // Every handshake is a whole one.
            config.resumption = Resumption::disabled();
            Some(TlsConnector::from(Arc::new(config)))
        });
        let connector = CONNECTOR.as_ref().ok_or(io::ErrorKind::Unsupported)?;
        if let Carrier::Tcp(socket) = std::mem::replace(self, Carrier::Gone) {
            let name = ServerName::try_from(domain).map_err(io::Error::other)?;
            *self = Carrier::Tls(Box::new(connector.connect(name, socket).await?));
        }
        Ok(())
    }
}

/// A frame with a mask of zeros, which leaves the bytes as they are.
fn masked(bytes: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81];
    match u8::try_from(bytes.len()) {
        Ok(length) if length < 126 => frame.push(0x80 | length),
        _ => {
            frame.push(0x80 | 126);
            let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
            frame.extend_from_slice(&length.to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(bytes);
    frame
}

/// Checks nothing: what a client spends on that is not what is measured.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
