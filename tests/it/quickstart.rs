//! The quickstart says what it is meant to say. What differs from run to run is checked for
//! its form before it is hidden.
use passage_examples::quickstart;

#[tokio::test]
async fn the_output_of_the_quickstart() {
    let mut out = Vec::new();
    quickstart::run(&mut out).await.unwrap();
    let output = String::from_utf8(out).unwrap();

    let first = output.lines().next().unwrap();
    let port = first
        .strip_prefix("passage-server is ready at http://127.0.0.1:")
        .unwrap();
    assert!(port.parse::<u16>().is_ok_and(|port| port > 0), "{port}");

    // The ids of both users, from the lines that show their creation.
    let id = |marker: &str| {
        let line = output.lines().find(|line| line.contains(marker)).unwrap();
        let (id, _) = line.split_once(':').unwrap();
        assert!(
            (20..=24).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric()),
            "{id}"
        );
        id
    };
    let (ada, bob) = (id("ada@example.com, pending"), id("+15005550006, pending"));
    assert_ne!(ada, bob);

    let shown = output
        .replace(port, "[port]")
        .replace(ada, "[ada]")
        .replace(bob, "[bob]");
    insta::assert_snapshot!(shown);
}
