use std::future::{pending, ready};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use tokio::task::yield_now;

use super::*;

/// Long enough for whatever happens at all, so that a hang fails the test.
const SOON: Duration = Duration::from_secs(30);

/// Says on which thread it is polled, not before its second poll.
async fn place() -> ThreadId {
    yield_now().await;
    thread::current().id()
}

/// What tells, by being dropped, that the runtime is no more.
fn watch(runtime: &Runtime) -> mpsc::Receiver<()> {
    let (alive, gone) = mpsc::channel();
    let task = async move {
        pending::<()>().await;
        drop(alive);
    };
    drop(runtime.thread().unwrap().handle.spawn(task));
    gone
}

fn is_gone(runtime: &mpsc::Receiver<()>) -> bool {
    runtime.recv_timeout(SOON) == Err(RecvTimeoutError::Disconnected)
}

/// A runtime, and what ends its thread by being dropped.
pub(in crate::blocking) fn mortal() -> (Runtime, oneshot::Sender<()>) {
    let mut thread = RuntimeThread::start().unwrap();
    let end = std::mem::replace(&mut thread._running, oneshot::channel().0);
    let runtime = Runtime::default();
    assert!(runtime.0.thread.set(thread).is_ok());
    (runtime, end)
}

#[test]
fn one_thread_that_starts_when_it_is_needed() {
    let runtime = Runtime::default();
    assert!(runtime.0.thread.get().is_none());
    assert_eq!(format!("{runtime:?}"), "Runtime { is_started: false }");
    let first = runtime.run(place()).unwrap();
    assert_eq!(format!("{runtime:?}"), "Runtime { is_started: true }");
    assert_ne!(first, thread::current().id());

    let runtime = Runtime::default();
    let places: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| runtime.run(place()).unwrap()))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(places.iter().all(|place| *place == places[0]));
}

#[test]
fn it_ends_with_its_last_clone_and_not_before() {
    let runtime = Runtime::default();
    let clone = runtime.clone();
    let gone = watch(&runtime);
    drop(runtime);
    assert_eq!(clone.run(ready(1)).unwrap(), 1);
    assert_eq!(
        gone.try_recv(),
        Err(mpsc::TryRecvError::Empty),
        "a clone is left"
    );
    drop(clone);
    assert!(is_gone(&gone));
}

#[test]
fn it_may_be_dropped_among_async_tasks_and_on_its_own_thread() {
    for other in [
        Builder::new_current_thread().build().unwrap(),
        tokio::runtime::Runtime::new().unwrap(),
    ] {
        let runtime = Runtime::default();
        let gone = watch(&runtime);
        other.block_on(async move { drop(runtime) });
        assert!(is_gone(&gone));
    }

    let runtime = Runtime::default();
    let gone = watch(&runtime);
    let (begin, begun) = mpsc::channel();
    let last = runtime.clone();
    let task = async move {
        begun.recv().unwrap();
        drop(last);
    };
    drop(runtime.thread().unwrap().handle.spawn(task));
    drop(runtime);
    begin.send(()).unwrap();
    assert!(is_gone(&gone));
}

#[test]
fn what_is_ready_is_not_sent_to_the_thread() {
    let runtime = Runtime::default();
    let here = runtime.poll_once(async { thread::current().id() });
    assert_eq!(here.unwrap(), Some(thread::current().id()));
    assert_eq!(runtime.poll_once(place()).unwrap(), None);
    // What such a future spawns is run.
    let (tell, told) = mpsc::channel();
    let spawning = async {
        tokio::spawn(async move { tell.send(place().await) });
    };
    runtime.poll_once(spawning).unwrap();
    let there = told.recv_timeout(SOON).unwrap();
    assert_eq!(there, runtime.run(place()).unwrap());
}

#[test]
fn a_call_that_panics_is_an_error_and_the_next_one_works() {
    let runtime = Runtime::default();
    let error = runtime
        .run(async {
            yield_now().await;
            panic!("on purpose");
        })
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert!(!error.to_string().contains("on purpose"), "{error}");
    assert_eq!(runtime.run(ready(1)).unwrap(), 1);
}

#[test]
fn without_its_thread_calls_fail_and_do_not_hang() {
    let (runtime, end) = mortal();
    let gone = watch(&runtime);
    drop(end);
    assert!(is_gone(&gone));
    for _ in 0..2 {
        let error = runtime.run(place()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connection);
        assert!(error.is_unavailable());
    }
    assert_eq!(runtime.poll_once(ready(1)).unwrap(), Some(1));
}

#[test]
fn a_call_ends_with_the_thread() {
    let (runtime, end) = mortal();
    let (begin, begun) = mpsc::channel();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let call = async move {
            begin.send(()).unwrap();
            pending::<()>().await;
        };
        tell.send(runtime.run(call)).unwrap();
    });
    begun.recv_timeout(SOON).unwrap();
    drop(end);
    let error = told.recv_timeout(SOON).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);
}

#[test]
fn a_call_on_the_thread_itself_is_refused() {
    let runtime = Runtime::default();
    let same = runtime.clone();
    let error = runtime.call(async move { same.run(ready(1)) }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    // That of another client may be waited for.
    let other = Runtime::default();
    assert_eq!(runtime.call(async move { other.run(ready(1)) }).unwrap(), 1);
}

#[test]
fn calls_among_async_tasks_do_not_panic() {
    let runtime = Runtime::default();
    for other in [
        Builder::new_current_thread().build().unwrap(),
        tokio::runtime::Runtime::new().unwrap(),
    ] {
        let same = runtime.clone();
        let there = other.block_on(async move { same.run(place()).unwrap() });
        assert_eq!(there, runtime.run(place()).unwrap());
        let same = runtime.clone();
        let spawned = other.spawn(async move { same.run(place()).unwrap() });
        assert_eq!(other.block_on(spawned).unwrap(), there);
    }
}
