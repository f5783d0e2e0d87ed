//! The two files of a server's certificate: their contents, and whether they changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use std::{fmt, fs};

use jiff::Timestamp;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::private_file;

/// The paths of the certificate chain and its key, both as PEM.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// A certificate chain and the matching key.
pub(crate) struct Pair {
    pub(crate) certified: Arc<CertifiedKey>,
    /// `None` if we cannot read the expiry from the certificate; clients decide whether they accept it.
    pub(crate) expiry: Option<Timestamp>,
}

/// A pair that was read, and the state of its files at that time.
pub(crate) struct Opened {
    pub(crate) files: Files,
    pub(crate) marks: [Option<Mark>; 2],
    pub(crate) pair: Pair,
}

/// Why the files cannot be used. The text names the file.
#[derive(Debug)]
pub(crate) struct CertificateError(String);

impl CertificateError {
    pub(crate) fn new(path: &Path, problem: impl fmt::Display) -> Self {
        Self(format!("{}: {problem}", path.display()))
    }
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CertificateError {}

/// What identifies an unchanged file.
#[derive(PartialEq, Eq)]
pub(crate) struct Mark {
    modified: Option<SystemTime>,
    length: u64,
    #[cfg(unix)]
    inode: Inode,
}

/// These change even if a file gets another's modification time, or its mode is corrected.
#[cfg(unix)]
#[derive(PartialEq, Eq)]
struct Inode {
    number: u64,
    changed: (i64, i64),
}

impl Mark {
    /// `None` if there is no such file.
    fn of(path: &Path) -> Option<Self> {
        let data = fs::metadata(path).ok()?;
        Some(Self {
            modified: data.modified().ok(),
            length: data.len(),
            #[cfg(unix)]
            inode: {
                use std::os::unix::fs::MetadataExt as _;
                Inode {
                    number: data.ino(),
                    changed: (data.ctime(), data.ctime_nsec()),
                }
            },
        })
    }
}

impl Files {
    pub(crate) fn marks(&self) -> [Option<Mark>; 2] {
        [Mark::of(&self.certificate), Mark::of(&self.key)]
    }

    /// Reads the pair, and checks that both belong together.
    pub(crate) fn read(&self) -> Result<Pair, CertificateError> {
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| CertificateError::new(&self.certificate, error))?;
        let Some(first) = chain.first() else {
            let problem = "there is no certificate in it";
            return Err(CertificateError::new(&self.certificate, problem));
        };
        let expiry = expiry(first);
        private_file::require(&self.key)
            .map_err(|error| CertificateError::new(&self.key, error))?;
        let secret = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| CertificateError::new(&self.key, error))?;
        // This rejects a key that does not match.
        let certified = CertifiedKey::from_der(chain, secret, &aws_lc_rs::default_provider())
            .map_err(|error| CertificateError::new(&self.certificate, error))?;
        Ok(Pair {
            certified: Arc::new(certified),
            expiry,
        })
    }

    /// Reads the pair, and records the state of its files to detect later changes.
    pub(crate) fn open(self) -> Result<Opened, CertificateError> {
        // Before reading: a change in between is then detected by the next check.
        let marks = self.marks();
        let pair = self.read()?;
        Ok(Opened {
            files: self,
            marks,
            pair,
        })
    }
}

fn expiry(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let (_rest, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Timestamp::from_second(parsed.validity().not_after.timestamp()).ok()
}
