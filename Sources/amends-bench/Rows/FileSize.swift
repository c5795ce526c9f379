import SQLiteKit

/// Row 9: the file with the whole history, packed by SQLite, against the plain table's.
enum FileSize {
    static func measure(_ bench: Bench) throws -> [Figure] {
        let history = try bench.history()
        let ours = try bench.withReplica(2, durability: .normal) { replica in
            try replica.apply(history.answers)
            try replica.requireTable(bench.table, of: bench.trace)
            return try vacuumed(replica.path, bench)
        }
        let path = bench.workspace.path("plain.sqlite")
        defer { try? bench.workspace.discard(path) }
        let plain = try PlainTable(path: path, durability: .normal)
        try plain.write { try plain.insert(bench.table.rows(in: bench.trace)) }
        let plainBytes = try vacuumed(path, bench)
        plain.close()
        return [
            Figure(
                row: 9, name: "file-bytes", work: "file after VACUUM, whole history kept", value: Double(ours),
                unit: .bytes, plain: Double(plainBytes), ratio: Double(ours) / Double(plainBytes), goal: 1.75,
                note: "a synchronised replica: log, order, states, projection")
        ]
    }

    /// The size of a packed copy; the file itself stays as it is.
    private static func vacuumed(_ path: String, _ bench: Bench) throws -> Int {
        let packed = bench.workspace.path("packed.sqlite")
        defer { try? bench.workspace.discard(packed) }
        let connection = try Connection(path: path, access: .readOnly)
        defer { connection.close() }
        try connection.execute(script: "VACUUM INTO '\(packed)'")
        return try Workspace.size(of: packed)
    }
}
