import Changes
import Inspection
import SQLiteKit

/// A table whose rows carry meaning, and the columns of it in which a flipped byte must be noticed.
package struct FlipTarget: Sendable {
    package let table: String
    let key: [String]
    let columns: [String]
    /// What a report may call the damage; a reference to a row that is not there is `page` besides.
    package let kinds: [VerifyReport.Kind]
    /// Which rows, as SQL.
    var condition: String?

    private init(
        _ table: String, key: [String], columns: [String], _ kinds: [VerifyReport.Kind], where condition: String? = nil
    ) {
        self.table = table
        self.key = key
        self.columns = columns
        self.kinds = kinds
        self.condition = condition
    }

    /// All but row numbers, which nothing but references depends on, and words for people.
    package static let log = [
        FlipTarget(
            "scope", key: ["rid"],
            columns: ["id", "name", "seed", "position", "history", "received_floor", "folded_position"],
            [.scope]),
        FlipTarget(
            "feed", key: ["rid"],
            columns: ["scope", "id", "start", "sequence", "hash", "seen", "placed", "differences"], [.feed]),
        FlipTarget(
            "segment", key: ["scope", "position"],
            columns: ["scope", "position", "count", "is_whole", "history", "body", "digest", "records"],
            [.body, .chain, .history, .touch]),
        FlipTarget(
            "stretch", key: ["feed", "sequence"], columns: ["feed", "sequence", "count", "position", "hash"], [.chain]),
        FlipTarget(
            "run", key: ["place"],
            columns: ["place", "count", "hash", "body", "digest", "records"],
            [.body, .chain, .touch]),
        FlipTarget("verdict", key: ["feed", "sequence"], columns: ["feed", "sequence", "verdict"], [.placement]),
        FlipTarget(
            "part", key: ["feed", "sequence", "number"], columns: ["feed", "sequence", "number", "subject", "body"],
            [.part]),
        FlipTarget("part_key", key: ["subject", "record"], columns: ["subject", "record", "key"], [.part]),
        FlipTarget("knot", key: ["feed", "sequence"], columns: ["feed", "sequence", "others"], [.past]),
        FlipTarget(
            "attestation", key: ["scope", "replica", "sequence"], columns: ["scope", "replica", "sequence", "body"],
            [.attestation]),
        FlipTarget("snapshot", key: ["scope"], columns: ["scope", "manifest", "is_base"], [.snapshot]),
        FlipTarget(
            "snapshot_piece", key: ["scope", "number", "is_parts"], columns: ["scope", "number", "is_parts", "body"],
            [.snapshot]),
        FlipTarget(
            "setting", key: ["key"], columns: ["value"], [.setting],
            where:
                "key IN ('certificate', 'hub key', 'home scope', 'device mark', 'chain', 'projections', 'value tables')"
        ),
    ]

    package static let records = [
        FlipTarget(
            "record", key: ["rid"], columns: ["scope", "id", "type", "origin", "state", "conflicts"], [.state]
        ),
        FlipTarget("source", key: ["rid"], columns: ["name", "digest"], [.state]),
        FlipTarget(
            "log_row", key: ["record", "key", "feed", "sequence", "field"],
            columns: ["record", "key", "feed", "sequence", "field", "value"], [.log]),
        FlipTarget("fingerprint", key: ["scope", "bucket"], columns: ["scope", "bucket", "sum"], [.fingerprint]),
        FlipTarget("quarantine", key: ["feed", "sequence"], columns: ["feed", "sequence"], [.quarantine]),
    ]

    /// The projections' tables as they are in a file, but for empty ones.
    package static func projections(in path: String) throws -> [FlipTarget] {
        let connection = try Connection(path: path, access: .readOnly)
        defer { connection.close() }
        var names: [String] = []
        try connection.withStatement(
            """
            SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
            WHERE m.type = 'table' AND (m.name GLOB 'recovery_case*' OR m.name IN ('branch', 'machine'))
            ORDER BY m.name, c.cid
            """
        ) { statement in
            while try statement.step() { names.append("\(try statement.text(0)) \(try statement.text(1))") }
        }
        let columns = names.map { $0.split(separator: " ") }
        return Dictionary(grouping: columns, by: \.[0]).sorted { $0.key < $1.key }.map { table, columns in
            FlipTarget(
                String(table), key: ["rowid"], columns: columns.map { String($0[1]) }.filter { $0 != "rid" },
                [.projection])
        }
    }
}
