//! Finding the line of something in the file.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The line of a member such as `apps[0].rp_id`, or of the table it would be in. The first line is 1. `None` if that is
/// the file itself.
pub(super) fn line_of(text: &str, member: &str) -> Option<usize> {
    let table = DeTable::parse(text).ok()?;
    let mut table = table.get_ref();
    let mut line = None;
    for part in member.split('.') {
        let (name, index) = match part.strip_suffix(']').and_then(|it| it.split_once('[')) {
            Some((name, index)) => (name, index.parse::<usize>().ok()),
            None => (part, None),
        };
        let Some(mut value) = find(table, name) else {
            break;
        };
        if let (Some(index), DeValue::Array(array)) = (index, value.get_ref())
            && let Some(item) = array.get(index)
        {
            value = item;
        }
        line = Some(line_at(text, value.span().start));
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => break,
        }
    }
    line
}

fn find<'t, 'i>(table: &'t DeTable<'i>, name: &str) -> Option<&'t Spanned<DeValue<'i>>> {
    let found = table.iter().find(|(key, _)| key.get_ref() == name);
    found.map(|(_, value)| value)
}

/// The line of an offset in the text.
pub(super) fn line_at(text: &str, place: usize) -> usize {
    let before = text.get(..place).unwrap_or(text);
    before.matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_however_they_are_written() {
        let text = "a = 1\nb.c = 2\n[d]\ne = [\n{ file = \"x\" },\n{ file = \"y\" },\n]\n[d.f]\ng = '''\n\n'''\n[[h]]\ni = 1\n[[h]]\ni = 2\n";
        for (member, line) in [
            ("a", Some(1)),
            ("b.c", Some(2)),
            ("d", Some(3)),
            ("d.missing", Some(3)),
            ("d.e[1]", Some(6)),
            ("d.e[1].file", Some(6)),
            ("d.f.g", Some(9)),
            ("h[0].i", Some(13)),
            ("h[1]", Some(14)),
            ("h[1].i", Some(15)),
            ("h[1].missing.too", Some(14)),
            ("missing", None),
        ] {
            assert_eq!(line_of(text, member), line, "{member}");
        }
        assert_eq!(line_of("= 1", "a"), None);
    }
}
