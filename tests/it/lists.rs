//! Lists of users as streams, against the real server: pages, filters, errors in the middle and
//! where they say to go on.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::stream::{FusedStream, Stream};
use futures_util::{StreamExt, TryStreamExt};
use passage_identity::users::{
    CountFilter, CreateUser, ListCursor, Order, SortBy, TextFilter, TimeFilter, UpdateUser,
    UserStatus, UserStream,
};
use passage_identity::{ErrorKind, Passage};
use passage_server::Fault;
use passage_test_support::TestServer;
use passage_test_support::holding_proxy::{HoldingProxy, let_others_work, until};
use serde_json::json;

fn client(server: &TestServer, url: &str) -> Passage {
    Passage::builder(server.app_id())
        .server(url)
        .api_key(server.api_key())
        .max_attempts(1)
        // Longer than any test waits: no call may end by itself.
        .timeout(Duration::from_secs(600))
        .deadline(Duration::from_secs(600))
        .build()
        .unwrap()
}

/// A server with so many users, who were created some time ago.
async fn setup(users: usize) -> (TestServer, Passage) {
    let server = TestServer::checked().await;
    let passage = client(&server, server.url());
    for number in 0..users {
        create(&passage, number).await;
    }
    server.controls().advance(Duration::from_secs(60));
    server.controls().clear_requests();
    (server, passage)
}

async fn create(passage: &Passage, number: usize) {
    let user = CreateUser::with_email(address(number));
    passage.users().create(user).await.unwrap();
}

fn address(number: usize) -> String {
    format!("user{number:04}@example.com")
}

/// Addresses until the end or an error.
async fn addresses(stream: &mut UserStream) -> Vec<String> {
    let mut seen = Vec::new();
    while let Some(Ok(user)) = stream.next().await {
        seen.push(user.email.unwrap());
    }
    seen
}

fn all(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(address).collect()
}

/// The pages that were asked for, without repeats.
fn pages(server: &TestServer) -> Vec<String> {
    let requests = server.controls().requests();
    let pages = requests.iter().map(|request| {
        let query = request.path.split_once('?').map_or("", |(_, query)| query);
        let page = query.split('&').find_map(|pair| pair.strip_prefix("page="));
        page.unwrap_or("1").to_owned()
    });
    pages.collect()
}

#[test]
fn the_stream_can_go_anywhere() {
    fn is<T: Stream + FusedStream + Send + Sync + Unpin + std::fmt::Debug>() {}
    is::<UserStream>();
}

#[tokio::test]
async fn users_who_come_meanwhile_neither_shift_the_pages_nor_show_up() {
    for (order, in_order) in [(Order::Asc, all(0..25)), {
        let mut newest_first = all(0..25);
        newest_first.reverse();
        (Order::Desc, newest_first)
    }] {
        let (server, passage) = setup(25).await;
        let list = passage.users().list().order_by(SortBy::CreatedAt, order);
        let mut stream = list.limit(10).stream();
        assert!(server.controls().requests().is_empty(), "it is lazy");
        let mut seen = Vec::new();
        while let Some(user) = stream.next().await {
            seen.push(user.unwrap().email.unwrap());
            assert_eq!(stream.total(), Some(25));
            // After the second that the first reply says, in which they still count as earlier.
            server.controls().advance(Duration::from_secs(1));
            create(&passage, 100 + seen.len()).await;
        }
        assert_eq!(seen, in_order);
        assert!(stream.is_terminated() && stream.next().await.is_none());
    }
}

#[tokio::test]
async fn users_of_the_very_second_of_the_first_reply_are_not_given_twice() {
    let (server, passage) = setup(20).await;
    // Newest first, so that they shift everybody behind them.
    let mut stream = passage.users().list().limit(8).stream();
    let mut seen = vec![stream.next().await.unwrap().unwrap().email.unwrap()];
    // Before the second page is fetched, or not; the third comes after it in any case.
    for number in 0..3 {
        create(&passage, 100 + number).await;
    }
    seen.extend(addresses(&mut stream).await);
    let distinct: BTreeSet<_> = seen.iter().cloned().collect();
    assert_eq!(distinct.len(), seen.len(), "{seen:?}");
    assert!(all(0..20).iter().all(|address| distinct.contains(address)));
    drop(server);
}

#[tokio::test]
async fn the_next_page_is_fetched_ahead_and_no_more() {
    let (server, passage) = setup(50).await;
    let list = passage
        .users()
        .list()
        .order_by(SortBy::CreatedAt, Order::Asc);
    let mut stream = list.limit(10).stream();
    assert_eq!(stream.size_hint(), (0, None));

    stream.next().await.unwrap().unwrap();
    until("the second page", || pages(&server).len() == 2).await;
    for _ in 1..10 {
        stream.next().await.unwrap().unwrap();
    }
    let_others_work().await;
    assert_eq!(pages(&server), ["1", "2"], "one page ahead");
    assert_eq!(stream.size_hint(), (0, None));

    stream.next().await.unwrap().unwrap();
    until("the third page", || pages(&server).len() == 3).await;
    let_others_work().await;
    assert_eq!(pages(&server), ["1", "2", "3"]);

    assert_eq!(addresses(&mut stream).await, all(11..50));
    assert_eq!(pages(&server), ["1", "2", "3", "4", "5"]);
    assert_eq!(stream.size_hint(), (0, Some(0)));
}

#[tokio::test]
async fn dropping_the_stream_ends_its_call() {
    let (server, _) = setup(20).await;
    let proxy = HoldingProxy::before(server.url(), |request| {
        request.uri().query().unwrap_or_default().contains("page=2")
    })
    .await;
    let passage = client(&server, proxy.url());
    let mut stream = passage.users().list().limit(10).stream();
    stream.next().await.unwrap().unwrap();
    until("the second page is asked for", || proxy.here() == 1).await;
    drop(stream);
    until("it is given up", || proxy.given_up() == 1).await;
    assert_eq!((proxy.here(), proxy.passed()), (0, 1));
}

#[tokio::test]
async fn a_call_of_next_that_is_dropped_loses_nobody() {
    let (server, _) = setup(12).await;
    let proxy = HoldingProxy::before(server.url(), |_| true).await;
    let passage = client(&server, proxy.url());
    let list = passage
        .users()
        .list()
        .order_by(SortBy::CreatedAt, Order::Asc);
    let mut stream = list.limit(5).stream();
    {
        let mut next = Box::pin(stream.next());
        until("the first page is asked for", || {
            assert!(futures_util::FutureExt::now_or_never(&mut next).is_none());
            proxy.here() == 1
        })
        .await;
    }
    proxy.open();
    assert_eq!(addresses(&mut stream).await, all(0..12));
    assert_eq!((proxy.passed(), proxy.given_up()), (3, 0));
}

#[tokio::test]
async fn an_error_in_the_middle_says_where_to_go_on() {
    for failing_page in 1..=3 {
        let (server, passage) = setup(25).await;
        let users = passage.users();
        let list = users
            .list()
            .identifier(TextFilter::like("example.com"))
            .order_by(SortBy::CreatedAt, Order::Asc);
        let fault = || Fault::operation("listPaginatedUsers");
        let good = u32::try_from(failing_page - 1).unwrap();
        server
            .controls()
            .fault(fault().delay(Duration::ZERO).times(good));
        server.controls().fault(fault().status(500).times(1));

        let mut stream = list.clone().limit(10).stream();
        let mut seen = Vec::new();
        let error = loop {
            match stream.next().await.expect("an error comes first") {
                Ok(user) => seen.push(user.email.unwrap()),
                Err(error) => break error,
            }
        };
        assert_eq!(error.status(), Some(500));
        assert_eq!(
            seen,
            all(0..(failing_page - 1) * 10),
            "all that came before it"
        );
        assert!(stream.next().await.is_none(), "an error ends it");
        assert!(stream.is_terminated());
        assert_eq!(stream.cursor(), *error.list_cursor().unwrap());
        let stored = error.list_cursor().unwrap().to_string();
        assert!(!format!("{error:?} {error}").contains("example.com"));

        // Whoever comes meanwhile is not for a list that has begun.
        if failing_page > 1 {
            server.controls().advance(Duration::from_secs(1));
            create(&passage, 100).await;
        }
        let cursor: ListCursor = stored.parse().unwrap();
        let mut rest = list.stream_from(&cursor).unwrap();
        seen.extend(addresses(&mut rest).await);
        assert_eq!(seen, all(0..25), "page {failing_page}");
    }
}

#[tokio::test]
async fn a_stream_goes_on_from_every_place() {
    let (server, passage) = setup(23).await;
    let users = passage.users();
    let list = || users.list().order_by(SortBy::CreatedAt, Order::Asc);
    let mut stream = list().limit(5).stream();
    for given in 0..=23 {
        let cursor: ListCursor = stream.cursor().to_string().parse().unwrap();
        let mut rest = list().stream_from(&cursor).unwrap();
        assert_eq!(rest.cursor(), cursor, "nothing was given yet");
        assert_eq!(addresses(&mut rest).await, all(given..23));
        assert_eq!(stream.next().await.is_some(), given < 23);
    }
    let end = stream.cursor();
    assert!(
        addresses(&mut list().stream_from(&end).unwrap())
            .await
            .is_empty()
    );

    // The time and the size of pages are those that the server chose for the first one.
    let mut stream = list().stream();
    for _ in 0..3 {
        stream.next().await.unwrap().unwrap();
    }
    server.controls().advance(Duration::from_secs(1));
    create(&passage, 100).await;
    server.controls().clear_requests();
    let mut rest = list().stream_from(&stream.cursor()).unwrap();
    assert_eq!(addresses(&mut rest).await, all(3..23));
    let requests = server.controls().requests();
    assert!(
        requests[0].path.contains("limit=500"),
        "{}",
        requests[0].path
    );

    // The size of pages is the cursor's, or the place would be another.
    let mut stream = list().limit(5).stream();
    for _ in 0..7 {
        stream.next().await.unwrap().unwrap();
    }
    let mut rest = list().limit(500).stream_from(&stream.cursor()).unwrap();
    let late = address(100);
    let mut expected = all(7..23);
    expected.push(late);
    assert_eq!(addresses(&mut rest).await, expected);
}

#[tokio::test]
async fn a_place_that_is_gone_repeats_the_page_rather_than_losing_a_part_of_it() {
    let (_server, passage) = setup(20).await;
    let users = passage.users();
    let list = || users.list().order_by(SortBy::CreatedAt, Order::Asc);
    let mut stream = list().limit(10).stream();
    let mut last = None;
    for _ in 0..13 {
        last = Some(stream.next().await.unwrap().unwrap());
    }
    users.delete(&last.unwrap().id).await.unwrap();
    let mut rest = list().stream_from(&stream.cursor()).unwrap();
    let mut expected = all(10..20);
    expected.remove(2);
    assert_eq!(addresses(&mut rest).await, expected);
}

#[tokio::test]
async fn a_cursor_is_for_its_own_list() {
    let (server, passage) = setup(3).await;
    let users = passage.users();
    let list = users.list().status(UserStatus::Pending);
    let cursor = list.stream().cursor();
    assert!(list.clone().limit(7).page(2).stream_from(&cursor).is_ok());
    for other in [
        users.list(),
        users.list().status(UserStatus::Active),
        users.list().status(TextFilter::ne(UserStatus::Pending)),
        users.list().id("pending"),
        list.clone().order_by(SortBy::Id, Order::Asc),
        list.clone().login_count(0_u64),
    ] {
        let error = other.stream_from(&cursor).unwrap_err();
        assert!(error.is_invalid_input(), "{other:?}");
    }
    assert!(server.controls().requests().is_empty());
}

#[tokio::test]
async fn the_combinators_of_streams_work() {
    let (server, passage) = setup(12).await;
    let list = passage.users().list().limit(5);
    let everybody: Vec<_> = list.stream().try_collect().await.unwrap();
    assert_eq!(everybody.len(), 12);
    let some: Vec<_> = list.stream().take(7).try_collect().await.unwrap();
    assert_eq!(some, everybody[..7]);
    let from_page_3: Vec<_> = list.clone().page(3).stream().try_collect().await.unwrap();
    assert_eq!(from_page_3, everybody[10..]);

    server.controls().clear_requests();
    server
        .controls()
        .fault(Fault::operation("listPaginatedUsers").status(500));
    let error = list.stream().try_collect::<Vec<_>>().await.unwrap_err();
    assert!(error.is_unavailable() && error.list_cursor().is_some());
    let error = list
        .clone()
        .page(0)
        .stream()
        .next()
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let page = list.send().await.unwrap_err();
    assert!(
        page.list_cursor().is_none(),
        "a page is asked for by its number"
    );
}

#[tokio::test]
async fn an_empty_list_ends_at_once() {
    let (server, passage) = setup(0).await;
    let mut stream = passage.users().list().stream();
    assert!(stream.next().await.is_none());
    assert_eq!((stream.total(), pages(&server).len()), (Some(0), 1));
}

#[tokio::test]
async fn all_fields_and_operators_find_what_they_should() {
    let (server, passage) = setup(4).await;
    let users = passage.users();
    let all: Vec<_> = users
        .list()
        .order_by(SortBy::CreatedAt, Order::Asc)
        .stream()
        .try_collect()
        .await
        .unwrap();
    let (first, third) = (&all[0], &all[2]);
    server.controls().sign_in(third.id.as_str()).await.unwrap();
    let third = users.get(&third.id).await.unwrap();
    let signed_in = third.last_login_at.unwrap();

    let count = async |list: passage_identity::users::ListUsers| list.send().await.unwrap().total;
    let list = || users.list();
    let address = address(0);
    let address = address.as_str();
    for (expected, list) in [
        (1, list().identifier(address)),
        (3, list().identifier(TextFilter::ne(address))),
        (3, list().identifier(TextFilter::gt(address))),
        (0, list().identifier(TextFilter::lt(address))),
        (1, list().identifier(TextFilter::like("user0003"))),
        (3, list().identifier(TextFilter::not_like("user0003"))),
        (1, list().id(&first.id)),
        (3, list().id(TextFilter::ne(first.id.as_str()))),
        (1, list().id(TextFilter::like(first.id.as_str()))),
        (3, list().id(TextFilter::not_like(first.id.as_str()))),
        (1, list().status(UserStatus::Active)),
        (3, list().status(TextFilter::ne(UserStatus::Active))),
        (3, list().status(TextFilter::gt("active"))),
        (0, list().status(TextFilter::lt("active"))),
        (3, list().status(TextFilter::like("pend"))),
        (1, list().status(TextFilter::not_like("pend"))),
        (1, list().login_count(1_u64)),
        (3, list().login_count(CountFilter::ne(1_u64))),
        (1, list().login_count(CountFilter::gt(0_u64))),
        (3, list().login_count(CountFilter::lt(1_u64))),
        (1, list().created_at(first.created_at)),
        (3, list().created_at(TimeFilter::ne(first.created_at))),
        (3, list().created_at(TimeFilter::gt(first.created_at))),
        (0, list().created_at(TimeFilter::lt(first.created_at))),
        (1, list().updated_at(third.updated_at)),
        (3, list().updated_at(TimeFilter::ne(third.updated_at))),
        (0, list().updated_at(TimeFilter::gt(third.updated_at))),
        (3, list().updated_at(TimeFilter::lt(third.updated_at))),
        (1, list().last_login_at(signed_in)),
        (3, list().last_login_at(TimeFilter::ne(signed_in))),
        (0, list().last_login_at(TimeFilter::gt(signed_in))),
        (3, list().last_login_at(TimeFilter::lt(signed_in))),
        (4, list().created_before(server.controls().now())),
        (
            0,
            list().created_before("2001-01-01T00:00:00Z".parse().unwrap()),
        ),
    ] {
        assert_eq!(count(list.clone()).await, expected, "{list:?}");
    }
}

#[tokio::test]
async fn several_orders_apply_one_after_the_other() {
    let (server, passage) = setup(4).await;
    let users = passage.users();
    let by_time = users.list().order_by(SortBy::CreatedAt, Order::Asc);
    let all: Vec<_> = by_time.stream().try_collect().await.unwrap();
    users.activate(&all[1].id).await.unwrap();
    users.activate(&all[2].id).await.unwrap();
    let list = users
        .list()
        .order_by(SortBy::Status, Order::Asc)
        .order_by(SortBy::CreatedAt, Order::Desc);
    let sorted: Vec<_> = list.limit(3).stream().try_collect().await.unwrap();
    let places: Vec<_> = sorted
        .iter()
        .map(|user| all.iter().position(|other| other.id == user.id).unwrap())
        .collect();
    assert_eq!(places, [2, 1, 3, 0]);
    for (field, name) in [
        (SortBy::Id, "id"),
        (SortBy::LoginCount, "login_count"),
        (SortBy::UpdatedAt, "updated_at"),
        (SortBy::LastLoginAt, "last_login_at"),
    ] {
        server.controls().clear_requests();
        users
            .list()
            .order_by(field, Order::Desc)
            .send()
            .await
            .unwrap();
        let requests = server.controls().requests();
        assert!(
            requests[0]
                .path
                .contains(&format!("order_by={name}%3ADESC"))
        );
    }
}

#[tokio::test]
async fn values_with_the_signs_of_the_filter_language_survive_the_trip() {
    let (server, passage) = setup(1).await;
    let odd = [
        "<a>", "a:b", "100%", "<a:b>%", "like:x", "a%3Ab", "<ne", "&limit=0", "a b+c",
    ];
    for id in odd {
        let transaction = passage.flex().register_transaction(id, "x").await.unwrap();
        server
            .controls()
            .complete_transaction(transaction.as_str())
            .await
            .unwrap();
    }
    for id in odd {
        let users = passage.users();
        let user = users.get_by_external_id(id).await.unwrap();
        assert_eq!(user.external_id.unwrap().as_str(), id);
        let found = async |filter: TextFilter| {
            let list = users.list().identifier(filter);
            list.send().await.unwrap().total
        };
        assert_eq!(found(TextFilter::eq(id)).await, 1, "{id}");
        assert_eq!(found(TextFilter::ne(id)).await, odd.len() as u64, "{id}");
        assert!(found(TextFilter::like(id)).await >= 1, "{id}");
    }
    // It would be read as a comparison.
    let list = passage.users().list().identifier("<ne:x>");
    assert!(list.send().await.unwrap_err().is_invalid_input());
    assert!(
        list.stream()
            .next()
            .await
            .unwrap()
            .unwrap_err()
            .is_invalid_input()
    );
}

#[tokio::test]
async fn updates_tell_leaving_alone_setting_and_clearing_apart() {
    let (server, passage) = setup(0).await;
    let users = passage.users();
    let new = CreateUser::with_email("ada@example.com")
        .phone("+15005550006")
        .metadata(json!({"plan": "pro", "seats": 3}));
    let id = users.create(new).await.unwrap().id;

    let user = users.update(&id, UpdateUser::new()).await.unwrap();
    assert_eq!((user.email.is_some(), user.phone.is_some()), (true, true));
    assert_eq!(user.user_metadata.len(), 2);

    let user = users
        .update(&id, UpdateUser::new().clear_phone())
        .await
        .unwrap();
    assert_eq!(
        (user.email.as_deref(), user.phone.as_deref()),
        (Some("ada@example.com"), None)
    );
    let error = users
        .update(&id, UpdateUser::new().clear_email())
        .await
        .unwrap_err();
    assert_eq!(error.status(), Some(400), "it is the only one");
    let swapped = UpdateUser::new().clear_email().phone("+15005550007");
    let user = users.update(&id, swapped).await.unwrap();
    assert_eq!(
        (user.email, user.phone.as_deref()),
        (None, Some("+15005550007"))
    );

    let changes = UpdateUser::new()
        .metadata(json!({"seats": 4}))
        .clear_metadata(["plan", "never there"]);
    let user = users.update(&id, changes).await.unwrap();
    assert_eq!(json!(user.user_metadata), json!({"seats": 4}));
    let keys: Vec<_> = user.user_metadata.keys().cloned().collect();
    let user = users
        .update(&id, UpdateUser::new().clear_metadata(keys))
        .await
        .unwrap();
    assert!(user.user_metadata.is_empty());

    let requests = server.controls().requests().len();
    let both = UpdateUser::new().clear_email().clear_phone();
    assert!(
        users
            .update(&id, both)
            .await
            .unwrap_err()
            .is_invalid_input()
    );
    assert_eq!(
        server.controls().requests().len(),
        requests,
        "nothing was sent"
    );
}
