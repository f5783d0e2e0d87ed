//! Import and export of users.

use std::io::{BufRead, Write};
use std::path::Path;

use super::DataFile;
use super::app::no_app;
use super::error::{AdminError, Problem, refused};
use crate::ids::AppId;
use crate::store::StoreError;
use crate::store::audit::{AuditAction, Change};
use crate::transfer::{self, ExportError, ImportError, ImportOptions, PrivateFile, TransferCounts};

impl DataFile {
    /// Writes apps with their users as JSON Lines: those with these ids, or all if none is given. The export is a
    /// consistent snapshot, even while a server is writing to the file. Returns `out` once everything is written and
    /// flushed.
    ///
    /// The output contains personal data but no secrets. `docs/self-hosting.md` describes the format.
    ///
    /// # Errors
    /// If there is no app with one of the ids, the file cannot be read, or `out` fails.
    ///
    /// ```
    /// use passage_server::{DataFile, NewApp};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// let old = DataFile::open(folder.path().join("old.db")).await?;
    /// old.create_app(NewApp::new("https://shop.example.com").id("shop")).await?;
    /// let (_, lines) = old.export(&["shop"], Vec::new()).await?;
    /// old.close().await;
    ///
    /// let new = DataFile::open(folder.path().join("new.db")).await?;
    /// let moved = new.import(std::io::Cursor::new(lines)).await?;
    /// assert_eq!((moved.apps, moved.users), (1, 0));
    /// new.close().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn export<W>(
        &self,
        apps: &[&str],
        mut out: W,
    ) -> Result<(TransferCounts, W), AdminError>
    where
        W: Write + Send + 'static,
    {
        let apps: Vec<AppId> = apps.iter().map(|id| AppId::from(*id)).collect();
        let only = apps.clone();
        let read = self
            .store
            .read_once(move |tx| Ok((transfer::export(tx, &apps, &mut out)?, out)));
        let (transferred, out) = read.await.map_err(|error: ExportError| match error {
            ExportError::NoApp(id) => no_app(&id),
            ExportError::Output(error) => io("what is exported cannot be written", error),
            ExportError::Storage(error) => error.into(),
            ExportError::Settings(error) => error.into(),
        })?;
        self.record_export(only, transferred.users).await?;
        Ok((transferred, out))
    }

    /// Adds to the audit log that users left the file. Without an app it was all of them.
    async fn record_export(&self, apps: Vec<AppId>, users: u64) -> Result<(), AdminError> {
        let record = self.store.write(move |tx| {
            let exported = || Change::new(AuditAction::UsersExported).count(users);
            if apps.is_empty() {
                exported().insert(tx)?;
            }
            for app in &apps {
                exported().app(app).insert(tx)?;
            }
            Ok::<_, AdminError>(())
        });
        record.await
    }

    /// Exports into a new file, readable by its owner only. The file appears once it is complete.
    ///
    /// # Errors
    /// As for [`DataFile::export`], and if the file already exists.
    pub async fn export_file(
        &self,
        apps: &[&str],
        path: impl AsRef<Path>,
    ) -> Result<TransferCounts, AdminError> {
        let path = path.as_ref();
        let cannot = |error| io(format!("{} cannot be written", path.display()), error);
        let file = PrivateFile::create(path).map_err(cannot)?;
        let (transferred, file) = self.export(apps, file).await?;
        file.put().map_err(cannot)?;
        Ok(transferred)
    }

    /// Imports apps and users from JSON Lines, either all of them or none. An existing app keeps its settings and gains
    /// the users; new apps get no API key. Missing dates default to the present time.
    ///
    /// # Errors
    /// If a server is using the file (it could not write during the import), the lines cannot be read, or the file
    /// cannot be written. If lines are invalid, [`AdminError::bad_lines`] returns the problems of the first twenty.
    ///
    /// ```
    /// use passage_server::{DataFile, NewApp};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// let file = DataFile::open(folder.path().join("passage.db")).await?;
    /// file.create_app(NewApp::new("https://shop.example.com").id("shop")).await?;
    /// let lines = r#"{"format":"passage-server","version":1}
    /// {"type":"user","app":"shop","email":"ada@example.com"}
    /// {"type":"user","app":"shop","email":"bob"}
    /// "#;
    /// let error = file.import(lines.as_bytes()).await.unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "nothing was imported\nline 3: email: must be an e-mail address"
    /// );
    /// # file.close().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn import<R>(&self, lines: R) -> Result<TransferCounts, AdminError>
    where
        R: BufRead + Send + 'static,
    {
        self.import_with(lines, ImportOptions::new()).await
    }

    /// Runs [`DataFile::import`] and rolls it back: returns the same result and changes nothing.
    ///
    /// # Errors
    /// As for [`DataFile::import`].
    pub async fn check_import<R>(&self, lines: R) -> Result<TransferCounts, AdminError>
    where
        R: BufRead + Send + 'static,
    {
        self.import_with(lines, ImportOptions::new().dry_run(true))
            .await
    }

    /// Imports as [`DataFile::import`] does, with options.
    ///
    /// # Errors
    /// As for [`DataFile::import`].
    ///
    /// ```
    /// use passage_server::{DataFile, ImportOptions, NewApp};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// let file = DataFile::open(folder.path().join("passage.db")).await?;
    /// file.create_app(NewApp::new("https://shop.example.com").id("shop")).await?;
    /// let lines = r#"{"format":"passage-server","version":1}
    /// {"type":"user","app":"shop","email":"ada@example.com"}
    /// "#;
    /// let verified_before = ImportOptions::new().trust_identifiers(true);
    /// let moved = file.import_with(lines.as_bytes(), verified_before).await?;
    /// assert_eq!((moved.users, moved.users_with_unproved_passkeys), (1, 0));
    /// # file.close().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn import_with<R>(
        &self,
        lines: R,
        options: ImportOptions,
    ) -> Result<TransferCounts, AdminError>
    where
        R: BufRead + Send + 'static,
    {
        if !self.store.is_alone().await? {
            return Err(refused(
                "a passage-server runs on the data file, and could not write during an import: stop it first",
            ));
        }
        let now = self.clock.now();
        let work = self.store.write_once(move |tx| {
            let transferred = transfer::import(tx, lines, options, now).map_err(Undone::Failed)?;
            let imported = Change::new(AuditAction::UsersImported).count(transferred.users);
            imported
                .insert(tx)
                .map_err(|error| Undone::Failed(StoreError::from(error).into()))?;
            if options.dry_run {
                return Err(Undone::Checked(transferred));
            }
            Ok(transferred)
        });
        match work.await {
            Ok(transferred) | Err(Undone::Checked(transferred)) => Ok(transferred),
            Err(Undone::Failed(error)) => Err(match error {
                ImportError::Bad(lines) => AdminError(Problem::Lines(lines)),
                ImportError::Input(error) => io("what is imported cannot be read", error),
                ImportError::Storage(error) => error.into(),
                ImportError::Settings(error) => error.into(),
            }),
        }
    }
}

/// Why the writes of an import are rolled back.
enum Undone {
    /// It was only a check.
    Checked(TransferCounts),
    Failed(ImportError),
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

fn io(what: impl Into<String>, error: std::io::Error) -> AdminError {
    AdminError(Problem::Io(what.into(), error))
}
