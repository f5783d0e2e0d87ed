//! The configuration of a production server: a TOML file.

mod apps;
mod file;
mod lines;
mod proofs;
mod resolve;
mod secret;
#[cfg(test)]
mod tests;
mod values;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use self::apps::AppConfig;
use self::file::File;
use self::lines::{line_at, line_of};
pub(crate) use self::resolve::{ListenSettings, ServeSettings};

/// The configuration of a server, as for `passage-server serve`.
///
/// `docs/self-hosting.md` explains every member.
#[derive(Clone)]
pub struct Config {
    file: Arc<File>,
    /// The text of the file, to find the lines of errors.
    text: Arc<str>,
    /// The path, if it was read from a file.
    path: Option<PathBuf>,
    /// Paths in the file are relative to this folder.
    folder: PathBuf,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.file.listen.address)
            .field("data", &self.file.data)
            .finish_non_exhaustive()
    }
}

/// How much to log, and in what format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogConfig {
    /// Least important level that is logged.
    pub level: tracing::Level,
    /// Whether each line is a JSON object.
    pub json: bool,
}

/// What is wrong with a configuration.
#[derive(Debug)]
pub struct ConfigError(String);

impl ConfigError {
    pub(crate) fn new(problem: impl Into<String>) -> Self {
        Self(problem.into())
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads a configuration file. The secrets that it refers to are read when the server starts.
    ///
    /// # Errors
    /// If the file cannot be read or is not a valid configuration. The text names the line and a valid form.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError(format!("{}: {error}", path.display())))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let config = Self::parse_in(folder, &text)
            .map_err(|error| ConfigError(format!("{}: {error}", path.display())))?;
        Ok(Self {
            path: Some(path.to_owned()),
            ..config
        })
    }

    /// Reads a configuration. Paths in it are relative to the working directory.
    ///
    /// # Errors
    /// If the text is not a valid configuration. The error names the line and a valid form.
    ///
    /// ```
    /// use passage_server::Config;
    ///
    /// let text = r#"
    /// data = "passage.db"
    /// url = "https://auth.example.com"
    ///
    /// [listen]
    /// adress = "127.0.0.1:8787"
    /// "#;
    /// let problem = Config::parse(text).unwrap_err().to_string();
    /// assert!(problem.starts_with("line 6: unknown field `adress`, expected one of `address`"));
    /// ```
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::parse_in(Path::new(""), text)
    }

    fn parse_in(folder: &Path, text: &str) -> Result<Self, ConfigError> {
        // The error's own text would quote the line, which may contain a secret by mistake.
        let file: File = toml::from_str(text).map_err(|error| {
            let problem = error.message();
            let place = error.span().map(|span| span.start);
            ConfigError(match place {
                Some(place) => format!("line {}: {problem}", line_at(text, place)),
                None => problem.to_owned(),
            })
        })?;
        let config = Self {
            file: Arc::new(file),
            text: text.into(),
            path: None,
            folder: folder.to_owned(),
        };
        match config.file.check() {
            Ok(()) => Ok(config),
            Err(problem) => Err(config.at(&problem.member, &problem.text)),
        }
    }

    /// The error for what is wrong with a member, with its file and line.
    fn at(&self, member: &str, problem: &str) -> ConfigError {
        let problem = match line_of(&self.text, member) {
            Some(line) => format!("line {line}: {problem}"),
            None => problem.to_owned(),
        };
        ConfigError(match &self.path {
            Some(path) => format!("{}: {problem}", path.display()),
            None => problem,
        })
    }

    /// Does everything that precedes listening: reads what the configuration refers to (secrets, certificate, key), and
    /// checks the data file. A configuration that passes will start, provided that the address is free and no other
    /// server is using the data file.
    ///
    /// # Errors
    /// If one of them is missing, cannot be used, or is readable by others, or a member is invalid.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.resolve().map(drop)
    }

    /// What an operator should know about a configuration that is valid: in which apps anybody can register a passkey
    /// for an identifier that is not theirs, and which apps of the data file alone have settings that are weaker than the
    /// defaults. A server logs the same when it starts.
    ///
    /// # Errors
    /// As for [`check`](Self::check).
    pub fn notes(&self) -> Result<Vec<String>, ConfigError> {
        Ok(self.resolve()?.notes)
    }

    /// How the configuration sets up the log.
    #[must_use]
    pub fn log(&self) -> LogConfig {
        LogConfig {
            level: self.file.log.level.into(),
            json: self.file.log.format == file::LogFormat::Json,
        }
    }

    /// The data file.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.join(&self.file.data)
    }

    /// The address to listen on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.file.listen.address
    }

    /// Ids of the apps in the configuration. Their settings are applied at every start.
    pub fn app_ids(&self) -> impl Iterator<Item = &str> {
        self.file.apps.iter().map(|app| app.id.as_str())
    }
}
