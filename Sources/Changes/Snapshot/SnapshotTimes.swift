import Causality

/// The marks of all records, sorted, so that times rise: each change's time is written once.
struct SnapshotTimes {
    /// Indexes of marks by feed, sequence and, where it is known already, time.
    let order: [Int32]

    /// - Complexity: O(n log n) in marks.
    init(_ marks: [SnapshotMark]) {
        order = marks.indices.map { Int32($0) }.sorted { marks[Int($0)] < marks[Int($1)] }
    }

    /// Calls `body` with the marks of each change, in their order.
    func forEachChange<Failure>(
        _ marks: [SnapshotMark], _ body: (_ isFirstOfFeed: Bool, _ indices: ArraySlice<Int32>) throws(Failure) -> Void
    ) throws(Failure) {
        var start = 0
        var feed = -1
        while start < order.count {
            let first = marks[Int(order[start])]
            var end = start + 1
            while end < order.count, marks[Int(order[end])].isSameChange(as: first) { end += 1 }
            try body(first.feed != feed, order[start..<end])
            feed = first.feed
            start = end
        }
    }
}
