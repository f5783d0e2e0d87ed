//! The thief registers with the old address, and its owner opens the message that this brings.

use super::*;

impl Victim {
    /// Somebody registers with the old address, and its owner confirms that: the tokens of the new account.
    async fn confirms_a_registration(&self, path: &str) -> AuthResult {
        let asked = self.app.visit_post(path, json!({"identifier": ADA})).await;
        let message = self.app.message(ADA);
        let confirmed = match message.code.clone() {
            Some(code) => {
                let id = text(&asked.json(201)["otp_id"]);
                self.app.enter(&id, &code).await
            }
            None => self.app.open(&secret(&message)).await,
        };
        let result = tokens(&confirmed);
        assert_ne!(self.holders().await, json!([self.id]), "{path}");
        result
    }

    /// The ids of the users with the old address.
    async fn holders(&self) -> Value {
        let users = self.app.list(&[("identifier", ADA)]).await.json(200);
        let users = users["users"].as_array().unwrap().iter();
        users.map(|user| user["id"].clone()).collect()
    }
}

#[tokio::test]
async fn a_registration_that_the_owner_confirms_does_not_prevent_the_undo() {
    for path in ["/register/magic-link", "/register/otp"] {
        let ada = Victim::new().await;
        ada.change(EVE).await;
        let link = ada.app.undo_link(ADA);
        let other = ada.confirms_a_registration(path).await;
        ada.app.press(&link).await.page();
        ada.has(Some(ADA), None).await;
        assert_eq!(ada.holders().await, json!([ada.id]), "{path}");
        // Nobody goes on in the account that is gone.
        let body = json!({"refresh_token": other.refresh_token});
        let refused = ada.app.visit_post("/tokens", body).await;
        refused.error(401, "invalid_refresh_token");
        // Who proves the address from now on is the owner.
        by_code(&ada.app, ADA).await;
        assert_eq!(ada.holders().await, json!([ada.id]), "{path}");
    }
}

#[tokio::test]
async fn a_link_that_the_thief_got_at_a_number_does_not_end_the_owners() {
    for path in ["/register/magic-link", "/register/otp"] {
        let ada = Victim::new().await;
        ada.change(EVE).await;
        let owners = ada.app.undo_link(ADA);
        ada.change(PHONE).await;
        ada.change(EVES_PHONE).await;
        let thiefs = ada.app.undo_link(PHONE);
        ada.confirms_a_registration(path).await;
        ada.app.press(&thiefs).await.page();
        ada.has(None, Some(PHONE)).await;
        ada.app.press(&owners).await.page();
        ada.has(Some(ADA), None).await;
        assert_eq!(ada.holders().await, json!([ada.id]), "{path}");
    }
}

#[tokio::test]
async fn an_account_with_a_passkey_keeps_the_address_that_it_proved() {
    let ada = Victim::new().await;
    ada.change(EVE).await;
    let link = ada.app.undo_link(ADA);
    let other = ada.confirms_a_registration("/register/otp").await;
    let ada = Victim {
        token: other.auth_token,
        ..ada
    };
    let key = ada.passkey().await;
    ada.app.press(&link).await.page_of(409);
    ada.has(Some(EVE), None).await;
    ada.app.login(&key, json!({})).await.json(200);
}
