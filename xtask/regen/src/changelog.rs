//! The draft in `CHANGELOG.md`, between two markers, so that it can be found again and replaced.

const START: &str = "<!-- regen: a draft. Say it in your own words, then delete both markers. -->";
const END: &str = "<!-- regen: end of the draft -->";

/// `changelog` with `draft` at the end of its Unreleased section in place of the one that is there.
pub(crate) fn with_draft(changelog: &str, draft: Option<&str>) -> Result<String, String> {
    let bare = without_draft(changelog)?;
    let Some(draft) = draft else {
        return Ok(bare);
    };
    let heading = "## [Unreleased]";
    let start = bare
        .find(&format!("{heading}\n"))
        .ok_or_else(|| format!("CHANGELOG.md has no section `{heading}`"))?
        + heading.len();
    let end = ["\n## ", "\n["]
        .iter()
        .filter_map(|next| bare.get(start..)?.find(next))
        .min()
        .map_or(bare.len(), |length| start + length);
    let (before, after) = bare.split_at(end);
    let (before, draft) = (before.trim_end(), draft.trim());
    Ok(format!("{before}\n\n{START}\n\n{draft}\n\n{END}\n{after}"))
}

/// The draft in `changelog`.
pub(crate) fn draft(changelog: &str) -> Option<&str> {
    let (_, rest) = changelog.split_once(START)?;
    let (draft, _) = rest.split_once(END)?;
    Some(draft.trim())
}

fn without_draft(changelog: &str) -> Result<String, String> {
    let Some((before, rest)) = changelog.split_once(START) else {
        return Ok(changelog.to_owned());
    };
    let Some((_, after)) = rest.split_once(END) else {
        return Err(format!("CHANGELOG.md has `{START}` and no `{END}`"));
    };
    let after = after.strip_prefix('\n').unwrap_or(after);
    Ok(format!("{}\n{after}", before.trim_end()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const OLD: &str = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A.\n\n## [0.1.0]\n\n- B.\n";

    #[test]
    fn a_draft_goes_to_the_end_of_unreleased_and_is_replaced() {
        let once = with_draft(OLD, Some("- One.\n")).unwrap();
        let draft = format!("- A.\n\n{START}\n\n- One.\n\n{END}\n");
        assert_eq!(once, OLD.replace("- A.\n", &draft));
        let twice = with_draft(&once, Some("- Two.")).unwrap();
        assert_eq!(twice, once.replace("One", "Two"));
        assert_eq!(with_draft(&twice, None).unwrap(), OLD);
    }

    #[test]
    fn unreleased_may_be_the_last_section_or_empty() {
        for old in ["## [Unreleased]\n", "## [Unreleased]\n\n- A.\n"] {
            let with = with_draft(old, Some("- One.")).unwrap();
            let draft = format!("\n\n{START}\n\n- One.\n\n{END}\n");
            assert!(with.ends_with(&draft), "{with}");
            assert_eq!(with_draft(&with, None).unwrap(), old);
        }
        let empty = "## [Unreleased]\n\n## [0.1.0]\n";
        let with = with_draft(empty, Some("- One.")).unwrap();
        assert_eq!(with_draft(&with, None).unwrap(), empty);
    }

    #[test]
    fn what_was_written_behind_the_draft_stays() {
        let with = with_draft(OLD, Some("- One.")).unwrap();
        let more = with.replace("\n## [0.1.0]", "\n- By hand.\n\n## [0.1.0]");
        let again = with_draft(&more, Some("- Two.")).unwrap();
        let has = ["- By hand.", "- Two.", "- One."].map(|line| again.contains(line));
        assert_eq!(has, [true, true, false], "{again}");
    }

    #[test]
    fn a_changelog_without_its_place_is_refused() {
        assert!(with_draft("# Changelog\n", Some("- One.")).is_err());
        assert!(with_draft(&format!("## [Unreleased]\n{START}\n"), None).is_err());
    }
}
