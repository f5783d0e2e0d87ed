//! `passage-server app`.

use clap::{Args, Command, Subcommand};
use passage_server::{MetadataRule, NewApp, SettingsPatch};
use serde_json::json;

use super::admin::{Where, with};
use super::{Outcome, metadata_field, print};

#[derive(Subcommand)]
pub(super) enum App {
    /// Create an app, and print its id and its first API key, which is shown only once
    Create(Create),
    /// Change the given settings of an app; all others stay the same
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
    /// Manage the API keys of an app
    #[command(subcommand)]
    ApiKey(ApiKey),
}

#[derive(Args)]
pub(super) struct Create {
    #[command(flatten)]
    place: Where,
    /// Id of the app [default: a random id]
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// The settings of the app. A switch without a value means true.
    #[command(flatten)]
    settings: SettingsPatch,
    /// A metadata field, such as plan:string. Only the backend writes it, unless display_name:string:profile or
    /// :registration,profile says when users may; :backend takes that back. Can be repeated.
    #[arg(long, value_name = "NAME:TYPE[:RIGHTS]", value_parser = metadata_field)]
    metadata: Vec<(String, MetadataRule)>,
}

#[derive(Args)]
pub(super) struct Update {
    #[command(flatten)]
    place: Where,
    /// Id of the app
    #[arg(long, value_name = "ID")]
    app: String,
    /// The settings of the app. A switch without a value means true.
    #[command(flatten)]
    settings: SettingsPatch,
    /// A metadata field, such as plan:string. Only the backend writes it, unless display_name:string:profile or
    /// :registration,profile says when users may; :backend takes that back. Can be repeated.
    #[arg(long, value_name = "NAME:TYPE[:RIGHTS]", value_parser = metadata_field)]
    metadata: Vec<(String, MetadataRule)>,
    /// A metadata field to remove. Can be repeated.
    #[arg(long, value_name = "NAME")]
    without_metadata: Vec<String>,
}

#[derive(Subcommand)]
pub(super) enum ApiKey {
    /// Create an API key and print it; it is shown only once
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

/// Makes the origin required for `app create`, which `app update` does not need.
pub(super) fn needs_origin(command: Command) -> Command {
    command.mut_subcommand("create", |create| {
        create.mut_arg("auth_origin", |origin| origin.required(true))
    })
}

fn with_fields(app: NewApp, fields: &[(String, MetadataRule)]) -> NewApp {
    let fields = fields.iter();
    fields.fold(app, |app, (name, rule)| app.metadata_field(name, *rule))
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
    // Clap requires an origin: see `needs_origin`.
    let origin = options.settings.auth_origin.clone().unwrap_or_default();
    let app = NewApp::new(origin).settings(&options.settings);
    let mut app = with_fields(app, &options.metadata);
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
    let (settings, metadata) = (options.settings, options.metadata);
    let without = options.without_metadata;
    let change = move |app: NewApp| {
        let app = with_fields(app.settings(&settings), &metadata);
        without.iter().fold(app, NewApp::without_metadata_field)
    };
    with(data, async |file| {
        file.update_app(options.app, change).await
    })
    .await?;
    Ok(())
}
