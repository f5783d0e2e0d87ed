//! Rust tokens as one line of text, spaced as people write them.
//!
//! Not left to the `Display` of tokens: how that spaces them is no promise.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens;

/// The tokens on one line.
pub(crate) fn line(tokens: impl ToTokens) -> String {
    let mut pieces = Vec::new();
    split(tokens.to_token_stream(), &mut pieces);
    let mut text = String::new();
    for (index, piece) in pieces.iter().enumerate() {
        let before = index.checked_sub(1).map_or("", |i| pieces[i].as_str());
        if !text.is_empty() && !sticks(before, piece) {
            text.push(' ');
        }
        text.push_str(piece);
    }
    text
}

/// Flattens groups, and joins the characters of operators and lifetimes.
fn split(tokens: TokenStream, pieces: &mut Vec<String>) {
    let mut joint = false;
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::None => ("", ""),
                };
                let list = pieces
                    .last()
                    .is_some_and(|before| is_word(before) || before == ">");
                pieces.push(open.to_owned());
                split(group.stream(), pieces);
                // The comma after the last of several lines; that of a tuple of one is needed.
                if list && pieces.last().is_some_and(|last| last == ",") {
                    pieces.pop();
                }
                pieces.push(close.to_owned());
                pieces.retain(|piece| !piece.is_empty());
                joint = false;
            }
            TokenTree::Punct(punct) => {
                let (sign, glued) = (punct.as_char(), punct.spacing() == Spacing::Joint);
                match pieces.last_mut() {
                    Some(last) if joint && is_operator(last, sign) => last.push(sign),
                    Some(last) if sign == '>' && last == "," => *last = sign.to_string(),
                    _ => pieces.push(sign.to_string()),
                }
                joint = glued;
            }
            TokenTree::Ident(ident) => {
                match pieces.last_mut() {
                    Some(last) if last == "'" => last.push_str(&ident.to_string()),
                    _ => pieces.push(ident.to_string()),
                }
                joint = false;
            }
            TokenTree::Literal(literal) => {
                pieces.push(literal.to_string());
                joint = false;
            }
        }
    }
}

fn is_operator(first: &str, second: char) -> bool {
    matches!(
        (first, second),
        (":", ':') | ("-", '>') | ("=", '>') | (".", '.')
    )
}

fn is_word(piece: &str) -> bool {
    piece.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// Whether there is no space between the two.
fn sticks(before: &str, after: &str) -> bool {
    match (before, after) {
        ("(" | "[" | "::" | "&" | "#" | "<" | "!" | "?" | "." | "", _)
        | (_, ")" | "]" | "," | ";" | ":" | "." | ">" | "!") => true,
        (_, "::") => is_word(before) || before == ">",
        ("impl" | "dyn" | "mut" | "where" | "as" | "in", "(") => false,
        (_, "(" | "<") => is_word(before) || before == ">",
        _ => false,
    }
}

#[test]
fn tokens_are_spaced_as_people_write_them() {
    for text in [
        "pub async fn get(&self, id: impl IntoId<UserId>) -> Result<User>",
        "impl<'de> serde::Deserialize<'de> for ListCursor",
        "impl<S, C: DeserializeOwned + Send> FromRequestParts<S> for PassageClaims<C> where S: Send + Sync",
        "fn on(self, listener: impl Fn(&JwksEvent) + Send + Sync + 'static) -> Self",
        "fn keys(&'a mut self) -> impl Iterator<Item = (&'a str, [u8; 32])> + '_",
        "Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>",
        "<T as IntoId<UserId>>::Error",
        "PartialEq<&&str>",
        "where F: FnOnce(&str) -> Option<(T,)>",
        "serde(rename = \"type\", default)",
        "const ALL: &'static [Self]",
        "impl<T: RequestHeaders + ?Sized> RequestHeaders for &T",
    ] {
        let tokens: TokenStream = text.parse().unwrap();
        assert_eq!(line(tokens), text);
    }
    let spread: TokenStream = "fn a(\n b: Vec<\n u8,\n>,\n) -> (u8,)".parse().unwrap();
    assert_eq!(line(spread), "fn a(b: Vec<u8>) -> (u8,)");
}
