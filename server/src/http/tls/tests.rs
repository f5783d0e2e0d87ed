#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;

/// A certificate and its key, in PEM.
pub(crate) struct Made {
    der: CertificateDer<'static>,
    certificate: String,
    key: String,
}

fn make_until(year: i32) -> Made {
    let key = KeyPair::generate().unwrap();
    let mut wanted = CertificateParams::new(["localhost".to_owned()]).unwrap();
    wanted.not_after = rcgen::date_time_ymd(year, 1, 1);
    let made = wanted.self_signed(&key).unwrap();
    Made {
        der: made.der().clone(),
        certificate: made.pem(),
        key: key.serialize_pem(),
    }
}

pub(crate) fn make() -> Made {
    make_until(4000)
}

/// Where the two files are.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn with(made: &Made) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.put("cert.pem", &made.certificate);
        folder.put("key.pem", &made.key);
        folder
    }

    /// Replaces a file in one step, as certificate tools do.
    fn put(&self, name: &str, text: &str) {
        let (new, path) = (self.0.path().join("new"), self.0.path().join(name));
        fs::write(&new, text).unwrap();
        #[cfg(unix)]
        set_mode(&new, 0o600);
        fs::rename(new, path).unwrap();
    }

    pub(crate) fn load(&self) -> Result<Tls, CertificateError> {
        let path = self.0.path();
        let files = Files {
            certificate: path.join("cert.pem"),
            key: path.join("key.pem"),
        };
        with(files.open()?)
    }
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A server on loopback that echoes its input.
async fn echo(tls: &Tls) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = tls.acceptor.clone();
    tokio::spawn(async move {
        while let Ok((stream, _peer)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let stream = acceptor.accept(stream).await.unwrap();
                let (mut reader, mut writer) = tokio::io::split(stream);
                // It ends when the client goes away.
                let _ended = tokio::io::copy(&mut reader, &mut writer).await;
            });
        }
    });
    address
}

async fn connect(address: SocketAddr, trusted: &[&Made]) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(address).await.unwrap();
    over_tls(stream, trusted).await
}

/// Does the handshake of a client.
pub(crate) async fn over_tls(stream: TcpStream, trusted: &[&Made]) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    for made in trusted {
        roots.add(made.der.clone()).unwrap();
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await.unwrap()
}

/// The certificate that a new connection gets.
async fn shown(address: SocketAddr, trusted: &[&Made]) -> CertificateDer<'static> {
    let stream = connect(address, trusted).await;
    let chain = stream.get_ref().1.peer_certificates().unwrap();
    chain[0].clone()
}

fn refusal(look: Look) -> String {
    match look {
        Look::Refused(error) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn new_connections_get_the_new_certificate_and_old_ones_go_on() {
    let (old, new) = (make(), make());
    let folder = Folder::with(&old);
    let tls = folder.load().unwrap();
    let address = echo(&tls).await;
    let mut under_way = connect(address, &[&old]).await;
    assert_eq!(shown(address, &[&old]).await, old.der);
    assert!(matches!(tls.certificate.look(), Look::Same));

    folder.put("cert.pem", &new.certificate);
    folder.put("key.pem", &new.key);
    assert!(matches!(tls.certificate.look(), Look::Taken));
    assert!(matches!(tls.certificate.look(), Look::Same));
    assert_eq!(shown(address, &[&new]).await, new.der);

    under_way.write_all(b"still here").await.unwrap();
    let mut back = [0; 10];
    under_way.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"still here");
}

#[tokio::test]
async fn one_file_after_the_other_ends_well() {
    for key_first in [false, true] {
        let (old, new) = (make(), make());
        let folder = Folder::with(&old);
        let tls = folder.load().unwrap();
        let address = echo(&tls).await;
        let mut steps = [("cert.pem", &new.certificate), ("key.pem", &new.key)];
        if key_first {
            steps.reverse();
        }
        folder.put(steps[0].0, steps[0].1);
        let told = refusal(tls.certificate.look());
        assert!(
            told.contains("cert.pem") && told.contains("KeyMismatch"),
            "{told}"
        );
        assert!(matches!(tls.certificate.look(), Look::Same), "it was told");
        assert_eq!(shown(address, &[&old]).await, old.der);

        folder.put(steps[1].0, steps[1].1);
        assert!(matches!(tls.certificate.look(), Look::Taken));
        assert_eq!(shown(address, &[&new]).await, new.der);
    }
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_once_and_changes_nothing() {
    let (old, new) = (make(), make());
    let folder = Folder::with(&old);
    let tls = folder.load().unwrap();
    let address = echo(&tls).await;
    let half = |text: &str| text[..text.len() / 2].to_owned();
    for (name, text, problem) in [
        ("cert.pem", half(&new.certificate), "cert.pem"),
        ("cert.pem", String::new(), "there is no certificate in it"),
        (
            "cert.pem",
            "what is this".to_owned(),
            "there is no certificate",
        ),
        ("cert.pem", new.key.clone(), "there is no certificate"),
        ("key.pem", half(&old.key), "key.pem"),
        ("key.pem", String::new(), "key.pem"),
        ("key.pem", old.certificate.clone(), "key.pem"),
    ] {
        folder.put(name, &text);
        let told = refusal(tls.certificate.look());
        assert!(told.contains(problem), "{name}: {told}");
        assert!(!told.contains("PRIVATE"), "{told}");
        assert!(matches!(tls.certificate.look(), Look::Same), "{name}");
        assert_eq!(shown(address, &[&old]).await, old.der, "{name}");
        // A server start reports the same.
        assert_eq!(folder.load().err().unwrap().to_string(), told);
        folder.put("cert.pem", &old.certificate);
        folder.put("key.pem", &old.key);
        assert!(matches!(tls.certificate.look(), Look::Taken), "{name}");
    }
    fs::remove_file(folder.0.path().join("key.pem")).unwrap();
    assert!(refusal(tls.certificate.look()).contains("key.pem"));
    assert!(matches!(tls.certificate.look(), Look::Same));
    assert_eq!(shown(address, &[&old]).await, old.der);
}

#[cfg(unix)]
#[tokio::test]
async fn a_key_that_others_may_read_is_refused_until_its_mode_is_mended() {
    let (old, new) = (make(), make());
    let folder = Folder::with(&old);
    let tls = folder.load().unwrap();
    let address = echo(&tls).await;
    folder.put("cert.pem", &new.certificate);
    folder.put("key.pem", &new.key);
    let key = folder.0.path().join("key.pem");
    set_mode(&key, 0o640);
    assert!(refusal(tls.certificate.look()).contains("chmod 600"));
    assert_eq!(shown(address, &[&old]).await, old.der);
    // This changes neither its length nor its time.
    set_mode(&key, 0o600);
    assert!(matches!(tls.certificate.look(), Look::Taken));
    assert_eq!(shown(address, &[&new]).await, new.der);
}

#[test]
fn an_expired_certificate_is_used_and_told_of_once() {
    let (old, new) = (make_until(2020), make_until(2030));
    let folder = Folder::with(&old);
    let certificate = folder.load().unwrap().certificate;
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    assert_eq!(certificate.news_of_expiry(at("2019-12-31T23:59:59Z")), None);
    let news = certificate.news_of_expiry(at("2026-01-01T00:00:00Z"));
    assert_eq!(news, Some(at("2020-01-01T00:00:00Z")));
    assert_eq!(certificate.news_of_expiry(at("2026-01-02T00:00:00Z")), None);

    folder.put("cert.pem", &new.certificate);
    folder.put("key.pem", &new.key);
    assert!(matches!(certificate.look(), Look::Taken));
    assert_eq!(certificate.news_of_expiry(at("2026-01-02T00:00:00Z")), None);
    let news = certificate.news_of_expiry(at("2031-01-01T00:00:00Z"));
    assert_eq!(news, Some(at("2030-01-01T00:00:00Z")));
}

#[test]
fn a_certificate_shows_its_files_and_nothing_of_its_key() {
    let made = make();
    let folder = Folder::with(&made);
    let shown = format!("{:?}", folder.load().unwrap().certificate);
    assert!(
        shown.contains("key.pem") && !shown.contains("PRIVATE"),
        "{shown}"
    );
}
