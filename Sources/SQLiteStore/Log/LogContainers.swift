import Replication

/// Rows of the log that were read lately, unpacked. A few, since each may hold a thousand changes.
struct LogContainers {
    private struct SegmentKey: Hashable {
        let scope: Int64
        let position: UInt64
    }

    private var segments: [SegmentKey: DecodedSegment] = [:]
    private var runs: [Int64: StoredRun] = [:]
    private var changeCount = 0

    /// More changes than this are not kept.
    private static let changeLimit = 8_192

    func segment(_ scope: Int64, _ position: UInt64) -> DecodedSegment? {
        segments[SegmentKey(scope: scope, position: position)]
    }

    func run(_ number: Int64) -> StoredRun? { runs[number] }

    mutating func keep(_ segment: DecodedSegment, scope: Int64) {
        makeRoom(for: segment.items.count)
        segments[SegmentKey(scope: scope, position: segment.position)] = segment
    }

    mutating func keep(_ run: StoredRun) {
        makeRoom(for: run.changes.count)
        runs[run.number] = run
    }

    mutating func removeAll() { self = LogContainers() }

    private mutating func makeRoom(for count: Int) {
        if changeCount + count > LogContainers.changeLimit { removeAll() }
        changeCount += count
    }
}
