//! A configured server for one test.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use passage_server::{Config, DataFile, Service};

/// A folder with a configuration, and what it points to.
pub struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    pub fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let site = Self { folder };
        site.secret("encryption.key", &DataFile::encryption_key());
        site.configure(more);
        site
    }

    pub fn configure(&self, more: &str) {
        let text = format!(
            "data = \"passage.db\"\n[keys]\nencryption_key = {{ file = \"encryption.key\" }}\n\
             [listen]\naddress = \"127.0.0.1:0\"\n{more}"
        );
        fs::write(self.path("passage.toml"), text).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn secret(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), Permissions::from_mode(0o600)).unwrap();
    }

    pub async fn start(&self) -> Service {
        let config = Config::read(self.path("passage.toml")).unwrap();
        Service::start(&config).await.unwrap()
    }

    pub async fn refused(&self) -> String {
        let config = match Config::read(self.path("passage.toml")) {
            Ok(config) => config,
            Err(error) => return error.to_string(),
        };
        Service::start(&config).await.unwrap_err().to_string()
    }

    pub async fn key_of(&self, app: &str) -> String {
        let file = DataFile::open(self.path("passage.db")).await.unwrap();
        let key = file.create_api_key(app, "test").await.unwrap();
        file.close().await;
        key
    }
}

pub const TWO_APPS: &str = "
[[apps]]
id = \"one\"
auth_origin = \"https://one.example\"
[[apps]]
id = \"two\"
auth_origin = \"https://two.example\"
";
