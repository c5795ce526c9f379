import SQLiteKit

/// A map from text to bytes on disk, for work whose memory may not grow with its input. Gone when it is closed.
package final class SpillFile {
    private let connection: Connection

    /// - Parameter path: a file that does not exist: see `TemporaryDatabase`.
    package init(path: String) throws {
        connection = try Connection(path: path, access: .readWriteCreate)
        try connection.execute(
            script: "CREATE TABLE value (key BLOB PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID")
        // Nothing here outlives the work, so one transaction that is never committed holds all of it.
        try connection.execute(script: "BEGIN")
    }

    package func value(of key: String) throws -> [UInt8]? {
        try connection.withStatement("SELECT body FROM value WHERE key = ?") { statement in
            try statement.bind(Array(key.utf8))
            return try statement.step() ? try statement.bytes(0) : nil
        }
    }

    package func put(_ value: [UInt8], for key: String) throws {
        try connection.execute("INSERT OR REPLACE INTO value (key, body) VALUES (?, ?)", Array(key.utf8), value)
    }

    package func close() { connection.close() }
}
