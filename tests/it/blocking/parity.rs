//! Every method of a type that has async ones has its counterpart, which takes and gives the same. Read
//! from the source, so that a new method cannot be forgotten.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::{
    FnArg, ForeignItemFn, GenericArgument, ImplItem, Item, PathArguments, ReturnType, Signature,
    Type, TypeParamBound, Visibility,
};

/// Methods without a counterpart: what takes its place, and why it is another one.
const EXCEPTIONS: &[(&str, &str)] = &[
    // Both clients are built by the same builder.
    ("Passage::builder", "PassageBuilder::build_blocking"),
    // The generated clients have async methods alone, for 62 operations.
    ("Passage::management_api", "inner() and block_on(..)"),
    ("Passage::auth_api", "inner() and block_on(..)"),
    ("Passage::auth_api_as", "inner() and block_on(..)"),
    // A stream without async is an iterator.
    ("ListUsers::stream", "ListUsers::iter"),
    ("ListUsers::stream_from", "ListUsers::iter_from"),
    ("UserStream::next", "UserIter, an iterator"),
    ("UserStream::cursor", "UserIter::cursor"),
    ("UserStream::total", "UserIter::total"),
    // For keys of other issuers than the app, which no client has: a runtime runs it.
    ("KeySource::builder", "Passage::block_on(..)"),
    ("KeySource::pinned", "Passage::block_on(..)"),
    ("KeySource::verify", "Passage::block_on(..)"),
    ("KeySource::warm_up", "Passage::block_on(..)"),
    ("KeySource::health", "it is not async"),
];

/// Where no part of the facade is.
const ELSEWHERE: &[&str] = &["blocking", "generated", "test_util"];

struct Method {
    is_async: bool,
    takes: Vec<String>,
    gives: String,
}

impl Method {
    fn of(signature: &Signature) -> Self {
        let (is_async, gives) = match &signature.output {
            ReturnType::Default => (false, "()".to_owned()),
            ReturnType::Type(_, output) => match future_output(output) {
                Some(output) => (true, output.to_token_stream().to_string()),
                None => (false, output.to_token_stream().to_string()),
            },
        };
        Self {
            is_async: is_async || signature.asyncness.is_some(),
            takes: signature.inputs.iter().map(argument).collect(),
            gives,
        }
    }
}

/// Without lifetimes and `Send`, which only tell how long a future holds on to something and where
/// it may run, and without `mut`, which tells the caller nothing.
fn argument(argument: &FnArg) -> String {
    let text = argument.to_token_stream().to_string();
    let text = text.replace("'a ", "").replace("Send + ", "");
    text.strip_prefix("mut ").unwrap_or(&text).to_owned()
}

/// `T` of `impl Future<Output = T> + ..`.
fn future_output(output: &Type) -> Option<&Type> {
    let Type::ImplTrait(output) = output else {
        return None;
    };
    output.bounds.iter().find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else {
            return None;
        };
        let future = bound.path.segments.last()?;
        let PathArguments::AngleBracketed(arguments) = &future.arguments else {
            return None;
        };
        arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::AssocType(output) if output.ident == "Output" => Some(&output.ty),
            _ => None,
        })
    })
}

type Methods = BTreeMap<String, Method>;

/// The public methods in a file, by `Type::name`.
fn read(path: &Path, methods: &mut Methods) {
    let file = syn::parse_file(&fs::read_to_string(path).unwrap()).unwrap();
    for item in &file.items {
        match item {
            Item::Impl(block) if block.trait_.is_none() => {
                let Type::Path(of) = &*block.self_ty else {
                    continue;
                };
                let of = &of.path.segments.last().unwrap().ident;
                for item in &block.items {
                    if let ImplItem::Fn(function) = item
                        && matches!(function.vis, Visibility::Public(_))
                    {
                        let signature = &function.sig;
                        let name = format!("{of}::{}", signature.ident);
                        methods.insert(name, Method::of(signature));
                    }
                }
            }
            // The one macro that makes methods of the blocking list.
            Item::Macro(item) if item.mac.path.is_ident("settings") => {
                let functions = |input: ParseStream<'_>| {
                    let mut functions = Vec::new();
                    while !input.is_empty() {
                        functions.push(input.parse::<ForeignItemFn>()?);
                    }
                    Ok(functions)
                };
                for function in functions.parse2(item.mac.tokens.clone()).unwrap() {
                    let name = format!("ListUsers::{}", function.sig.ident);
                    methods.insert(name, Method::of(&function.sig));
                }
            }
            _ => {}
        }
    }
}

fn files(folder: &Path, skip: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !skip.contains(&name) {
            found.extend(files(&path, skip));
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            found.push(path);
        }
    }
    found
}

fn methods(folder: &str, skip: &[&str]) -> Methods {
    let mut methods = Methods::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    for file in files(&folder, skip) {
        read(&file, &mut methods);
    }
    methods
}

fn type_of(method: &str) -> &str {
    method.split_once("::").unwrap().0
}

#[test]
fn every_method_has_its_counterpart() {
    let facade = methods("src", ELSEWHERE);
    let counterparts = methods("src/blocking", &[]);
    let is_async = |of: &str| {
        let mut all = facade.iter();
        all.any(|(name, method)| type_of(name) == of && method.is_async)
    };
    let mut wrong = Vec::new();
    let mut right = 0;
    for (name, method) in &facade {
        if !is_async(type_of(name)) {
            continue;
        }
        let is_exception = EXCEPTIONS.iter().any(|(exception, _)| exception == name);
        match counterparts.get(name) {
            None if is_exception => {}
            Some(_) if is_exception => wrong.push(format!("{name} is no exception any more")),
            None => wrong.push(format!("{name} has no counterpart")),
            Some(counterpart) if counterpart.is_async => {
                wrong.push(format!("the counterpart of {name} is async"))
            }
            Some(counterpart) if counterpart.takes != method.takes => wrong.push(format!(
                "{name} takes {:?}, its counterpart {:?}",
                method.takes, counterpart.takes
            )),
            Some(counterpart) if counterpart.gives != method.gives => wrong.push(format!(
                "{name} gives {}, its counterpart {}",
                method.gives, counterpart.gives
            )),
            Some(_) => right += 1,
        }
    }
    for (exception, _) in EXCEPTIONS {
        if !facade.contains_key(*exception) {
            wrong.push(format!("{exception} is not there any more"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // So that a reader that reads nothing is noticed.
    assert!(right >= 61, "{right} counterparts");
    for name in [
        "Passage::authenticate",
        "Users::get",
        "ListUsers::send",
        "ImportUsers::run",
        "ExportUsers::write_to",
    ] {
        assert!(facade[name].is_async, "{name}");
    }
}
