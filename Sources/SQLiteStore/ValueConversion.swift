import Changes
import Replication
import SQLiteKit

/// Brings records of format 2, each with its state in one piece, into the form in which the tables of their types hold
/// the values: the old tables go, and the next opening writes them anew from the states.
///
/// Runs inside the migrator's transaction: all of it or nothing.
struct ValueConversion {
    private let connection: Connection

    init(of connection: Connection) { self.connection = connection }

    func run() throws {
        try connection.execute(script: StoreFormat.valuesOnce)
        for name in try projectedTables() {
            try connection.execute(script: "DROP TABLE IF EXISTS \"\(name)\"")
        }
        try connection.execute("DELETE FROM setting WHERE key IN ('projections', 'projection tables')")
        try convertOrigins()
    }

    /// A thing of another system names that system's row in place of its name.
    private func convertOrigins() throws {
        let transaction = SQLiteTransaction(projections: Projections([]), entriesPerSegment: .max)
        try transaction.begin(connection)
        try connection.withStatement("SELECT rid, origin FROM record WHERE length(origin) > 0 ORDER BY rid") {
            statement in
            while try statement.step() {
                let row = try statement.int64(0)
                var reader = ByteReader(try statement.bytes(1))
                let origin: RecordOrigin
                do {
                    origin = try RecordOrigin(from: &reader)
                    try reader.finish()
                } catch let error as CodecError {
                    throw StoredValueError(table: "record", row: "\(row)", reason: error.description)
                }
                try connection.execute(
                    "UPDATE record SET origin = ? WHERE rid = ?", try transaction.storedBytes(of: origin), row)
            }
        }
    }

    /// As the file names them, one a line.
    private func projectedTables() throws -> [Substring] {
        try connection.withStatement("SELECT value FROM setting WHERE key = 'projection tables'") { statement in
            guard try statement.step() else { return [] }
            return String(decoding: try statement.bytes(0), as: UTF8.self).split(separator: "\n")
        }
    }
}
