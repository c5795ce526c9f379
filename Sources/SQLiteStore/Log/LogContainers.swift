import Causality
import Replication

/// Rows of the log that were read lately, unpacked. A few, since each may hold a thousand changes.
struct LogContainers {
    private struct SegmentKey: Hashable {
        let scope: Int64
        let position: UInt64
    }

    private var segments: [SegmentKey: DecodedSegment] = [:]
    private var runs: [RunPlace: StoredRun] = [:]
    private var changeCount = 0
    /// What was asked for last: changes are mostly asked for one after the other.
    private var lastSegment: (scope: Int64, segment: DecodedSegment)?
    private var lastRun: (feed: Int64, run: StoredRun)?

    /// More changes than this are not kept.
    private static let changeLimit = 2_048

    func segment(_ scope: Int64, _ position: UInt64) -> DecodedSegment? {
        segments[SegmentKey(scope: scope, position: position)]
    }

    func run(at place: RunPlace) -> StoredRun? { runs[place] }

    /// A placed change, where the segment that was asked for last holds it.
    func recentChange(at dot: Dot, scope: Int64) -> StoredChange? {
        guard let lastSegment, lastSegment.scope == scope else { return nil }
        return lastSegment.segment.change(at: dot)
    }

    /// A change of a run, where the run that was asked for last holds it.
    func recentChange(_ sequence: UInt64, feed: Int64) -> StoredChange? {
        guard let lastRun, lastRun.feed == feed, (lastRun.run.first...lastRun.run.last).contains(sequence) else {
            return nil
        }
        return lastRun.run.changes[Int(sequence - lastRun.run.first)]
    }

    mutating func note(_ segment: DecodedSegment, scope: Int64) { lastSegment = (scope, segment) }

    mutating func note(_ run: StoredRun, feed: Int64) { lastRun = (feed, run) }

    mutating func keep(_ segment: DecodedSegment, scope: Int64) {
        makeRoom(for: segment.items.count)
        segments[SegmentKey(scope: scope, position: segment.position)] = segment
    }

    mutating func keep(_ run: StoredRun, at place: RunPlace) {
        makeRoom(for: run.changes.count)
        runs[place] = run
    }

    mutating func removeAll() { self = LogContainers() }

    private mutating func makeRoom(for count: Int) {
        if changeCount + count > LogContainers.changeLimit { removeAll() }
        changeCount += count
    }
}
