//! What users see of generated code: its operations, its types, nothing of how they work.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use syn::visit::Visit;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, Fields, FnArg, GenericArgument, ImplItem, ImplItemFn, Item, ItemEnum, ItemImpl,
    ItemStruct, Meta, PathArguments, ReturnType, Type,
};

use super::text::line;

/// A method of the generated client.
pub(crate) struct Function {
    /// Such as `get_user`.
    pub(crate) name: String,
    /// Method and path, such as `GET /apps/{app_id}`.
    pub(crate) route: String,
    /// Name and type of each argument, in the order of the call.
    pub(crate) arguments: Vec<(String, String)>,
    /// The type of a reply that is a success.
    pub(crate) reply: String,
    /// The type of the body of any other reply.
    pub(crate) error: String,
}

/// The methods of the client and the types of one API; a type is text by its name.
pub(crate) fn read(code: &str) -> (Vec<Function>, BTreeMap<String, String>) {
    let mut file = syn::parse_file(code).unwrap();
    ShortPaths.visit_file_mut(&mut file);
    let functions = file.items.iter().filter_map(|item| match item {
        Item::Impl(block) => Some(&block.items),
        _ => None,
    });
    let functions = functions.flatten().filter_map(|item| match item {
        ImplItem::Fn(function) if function.sig.asyncness.is_some() => Some(operation(function)),
        _ => None,
    });
    let types = file.items.iter().find_map(|item| match item {
        Item::Mod(module) if module.ident == "types" => module.content.as_ref(),
        _ => None,
    });
    let (_, types) = types.unwrap();
    let listed = types.iter().filter_map(|item| match item {
        Item::Struct(found) => Some((found.ident.to_string(), list_struct(found, types))),
        Item::Enum(found) => Some((found.ident.to_string(), list_enum(found, types))),
        _ => None,
    });
    (functions.collect(), listed.collect())
}

/// The generator's docs name the route.
fn operation(function: &ImplItemFn) -> Function {
    let sends = docs(&function.attrs)
        .find_map(|line| line.trim().strip_prefix("Sends a `").map(str::to_owned))
        .unwrap();
    let arguments = function.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(typed) => Some((line(&typed.pat), line(&typed.ty).replace("&'a ", "&"))),
        FnArg::Receiver(_) => None,
    });
    let ReturnType::Type(_, output) = &function.sig.output else {
        panic!("{} returns nothing", function.sig.ident)
    };
    let result = generics(output);
    let [reply, error] = result.as_slice() else {
        panic!("{} returns no Result", function.sig.ident)
    };
    Function {
        name: function.sig.ident.to_string(),
        route: sends.replace("` request to `", " ").replace('`', ""),
        arguments: arguments.collect(),
        reply: line(generics(reply)[0]),
        error: line(generics(error)[0]),
    }
}

/// `A` and `B` of `X<A, B>`.
fn generics(whole: &Type) -> Vec<&Type> {
    let Type::Path(path) = whole else {
        panic!("{} is no path", line(whole))
    };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last().unwrap().arguments
    else {
        panic!("{} is not generic", line(whole))
    };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(of) => Some(of),
        _ => None,
    });
    types.collect()
}

fn list_struct(structure: &ItemStruct, types: &[Item]) -> String {
    let name = &structure.ident;
    let default = derives_default(&structure.attrs).then_some(" (Default)");
    let default = default.unwrap_or_default();
    let Fields::Named(fields) = &structure.fields else {
        let fields: Vec<String> = structure.fields.iter().map(|f| line(&f.ty)).collect();
        return format!("struct {name}({}){default}\n", fields.join(", "));
    };
    let mut out = format!("struct {name}{default}\n");
    let debug = implementation(types, "Debug", &name.to_string()).map(line);
    for field in &fields.named {
        let ident = field.ident.as_ref().unwrap();
        write!(out, "    {ident}: {}", line(&field.ty)).unwrap();
        for note in serde_notes(&field.attrs) {
            write!(out, ", {note}").unwrap();
        }
        let redacted = format!(r#".field("{ident}", &format_args!"#);
        if debug.as_ref().is_some_and(|code| code.contains(&redacted)) {
            out.push_str(", redacted");
        }
        out.push('\n');
    }
    out
}

/// The value of each variant is what `From<String>` matches.
fn list_enum(enumeration: &ItemEnum, types: &[Item]) -> String {
    let name = enumeration.ident.to_string();
    let mut out = format!("enum {name}\n");
    let mut arms = Arms::default();
    arms.visit_item_impl(implementation(types, "From", &name).unwrap());
    for variant in &enumeration.variants {
        let ident = &variant.ident;
        if variant.fields.is_empty() {
            let value = &arms.0[&ident.to_string()];
            writeln!(out, "    {ident} = {value:?}").unwrap();
        } else {
            writeln!(out, "    {ident}{}", line(&variant.fields)).unwrap();
        }
    }
    out
}

/// The literal of each `"literal" => Self::Variant`, by variant.
#[derive(Default)]
struct Arms(HashMap<String, String>);

impl<'ast> Visit<'ast> for Arms {
    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if let syn::Pat::Lit(syn::PatLit {
            lit: syn::Lit::Str(value),
            ..
        }) = &arm.pat
        {
            let body = line(&arm.body);
            let variant = body.trim_matches(['{', '}', ' ']).strip_prefix("Self::");
            self.0.insert(variant.unwrap().to_owned(), value.value());
        }
    }
}

/// `impl Trait for Name`.
fn implementation<'a>(types: &'a [Item], name: &str, target: &str) -> Option<&'a ItemImpl> {
    types.iter().find_map(|item| match item {
        Item::Impl(block) => {
            let (_, path, _) = block.trait_.as_ref()?;
            let wanted = path.segments.last()?.ident == name && line(&block.self_ty) == target;
            wanted.then_some(block)
        }
        _ => None,
    })
}

fn derives_default(attrs: &[Attribute]) -> bool {
    attrs
        .iter()
        .any(|a| a.path().is_ident("derive") && line(a).contains("Default"))
}

fn serde_notes(attrs: &[Attribute]) -> impl Iterator<Item = String> {
    attrs
        .iter()
        .filter(|attr| attr.path().is_ident("serde"))
        .map(|attr| {
            line(&attr.meta.require_list().unwrap().tokens)
                .replace("::std::option::", "")
                .replace("::std::vec::", "")
                .replace("crate::generated::support::", "")
        })
}

fn docs(attrs: &[Attribute]) -> impl Iterator<Item = String> {
    attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Str(text),
                ..
            }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    })
}

/// `::std::string::String` is `String`: where a type lives is not what the pins are about.
struct ShortPaths;

impl VisitMut for ShortPaths {
    fn visit_type_path_mut(&mut self, path: &mut syn::TypePath) {
        visit_mut::visit_type_path_mut(self, path);
        path.path.leading_colon = None;
        let last = path.path.segments.iter().last().cloned();
        path.path.segments = last.into_iter().collect();
    }
}

#[test]
fn everything_that_users_see_is_read() {
    let code = r#"
        pub mod types {
            #[derive(::serde::Serialize, Clone, Default)]
            pub struct Reply {
                /// Doc.
                #[serde(rename = "type", skip_serializing_if = "::std::option::Option::is_none")]
                pub type_: ::std::option::Option<::std::string::String>,
                pub token: ::std::string::String,
            }
            impl ::std::fmt::Debug for Reply {
                fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    f.debug_struct("Reply").field("type_", &self.type_)
                        .field("token", &format_args!("<redacted>")).finish()
                }
            }
            pub struct Wrapper(pub ::std::vec::Vec<Reply>);
            pub enum Open { A, Unknown(String) }
            impl ::std::convert::From<String> for Open {
                fn from(value: String) -> Self {
                    match value.as_str() { "a" => Self::A, _ => Self::Unknown(value) }
                }
            }
        }
        impl Client {
            /// Sends a `POST` request to `/things/{id}`
            pub async fn make<'a>(&'a self, id: &'a str, page: Option<i64>)
                -> Result<ResponseValue<types::Reply>, Error<types::ApiError>> { todo() }
        }
    "#;
    let (functions, types) = read(code);
    let [make] = functions.as_slice() else {
        panic!("{} functions", functions.len())
    };
    assert_eq!(
        (make.name.as_str(), make.route.as_str()),
        ("make", "POST /things/{id}")
    );
    assert_eq!(
        (make.reply.as_str(), make.error.as_str()),
        ("Reply", "ApiError")
    );
    let arguments = [("id", "&str"), ("page", "Option<i64>")];
    assert_eq!(
        make.arguments,
        arguments.map(|(a, b)| (a.to_owned(), b.to_owned()))
    );
    let types: Vec<String> = types.into_values().collect();
    let want = "\
enum Open
    A = \"a\"
    Unknown(String)

struct Reply (Default)
    type_: Option<String>, rename = \"type\", skip_serializing_if = \"Option::is_none\"
    token: String, redacted

struct Wrapper(Vec<Reply>)
";
    assert_eq!(types.join("\n"), want);
}
