//! `passage-server audit`.

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;
use jiff::{SignedDuration, Timestamp};
use passage_server::{AdminError, AuditEntry, AuditFilter};

use super::Outcome;
use super::admin::{Where, with};

/// How many entries are read at once.
const PAGE: u32 = 1000;
/// How many characters of a user agent the table shows, so that no client fills the next line too.
const AGENT_LENGTH: usize = 80;
/// How long to wait for new entries.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Args)]
pub(super) struct Audit {
    #[command(flatten)]
    place: Where,
    /// Only from this time on, such as 2026-03-01T12:00:00Z, or from this long ago, such as 30m, 24h or 7d
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Timestamp>,
    /// Only this app
    #[arg(long, value_name = "ID")]
    app: Option<String>,
    /// Only what concerns this user
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// Only this action
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(AuditEntry::ACTIONS), hide_possible_values = true)]
    action: Option<String>,
    /// Print one line of JSON for each entry, instead of a table
    #[arg(long)]
    json: bool,
    /// Go on with entries as they are added, until interrupted
    #[arg(long)]
    follow: bool,
}

/// A time, or how long ago it was.
fn since(text: &str) -> Result<Timestamp, String> {
    let ago = || {
        let unit = text.chars().last()?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 24 * 3600,
            _ => return None,
        };
        let number: i64 = text.strip_suffix(unit)?.parse().ok()?;
        let seconds = number
            .checked_mul(seconds)
            .filter(|seconds| *seconds >= 0)?;
        Timestamp::now()
            .checked_sub(SignedDuration::from_secs(seconds))
            .ok()
    };
    let time = text.parse().ok().or_else(ago);
    time.ok_or_else(|| "must be like 2026-03-01T12:00:00Z, or like 30m, 24h or 7d".to_owned())
}

/// Prints the audit log.
pub(super) async fn run(options: Audit) -> Outcome {
    let path = options.place.data()?;
    if !path.exists() {
        // Opening it would create an empty file.
        return Err(format!("there is no data file {}", path.display()).into());
    }
    let mut filter = AuditFilter::default();
    if let Some(since) = options.since {
        filter = filter.since(since);
    }
    if let Some(app) = options.app {
        filter = filter.app(app);
    }
    if let Some(user) = options.user {
        filter = filter.user(user);
    }
    if let Some(action) = options.action {
        filter = filter.action(action);
    }
    let show = match options.json {
        true => json,
        false => table,
    };
    let mut reader = Reader {
        path,
        filter,
        after: 0,
    };
    let mut out = std::io::stdout().lock();
    if !options.json && !printed(writeln!(out, "{}", columns(HEADER)))? {
        return Ok(());
    }
    loop {
        let entries = reader.next().await?;
        for entry in &entries {
            if !printed(writeln!(out, "{}", show(entry)))? {
                return Ok(());
            }
        }
        if !printed(out.flush())? {
            return Ok(());
        }
        if !entries.is_empty() {
            continue;
        }
        if !options.follow {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether somebody still reads the output.
fn printed(result: std::io::Result<()>) -> std::io::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

/// Reads on after the last entry. In between it does not hold the file, so that a server can start or stop.
struct Reader {
    path: PathBuf,
    filter: AuditFilter,
    after: i64,
}

impl Reader {
    async fn next(&mut self) -> Result<Vec<AuditEntry>, AdminError> {
        let (filter, after) = (&self.filter, self.after);
        let read = with(self.path.clone(), async |file| {
            file.audit(filter, after, PAGE).await
        });
        let entries = read.await?;
        if let Some(last) = entries.last() {
            self.after = last.id;
        }
        Ok(entries)
    }
}

fn json(entry: &AuditEntry) -> String {
    entry.to_json()
}

const HEADER: [&str; 9] = [
    "TIME", "APP", "ACTION", "REASON", "COUNT", "ACTOR", "USER", "ADDRESS", "ABOUT",
];

fn table(entry: &AuditEntry) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let actor = match &entry.actor_id {
        // The user is in a column of its own.
        Some(id) if entry.user_id.as_ref() != Some(id) => format!("{} {id}", entry.actor),
        _ => entry.actor.clone(),
    };
    let agent = entry.agent.as_deref().map(quoted);
    let about: Vec<&str> = [&entry.object, &entry.identifier, &agent]
        .into_iter()
        .filter_map(|text| text.as_deref())
        .collect();
    columns([
        &format!("{:.0}", entry.time),
        &text(&entry.app_id),
        &entry.action,
        &text(&entry.reason),
        &entry.count.to_string(),
        &actor,
        &text(&entry.user_id),
        &text(&entry.address),
        &about.join(" "),
    ])
}

/// A user agent, so that it shows where it starts and ends.
fn quoted(agent: &str) -> String {
    let plain = agent.replace('"', "'");
    let mut shown: String = plain.chars().take(AGENT_LENGTH).collect();
    if plain.chars().count() > AGENT_LENGTH {
        shown.pop();
        shown.push('…');
    }
    format!("\"{shown}\"")
}

/// Clients choose their user agent, so what could steer a terminal or pass for something else is replaced.
fn columns(texts: [&str; 9]) -> String {
    let widths = [20, 12, 20, 24, 5, 10, 24, 15, 0];
    let cells = texts.into_iter().zip(widths);
    let line: Vec<String> = cells
        .map(|(text, width)| format!("{:width$}", text.replace(AuditEntry::is_unprintable, "?")))
        .collect();
    line.join("  ").trim_end().to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_time_can_be_absolute_or_ago() {
        let exact = since("2026-03-01T12:00:00Z").unwrap();
        assert_eq!(exact.to_string(), "2026-03-01T12:00:00Z");
        let now = Timestamp::now().as_second();
        for (text, ago) in [("0s", 0), ("30m", 1800), ("24h", 86_400), ("7d", 604_800)] {
            let found = since(text).unwrap().as_second();
            assert!((now - ago..=now - ago + 60).contains(&found), "{text}");
        }
        for bad in ["", "d", "-1d", "7w", "yesterday", "99999999999999999d", "é"] {
            assert!(since(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_a_client_chooses_cannot_steer_a_terminal() {
        let line = columns(["\u{1b}[2J", "\u{9b}1m", "\n", "\t", "", "", "", "", "é"]);
        assert!(!line.contains(char::is_control), "{line:?}");
        assert!(line.ends_with('é'));
        let line = columns([
            "\u{202e}", "\u{2028}", "\u{2029}", "\u{85}", "", "", "", "", "é",
        ]);
        assert!(!line.contains(AuditEntry::is_unprintable), "{line:?}");
        assert_eq!(line.matches('?').count(), 4);
    }

    #[test]
    fn a_user_agent_shows_where_it_ends() {
        assert_eq!(quoted("curl/8"), "\"curl/8\"");
        assert_eq!(quoted("a\"  \"b"), "\"a'  'b\"");
        assert_eq!(quoted(&"é".repeat(80)), format!("\"{}\"", "é".repeat(80)));
        let long = quoted(&" ".repeat(512));
        assert_eq!(long, format!("\"{}…\"", " ".repeat(79)));
    }
}
