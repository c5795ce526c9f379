import SQLiteKit

/// What every row is given.
final class Bench {
    let trace: Trace
    let workspace: Workspace
    let rounds: Int

    init(trace: Trace, workspace: Workspace, rounds: Int) {
        self.trace = trace
        self.workspace = workspace
        self.rounds = rounds
    }

    private(set) lazy var table = FinalTable(of: trace)
    /// Rows that only read the history share one; it is made when the first asks.
    private var recorded: RecordedHistory?
    private var made: RecordedSnapshot?

    func history() throws -> RecordedHistory {
        if let recorded { return recorded }
        Talk.say("  recording the history that is carried …")
        let history = try RecordedHistory(of: trace, in: workspace)
        recorded = history
        return history
    }

    func snapshot() throws -> RecordedSnapshot {
        if let made { return made }
        Talk.say("  making the snapshot that is carried …")
        let snapshot = try RecordedSnapshot(of: trace, in: workspace)
        made = snapshot
        return snapshot
    }

    /// Inserts the final rows in one transaction that is on disk at the end.
    func bulkInsert() throws -> Double {
        let path = workspace.path("plain.sqlite")
        defer { try? workspace.discard(path) }
        let plain = try PlainTable(path: path, durability: .full)
        defer { plain.close() }
        let rows = table.rows(in: trace)
        let time = try seconds { try plain.write { try plain.insert(rows) } }
        try require(try FinalTable.read(plain: plain.connection) == table, "the plain table is not the trace's")
        return time
    }

    /// An empty replica with a file of its own, for the length of `body`.
    func withReplica<Result>(
        _ number: UInt8, durability: Durability = .full, _ body: (BenchReplica) throws -> Result
    ) throws -> Result {
        let path = workspace.path("replica.sqlite")
        defer { try? workspace.discard(path) }
        let replica = try BenchReplica(number, path: path, durability: durability)
        let result = try body(replica)
        try replica.close()
        return result
    }
}
