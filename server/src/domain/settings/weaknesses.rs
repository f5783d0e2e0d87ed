//! Settings that protect users less than those of production.

use super::{AppSettings, ChangeConfirmedBy, ConcealUsers, MagicLinkWaiting};

impl AppSettings {
    /// What protects users less than [`for_production`](Self::for_production) does: settings in the form and order of
    /// the configuration, and the metadata fields that users write.
    pub(crate) fn weaknesses(&self) -> Vec<String> {
        let recent = 1..=Self::for_production().reauthentication_seconds;
        let settings = [
            (
                !recent.contains(&self.reauthentication_seconds),
                format!(
                    "reauthentication_seconds = {}",
                    self.reauthentication_seconds
                ),
            ),
            (
                self.magic_link_waiting == MagicLinkWaiting::Any,
                "magic_link_waiting = \"any\"".to_owned(),
            ),
            (
                !self.magic_link_paths.is_empty(),
                format!("magic_link_paths = {:?}", self.magic_link_paths),
            ),
            (
                self.change_confirmed_by == ChangeConfirmedBy::Anybody,
                "change_confirmed_by = \"anybody\"".to_owned(),
            ),
            (
                self.conceal_users == ConcealUsers::No,
                "conceal_users = false".to_owned(),
            ),
            (
                self.require_identifier_verification == Some(false),
                "require_identifier_verification = false".to_owned(),
            ),
            (self.claim_pending, "claim_pending = true".to_owned()),
        ];
        let weak = settings.into_iter().filter(|(weak, _)| *weak);
        let open = self.metadata.iter();
        let open = open.filter(|field| field.registration || field.profile);
        // Names are any text, and must not pass for something else in a log.
        let fields: Vec<_> = open.map(|field| format!("{:?}", field.name)).collect();
        let fields = (!fields.is_empty())
            .then(|| format!("metadata fields that users write: {}", fields.join(" ")));
        weak.map(|(_, setting)| setting).chain(fields).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::{MetadataType, SettingsPatch};
    use super::*;

    #[test]
    fn each_setting_that_production_has_safer_is_named() {
        let (safe, open) = (AppSettings::for_production(), AppSettings::default());
        let members = |of: &AppSettings| serde_json::to_value(SettingsPatch::of(of)).unwrap();
        let (safer, weaker) = (members(&safe), members(&open));
        let names = SettingsPatch::NAMES.iter().copied();
        let differ: Vec<_> = names
            .filter(|name| safer.get(name) != weaker.get(name))
            .collect();
        let said = open.weaknesses();
        let named: Vec<_> = said
            .iter()
            .filter_map(|setting| setting.split(" = ").next())
            .collect();
        assert_eq!(named, differ);
        assert_eq!(safe.weaknesses(), [""; 0]);
    }

    #[test]
    fn what_is_stricter_is_not_weak_and_what_is_longer_is() {
        let mut settings = AppSettings {
            reauthentication_seconds: 60,
            magic_link_waiting: MagicLinkWaiting::Never,
            conceal_users: ConcealUsers::All,
            require_identifier_verification: Some(true),
            ..AppSettings::for_production()
        };
        settings.put_field("role", MetadataType::String);
        assert_eq!(settings.weaknesses(), [""; 0]);
        settings.reauthentication_seconds = 3600;
        settings.magic_link_paths = vec!["welcome".to_owned()];
        settings.put_open_field("plan\n", MetadataType::String);
        let expected = [
            "reauthentication_seconds = 3600",
            "magic_link_paths = [\"welcome\"]",
            "metadata fields that users write: \"plan\\n\"",
        ];
        assert_eq!(settings.weaknesses(), expected);
    }
}
