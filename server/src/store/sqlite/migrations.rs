//! The tables, built by one migration per version. SQLite's `user_version` holds the version of a file.

use super::Connection;
use crate::store::{SqlError, Tx};

/// The script of each version, oldest first. Released scripts never change.
const SCRIPTS: [(i64, &str); 13] = [
    (1, include_str!("../../../migrations/0001_start.sql")),
    (2, include_str!("../../../migrations/0002_passkeys.sql")),
    (3, include_str!("../../../migrations/0003_codes.sql")),
    (4, include_str!("../../../migrations/0004_apps.sql")),
    (10, include_str!("../../../migrations/0010_social.sql")),
    (11, include_str!("../../../migrations/0011_ends.sql")),
    (12, include_str!("../../../migrations/0012_sign_ins.sql")),
    (13, include_str!("../../../migrations/0013_providers.sql")),
    (14, include_str!("../../../migrations/0014_owners.sql")),
    (15, include_str!("../../../migrations/0015_sign_ins.sql")),
    (16, include_str!("../../../migrations/0016_links.sql")),
    (17, include_str!("../../../migrations/0017_audit.sql")),
    (18, include_str!("../../../migrations/0018_undo.sql")),
];

/// The version after all scripts.
pub(in crate::store) const LATEST: i64 = 18;

/// Migrates the tables to the latest version, or changes nothing. False if their version is newer.
pub(in crate::store) fn run(conn: &Connection) -> Result<bool, SqlError> {
    let begun = adopted(conn)?;
    let due = SCRIPTS.iter().filter(|(version, _)| *version > begun);
    let scripts: String = due.map(|(_, script)| *script).collect();
    if !scripts.is_empty() {
        let script = format!("BEGIN IMMEDIATE; {scripts}; PRAGMA user_version = {LATEST}; COMMIT");
        conn.execute_batch(&script)?;
    }
    Ok(begun <= LATEST)
}

/// Whether the tables have this version or an earlier one.
pub(in crate::store) fn is_known(conn: &Connection) -> Result<bool, SqlError> {
    Ok(adopted(conn)? <= LATEST)
}

/// The version of the tables.
pub(in crate::store) fn version(conn: &Connection) -> Result<i64, SqlError> {
    Tx::new(conn).value("PRAGMA user_version", ())
}

/// The version, also of files from before it was stored in `user_version`: those have a table of migrations.
fn adopted(conn: &Connection) -> Result<i64, SqlError> {
    const TABLE: &str = "SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'";
    match version(conn)? {
        0 if Tx::new(conn).value::<i64>(TABLE, ())? > 0 => {
            Tx::new(conn).value("SELECT max(version) FROM _sqlx_migrations", ())
        }
        version => Ok(version),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn versions_go_up_to_the_latest() {
        assert!(SCRIPTS.is_sorted_by(|(one, _), (next, _)| one < next));
        assert_eq!(SCRIPTS.last().unwrap().0, LATEST);
    }

    #[test]
    fn connections_survive_the_opening_of_their_names() {
        let conn = Connection::open_in_memory().unwrap();
        conn.pragma_update(None, "foreign_keys", true).unwrap();
        for (version, script) in SCRIPTS.iter().filter(|(version, _)| *version < 13) {
            conn.execute_batch(script).unwrap();
            conn.pragma_update(None, "user_version", version).unwrap();
        }
        let rows = "INSERT INTO apps (id, settings, created_at) VALUES ('app', '{}', 0);
            INSERT INTO users (id, app_id, status, created_at, updated_at) VALUES ('user', 'app', 'active', 0, 0);
            INSERT INTO social_connections VALUES ('user', 'app', 'apple', 'account', 'ada@example.com', 1, 2)";
        conn.execute_batch(rows).unwrap();
        assert!(run(&conn).unwrap());
        let kept =
            "SELECT type || provider_id || provider_identifier || created_at || last_login_at
            FROM social_connections WHERE user_id = 'user' AND app_id = 'app'";
        let kept: String = Tx::new(&conn).value(kept, ()).unwrap();
        assert_eq!(kept, "appleaccountada@example.com12");
        conn.execute_batch("DELETE FROM users").unwrap();
        let left: i64 = Tx::new(&conn)
            .value("SELECT count(*) FROM social_connections", ())
            .unwrap();
        assert_eq!(left, 0, "they go with their users");
    }

    #[test]
    fn a_file_is_brought_on_from_where_it_is() {
        let whole = Connection::open_in_memory().unwrap();
        assert!(run(&whole).unwrap() && run(&whole).unwrap());
        let tables = |conn: &Connection| -> String {
            let names = "SELECT group_concat(sql, ';') FROM sqlite_schema WHERE name NOT LIKE '\\_%' ESCAPE '\\'";
            Tx::new(conn).value(names, ()).unwrap()
        };
        for noted in [true, false] {
            let conn = Connection::open_in_memory().unwrap();
            for (version, script) in &SCRIPTS[..3] {
                conn.execute_batch(script).unwrap();
                if noted {
                    conn.pragma_update(None, "user_version", version).unwrap();
                }
            }
            if !noted {
                let table = "CREATE TABLE _sqlx_migrations (version); INSERT INTO _sqlx_migrations VALUES (1), (2), (3)";
                conn.execute_batch(table).unwrap();
            }
            assert!(run(&conn).unwrap());
            assert_eq!(version(&conn).unwrap(), LATEST);
            assert_eq!(tables(&conn), tables(&whole));
        }
    }
}
