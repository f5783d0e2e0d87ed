//! `passage-server app`.

use std::time::Duration;

use clap::{Args, Subcommand};
use passage_server::{MetadataType, NewApp};
use serde_json::json;

use super::admin::{Where, with};
use super::{Outcome, metadata_field, print};

#[derive(Subcommand)]
pub(super) enum App {
    /// Create an app, and print its id and its first API key, which is shown this once
    Create(Create),
    /// Change what is said of an app; all else stays as it is
    Update(Update),
    /// Delete an app with its keys
    Delete {
        #[command(flatten)]
        place: Where,
        /// Id of the app
        #[arg(long, value_name = "ID")]
        app: String,
        /// Delete its users too
        #[arg(long)]
        with_users: bool,
    },
    /// List the apps, one line of JSON for each
    List {
        #[command(flatten)]
        place: Where,
    },
    /// See to the API keys of an app
    #[command(subcommand)]
    ApiKey(ApiKey),
}

#[derive(Args)]
pub(super) struct Create {
    #[command(flatten)]
    place: Where,
    /// Origin of the app's website, such as https://shop.example.com
    #[arg(long, value_name = "ORIGIN")]
    auth_origin: String,
    /// Id of the app [default: a random one]
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Args)]
pub(super) struct Update {
    #[command(flatten)]
    place: Where,
    /// Id of the app
    #[arg(long, value_name = "ID")]
    app: String,
    /// Origin of the app's website, such as https://shop.example.com
    #[arg(long, value_name = "ORIGIN")]
    auth_origin: Option<String>,
    #[command(flatten)]
    settings: Settings,
    /// A metadata field to take away. Can be repeated.
    #[arg(long, value_name = "NAME")]
    without_metadata: Vec<String>,
}

/// What can be said of a new app and changed later. A switch without a value is on.
#[derive(Args, Clone)]
struct Settings {
    /// Name of the app, as messages have it [default: the origin]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Domain that passkeys belong to: the host of the auth origin, or a domain above it [default: that host]
    #[arg(long, value_name = "DOMAIN")]
    rp_id: Option<String>,
    /// Page that magic links open [default: /]
    #[arg(long, value_name = "PATH")]
    login_url: Option<String>,
    /// Page where users go after they signed in [default: /]
    #[arg(long, value_name = "PATH")]
    redirect_url: Option<String>,
    /// Lifetime of auth tokens [default: 3600]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    session_seconds: Option<u64>,
    /// Hand out refresh tokens [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    refresh_tokens: Option<bool>,
    /// Sign users in with magic links [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    magic_links: Option<bool>,
    /// Sign users in with one-time codes [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    one_time_codes: Option<bool>,
    /// Answer requests for codes and links alike for users who are known and who are not [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    conceal_users: Option<bool>,
    /// A metadata field, such as plan:string; an app without any takes all fields. Can be repeated.
    #[arg(long, value_name = "NAME:TYPE", value_parser = metadata_field)]
    metadata: Vec<(String, MetadataType)>,
}

#[derive(Subcommand)]
pub(super) enum ApiKey {
    /// Create an API key, and print it: it is shown this once
    Create {
        #[command(flatten)]
        place: Where,
        /// Id of the app
        #[arg(long, value_name = "ID")]
        app: String,
        /// What the key is for
        #[arg(long, value_name = "NAME", default_value = "command line")]
        name: String,
    },
}

impl Settings {
    fn apply(self, app: NewApp) -> NewApp {
        /// Tells the app a value, if there is one.
        fn set<T>(app: NewApp, value: Option<T>, to: impl FnOnce(NewApp, T) -> NewApp) -> NewApp {
            match value {
                Some(value) => to(app, value),
                None => app,
            }
        }
        let app = set(app, self.name, NewApp::name);
        let app = set(app, self.rp_id, NewApp::rp_id);
        let app = set(app, self.login_url, NewApp::login_url);
        let app = set(app, self.redirect_url, NewApp::redirect_url);
        let lifetime = self.session_seconds.map(Duration::from_secs);
        let app = set(app, lifetime, NewApp::session_timeout);
        let app = set(app, self.refresh_tokens, NewApp::refresh_tokens);
        let app = set(app, self.magic_links, NewApp::magic_links);
        let app = set(app, self.one_time_codes, NewApp::one_time_codes);
        let app = set(app, self.conceal_users, NewApp::conceal_users);
        let fields = self.metadata.into_iter();
        fields.fold(app, |app, (name, kind)| app.metadata_field(name, kind))
    }
}

pub(super) async fn run(command: App) -> Outcome {
    match command {
        App::Create(options) => create(options).await?,
        App::Update(options) => update(options).await?,
        App::Delete {
            place,
            app,
            with_users,
        } => {
            let data = place.data_of(&app)?;
            with(data, async |file| file.delete_app(app, with_users).await).await?;
        }
        App::List { place } => {
            let apps = with(place.data()?, async |file| file.apps().await);
            for app in apps.await? {
                print(&json!({
                    "app_id": app.id,
                    "name": app.name,
                    "auth_origin": app.auth_origin,
                    "created_at": app.created_at,
                }))?;
            }
        }
        App::ApiKey(ApiKey::Create { place, app, name }) => {
            let key = with(place.data()?, async |file| {
                file.create_api_key(app.clone(), name).await
            });
            print(&json!({"app_id": app, "api_key": key.await?}))?;
        }
    }
    Ok(())
}

async fn create(options: Create) -> Outcome {
    let mut app = options.settings.apply(NewApp::new(options.auth_origin));
    if let Some(id) = options.id {
        app = app.id(id);
    }
    let created = with(options.place.data()?, async |file| {
        file.create_app(app).await
    });
    let app = created.await?;
    print(&json!({"app_id": app.id, "api_key": app.api_key}))?;
    Ok(())
}

async fn update(options: Update) -> Outcome {
    let data = options.place.data_of(&options.app)?;
    let (origin, fields) = (options.auth_origin, options.without_metadata);
    let change = move |app| {
        let mut app = options.settings.clone().apply(app);
        if let Some(origin) = &origin {
            app = app.auth_origin(origin);
        }
        fields.iter().fold(app, NewApp::without_metadata_field)
    };
    with(data, async |file| {
        file.update_app(options.app, change).await
    })
    .await?;
    Ok(())
}
