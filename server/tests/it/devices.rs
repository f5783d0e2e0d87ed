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

#[tokio::test]
async fn devices_show_on_the_user_and_in_their_own_list() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let icon = "data:image/svg+xml;base64,PHN2Zy8+";
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
        .icons(icon, icon)
        .usage_count(3);
    let key = app.controls().seed_device(&id, key).await.unwrap();

    let devices = app.get(&format!("/users/{id}/devices")).await.json(200)["devices"].clone();
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
            "icons": {"light": icon, "dark": icon},
            "id": key,
            "last_login_at": second["created_at"],
            "type": "security_key",
            "updated_at": second["created_at"],
            "usage_count": 3,
        })
    );
    assert!(time(&second["created_at"]) > time(&first["created_at"]));

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
