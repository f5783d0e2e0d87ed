//! Import: every line is checked and stored, in one transaction that is rolled back if any is invalid.

use std::collections::{HashMap, HashSet};
use std::io::{self, BufRead};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::format::{AppLine, FORMAT, HeaderLine, Kind, UserLine, VERSION};
use super::lines::{LONGEST, Line, Lines};
use super::problem::{BadLines, LineErrors};
use super::{ImportOptions, TransferCounts, check};
use crate::clock::Time;
use crate::domain::settings::{AppSettings, SettingsError};
use crate::ids::AppId;
use crate::store;
use crate::store::apps::AppRow;
use crate::store::transfer::Clash;
use crate::store::transfer::UserRecord;
use crate::store::{SqlError, StoreError, Tx};

/// Why an import was aborted.
#[derive(Debug)]
pub(crate) enum ImportError {
    Bad(BadLines),
    Input(io::Error),
    Storage(StoreError),
    /// The settings of an existing app cannot be read.
    Settings(SettingsError),
}

impl From<io::Error> for ImportError {
    fn from(error: io::Error) -> Self {
        Self::Input(error)
    }
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> Self {
        Self::Storage(error)
    }
}

impl From<SqlError> for ImportError {
    fn from(error: SqlError) -> Self {
        Self::Storage(error.into())
    }
}

/// Stores what the lines contain. If this fails, the caller rolls everything back.
pub(crate) fn import(
    tx: &Tx<'_>,
    input: impl BufRead,
    options: ImportOptions,
    now: Time,
) -> Result<TransferCounts, ImportError> {
    let mut lines = Lines::new(input);
    let mut import = Import {
        tx,
        trusted: options.trust_identifiers,
        now,
        apps: HashMap::new(),
        new_apps: HashSet::new(),
        bad_apps: false,
        transferred: TransferCounts::default(),
        bad: BadLines::default(),
    };
    // Without the header the file could be anything, so further errors would not help.
    match lines.next()? {
        Some((number, line)) => header(line, &mut LineErrors::new(number, &mut import.bad)),
        None => import.bad.add(1, "", format!("must be {}", example())),
    }
    if !import.bad.is_empty() {
        return Err(ImportError::Bad(import.bad));
    }
    while let Some((number, line)) = lines.next()? {
        import.line(number, line)?;
        if import.bad.full() {
            break;
        }
    }
    if import.bad.is_empty() {
        Ok(import.transferred)
    } else {
        Err(ImportError::Bad(import.bad))
    }
}

/// A valid header, for error messages.
fn example() -> String {
    format!("the header {{\"format\":\"{FORMAT}\",\"version\":{VERSION}}}")
}

fn header(line: Line<'_>, findings: &mut LineErrors<'_>) {
    /// Enough to recognize other versions, whatever else their headers contain.
    #[derive(Deserialize)]
    struct Version {
        format: String,
        version: u64,
    }
    let text = match line {
        Line::Text(text) => text,
        Line::TooLong => b"",
    };
    match serde_json::from_slice::<Version>(text) {
        Ok(header) if header.format != FORMAT => {
            findings.add("format", format!("must be `{FORMAT}`"));
        }
        Ok(header) if header.version != VERSION => findings.add(
            "version",
            format!(
                "must be {VERSION}: another passage-server wrote the file, which has to export it as version {VERSION}, \
                 or import it itself"
            ),
        ),
        Ok(_) => {
            read::<HeaderLine>(text, findings);
        }
        Err(_) => findings.add("", format!("must be {}", example())),
    }
}

/// What is written on a line.
fn read<T: DeserializeOwned>(text: &[u8], findings: &mut LineErrors<'_>) -> Option<T> {
    // Otherwise an array would be accepted too, as the members in the order of their declaration.
    if text.first() != Some(&b'{') {
        findings.add("", "must be a JSON object");
        return None;
    }
    let mut reader = serde_json::Deserializer::from_slice(text);
    match serde_path_to_error::deserialize(&mut reader) {
        Ok(value) => match reader.end() {
            Ok(()) => Some(value),
            Err(_) => {
                findings.add("", "must be one JSON object, with nothing behind it");
                None
            }
        },
        Err(error) => {
            findings.unreadable(&error);
            None
        }
    }
}

/// Whether the first proof of an identifier will remove the user's passkeys.
fn loses_passkeys(user: &UserRecord) -> bool {
    let unproved = !user.email_verified && !user.phone_verified && user.external_id.is_none();
    unproved && !user.devices.is_empty()
}

/// An import in progress.
struct Import<'c> {
    tx: &'c Tx<'c>,
    /// Whether identifiers count as verified.
    trusted: bool,
    now: Time,
    /// The existing apps that were looked up.
    apps: HashMap<AppId, AppSettings>,
    /// The apps that this file declared.
    new_apps: HashSet<AppId>,
    /// Whether an app was rejected. Users of unknown apps are then not reported.
    bad_apps: bool,
    transferred: TransferCounts,
    bad: BadLines,
}

impl Import<'_> {
    fn line(&mut self, number: u64, line: Line<'_>) -> Result<(), ImportError> {
        /// The kind of a line. Everything else is read once that is known.
        #[derive(Deserialize)]
        struct Typed {
            r#type: Kind,
        }
        // While a line is checked, its problems are kept apart from the rest of the state.
        let mut bad = std::mem::take(&mut self.bad);
        let mut findings = LineErrors::new(number, &mut bad);
        let result = match line {
            Line::TooLong => {
                findings.add("", format!("is longer than {} MiB", LONGEST >> 20));
                Ok(())
            }
            Line::Text(text) => match read::<Typed>(text, &mut findings) {
                None => Ok(()),
                Some(Typed { r#type: Kind::App }) => self.app(text, &mut findings),
                Some(Typed { r#type: Kind::User }) => self.user(text, &mut findings),
            },
        };
        self.bad = bad;
        result
    }

    fn app(&mut self, text: &[u8], findings: &mut LineErrors<'_>) -> Result<(), ImportError> {
        let line = read::<AppLine>(text, findings);
        let Some(app) = line.and_then(|line| check::app(line, self.now, findings)) else {
            self.bad_apps = true;
            return Ok(());
        };
        if !self.new_apps.insert(app.id.clone()) {
            findings.add("id", "is that of an app on an earlier line");
            return Ok(());
        }
        match self.known(&app.id)? {
            // It keeps its settings, but its passkeys would not work on another domain.
            Some(known) if known.rp_id() != app.settings.rp_id() => findings.add(
                "rp_id",
                "must be that of the app that is there, or no passkey would work: change one of the two, or take the \
                 line out to add the users nevertheless",
            ),
            Some(_) => {}
            None => {
                let row = AppRow {
                    id: app.id.clone(),
                    settings: app.settings.to_stored().map_err(ImportError::Settings)?,
                    created_at: app.created_at,
                };
                store::apps::insert(self.tx, &row)?;
                self.transferred.apps += 1;
                self.apps.insert(app.id, app.settings);
            }
        }
        Ok(())
    }

    fn user(&mut self, text: &[u8], findings: &mut LineErrors<'_>) -> Result<(), ImportError> {
        let Some(line) = read::<UserLine>(text, findings) else {
            return Ok(());
        };
        let now = self.now;
        let id = AppId::from(line.app.as_str());
        let bad_apps = self.bad_apps;
        let Some(app) = self.known(&id)? else {
            if !bad_apps {
                findings.add(
                    "app",
                    "is not there: create it first, or put its line before those of its users",
                );
            }
            return Ok(());
        };
        match check::user(line, app, now, findings) {
            Some(mut user) => {
                if self.trusted {
                    user.email_verified = user.email.is_some();
                    user.phone_verified = user.phone.is_some();
                }
                self.store(&user, findings)
            }
            None => Ok(()),
        }
    }

    fn store(
        &mut self,
        user: &UserRecord,
        findings: &mut LineErrors<'_>,
    ) -> Result<(), ImportError> {
        let clashes = store::transfer::insert_user(self.tx, user)?;
        for clash in clashes {
            let taken = "is that of another user of the app";
            match clash {
                Clash::Member("id") => findings.add("id", "is that of another user"),
                Clash::Member(member) => findings.add(member, taken),
                Clash::Device(place, "id") => {
                    findings.add(format!("devices[{place}].id"), "is that of another device")
                }
                Clash::Device(place, member) => findings.add(
                    format!("devices[{place}].{member}"),
                    "is that of another passkey",
                ),
                Clash::SecondOfType(place) => findings.add(
                    format!("social_connections[{place}].type"),
                    "is that of another connection of the user",
                ),
                Clash::Account(place) => findings.add(
                    format!("social_connections[{place}].provider_id"),
                    "is connected to another user of the app",
                ),
            }
        }
        self.transferred.users += 1;
        self.transferred.users_with_unproved_passkeys += u64::from(loses_passkeys(user));
        self.transferred.devices += user.devices.len() as u64;
        self.transferred.social_connections += user.connections.len() as u64;
        Ok(())
    }

    /// The settings of an app.
    fn known(&mut self, id: &AppId) -> Result<Option<&AppSettings>, ImportError> {
        if !self.apps.contains_key(id) {
            // Missing apps are not remembered: a file could name any number of them.
            let Some(row) = store::apps::get(self.tx, id)? else {
                return Ok(None);
            };
            let settings =
                AppSettings::from_stored(&row.settings).map_err(ImportError::Settings)?;
            self.apps.insert(id.to_owned(), settings);
        }
        Ok(self.apps.get(id))
    }
}
