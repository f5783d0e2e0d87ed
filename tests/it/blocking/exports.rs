//! Exports: what is written, by whom, and going on after a failure.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::thread::{self, ThreadId};
use std::time::Duration;

use passage_identity::users::{Order, SortBy, UserStatus};
use passage_identity::{ErrorKind, blocking};
use passage_server::Fault;
use serde_json::Value;

use crate::blocking::{Fixture, addresses, everybody, row};

fn fill(passage: &blocking::Passage, users: usize) {
    let rows = (0..users).map(row);
    assert!(passage.users().import_users(rows).run().is_complete());
}

/// The addresses of an export.
fn exported(file: &[u8]) -> Vec<String> {
    let lines = std::str::from_utf8(file).unwrap().lines();
    let emails = lines.map(|line| {
        let user: Value = serde_json::from_str(line).unwrap();
        user["email"].as_str().unwrap().to_owned()
    });
    emails.collect()
}

/// Takes so many bytes, on one thread, and then fails.
struct Full {
    taken: Rc<RefCell<Vec<u8>>>,
    room: usize,
    thread: ThreadId,
    flushed: bool,
}

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        assert_eq!(thread::current().id(), self.thread);
        let mut taken = self.taken.borrow_mut();
        let part = bytes.len().min(self.room - taken.len()).min(1_000);
        if part == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        taken.extend_from_slice(&bytes[..part]);
        Ok(part)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flushed = true;
        Ok(())
    }
}

fn full(room: usize) -> Full {
    Full {
        taken: Rc::default(),
        room,
        thread: thread::current().id(),
        flushed: false,
    }
}

#[test]
fn it_has_everybody_and_can_be_imported_elsewhere() {
    let fixture = Fixture::new();
    let passage = fixture.passage();
    fill(&passage, 1_100);
    let first = passage.users().get_by_identifier("user0@example.com");
    passage.users().activate(first.unwrap().id).unwrap();

    let export = passage.users().export_users();
    let progress = export.progress();
    assert_eq!(progress.borrow().cursor, None);
    let mut writer = full(usize::MAX);
    let written = export.write_to(&mut writer).unwrap();
    assert!(writer.flushed);
    let file = writer.taken.take();
    assert_eq!((written.users, written.total), (1_100, Some(1_100)));
    assert_eq!(
        (written.bytes, &written),
        (file.len() as u64, &*progress.borrow())
    );
    assert!(progress.has_changed().is_err(), "the channel is closed");

    // It is what the async client writes.
    let mut expected = Vec::new();
    let users = fixture.builder().build().unwrap().users();
    let export = users.export_users().write_to(&mut expected);
    fixture.runtime.block_on(export).unwrap();
    assert!(file == expected);

    let active = passage.users().list().status(UserStatus::Active).export();
    let mut some = Vec::new();
    assert_eq!(active.write_to(&mut some).unwrap().users, 1);
    assert_eq!(exported(&some), ["user0@example.com"]);

    let there = Fixture::new();
    let elsewhere = there.passage();
    let report = elsewhere.users().import_json_lines(&file[..]).run();
    assert!(report.is_complete(), "{:?}", report.failures.first());
    assert_eq!(everybody(&elsewhere), addresses(1_100));
    let active = elsewhere.users().list().status(UserStatus::Active);
    assert_eq!(active.send().unwrap().total, 1);
}

#[test]
fn it_goes_on_where_its_writer_failed() {
    let fixture = Fixture::new();
    let passage = fixture.passage();
    fill(&passage, 700);
    let list = || {
        let list = passage.users().list();
        list.order_by(SortBy::CreatedAt, Order::Asc).limit(50)
    };
    let mut whole = Vec::new();
    list().export().write_to(&mut whole).unwrap();

    for room in [0, 1, whole.len() / 3, whole.len() / 2, whole.len() - 1] {
        let export = list().export();
        let progress = export.progress();
        let mut writer = full(room);
        let error = export.write_to(&mut writer).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        let written = progress.borrow().clone();
        let mut file = writer.taken.take();
        assert_eq!(file.len(), room, "it took what it could");
        assert!(written.bytes as usize <= room);
        file.truncate(written.bytes as usize);
        assert_eq!(exported(&file).len() as u64, written.users);
        if room > whole.len() / 4 {
            assert!(written.users >= 50, "{written:?}");
            assert_eq!(written.cursor.as_ref(), error.list_cursor());
        }
        let rest = list().export().resume(error.list_cursor().unwrap().clone());
        rest.write_to(&mut file).unwrap();
        assert_eq!(exported(&file), exported(&whole), "{room}");
    }
}

#[test]
fn it_writes_what_came_before_an_error() {
    let fixture = Fixture::new();
    let passage = fixture.patient(fixture.server.url());
    fill(&passage, 100);
    let controls = fixture.server.controls();
    let fault = || Fault::operation("listPaginatedUsers");
    controls.fault(fault().delay(Duration::ZERO).times(4));
    controls.fault(fault().status(500));
    let list = passage.users().list();
    let list = list.order_by(SortBy::CreatedAt, Order::Asc).limit(10);
    let mut file = Vec::new();
    let export = list.export();
    let progress = export.progress();
    let error = export.write_to(&mut file).unwrap_err();
    assert_eq!((error.status(), exported(&file).len()), (Some(500), 40));
    let cursor = error.list_cursor().unwrap().clone();
    assert_eq!(progress.borrow().cursor.as_ref(), Some(&cursor));
    controls.clear_faults();
    let rest = list.export().resume(cursor.clone());
    assert_eq!(rest.write_to(&mut file).unwrap().users, 60);
    let mut all = exported(&file);
    all.sort_unstable();
    assert_eq!(all, addresses(100));

    let other = passage.users().list().status(UserStatus::Active).export();
    let error = other.resume(cursor).write_to(&mut file).unwrap_err();
    assert!(error.is_invalid_input());
}
