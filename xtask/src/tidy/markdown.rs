//! What the rules need of a Markdown file, with line numbers.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

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
        let (mut heading, mut language) = (None, None);
        for (event, place) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
            match event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    let first = info.split([',', ' ']).next().unwrap_or_default();
                    language = Some(first.to_owned());
                }
                Event::End(TagEnd::CodeBlock) => language = None,
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let heading = heading.take().unwrap_or_default();
                    let anchor = markdown.anchor(&heading);
                    markdown.anchors.push(anchor);
                }
                Event::Text(words) => match (&language, &mut heading) {
                    (Some(language), _) => {
                        let code = words.lines().enumerate().map(|(index, code)| {
                            (line(&place) + index, language.clone(), code.to_owned())
                        });
                        markdown.fenced.extend(code);
                    }
                    (None, Some(heading)) => heading.push_str(&words),
                    (None, None) => {}
                },
                Event::Code(code) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&code);
                    }
                    markdown.spans.push((line(&place), code.into_string()));
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
                    let row = markdown
                        .tables
                        .last_mut()
                        .and_then(|table| table.last_mut());
                    if let Some((_, cells)) = row {
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
