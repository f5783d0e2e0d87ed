//! Answers to challenges made by hand, so that each part of them can be wrong.

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_cbor_2::Value as Cbor;
use serde_json::{Value, json};

use crate::support::text;

pub const PRESENT: u8 = 0x01;
pub const VERIFIED: u8 = 0x04;
pub const BACKUP_ELIGIBLE: u8 = 0x08;
pub const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;

/// A key of an authenticator, which signs whatever it is given.
pub struct Key {
    pair: EcdsaKeyPair,
    pub id: Vec<u8>,
    pub user_handle: Vec<u8>,
}

/// All that goes into an answer.
#[derive(Clone)]
pub struct Answer {
    pub kind: &'static str,
    pub challenge: String,
    pub origin: String,
    pub cross_origin: Option<bool>,
    pub rp_id: String,
    pub flags: u8,
    pub counter: u32,
    /// Credential id as the answer has it.
    pub id: Vec<u8>,
    pub user_handle: Option<Vec<u8>>,
    /// COSE number of the algorithm that a new key says it is for.
    pub algorithm: i128,
    /// Format of the attestation of a new key.
    pub format: &'static str,
    /// Changes to what was signed, after it was.
    pub tampered: Option<Part>,
}

/// What is wrong, how the answer differs from the right one, and a word of the error's text.
pub type Wrong = (&'static str, fn(&mut Answer), &'static str);

/// What is wrong with a registration and with a login alike.
pub const WRONG_ANYWHERE: &[Wrong] = &[
    (
        "another site",
        |it| it.origin = "https://evil.example".into(),
        "origin",
    ),
    (
        "a subdomain",
        |it| it.origin = "http://a.localhost:3000".into(),
        "origin",
    ),
    (
        "another port",
        |it| it.origin = "http://localhost:3001".into(),
        "origin",
    ),
    (
        "another scheme",
        |it| it.origin = "https://localhost:3000".into(),
        "origin",
    ),
    (
        "in a frame of another site",
        |it| it.cross_origin = Some(true),
        "frame",
    ),
    (
        "another relying party",
        |it| it.rp_id = "evil.example".into(),
        "relying party",
    ),
    (
        "another challenge",
        |it| it.challenge = "A".repeat(43),
        "challenge",
    ),
];

/// A part of an answer that is changed after it was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Signature,
    AuthenticatorData,
    ClientData,
}

impl Key {
    pub fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let id = digest::digest(&digest::SHA256, pair.public_key().as_ref());
        Self {
            pair,
            id: id.as_ref().to_vec(),
            user_handle: Vec::new(),
        }
    }

    /// The right answer to the challenge of a registration.
    pub fn creation(&mut self, handshake: &Value) -> Answer {
        let options = &handshake["challenge"]["publicKey"];
        self.user_handle = bytes(&options["user"]["id"]);
        Answer {
            kind: "webauthn.create",
            flags: PRESENT | VERIFIED | ATTESTED,
            rp_id: text(&options["rp"]["id"]),
            ..self.answer(options)
        }
    }

    /// The right answer to the challenge of a login.
    pub fn assertion(&self, handshake: &Value) -> Answer {
        let options = &handshake["challenge"]["publicKey"];
        Answer {
            kind: "webauthn.get",
            rp_id: text(&options["rpId"]),
            ..self.answer(options)
        }
    }

    fn answer(&self, options: &Value) -> Answer {
        Answer {
            kind: "",
            challenge: text(&options["challenge"]),
            origin: "http://localhost:3000".to_owned(),
            cross_origin: None,
            rp_id: String::new(),
            flags: PRESENT | VERIFIED,
            counter: 0,
            id: self.id.clone(),
            user_handle: Some(self.user_handle.clone()),
            algorithm: -7,
            format: "none",
            tampered: None,
        }
    }

    /// The outcome of a registration as the browser sends it.
    pub fn create(&self, answer: &Answer) -> Value {
        let mut data = answer.data();
        if answer.flags & ATTESTED != 0 {
            data.extend([9; 16]);
            data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
            data.extend(&self.id);
            data.extend(self.cose(answer.algorithm));
        }
        let client_data = answer.client_data();
        let statement = match answer.format {
            "packed" => {
                let signature = self.sign(answer, &data, &client_data);
                vec![("alg", Cbor::Integer(-7)), ("sig", Cbor::Bytes(signature))]
            }
            _ => Vec::new(),
        };
        let object = map(vec![
            ("fmt", Cbor::Text(answer.format.to_owned())),
            ("attStmt", map(statement)),
            ("authData", Cbor::Bytes(data)),
        ]);
        json!({
            "id": encode(&answer.id),
            "rawId": encode(&answer.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "attestationObject": encode(serde_cbor_2::to_vec(&object).unwrap()),
                "clientDataJSON": encode(client_data),
                "transports": ["internal"],
            },
        })
    }

    /// The outcome of a login as the browser sends it.
    pub fn get(&self, answer: &Answer) -> Value {
        let mut data = answer.data();
        let mut client_data = answer.client_data();
        let signature = self.sign(answer, &data, &client_data);
        match answer.tampered {
            // The counter: its last byte is the last of all.
            Some(Part::AuthenticatorData) => *data.last_mut().unwrap() ^= 1,
            Some(Part::ClientData) => client_data.insert(client_data.len() - 1, b' '),
            _ => {}
        }
        json!({
            "id": encode(&answer.id),
            "rawId": encode(&answer.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "authenticatorData": encode(data),
                "clientDataJSON": encode(client_data),
                "signature": encode(signature),
                "userHandle": answer.user_handle.as_ref().map(encode),
            },
        })
    }

    fn sign(&self, answer: &Answer, data: &[u8], client_data: &[u8]) -> Vec<u8> {
        let mut signed = data.to_vec();
        signed.extend(sha256(client_data));
        let signature = self.pair.sign(&SystemRandom::new(), &signed).unwrap();
        let mut signature = signature.as_ref().to_vec();
        if answer.tampered == Some(Part::Signature) {
            *signature.last_mut().unwrap() ^= 1;
        }
        signature
    }

    fn cose(&self, algorithm: i128) -> Vec<u8> {
        // An uncompressed point: 4, x, y.
        let point = self.pair.public_key().as_ref();
        let key = [
            (1, Cbor::Integer(2)),
            (3, Cbor::Integer(algorithm)),
            (-1, Cbor::Integer(1)),
            (-2, Cbor::Bytes(point[1..33].to_vec())),
            (-3, Cbor::Bytes(point[33..].to_vec())),
        ];
        let key = key.map(|(label, value)| (Cbor::Integer(label), value));
        serde_cbor_2::to_vec(&Cbor::Map(key.into_iter().collect())).unwrap()
    }
}

impl Answer {
    fn data(&self) -> Vec<u8> {
        let mut data = sha256(self.rp_id.as_bytes());
        data.push(self.flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn client_data(&self) -> Vec<u8> {
        let mut client_data = json!({
            "type": self.kind,
            "challenge": self.challenge,
            "origin": self.origin,
        });
        if let Some(cross_origin) = self.cross_origin {
            client_data["crossOrigin"] = json!(cross_origin);
        }
        client_data.to_string().into_bytes()
    }
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

fn map(members: Vec<(&str, Cbor)>) -> Cbor {
    let members = members.into_iter();
    Cbor::Map(
        members
            .map(|(name, value)| (Cbor::Text(name.to_owned()), value))
            .collect(),
    )
}

/// Bytes in base64url.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of text in base64url.
pub fn bytes(text: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(crate::support::text(text)).unwrap()
}
