//! What the rules need of a Markdown file, with line numbers.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// The parts of a file.
#[derive(Default)]
pub(super) struct Markdown {
    /// Lines of shell in a fence, and code in a sentence, in which a line break is a blank.
    pub(super) code: Vec<(usize, String)>,
    /// Where links lead.
    pub(super) links: Vec<(usize, String)>,
    /// The anchors of headings, as web sites make them.
    pub(super) anchors: Vec<String>,
    /// The tables: line and cells of each row, the first with the headings.
    pub(super) tables: Vec<Vec<(usize, Vec<String>)>>,
}

impl Markdown {
    /// Reads a file.
    pub(super) fn read(text: &str) -> Self {
        let mut markdown = Self::default();
        let line = |place: &Range<usize>| {
            text.get(..place.start)
                .map_or(1, |before| before.matches('\n').count() + 1)
        };
        let (mut heading, mut shell) = (None, None);
        for (event, place) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
            match event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    let first = info.split([',', ' ']).next().unwrap_or_default();
                    shell = Some(["console", "sh", "bash", "shell"].contains(&first));
                }
                Event::End(TagEnd::CodeBlock) => shell = None,
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let heading = heading.take().unwrap_or_default();
                    let anchor = markdown.anchor(&heading);
                    markdown.anchors.push(anchor);
                }
                Event::Text(words) => match (shell, &mut heading) {
                    (Some(true), _) => {
                        let lines = (line(&place)..).zip(words.lines().map(str::to_owned));
                        markdown.code.extend(lines);
                    }
                    (None, Some(heading)) => heading.push_str(&words),
                    _ => {}
                },
                Event::Code(code) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&code);
                    }
                    markdown.code.push((line(&place), code.into_string()));
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    markdown.links.push((line(&place), dest_url.into_string()));
                }
                Event::Start(Tag::Table(_)) => markdown.tables.push(Vec::new()),
                Event::Start(Tag::TableHead | Tag::TableRow) => {
                    if let Some(table) = markdown.tables.last_mut() {
                        table.push((line(&place), Vec::new()));
                    }
                }
                Event::Start(Tag::TableCell) => {
                    let table = markdown.tables.last_mut();
                    if let Some((_, cells)) = table.and_then(|table| table.last_mut()) {
                        let cell = text.get(place).unwrap_or_default();
                        cells.push(cell.trim_matches(['|', ' ']).to_owned());
                    }
                }
                _ => {}
            }
        }
        markdown
    }

    /// The anchor of one more heading.
    fn anchor(&self, heading: &str) -> String {
        let kept = heading
            .chars()
            .filter(|c| c.is_alphanumeric() || "-_ ".contains(*c));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let anchor = anchor.to_lowercase();
        let numbered = (1..).map(|count| format!("{anchor}-{count}"));
        let mut anchors = [anchor.clone()].into_iter().chain(numbered);
        anchors
            .find(|anchor| !self.anchors.contains(anchor))
            .unwrap_or(anchor)
    }
}
