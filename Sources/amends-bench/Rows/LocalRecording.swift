import SQLiteKit
import SQLiteStore

/// Rows 1 and 2: the log is recorded where it happens, one change an event.
enum LocalRecording {
    /// The import path: commits do not wait for the disk, and one barrier at the end, inside the time, covers all.
    static func inBatches(_ bench: Bench) throws -> [Figure] {
        let contest = try Contest(rounds: bench.rounds) { _ in
            try bench.withReplica(1) { replica in
                let time = try seconds {
                    try replica.store.withDeferredDurability { try replica.record(bench.trace.events, perCommit: 100) }
                }
                try replica.requireTable(bench.table, of: bench.trace)
                return time
            }
        } plain: { _ in
            try plain(bench, bench.trace, durability: .normal) { plain in
                for start in stride(from: 0, to: bench.trace.events.count, by: 100) {
                    try plain.write {
                        for event in bench.trace.events[start..<min(start + 100, bench.trace.events.count)] {
                            try plain.upsert(event.line)
                        }
                    }
                }
                try plain.barrier()
            }
        }
        return [
            .contest(
                1, "record-100-a-commit", "record the log, 100 events a commit", contest, goal: 1.5,
                note: "both NORMAL with one fsync at the end, inside the time")
        ]
    }

    /// Each event is on disk before the next begins; a part of the log, for the disk's sake.
    static func oneByOne(_ bench: Bench) throws -> [Figure] {
        let part = bench.trace.prefix(oneByOneEvents)
        let table = FinalTable(of: part)
        let contest = try Contest(rounds: bench.rounds) { _ in
            try bench.withReplica(1) { replica in
                let time = try seconds { try replica.recordOneByOne(part.events) }
                try replica.requireTable(table, of: part)
                return time
            }
        } plain: { _ in
            try plain(bench, part, durability: .full) { plain in
                for event in part.events { try plain.write { try plain.upsert(event.line) } }
            }
        }
        return [
            .contest(
                2, "record-1-a-commit", "the same, one event a commit, FULL", contest, goal: 1.2,
                note: "the first \(part.events.count) events of the log")
        ]
    }

    private static let oneByOneEvents = 2_000

    private static func plain(
        _ bench: Bench, _ trace: Trace, durability: Durability, _ body: (PlainTable) throws -> Void
    ) throws -> Double {
        let path = bench.workspace.path("plain.sqlite")
        defer { try? bench.workspace.discard(path) }
        let plain = try PlainTable(path: path, durability: durability)
        defer { plain.close() }
        let time = try seconds { try body(plain) }
        let expected = trace.events.count == bench.trace.events.count ? bench.table : FinalTable(of: trace)
        try require(try FinalTable.read(plain: plain.connection) == expected, "the plain table is not the trace's")
        return time
    }
}
