//! Apps.

use super::super::format::{AppLine, FieldLine};
use super::super::problem::LineErrors;
use super::super::records::AppRecord;
use super::time;
use crate::clock::Time;
use crate::domain::settings::{APP_ID, AppSettings, MetadataField, is_app_id};
use crate::ids;

/// The app in its stored form, if its line is valid.
pub(crate) fn app(line: AppLine, now: Time, findings: &mut LineErrors<'_>) -> Option<AppRecord> {
    if !is_app_id(&line.id) {
        findings.add("id", APP_ID);
    }
    let field = |line: FieldLine| MetadataField {
        id: line.id.unwrap_or_else(ids::new_id),
        name: line.name,
        r#type: line.r#type,
        registration: line.registration,
        profile: line.profile,
    };
    let fields = line.metadata_fields.unwrap_or_default();
    let mut settings = AppSettings {
        name: line.id.clone(),
        metadata: fields.into_iter().map(field).collect(),
        ..AppSettings::for_production()
    };
    line.settings.apply(&mut settings);
    for problem in settings.validate().err().unwrap_or_default() {
        findings.add(problem.member, problem.text);
    }
    let created_at = time(line.created_at.as_deref(), now, "created_at", findings);
    findings.good().then_some(AppRecord {
        id: line.id.into(),
        settings,
        created_at,
    })
}
