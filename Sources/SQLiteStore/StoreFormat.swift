import SQLiteKit

/// The tables of a replica's or a hub's file. `Docs/StorageFormat.md` describes them column by column.
enum StoreFormat {
    /// "AMND", in the header of every file.
    static let applicationID: Int32 = 0x414d_4e44

    static let migrator = Migrator(
        applicationID: applicationID, product: "Amends",
        migrations: [
            Migration("log, records and hub", script: first),
            Migration("the log in runs and segments") { try LogConversion(of: $0).run() },
            Migration("values once") { try ValueConversion(of: $0).run() },
            Migration("snapshots", script: snapshots),
            // A program that does not know the setting `unfolded` would take rows that lag for whole ones.
            Migration("records behind the log", script: ""),
            Migration("fewer pages a commit") { try RunConversion(of: $0).run() },
            // Nor would one that does not know what the setting says as 0.
            Migration("records behind the pages of a history", script: ""),
            Migration("fingerprints behind the feeds", script: "ALTER TABLE feed ADD COLUMN differences BLOB"),
        ])

    private static let first = """
        CREATE TABLE scope (
            rid INTEGER PRIMARY KEY,
            id BLOB NOT NULL UNIQUE,
            name TEXT NOT NULL,
            seed BLOB NOT NULL,
            position INTEGER NOT NULL,
            history BLOB NOT NULL,
            received_floor INTEGER NOT NULL,
            folded_position INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE feed (
            rid INTEGER PRIMARY KEY,
            scope INTEGER NOT NULL REFERENCES scope,
            id BLOB NOT NULL,
            start BLOB NOT NULL,
            sequence INTEGER NOT NULL,
            hash BLOB NOT NULL,
            seen INTEGER NOT NULL,
            UNIQUE (scope, id)
        ) STRICT;
        CREATE TABLE change (
            number INTEGER PRIMARY KEY,
            scope INTEGER NOT NULL REFERENCES scope,
            feed INTEGER NOT NULL REFERENCES feed,
            sequence INTEGER NOT NULL,
            hash BLOB NOT NULL,
            body BLOB NOT NULL,
            is_stub INTEGER NOT NULL,
            position INTEGER,
            received INTEGER,
            verdict INTEGER,
            UNIQUE (feed, sequence)
        ) STRICT;
        CREATE INDEX change_unplaced ON change (scope, number) WHERE position IS NULL;
        CREATE TABLE part (
            change INTEGER NOT NULL REFERENCES change,
            number INTEGER NOT NULL,
            subject BLOB NOT NULL,
            body BLOB,
            PRIMARY KEY (change, number)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE part_key (
            subject BLOB NOT NULL,
            record BLOB NOT NULL,
            key BLOB NOT NULL,
            PRIMARY KEY (subject, record)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE entry (
            scope INTEGER NOT NULL REFERENCES scope,
            position INTEGER NOT NULL,
            body BLOB NOT NULL,
            history BLOB NOT NULL,
            PRIMARY KEY (scope, position)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE knot (
            feed INTEGER NOT NULL REFERENCES feed,
            sequence INTEGER NOT NULL,
            others BLOB NOT NULL,
            PRIMARY KEY (feed, sequence)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE attestation (
            scope BLOB NOT NULL,
            replica BLOB NOT NULL,
            sequence INTEGER NOT NULL,
            body BLOB NOT NULL,
            PRIMARY KEY (scope, replica, sequence)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE staged (
            scope INTEGER NOT NULL REFERENCES scope,
            feed BLOB NOT NULL,
            sequence INTEGER NOT NULL,
            digest BLOB NOT NULL,
            total INTEGER NOT NULL,
            body BLOB NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (scope, feed, sequence)
        ) STRICT;
        CREATE TABLE setting (
            key TEXT PRIMARY KEY,
            value BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE record (
            rid INTEGER PRIMARY KEY,
            scope INTEGER NOT NULL REFERENCES scope,
            id BLOB NOT NULL UNIQUE,
            type TEXT,
            origin BLOB NOT NULL,
            state BLOB NOT NULL,
            digest BLOB NOT NULL,
            conflicts INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX record_conflicts ON record (rid) WHERE conflicts > 0;
        CREATE INDEX record_scope ON record (scope, id);
        CREATE TABLE log_row (
            record INTEGER NOT NULL REFERENCES record,
            key INTEGER NOT NULL,
            feed INTEGER NOT NULL REFERENCES feed,
            sequence INTEGER NOT NULL,
            field TEXT NOT NULL,
            value BLOB NOT NULL,
            PRIMARY KEY (record, key, feed, sequence, field)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE touch (
            record INTEGER NOT NULL REFERENCES record,
            change INTEGER NOT NULL REFERENCES change,
            PRIMARY KEY (record, change)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE fingerprint (
            scope INTEGER NOT NULL REFERENCES scope,
            bucket INTEGER NOT NULL,
            sum BLOB NOT NULL,
            PRIMARY KEY (scope, bucket)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE quarantine (
            feed INTEGER NOT NULL REFERENCES feed,
            sequence INTEGER NOT NULL,
            reason TEXT NOT NULL,
            PRIMARY KEY (feed, sequence)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE certificate (
            replica BLOB PRIMARY KEY,
            body BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE enrolment (
            code BLOB PRIMARY KEY,
            home BLOB NOT NULL,
            headquarters INTEGER NOT NULL,
            expires INTEGER NOT NULL,
            used_by BLOB
        ) STRICT, WITHOUT ROWID;
        """

    /// As it is since format 6; see `RunPlace`.
    static let runs = """
        CREATE TABLE run (
            place INTEGER PRIMARY KEY,
            number INTEGER NOT NULL,
            count INTEGER NOT NULL,
            hash BLOB NOT NULL,
            body BLOB NOT NULL,
            digest BLOB NOT NULL,
            records BLOB NOT NULL
        ) STRICT;
        """

    /// What replaces a row for each change, each entry and each touch.
    static let runsAndSegments =
        runs + """

            ALTER TABLE feed ADD COLUMN placed INTEGER NOT NULL DEFAULT 0;
            ALTER TABLE part RENAME TO old_part;
            CREATE TABLE segment (
                rid INTEGER PRIMARY KEY,
                scope INTEGER NOT NULL REFERENCES scope,
                position INTEGER NOT NULL,
                count INTEGER NOT NULL,
                is_whole INTEGER NOT NULL,
                is_sealed INTEGER NOT NULL,
                history BLOB NOT NULL,
                body BLOB NOT NULL,
                digest BLOB NOT NULL,
                records BLOB NOT NULL,
                UNIQUE (scope, position)
            ) STRICT;
            CREATE INDEX segment_open ON segment (scope, position) WHERE is_sealed = 0;
            CREATE TABLE stretch (
                feed INTEGER NOT NULL REFERENCES feed,
                sequence INTEGER NOT NULL,
                count INTEGER NOT NULL,
                position INTEGER NOT NULL,
                hash BLOB NOT NULL,
                PRIMARY KEY (feed, sequence)
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX stretch_position ON stretch (position);
            CREATE TABLE verdict (
                feed INTEGER NOT NULL REFERENCES feed,
                sequence INTEGER NOT NULL,
                verdict INTEGER NOT NULL,
                PRIMARY KEY (feed, sequence)
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE part (
                feed INTEGER NOT NULL REFERENCES feed,
                sequence INTEGER NOT NULL,
                number INTEGER NOT NULL,
                subject BLOB NOT NULL,
                body BLOB,
                PRIMARY KEY (feed, sequence, number)
            ) STRICT, WITHOUT ROWID;
            """
    /// Records as they are found by scope and id; their values lie in the tables of their types.
    static let valuesOnce = """
        CREATE TABLE new_record (
            rid INTEGER PRIMARY KEY,
            scope INTEGER NOT NULL REFERENCES scope,
            id BLOB NOT NULL,
            type INTEGER,
            origin BLOB NOT NULL,
            state BLOB NOT NULL,
            conflicts INTEGER NOT NULL
        ) STRICT;
        INSERT INTO new_record SELECT rid, scope, id, NULL, origin, state, conflicts FROM record;
        DROP TABLE record;
        ALTER TABLE new_record RENAME TO record;
        CREATE INDEX record_id ON record (scope, substr(id, 1, 4));
        CREATE INDEX record_conflicts ON record (rid) WHERE conflicts > 0;
        ALTER TABLE staged RENAME TO old_staged;
        CREATE TABLE staged (
            scope INTEGER NOT NULL REFERENCES scope,
            feed BLOB NOT NULL,
            sequence INTEGER NOT NULL,
            digest BLOB NOT NULL,
            total INTEGER NOT NULL,
            body BLOB NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (scope, feed, sequence)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO staged SELECT scope, feed, sequence, digest, total, body, at FROM old_staged;
        DROP TABLE old_staged;
        CREATE TABLE source (
            rid INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            digest BLOB NOT NULL
        ) STRICT;
        """

    /// What a scope's records stand on, or what of it has come.
    static let snapshots = """
        CREATE TABLE snapshot (
            scope INTEGER PRIMARY KEY REFERENCES scope,
            manifest BLOB NOT NULL,
            is_base INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE snapshot_piece (
            scope INTEGER NOT NULL REFERENCES snapshot,
            number INTEGER NOT NULL,
            is_parts INTEGER NOT NULL,
            body BLOB NOT NULL,
            PRIMARY KEY (scope, number, is_parts)
        ) STRICT, WITHOUT ROWID;
        """
}
