//! Removes what a generated operation does for every request without need.
//!
//! Progenitor sends the version of the API description as `api-version`, which no server of this API asks for,
//! and copies every path parameter before it encodes it.

use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Block, Expr, ExprMethodCall, FnArg, Ident, ImplItemFn, Lit, Macro, Pat, Stmt, Token, Type,
};

type Arguments = Punctuated<Expr, Token![,]>;

const HEADERS: &str = "header_map";
const VERSION: &str = "api-version";

/// Rewrites one operation.
pub(crate) fn simplify(function: &mut ImplItemFn) {
    let Block { stmts, .. } = &mut function.block;
    stmts.retain(|stmt| !appends_version(stmt));
    // Operations with headers of their own keep the map.
    if !stmts.iter().any(fills_headers) {
        stmts.retain(|stmt| !declares_headers(stmt));
        WithoutHeaders.visit_block_mut(&mut function.block);
    }
    let texts = function
        .sig
        .inputs
        .iter()
        .filter_map(text_parameter)
        .collect();
    WithoutCopies(texts).visit_block_mut(&mut function.block);
}

/// `header_map.append(HeaderName::from_static("api-version"), ..);`
fn appends_version(stmt: &Stmt) -> bool {
    let Stmt::Expr(Expr::MethodCall(call), _) = stmt else {
        return false;
    };
    is_headers(&call.receiver)
        && matches!(call.args.first(), Some(Expr::Call(name))
            if matches!(name.args.first(), Some(Expr::Lit(text))
                if matches!(&text.lit, Lit::Str(text) if text.value() == VERSION)))
}

fn declares_headers(stmt: &Stmt) -> bool {
    matches!(stmt, Stmt::Local(local) if matches!(&local.pat, Pat::Ident(name) if name.ident == HEADERS))
}

/// Whether a statement other than the declaration and the use in the request mentions the map.
fn fills_headers(stmt: &Stmt) -> bool {
    struct Appends(bool);
    impl VisitMut for Appends {
        fn visit_expr_method_call_mut(&mut self, call: &mut ExprMethodCall) {
            visit_mut::visit_expr_method_call_mut(self, call);
            self.0 |= is_headers(&call.receiver);
        }
    }
    let mut found = Appends(false);
    found.visit_stmt_mut(&mut stmt.clone());
    found.0
}

fn is_headers(expr: &Expr) -> bool {
    matches!(expr, Expr::Path(path) if path.path.is_ident(HEADERS))
}

/// `x.headers(header_map)` is `x`.
struct WithoutHeaders;

impl VisitMut for WithoutHeaders {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        if let Expr::MethodCall(call) = expr
            && call.method == "headers"
            && call.args.first().is_some_and(is_headers)
        {
            *expr = (*call.receiver).clone();
        }
    }
}

/// The name of a parameter of type `&str`.
fn text_parameter(parameter: &FnArg) -> Option<Ident> {
    let FnArg::Typed(parameter) = parameter else {
        return None;
    };
    match (&*parameter.pat, &*parameter.ty) {
        (Pat::Ident(name), Type::Reference(of)) if matches!(&*of.elem, Type::Path(path) if path.path.is_ident("str")) => {
            Some(name.ident.clone())
        }
        _ => None,
    }
}

/// `encode_path(&x.to_string())` is `encode_path(x)` where x is a text, one of these.
struct WithoutCopies(Vec<Ident>);

impl VisitMut for WithoutCopies {
    /// The paths are in `format!(..)`, whose arguments are expressions.
    fn visit_macro_mut(&mut self, call: &mut Macro) {
        let Ok(mut arguments) = call.parse_body_with(Arguments::parse_terminated) else {
            return;
        };
        for argument in &mut arguments {
            self.visit_expr_mut(argument);
        }
        call.tokens = arguments.into_token_stream();
    }

    fn visit_expr_call_mut(&mut self, call: &mut syn::ExprCall) {
        visit_mut::visit_expr_call_mut(self, call);
        let encodes = matches!(&*call.func, Expr::Path(path) if path.path.is_ident("encode_path"));
        if encodes
            && let Some(Expr::Reference(reference)) = call.args.first()
            && let Expr::MethodCall(copy) = &*reference.expr
            && copy.method == "to_string"
            && let Expr::Path(name) = &*copy.receiver
            && self.0.iter().any(|text| name.path.is_ident(text))
        {
            let text = (*copy.receiver).clone();
            call.args = [text].into_iter().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;
    use syn::parse_quote;

    use super::*;

    fn simplified(mut function: ImplItemFn) -> String {
        simplify(&mut function);
        quote!(#function).to_string()
    }

    #[test]
    fn a_request_has_no_version_and_no_copies() {
        let done = simplified(parse_quote! {
            pub async fn get(&self, id: &str, kind: Kind) {
                let url = format!("{}/{}", encode_path(&id.to_string()), encode_path(&kind.to_string()));
                let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
                header_map.append(
                    ::reqwest::header::HeaderName::from_static("api-version"),
                    ::reqwest::header::HeaderValue::from_static(Self::api_version()),
                );
                let request = self.client.get(url).header(ACCEPT, JSON).headers(header_map).build()?;
            }
        });
        let want = quote! {
            pub async fn get(&self, id: &str, kind: Kind) {
                let url = format!("{}/{}", encode_path(id), encode_path(&kind.to_string()));
                let request = self.client.get(url).header(ACCEPT, JSON).build()?;
            }
        };
        assert_eq!(done, want.to_string());
    }

    #[test]
    fn headers_of_the_operation_stay() {
        let done = simplified(parse_quote! {
            pub async fn get(&self, origin: Option<&str>) {
                let mut header_map = HeaderMap::with_capacity(2usize);
                header_map.append(HeaderName::from_static("api-version"), value);
                if let Some(value) = origin {
                    header_map.append("Origin", value.to_string().try_into()?);
                }
                let request = self.client.get(url).headers(header_map).build()?;
            }
        });
        let want = quote! {
            pub async fn get(&self, origin: Option<&str>) {
                let mut header_map = HeaderMap::with_capacity(2usize);
                if let Some(value) = origin {
                    header_map.append("Origin", value.to_string().try_into()?);
                }
                let request = self.client.get(url).headers(header_map).build()?;
            }
        };
        assert_eq!(done, want.to_string());
    }
}
