//! What the rules need of a Markdown file, with line numbers.

/// The parts of a file.
#[derive(Default)]
pub(super) struct Markdown {
    /// Lines of fenced code, with the language of the fence.
    pub(super) fenced: Vec<(usize, String, String)>,
    /// Code in a sentence. A line break in it is a blank.
    pub(super) spans: Vec<(usize, String)>,
    /// Where links lead.
    pub(super) links: Vec<(usize, String)>,
    /// The anchors of headings, as web sites make them.
    pub(super) anchors: Vec<String>,
    /// The cells of table rows.
    pub(super) rows: Vec<(usize, Vec<String>)>,
}

impl Markdown {
    /// Reads a file.
    pub(super) fn read(text: &str) -> Self {
        let mut markdown = Self::default();
        let mut prose = String::new();
        let mut fence: Option<(&str, &str)> = None;
        for (index, line) in text.lines().enumerate() {
            let start = line.trim_start();
            let opens = ["```", "~~~"]
                .into_iter()
                .find(|marker| start.starts_with(marker));
            match (fence, opens) {
                (Some((marker, _)), Some(other)) if marker == other => fence = None,
                (Some((_, language)), _) => {
                    let code = (index + 1, language.to_owned(), line.to_owned());
                    markdown.fenced.push(code);
                }
                (None, Some(marker)) => {
                    let language = start.trim_start_matches(['`', '~']);
                    let language = language.split([',', ' ']).next().unwrap_or_default();
                    fence = Some((marker, language));
                }
                (None, None) => {
                    prose.push_str(line);
                    markdown.line(index + 1, line);
                }
            }
            prose.push('\n');
        }
        markdown.inline(&prose);
        markdown
    }

    /// What is a line of its own: headings, rows, definitions of links.
    fn line(&mut self, number: usize, line: &str) {
        if line.starts_with('#') {
            let anchor = anchor(line.trim_start_matches('#').trim());
            let same = |known: &&String| {
                let rest = known.strip_prefix(anchor.as_str());
                rest.is_some_and(|rest| {
                    rest.trim_matches(|c: char| c == '-' || c.is_ascii_digit())
                        .is_empty()
                })
            };
            let anchor = match self.anchors.iter().filter(same).count() {
                0 => anchor,
                count => format!("{anchor}-{count}"),
            };
            self.anchors.push(anchor);
        } else if let Some(row) = line.trim().strip_prefix('|') {
            let row = row.strip_suffix('|').unwrap_or(row);
            let cells = row.split('|').map(|cell| cell.trim().to_owned());
            self.rows.push((number, cells.collect()));
        } else if let Some((_, target)) = line
            .strip_prefix('[')
            .and_then(|line| line.split_once("]: "))
        {
            self.link(number, target);
        }
    }

    /// Code and links in sentences.
    fn inline(&mut self, prose: &str) {
        let mut line = 1;
        let mut rest = prose;
        while let Some(start) = rest.find(['`', ']', '\n']) {
            let (_, found) = rest.split_at(start);
            let taken = if found.starts_with('`') {
                self.span(line, found)
            } else if let Some(target) = found.strip_prefix("](") {
                let end = closing(target);
                let (target, _) = target.split_at(end);
                self.link(line, target);
                end + 2
            } else {
                1
            };
            let (passed, after) = found.split_at(taken);
            line += passed.matches('\n').count();
            rest = after;
        }
    }

    /// Takes the code span with which `text` begins; returns its length.
    fn span(&mut self, line: usize, text: &str) -> usize {
        let body = text.trim_start_matches('`');
        let ticks = text.len() - body.len();
        let paragraph = body.split("\n\n").next().unwrap_or_default();
        let (marker, _) = text.split_at(ticks);
        let Some(end) = paragraph.find(marker) else {
            return ticks;
        };
        let (code, _) = body.split_at(end);
        self.spans
            .push((line, code.replace('\n', " ").trim().to_owned()));
        end + 2 * ticks
    }

    fn link(&mut self, line: usize, target: &str) {
        let target = target.split_whitespace().next().unwrap_or_default();
        let target = target.trim_start_matches('<').trim_end_matches('>');
        self.links.push((line, target.to_owned()));
    }
}

/// Where the bracket closes that was open before `text`.
fn closing(text: &str) -> usize {
    let mut depth = 1;
    for (index, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return index;
        }
    }
    text.len()
}

fn anchor(heading: &str) -> String {
    heading
        .chars()
        .filter(|c| c.is_alphanumeric() || "-_ ".contains(*c))
        .flat_map(|c| if c == ' ' { '-' } else { c }.to_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# The `title`, and more\n\nSee [a](docs/a.md), [b c\nd](e(f).md \"g\") and `cargo\nrun`.\n\
                        \n```console\n$ cargo test # [no](link)\n```\n\n| A | B |\n|---|---|\n| `x` | [y](z) |\n\
                        \n[ref]: there.md\n\n# Twice\n# Twice\n\nAn unpaired ` tick.\n\nThen ``a ` b``.\n";

    #[test]
    fn parts_are_found_with_their_lines() {
        let markdown = Markdown::read(TEXT);
        let fenced = (
            8,
            "console".to_owned(),
            "$ cargo test # [no](link)".to_owned(),
        );
        assert_eq!(markdown.fenced, [fenced]);
        let spans: Vec<_> = markdown
            .spans
            .iter()
            .map(|(line, code)| (*line, code.as_str()))
            .collect();
        assert_eq!(
            spans,
            [(1, "title"), (4, "cargo run"), (13, "x"), (22, "a ` b")]
        );
        let mut links: Vec<_> = markdown
            .links
            .iter()
            .map(|(line, to)| (*line, to.as_str()))
            .collect();
        links.sort_unstable();
        assert_eq!(
            links,
            [
                (3, "docs/a.md"),
                (4, "e(f).md"),
                (13, "z"),
                (15, "there.md")
            ]
        );
        assert_eq!(markdown.anchors, ["the-title-and-more", "twice", "twice-1"]);
        let rows: Vec<_> = markdown
            .rows
            .iter()
            .map(|(line, cells)| (*line, cells.join(";")))
            .collect();
        assert_eq!(rows.last(), Some(&(13, "`x`;[y](z)".to_owned())));
    }
}
