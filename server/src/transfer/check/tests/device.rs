//! Passkeys.

use super::*;

#[test]
fn a_short_line_is_enough_for_a_passkey() {
    let user = a_device(&json!({"cred_id": "AQIDBA==", "transports": ["usb"]})).unwrap();
    let [record] = user.devices.as_slice() else {
        panic!("one device");
    };
    let (device, credential) = (&record.device, record.credential.as_ref().unwrap());
    assert_eq!(device.cred_id, "AQIDBA");
    assert_eq!(
        (device.r#type.as_str(), device.friendly_name.as_str()),
        ("security_key", "Passkey")
    );
    assert_eq!(
        (device.created_at, device.last_login_at),
        (NOW, Time::NEVER)
    );
    assert_eq!(
        (credential.cred_id.as_str(), credential.sign_count),
        ("AQIDBA", 0)
    );
    assert!(credential.passkey().is_some());
}

#[test]
fn the_kind_of_a_passkey_follows_from_what_is_known_of_it() {
    for (members, kind) in [
        (json!({"backup_eligible": true}), "passkey"),
        (
            json!({"backup_eligible": true, "type": "platform"}),
            "platform",
        ),
        (json!({"transports": ["nfc"]}), "security_key"),
        (json!({"transports": ["internal"]}), "platform"),
    ] {
        let user = a_device(&members).unwrap();
        let kinds: Vec<_> = user
            .devices
            .iter()
            .map(|it| it.device.r#type.as_str())
            .collect();
        assert_eq!(kinds, [kind], "{members}");
    }
}

#[test]
fn what_a_passkey_cannot_be() {
    let eight = ["usb"; 9];
    bad(
        a_device,
        &[
            (
                json!({"cred_id": ""}),
                "devices[0].cred_id",
                "1 to 1023 bytes",
            ),
            (
                json!({"cred_id": "a+b/"}),
                "devices[0].cred_id",
                "base64url",
            ),
            (
                json!({"cred_id": "A".repeat(1366)}),
                "devices[0].cred_id",
                "1 to 1023 bytes",
            ),
            (
                json!({"public_key": "?"}),
                "devices[0].public_key",
                "in base64url",
            ),
            (
                json!({"public_key": "oA"}),
                "devices[0].public_key",
                "ES256 on P-256",
            ),
            (
                json!({"public_key": "AAAA"}),
                "devices[0].public_key",
                "no CBOR",
            ),
            (
                json!({"sign_count": -1}),
                "devices[0].sign_count",
                "from 0 to 4294967295",
            ),
            (
                json!({"sign_count": 4_294_967_296_i64}),
                "devices[0].sign_count",
                "from 0 to 4294967295",
            ),
            (
                json!({"transports": eight}),
                "devices[0].transports",
                "at most 8",
            ),
            (
                json!({"transports": ["u s b"]}),
                "devices[0].transports",
                "names such as",
            ),
            (json!({"aaguid": "1"}), "devices[0].aaguid", "a UUID"),
            (
                json!({"backup_eligible": null}),
                "devices[0].backup_eligible",
                "the flag BE",
            ),
            (
                json!({"backup_state": true}),
                "devices[0].backup_state",
                "backup_eligible is false",
            ),
            (
                json!({"type": "phone"}),
                "devices[0].type",
                "passkey, security_key or platform",
            ),
            (
                json!({"icon_dark": "https://a.b/c.svg"}),
                "devices[0].icon_dark",
                "a data URL",
            ),
            (
                json!({"usage_count": -1}),
                "devices[0].usage_count",
                "not be negative",
            ),
            (json!({"id": "a.b"}), "devices[0].id", "letters, digits"),
            (
                json!({"updated_at": "now"}),
                "devices[0].updated_at",
                "RFC 3339",
            ),
            (
                json!({"public_key": null}),
                "devices[0].backup_eligible",
                "without a public_key",
            ),
        ],
    );
}
