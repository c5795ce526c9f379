import Causality
import Changes
import Compression
import Replication

/// The states that a trace comes to, as a snapshot carries them, and what they weigh.
enum SnapshotBytes {
    /// All records of the trace, by id: what one machine recorded, nothing else.
    static func records(of trace: Trace) throws -> [SnapshotRecord] {
        var states = Array(repeating: RecordState(), count: trace.numbers.count)
        var origins = [RecordOrigin?](repeating: nil, count: states.count)
        for (index, event) in trace.events.enumerated() {
            let dot = Dot(feed: FeedID(high: 1, low: 2), sequence: UInt64(index + 1))
            let draft = event.draft
            origins[event.incident] = draft.operations.records[0]
            for operation in draft.operations.operations {
                _ = try states[event.incident].apply(
                    operation, dot: dot, effective: HybridTimestamp(milliseconds: event.milliseconds),
                    past: Past(of: dot, others: VersionVector())
                ) { nil }
            }
        }
        let scope = BenchChain.scope.scope
        return zip(origins, states).compactMap { origin, state in
            origin.map { (id: $0.recordID(in: scope), record: ($0, state)) }
        }
        .sorted { $0.id < $1.id }
        .map { SnapshotRecord(origin: $0.record.0, state: $0.record.1, log: []) }
    }

    /// The chunks of `records`, in their order, and what they come to with zstd.
    static func chunks(
        of records: [SnapshotRecord], size: Int
    ) -> (chunks: [[UInt8]], compressed: Int) {
        let chunks = stride(from: 0, to: records.count, by: size).map { first in
            SnapshotChunk.encode(Array(records[first..<min(first + size, records.count)]))
        }
        return (chunks, chunks.reduce(0) { $0 + Zstd.compress($1).count })
    }
}
