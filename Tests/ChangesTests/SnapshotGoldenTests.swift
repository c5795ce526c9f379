import Causality
import Changes
import GoldenFiles
import Testing

@Suite("Golden bytes of a snapshot's chunks")
struct SnapshotGoldenTests {
    @Test func snapshotChunks() throws {
        let whole = SnapshotRecord(
            origin: .external(source: "incident-log", id: "INC0000045"), state: Samples.state, log: [])
        try GoldenFile(name: "snapshot-chunk").expect([
            ("no records", SnapshotChunk.encode([])),
            ("the second state of record-state.hex, its log stated without rows", SnapshotChunk.encode([whole])),
            ("four records that count up", SnapshotChunk.encode(SnapshotGoldenTests.counting)),
        ])
    }

    /// Every coding of values but a moment's, two feeds, a log with its rows.
    private static let counting: [SnapshotRecord] = (0..<4).map { index in
        var state = RecordState()
        var log: [LogRow] = []
        for sequence in [UInt64(index * 2 + 1), UInt64(index * 2 + 2)] {
            let dot = Dot(feed: sequence == 6 ? Samples.otherFeed : Samples.dot.feed, sequence: sequence)
            let time = HybridTimestamp(milliseconds: 1_768_469_400_000 + Int64(sequence) * 1_500)
            let operations = [
                Samples.operation("status", .register, .text(sequence % 2 == 0 ? "Closed" : "Open")),
                Samples.operation("caller", .register, .text(Text("Caller \(300 + index)"))),
                Samples.operation("opened", .register, .text("2026-01-15T09:30")),
                Samples.operation("count", .register, .integer(Int64(sequence))),
                Samples.operation("visits", .total, .integer(1)),
                Samples.operation("steps", .log, .text("seen")),
                Samples.operation("tags", .set, .null, element: .integer(Int64(sequence % 2))),
            ]
            for operation in operations {
                do {
                    let row = try state.apply(
                        operation, dot: dot, effective: time, past: Past(of: dot, others: VersionVector())
                    ) { log.last?.mark.key }
                    if let row { log.append(row) }
                } catch { preconditionFailure("\(error)") }
            }
        }
        return SnapshotRecord(
            origin: .external(source: "incident-log", id: Text("INC000004\(index)")), state: state, log: log)
    }
}
