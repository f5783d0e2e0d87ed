//! The owner gets back in without the link, and returns to the old address. The thief tries to undo that.

use super::*;

/// Somebody who has also proved a number, long ago.
async fn with_number() -> Victim {
    let mut ada = Victim::new().await;
    ada.change(PHONE).await;
    ada.wait(25);
    ada.signs_in_at(ADA).await;
    ada
}

impl Victim {
    fn wait(&self, hours: u64) {
        let time = Duration::from_secs(hours * 3600);
        self.app.controls().advance(time);
    }

    /// From now on changes are asked for by whoever reads at this identifier.
    async fn signs_in_at(&mut self, identifier: &str) {
        self.token = by_code(&self.app, identifier).await.auth_token;
    }

    /// Nobody at this address was ever sent a link that undoes a change.
    #[track_caller]
    fn never_offered(&self, to: &str) {
        let messages = self.app.controls().outbox().into_iter();
        let mut urls = messages.filter(|it| it.to == to).filter_map(|it| it.url);
        assert!(!urls.any(|url| url.contains("undo-change")), "{to}");
    }
}

#[tokio::test]
async fn a_thief_is_offered_to_undo_the_owners_repair() {
    for hours in [0, 25] {
        let mut ada = with_number().await;
        ada.change(EVE).await;
        let owners = ada.app.undo_link(ADA);
        ada.wait(hours);
        ada.signs_in_at(PHONE).await;
        ada.change(ADA).await;
        let told = ada.app.message(EVE);
        assert!(told.text.contains("in place"), "{}", told.text);
        ada.never_offered(EVE);
        ada.app.press(&owners).await.page_of(404);
        ada.has(Some(ADA), Some(PHONE)).await;
        // The next theft can be undone again.
        ada.change(EVE).await;
        ada.app.press(&ada.app.undo_link(ADA)).await.page();
        ada.has(Some(ADA), Some(PHONE)).await;
    }
}

#[tokio::test]
async fn a_link_of_the_thief_outlives_the_one_of_the_owner() {
    let mut ada = with_number().await;
    ada.change(EVE).await;
    ada.wait(20);
    ada.signs_in_at(EVE).await;
    ada.change(EVE_TOO).await;
    let thiefs = ada.app.undo_link(EVE);
    ada.wait(5);
    ada.signs_in_at(PHONE).await;
    ada.change(ADA).await;
    ada.app.press(&thiefs).await.page_of(404);
    ada.never_offered(EVE_TOO);
    ada.has(Some(ADA), Some(PHONE)).await;
}

#[tokio::test]
async fn a_thief_undoes_the_addition_of_a_number_after_the_repair() {
    let mut ada = Victim::new().await;
    let key = ada.passkey().await;
    ada.change(EVE).await;
    ada.change(EVES_PHONE).await;
    let thiefs = ada.app.undo_link(EVE);
    let login = tokens(&ada.app.login(&key, json!({})).await);
    ada.token = login.auth_token;
    ada.change(ADA).await;
    let owners = ada.passkey().await;
    ada.app.press(&thiefs).await.page_of(404);
    ada.app.login(&owners, json!({})).await.json(200);
}

#[tokio::test]
async fn a_number_of_the_thief_goes_when_the_owner_returns() {
    // Within the day in which the addition could have been undone, and after it.
    for hours in [0, 25] {
        let mut ada = Victim::new().await;
        let key = ada.passkey().await;
        ada.change(EVE).await;
        ada.change(EVES_PHONE).await;
        ada.wait(hours);
        let login = tokens(&ada.app.login(&key, json!({})).await);
        ada.token = login.auth_token;
        ada.change(ADA).await;
        ada.has(Some(ADA), None).await;
        let messages = ada.app.controls().outbox();
        let told = |to: &str, part: &str| {
            let mut mine = messages.iter().filter(|it| it.to == to);
            mine.any(|it| it.text.contains(part))
        };
        assert!(told(ADA, &format!("{EVES_PHONE} was removed")));
        assert!(told(EVES_PHONE, "was removed"));
        assert!(!told(EVES_PHONE, ADA));
        // The owner's own number is none that replaces the thief's, who is sent no link.
        ada.change(PHONE).await;
        ada.never_offered(EVES_PHONE);
        ada.has(Some(ADA), Some(PHONE)).await;
    }
}

#[tokio::test]
async fn a_link_that_the_thief_got_at_a_number_of_theirs_goes_when_the_owner_returns() {
    let mut ada = Victim::new().await;
    let key = ada.passkey().await;
    ada.change(EVE).await;
    ada.change(EVES_PHONE).await;
    ada.change(PHONE).await;
    let thiefs = ada.app.undo_link(EVES_PHONE);
    let login = tokens(&ada.app.login(&key, json!({})).await);
    ada.token = login.auth_token;
    ada.change(ADA).await;
    ada.app.press(&thiefs).await.page_of(404);
    ada.has(Some(ADA), None).await;
}

#[tokio::test]
async fn a_thief_who_returns_to_an_address_of_their_own_does_not_remove_the_owners_number() {
    let mut ada = Victim::new().await;
    let key = ada.passkey().await;
    ada.change(EVE).await;
    let owners = ada.app.undo_link(ADA);
    ada.change(EVE_TOO).await;
    let login = tokens(&ada.app.login(&key, json!({})).await);
    ada.token = login.auth_token;
    ada.change(PHONE).await;
    ada.signs_in_at(EVE_TOO).await;
    ada.change(EVE).await;
    ada.has(Some(EVE), Some(PHONE)).await;
    ada.app.press(&owners).await.page();
}

#[tokio::test]
async fn a_thief_returns_to_an_address_of_their_own_to_destroy_the_owners_link() {
    let ada = Victim::new().await;
    ada.change(EVE).await;
    let owners = ada.app.undo_link(ADA);
    ada.change(EVE_TOO).await;
    ada.change(EVE).await;
    ada.app.press(&owners).await.page();
    ada.has(Some(ADA), None).await;
}

#[tokio::test]
async fn a_transaction_that_the_thief_got_is_finished_after_the_undo() {
    let app = App::start_with(|builder| builder.conceal_users(true)).await;
    let mut key = Key::new();
    app.flex_register("customer-1", &mut key).await.json(201);
    let id = text(&app.external_user("customer-1").await["id"]);
    let ada = Victim::signed_in(app, id).await;
    ada.change(ADA).await;
    ada.change(EVE).await;
    let register = ada.app.transaction("register", "customer-1").await;
    let login = ada.app.transaction("authenticate", "customer-1").await;
    let others = ada.app.transaction("register", "customer-2").await;
    let nonce = ada.app.controls().complete_transaction(&login).await;
    let nonce = json!(nonce.unwrap());
    ada.app.press(&ada.app.undo_link(ADA)).await.page();
    let start = ada.app.flex_start("register", &json!(register)).await;
    start.error(404, "transaction_not_found");
    let verified = ada.app.verify(&nonce).await;
    assert!((400..500).contains(&verified.status), "{verified:?}");
    let start = ada.app.flex_start("register", &json!(others)).await;
    start.json(200);
}
