//! Devices of users.

use passage_server::SeedDevice;
use serde_json::{Value, json};

use crate::support::{App, is_id, text, time};

const NOBODY: &str = "nobodynobodynobodynobody";

#[tokio::test]
async fn a_user_without_devices_has_an_empty_list() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    assert_eq!(
        app.get(&format!("/users/{id}/devices")).await.json(200),
        json!({"devices": []})
    );
}

const ICON: &str = "data:image/svg+xml;base64,PHN2Zy8+";

/// A user with a device as it is by default, and one with everything set, which is a second younger: the user's id,
/// those of the devices, and the list.
async fn with_two_devices(app: &App) -> (String, [String; 2], Value) {
    let id = app.user_id("ada@example.com").await;
    let phone = app
        .controls()
        .seed_device(&id, SeedDevice::new())
        .await
        .unwrap();
    app.controls().advance(std::time::Duration::from_secs(1));
    let key = SeedDevice::new()
        .friendly_name("Blue key")
        .kind("security_key")
        .cred_id("Y3JlZA")
        .icons(ICON, ICON)
        .usage_count(3);
    let key = app.controls().seed_device(&id, key).await.unwrap();
    let listed = app.get(&format!("/users/{id}/devices")).await.json(200);
    (id, [phone, key], listed["devices"].clone())
}

#[tokio::test]
async fn devices_are_listed_with_every_member_oldest_first() {
    let app = App::start().await;
    let (_, [phone, key], devices) = with_two_devices(&app).await;
    let [first, second] = devices.as_array().unwrap().as_slice() else {
        panic!("{devices}")
    };
    assert!(is_id(&phone) && is_id(&key), "{phone} {key}");
    assert_eq!(
        first,
        &json!({
            "created_at": first["created_at"],
            "cred_id": first["cred_id"],
            "friendly_name": "Passkey",
            "icons": {"light": null, "dark": null},
            "id": phone,
            "last_login_at": "0001-01-01T00:00:00Z",
            "type": "passkey",
            "updated_at": first["created_at"],
            "usage_count": 0,
        })
    );
    assert!(!text(&first["cred_id"]).is_empty());
    assert_eq!(
        second,
        &json!({
            "created_at": second["created_at"],
            "cred_id": "Y3JlZA",
            "friendly_name": "Blue key",
            "icons": {"light": ICON, "dark": ICON},
            "id": key,
            "last_login_at": second["created_at"],
            "type": "security_key",
            "updated_at": second["created_at"],
            "usage_count": 3,
        })
    );
    assert!(time(&second["created_at"]) > time(&first["created_at"]));
}

#[tokio::test]
async fn devices_show_on_the_user_with_their_kinds() {
    let app = App::start().await;
    let (id, _, devices) = with_two_devices(&app).await;
    let user = app.get(&format!("/users/{id}")).await.json(200)["user"].clone();
    assert_eq!(user["webauthn"], true);
    assert_eq!(user["webauthn_devices"], devices);
    let mut types: Vec<String> = user["webauthn_types"]
        .as_array()
        .unwrap()
        .iter()
        .map(text)
        .collect();
    types.sort();
    assert_eq!(types, ["passkey", "security_key"]);
}

#[tokio::test]
async fn a_kind_that_two_devices_share_is_listed_once() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    for _ in 0..2 {
        app.controls()
            .seed_device(&id, SeedDevice::new())
            .await
            .unwrap();
    }
    let user = app.get(&format!("/users/{id}")).await.json(200)["user"].clone();
    assert_eq!(user["webauthn_types"], json!(["passkey"]));
    assert_eq!(user["webauthn_devices"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_revoked_device_is_gone() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let other = app.user_id("bob@example.com").await;
    let device = app
        .controls()
        .seed_device(&id, SeedDevice::new())
        .await
        .unwrap();
    let kept = app
        .controls()
        .seed_device(&id, SeedDevice::new())
        .await
        .unwrap();

    app.delete(&format!("/users/{id}/devices/nosuchdevicenosuchdevice"))
        .await
        .error(404, "device_not_found");
    app.delete(&format!("/users/{other}/devices/{device}"))
        .await
        .error(404, "device_not_found");
    app.delete(&format!("/users/{NOBODY}/devices/{device}"))
        .await
        .error(404, "user_not_found");
    let ids = |list: &Value| {
        list["devices"]
            .as_array()
            .unwrap()
            .iter()
            .map(|device| text(&device["id"]))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ids(&app.get(&format!("/users/{id}/devices")).await.json(200)).len(),
        2
    );

    app.delete(&format!("/users/{id}/devices/{device}"))
        .await
        .empty(200);
    let left = app.get(&format!("/users/{id}/devices")).await.json(200);
    assert_eq!(ids(&left), [kept.as_str()]);
    app.delete(&format!("/users/{id}/devices/{device}"))
        .await
        .error(404, "device_not_found");

    app.delete(&format!("/users/{id}/devices/{kept}"))
        .await
        .empty(200);
    let user = app.get(&format!("/users/{id}")).await.json(200)["user"].clone();
    assert_eq!(
        (
            &user["webauthn"],
            &user["webauthn_types"],
            &user["webauthn_devices"]
        ),
        (&json!(false), &json!([]), &json!([]))
    );
}

#[tokio::test]
async fn what_cannot_be_seeded_is_refused() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let seed = async |user: &str, device: SeedDevice| {
        app.controls()
            .seed_device(user, device)
            .await
            .map_err(|error| error.code().to_owned())
    };
    assert_eq!(
        seed(NOBODY, SeedDevice::new()).await,
        Err("user_not_found".to_owned())
    );
    assert_eq!(
        seed(&id, SeedDevice::new().kind("toaster")).await,
        Err("invalid_request".to_owned())
    );
    seed(&id, SeedDevice::new().cred_id("Y3JlZA"))
        .await
        .unwrap();
    assert_eq!(
        seed(&id, SeedDevice::new().cred_id("Y3JlZA")).await,
        Err("invalid_request".to_owned())
    );
}
