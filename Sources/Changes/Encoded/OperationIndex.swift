import Causality

/// Where operations lie in canonical bytes, in memory that those of many changes share: a block is unpacked into one index.
final class OperationIndex: Sendable {
    let origins: [Range<Int>]
    let items: [EncodedOperations.Item]
    /// For each change, the numbers of its items, from 0, as they are folded: those of each record side by side, in the order of
    /// their targets. Empty where it was not worked out.
    private let order: [UInt16]
    /// Of one change with several records: the items of each side by side, and where those of each begin.
    private let grouped: [Int]
    private let groupStarts: [Int]

    /// What of an index is a change's.
    struct Place: Hashable, Sendable {
        private let originStart: UInt32
        private let originEnd: UInt32
        private let itemStart: UInt32
        private let itemEnd: UInt32

        init(origins: Range<Int>, items: Range<Int>) {
            originStart = UInt32(origins.lowerBound)
            originEnd = UInt32(origins.upperBound)
            itemStart = UInt32(items.lowerBound)
            itemEnd = UInt32(items.upperBound)
        }

        var origins: Range<Int> { Int(originStart)..<Int(originEnd) }
        var items: Range<Int> { Int(itemStart)..<Int(itemEnd) }
    }

    /// More operations on one record than these are not folded in bytes.
    static var greatestOrderedCount: Int { 127 }

    /// The index of one change; nil where one of its records has no item.
    ///
    /// - Parameter bytes: where the items lie, if they are to be put in the order in which they are folded.
    init?(ofOne items: [EncodedOperations.Item], on origins: [Range<Int>], inOrderOf bytes: [UInt8]?) {
        self.origins = origins
        self.items = items
        var groups = [0..<items.count]
        if origins.count < 2 {
            guard origins.isEmpty == items.isEmpty else { return nil }
            groupStarts = []
            grouped = []
        } else {
            let (starts, grouped) = OperationIndex.grouped(items, records: origins.count)
            groups = origins.indices.map { starts[$0]..<starts[$0 + 1] }
            for group in groups where group.isEmpty { return nil }
            groupStarts = starts
            self.grouped = grouped
        }
        var order: [UInt16] = []
        if let bytes {
            order.reserveCapacity(items.count)
            for group in groups { OperationIndex.append(group, of: items[...], grouped, in: bytes, to: &order) }
        }
        self.order = order
    }

    /// The index of changes with no more than one record each.
    ///
    /// - Parameter order: of all their items, change by change.
    init(ofMany items: [EncodedOperations.Item], on origins: [Range<Int>], order: [UInt16]) {
        self.origins = origins
        self.items = items
        self.order = order
        grouped = []
        groupStarts = []
    }

    private static func grouped(
        _ items: [EncodedOperations.Item], records: Int
    ) -> (starts: [Int], items: [Int]) {
        var starts = Array(repeating: 0, count: records + 1)
        for item in items { starts[item.record + 1] += 1 }
        for record in 0..<records { starts[record + 1] += starts[record] }
        var next = starts
        var grouped = Array(repeating: 0, count: items.count)
        for (index, item) in items.enumerated() {
            grouped[next[item.record]] = index
            next[item.record] += 1
        }
        return (starts, grouped)
    }

    /// The numbers of the items on one of a change's records; nil where it has no other.
    func group(of record: Int, at place: Place) -> ArraySlice<Int>? {
        groupStarts.isEmpty ? nil : grouped[groupStarts[record]..<groupStarts[record + 1]]
    }

    /// The numbers of the items on a record in the order of their targets; nil where they are too many.
    ///
    /// - Parameter bytes: where the items lie.
    func order(of record: Int, at place: Place, in bytes: [UInt8]) -> ArraySlice<UInt16>? {
        let items = place.items
        let group = groupStarts.isEmpty ? 0..<items.count : groupStarts[record]..<groupStarts[record + 1]
        guard group.count <= OperationIndex.greatestOrderedCount else { return nil }
        if order.isEmpty {
            var found: [UInt16] = []
            found.reserveCapacity(group.count)
            OperationIndex.append(group, of: self.items[items], grouped, in: bytes, to: &found)
            return found[...]
        }
        let first = items.lowerBound + group.lowerBound
        return order[first..<first + group.count]
    }

    /// Appends the numbers of a record's items in the order of their targets; where they are too many, as they come.
    ///
    /// - Parameters:
    ///   - items: the change's.
    ///   - grouped: where it has several records, which of them `group` leads to.
    static func append(
        _ group: Range<Int>, of items: ArraySlice<EncodedOperations.Item>, _ grouped: [Int], in bytes: [UInt8],
        to order: inout [UInt16]
    ) {
        let first = order.count
        let start = items.startIndex
        let isOrdered = group.count <= greatestOrderedCount
        bytes.withUnsafeBytes { bytes in
            for place in group {
                let index = grouped.isEmpty ? place : grouped[place]
                var next = order.count
                order.append(UInt16(index))
                guard isOrdered else { continue }
                // They come in the order of a table's columns or nearly sorted, and are few.
                while next > first,
                    TargetOrder.compare(bytes, items[start + index], items[start + Int(order[next - 1])]) < 0
                {
                    order[next] = order[next - 1]
                    next -= 1
                }
                order[next] = UInt16(index)
            }
        }
    }
}
