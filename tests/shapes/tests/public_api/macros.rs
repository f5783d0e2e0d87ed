//! Expands the `macro_rules!` of this crate, which make a good part of its public items.
//!
//! Knows what these macros use: fragments, `$( .. )` with `*`, `+` and `?`, and `$crate`. It does not take a
//! repetition back once it has matched.

use std::collections::HashMap;

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};

/// The rules of one macro: what each matches and what it makes of that.
#[derive(Clone)]
pub(super) struct Rules(Vec<(Vec<Part>, Vec<Part>)>);

/// A part of a matcher or of what a macro makes.
#[derive(Clone)]
enum Part {
    Token(TokenTree),
    Group(Delimiter, Vec<Part>),
    /// `$name` or `$name:fragment`.
    Variable(String, String),
    Repeat(Vec<Part>, Option<TokenTree>, char),
}

enum Bound {
    One(TokenStream),
    /// Once for each repetition.
    Many(Vec<Bindings>),
}

type Bindings = HashMap<String, Bound>;
type Tokens = std::iter::Peekable<std::vec::IntoIter<TokenTree>>;

impl Rules {
    /// Reads the body of a `macro_rules!`.
    pub(super) fn read(body: TokenStream) -> Self {
        let mut rules = Vec::new();
        let mut tokens = body.into_iter();
        while let Some(TokenTree::Group(matcher)) = tokens.next() {
            let made = tokens.find_map(|token| match token {
                TokenTree::Group(made) => Some(made),
                _ => None,
            });
            rules.push((
                parts(matcher.stream(), true),
                parts(made.unwrap().stream(), false),
            ));
            tokens.next();
        }
        Self(rules)
    }

    /// What the macro makes of `input`, or `None` if no rule matches.
    pub(super) fn expand(&self, input: &TokenStream) -> Option<TokenStream> {
        self.0.iter().find_map(|(matcher, made)| {
            let mut bindings = Bindings::new();
            let rest = match_all(matcher, input.clone(), &mut bindings)?;
            rest.is_empty().then(|| write(made, &[&bindings]))
        })
    }
}

/// In a matcher a variable has a fragment, elsewhere a colon behind it is its own.
fn parts(tokens: TokenStream, matcher: bool) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut tokens: Tokens = tokens
        .into_iter()
        .collect::<Vec<_>>()
        .into_iter()
        .peekable();
    while let Some(token) = tokens.next() {
        parts.push(match token {
            TokenTree::Punct(sign) if sign.as_char() == '$' => dollar(&mut tokens, matcher),
            TokenTree::Group(group) => {
                Part::Group(group.delimiter(), self::parts(group.stream(), matcher))
            }
            token => Part::Token(token),
        });
    }
    parts
}

fn dollar(tokens: &mut Tokens, matcher: bool) -> Part {
    match tokens.next() {
        Some(TokenTree::Group(group)) => {
            let inner = parts(group.stream(), matcher);
            let next = tokens.next().unwrap();
            match repeats(&next) {
                Some(op) => Part::Repeat(inner, None, op),
                None => Part::Repeat(inner, Some(next), repeats(&tokens.next().unwrap()).unwrap()),
            }
        }
        Some(TokenTree::Ident(name)) if matcher => {
            tokens.next();
            let fragment = tokens.next().unwrap();
            Part::Variable(name.to_string(), fragment.to_string())
        }
        Some(TokenTree::Ident(name)) => Part::Variable(name.to_string(), String::new()),
        other => panic!("${other:?} is not known"),
    }
}

fn repeats(token: &TokenTree) -> Option<char> {
    match token {
        TokenTree::Punct(sign) if "*+?".contains(sign.as_char()) => Some(sign.as_char()),
        _ => None,
    }
}

/// Matches the beginning of `input` and gives the rest.
fn match_all(
    parts: &[Part],
    mut input: TokenStream,
    bindings: &mut Bindings,
) -> Option<TokenStream> {
    for part in parts {
        input = match part {
            Part::Token(token) => strip(token, input)?,
            Part::Group(delimiter, inner) => {
                let mut tokens = input.into_iter();
                let Some(TokenTree::Group(group)) = tokens.next() else {
                    return None;
                };
                let rest = match_all(inner, group.stream(), bindings)?;
                let fits = group.delimiter() == *delimiter && rest.is_empty();
                fits.then(|| tokens.collect())?
            }
            Part::Variable(name, fragment) => {
                let (found, rest) = parse(fragment, input)?;
                bindings.insert(name.clone(), Bound::One(found));
                rest
            }
            Part::Repeat(inner, separator, op) => {
                let (found, rest) = match_many(inner, separator.as_ref(), *op, input)?;
                let mut rounds: HashMap<String, Vec<Bindings>> = variables(inner)
                    .into_iter()
                    .map(|name| (name, Vec::new()))
                    .collect();
                for round in found {
                    for (name, bound) in round {
                        let one = Bindings::from([(name.clone(), bound)]);
                        rounds.entry(name).or_default().push(one);
                    }
                }
                bindings.extend(
                    rounds
                        .into_iter()
                        .map(|(name, rounds)| (name, Bound::Many(rounds))),
                );
                rest
            }
        };
    }
    Some(input)
}

fn match_many(
    inner: &[Part],
    separator: Option<&TokenTree>,
    op: char,
    mut input: TokenStream,
) -> Option<(Vec<Bindings>, TokenStream)> {
    let mut found = Vec::new();
    while !input.is_empty() && (op != '?' || found.is_empty()) {
        let next = match separator {
            Some(token) if !found.is_empty() => strip(token, input.clone()),
            _ => Some(input.clone()),
        };
        let mut round = Bindings::new();
        let Some(rest) = next.and_then(|next| match_all(inner, next, &mut round)) else {
            break;
        };
        found.push(round);
        input = rest;
    }
    (op != '+' || !found.is_empty()).then_some((found, input))
}

/// `input` without the token that it must begin with.
fn strip(token: &TokenTree, input: TokenStream) -> Option<TokenStream> {
    let mut tokens = input.into_iter();
    let first = tokens.next()?;
    (first.to_string() == token.to_string()).then(|| tokens.collect())
}

/// The tokens of a fragment at the beginning of `input`, and the rest.
fn parse(fragment: &str, input: TokenStream) -> Option<(TokenStream, TokenStream)> {
    let parser = |input: ParseStream<'_>| {
        let found = match fragment {
            "ident" => Ident::parse_any(input)?.into_token_stream(),
            "ty" => input.parse::<syn::Type>()?.into_token_stream(),
            "path" => input.parse::<syn::Path>()?.into_token_stream(),
            "expr" => input.parse::<syn::Expr>()?.into_token_stream(),
            "literal" => input.parse::<syn::Lit>()?.into_token_stream(),
            "meta" => input.parse::<syn::Meta>()?.into_token_stream(),
            "vis" => input.parse::<syn::Visibility>()?.into_token_stream(),
            "tt" => input.parse::<TokenTree>()?.into_token_stream(),
            other => panic!("the fragment {other} is not known"),
        };
        Ok((found, input.parse::<TokenStream>()?))
    };
    parser.parse2(input).ok()
}

fn variables(parts: &[Part]) -> Vec<String> {
    let names = parts.iter().flat_map(|part| match part {
        Part::Token(_) => Vec::new(),
        Part::Group(_, inner) | Part::Repeat(inner, ..) => variables(inner),
        Part::Variable(name, _) => vec![name.clone()],
    });
    names.collect()
}

/// Writes `parts`; the innermost scope that binds a variable is the last.
fn write(parts: &[Part], scopes: &[&Bindings]) -> TokenStream {
    let lookup = |name: &String| scopes.iter().rev().find_map(|scope| scope.get(name));
    let written = parts.iter().map(|part| match part {
        Part::Token(token) => token.to_token_stream(),
        Part::Group(delimiter, inner) => {
            Group::new(*delimiter, write(inner, scopes)).into_token_stream()
        }
        Part::Variable(name, _) if name == "crate" => quote!(crate),
        Part::Variable(name, _) => match lookup(name) {
            Some(Bound::One(tokens)) => tokens.clone(),
            _ => panic!("${name} is not bound here"),
        },
        Part::Repeat(inner, separator, _) => {
            let repeated: Vec<&Vec<Bindings>> = variables(inner)
                .iter()
                .filter_map(|name| match lookup(name) {
                    Some(Bound::Many(rounds)) => Some(rounds),
                    _ => None,
                })
                .collect();
            let rounds = repeated.iter().map(|rounds| rounds.len()).max().unwrap();
            let mut out = TokenStream::new();
            for round in 0..rounds {
                if round > 0 {
                    separator.to_tokens(&mut out);
                }
                let inside = repeated.iter().map(|rounds| &rounds[round]);
                let scopes: Vec<&Bindings> = scopes.iter().copied().chain(inside).collect();
                out.extend(write(inner, &scopes));
            }
            out
        }
    });
    written.collect()
}

#[test]
fn macros_are_expanded() {
    let cases = [
        (
            quote!(($(#[$meta:meta])* pub enum $name:ident { $( $variant:ident = $text:literal, )+ }) => {
                $(#[$meta])* enum $name { $($variant,)+ Unknown }
                impl $name { fn text(self) { match self { $(Self::$variant => $text,)+ } } }
            }),
            quote!(
                #[doc = "D"]
                pub enum Fruit {
                    Apple = "apple",
                    Pear = "pear",
                }
            ),
            quote!(#[doc = "D"] enum Fruit { Apple, Pear, Unknown }
                impl Fruit { fn text(self) { match self { Self::Apple => "apple", Self::Pear => "pear", } } }),
        ),
        (
            quote!(($name:ty $(, $generic:ident: $bound:path)?) => {
                impl<S, $($generic: $bound)?> $crate::Extract<S> for $name {}
            }),
            quote!(Claims<C>, C: serde::Send),
            quote!(
                impl<S, C: serde::Send> crate::Extract<S> for Claims<C> {}
            ),
        ),
        (
            quote!(($name:ty $(, $generic:ident: $bound:path)?) => { impl<S, $($generic: $bound)?> X for $name {} }),
            quote!(User),
            // In braces, where no formatter takes the comma away.
            quote! { impl<S,> X for User {} },
        ),
        (
            quote!(($( pub fn $name:ident(self, $($argument:ident: $type:ty),+); )+) => {
                $( fn $name($($argument: $type),+); )+
            }),
            quote!(
                pub fn page(self, page: u32);
                pub fn order(self, by: Vec<u8>, up: bool);
            ),
            quote!(
                fn page(page: u32);
                fn order(by: Vec<u8>, up: bool);
            ),
        ),
    ];
    for (rules, input, want) in cases {
        let made = Rules::read(rules).expand(&input).unwrap();
        assert_eq!(made.to_string(), want.to_string());
    }
    let strict = Rules::read(quote!((a) => {}));
    assert!(strict.expand(&quote!(b)).is_none() && strict.expand(&quote!(a a)).is_none());
}
