//! Passkey logins: clients with a P-256 key that do what a browser and its authenticator do.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use passage_benches::Failure;
use serde_json::{Value, json};

use crate::load::{Client, Connection, Request};
use crate::process::{APP, ORIGIN};

const RP_ID: &str = "localhost";
/// The user is present and was verified, as for every passkey.
const FLAGS: u8 = 0b101;
/// There is a new key in the data.
const ATTESTED: u8 = 0b100_0000;

/// Somebody with a passkey.
pub(crate) struct Holder {
    connection: Connection,
    email: String,
    key: EcdsaKeyPair,
    id: Vec<u8>,
    user_handle: String,
}

impl Holder {
    /// Registers somebody with a passkey. The reply signs them in.
    pub(crate) async fn register(address: &str, email: String) -> Result<(Self, String), Failure> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)?;
        let id = sha256(key.public_key().as_ref());
        let mut holder = Self {
            connection: Connection::open(address).await?,
            email,
            key,
            id,
            user_handle: String::new(),
        };
        let start = holder.start("register").await?;
        holder.user_handle = text(&start, "/handshake/challenge/publicKey/user/id")?;
        let response = holder.create(&text(&start, CHALLENGE)?)?;
        let reply = holder.finish("register", &start, &response, 201).await?;
        Ok((holder, reply))
    }

    /// The connection, for other requests.
    pub(crate) fn into_connection(self) -> Connection {
        self.connection
    }

    async fn start(&mut self, ceremony: &str) -> Result<Value, Failure> {
        let body = json!({"identifier": self.email}).to_string();
        let request = Request {
            target: &format!("POST /auth/v1/apps/{APP}/{ceremony}/webauthn/start"),
            token: None,
            body: &body,
        };
        let reply = self.connection.call(&request, 200).await?;
        Ok(serde_json::from_str(&reply)?)
    }

    async fn finish(
        &mut self,
        ceremony: &str,
        start: &Value,
        response: &Value,
        status: u16,
    ) -> Result<String, Failure> {
        let body = json!({
            "handshake_id": start.pointer("/handshake/id"),
            "handshake_response": response,
            "user_id": start.pointer("/user/id"),
        });
        let request = Request {
            target: &format!("POST /auth/v1/apps/{APP}/{ceremony}/webauthn/finish"),
            token: None,
            body: &body.to_string(),
        };
        self.connection.call(&request, status).await
    }

    /// What the browser answers to the challenge of a registration.
    fn create(&self, challenge: &str) -> Result<Value, Failure> {
        let mut data = authenticator_data(FLAGS | ATTESTED);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len())?.to_be_bytes());
        data.extend(&self.id);
        data.extend(self.cose_key()?);
        // CBOR: {"fmt": "none", "attStmt": {}, "authData": bytes}.
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len())?);
        object.extend(data);
        let client_data = client_data("webauthn.create", challenge);
        Ok(self.credential(&json!({
            "attestationObject": encode(object),
            "clientDataJSON": encode(client_data),
            "transports": ["internal"],
        })))
    }

    /// The public key in COSE: {1: 2, 3: -7, -1: 1, -2: x, -3: y}.
    fn cose_key(&self) -> Result<Vec<u8>, Failure> {
        // An uncompressed point: 4, x, y.
        let point = self.key.public_key().as_ref();
        let (x, y) = (point.get(1..33), point.get(33..65));
        let (x, y) = (x.ok_or("no x")?, y.ok_or("no y")?);
        let start = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20";
        Ok([start, x, b"\x22\x58\x20", y].concat())
    }

    /// What the browser answers to the challenge of a login.
    fn get(&self, challenge: &str) -> Result<Value, Failure> {
        let data = authenticator_data(FLAGS);
        let client_data = client_data("webauthn.get", challenge);
        let signed = [data.clone(), sha256(client_data.as_bytes())].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed)?;
        Ok(self.credential(&json!({
            "authenticatorData": encode(data),
            "clientDataJSON": encode(client_data),
            "signature": encode(signature),
            "userHandle": self.user_handle,
        })))
    }

    fn credential(&self, response: &Value) -> Value {
        json!({
            "id": encode(&self.id), "rawId": encode(&self.id), "type": "public-key",
            "authenticatorAttachment": "platform", "clientExtensionResults": {},
            "response": response,
        })
    }
}

impl Client for Holder {
    /// A whole login: both requests.
    async fn step(&mut self) -> Result<(), Failure> {
        let start = self.start("login").await?;
        let response = self.get(&text(&start, CHALLENGE)?)?;
        self.finish("login", &start, &response, 200).await.map(drop)
    }
}

const CHALLENGE: &str = "/handshake/challenge/publicKey/challenge";

fn text(value: &Value, pointer: &str) -> Result<String, Failure> {
    let text = value.pointer(pointer).and_then(Value::as_str);
    Ok(text.ok_or_else(|| format!("no {pointer}"))?.to_owned())
}

/// Hash of the site, flags, and a counter that does not count.
fn authenticator_data(flags: u8) -> Vec<u8> {
    let mut data = sha256(RP_ID.as_bytes());
    data.push(flags);
    data.extend([0; 4]);
    data
}

fn client_data(kind: &str, challenge: &str) -> String {
    json!({"type": kind, "challenge": challenge, "origin": ORIGIN}).to_string()
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
