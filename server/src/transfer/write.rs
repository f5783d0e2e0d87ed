//! Export: pages of users, from one consistent snapshot.

use std::io::{self, Write};

use serde::Serialize;

use super::format::{FORMAT, HeaderLine, VERSION};
use super::records::AppRecord;
use super::{TransferCounts, show};
use crate::domain::settings::{AppSettings, SettingsError};
use crate::ids::AppId;
use crate::store;
use crate::store::apps::AppRow;
use crate::store::transfer::Place;
use crate::store::{SqlError, StoreError, Tx};

/// Users that are read at a time.
const PAGE: i64 = 500;

/// Why an export was aborted.
#[derive(Debug)]
pub(crate) enum ExportError {
    /// There is no app with this id.
    NoApp(AppId),
    Output(io::Error),
    Storage(StoreError),
    /// The settings of an app cannot be read.
    Settings(SettingsError),
}

impl From<io::Error> for ExportError {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<StoreError> for ExportError {
    fn from(error: StoreError) -> Self {
        Self::Storage(error)
    }
}

impl From<SqlError> for ExportError {
    fn from(error: SqlError) -> Self {
        Self::Storage(error.into())
    }
}

/// Writes these apps with their users, or all apps if none is given. The caller must make sure that everything is read
/// in one transaction.
pub(crate) fn export(
    tx: &Tx<'_>,
    wanted: &[AppId],
    out: &mut impl Write,
) -> Result<TransferCounts, ExportError> {
    let mut transferred = TransferCounts::default();
    let chosen = choose(tx, wanted)?;
    line(
        out,
        &HeaderLine {
            format: FORMAT.to_owned(),
            version: VERSION,
        },
    )?;
    for row in chosen {
        let app = AppRecord {
            settings: AppSettings::from_stored(&row.settings).map_err(ExportError::Settings)?,
            id: row.id.clone(),
            created_at: row.created_at,
        };
        line(out, &show::app(app))?;
        transferred.apps += 1;
        let mut after = None;
        loop {
            let page = store::transfer::users(tx, &row.id, after.as_ref(), PAGE)?;
            let Some(last) = page.last() else {
                break;
            };
            after = Some(Place {
                created_at: last.created_at,
                id: last.id.clone(),
            });
            for user in page {
                transferred.users += 1;
                transferred.devices += user.devices.len() as u64;
                transferred.social_connections += user.connections.len() as u64;
                line(out, &show::user(user))?;
            }
        }
    }
    out.flush()?;
    Ok(transferred)
}

/// The selected apps, oldest first.
fn choose(tx: &Tx<'_>, wanted: &[AppId]) -> Result<Vec<AppRow>, ExportError> {
    let mut all = store::apps::all(tx)?;
    for id in wanted {
        if !all.iter().any(|app| app.id == *id) {
            return Err(ExportError::NoApp(id.clone()));
        }
    }
    if !wanted.is_empty() {
        all.retain(|app| wanted.contains(&app.id));
    }
    Ok(all)
}

fn line(out: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}
