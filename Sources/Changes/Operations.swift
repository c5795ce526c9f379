import Causality

/// What a change does: the records that it names, and its operations on them.
///
/// Layout: format 1; count of records, each origin; count of operations, each as `FieldOperation` writes it.
package struct Operations: Hashable, Sendable {
    package let records: [RecordOrigin]
    package let operations: [FieldOperation]

    package init(records: [RecordOrigin] = [], operations: [FieldOperation] = []) {
        self.records = records
        self.operations = operations
    }

    static var format: UInt64 { 1 }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: 64 + 48 * operations.count)
        writer.write(Operations.format)
        writer.write(records.count)
        for record in records { record.encode(into: &writer) }
        writer.write(operations.count)
        for operation in operations { operation.encode(into: &writer) }
        return writer.bytes
    }

    package init(_ bytes: [UInt8]) throws(CodecError) {
        var reader = ByteReader(bytes)
        try self.init(from: &reader)
        try reader.finish()
    }

    package init(from reader: inout ByteReader) throws(CodecError) {
        let format = try reader.readInteger()
        guard format == Operations.format else { throw .unsupported("operations of format \(format)") }
        let start = reader.index
        let recordCount = try reader.readCount(.operationsPerChange, leastBytes: 2)
        var records: [RecordOrigin] = []
        records.reserveCapacity(recordCount)
        for _ in 0..<recordCount { records.append(try RecordOrigin(from: &reader)) }
        guard Operations.areDistinct(records) else { throw .malformed("a record is listed twice", at: start) }
        let count = try reader.readCount(.operationsPerChange, leastBytes: 6)
        var operations: [FieldOperation] = []
        operations.reserveCapacity(count)
        var targets = TargetCheck(count: count)
        var named = Set<Int>()
        for _ in 0..<count {
            let position = reader.index
            let operation = try FieldOperation(from: &reader, records: recordCount)
            guard targets.isNew(operation, among: operations, from: 0) else {
                throw .malformed("two operations of one change write the same target", at: position)
            }
            named.insert(operation.record)
            operations.append(operation)
        }
        guard named.count == recordCount else { throw .malformed("a record is listed and not written", at: start) }
        self.init(records: records, operations: operations)
    }

    /// Whether each record is there once.
    static func areDistinct(_ records: [RecordOrigin]) -> Bool {
        records.count < 2 || Set(records).count == records.count
    }

    /// A few are compared with each other, which costs less than hashing them.
    enum Few {
        static func holds(_ count: Int) -> Bool { count <= 16 }
    }

    /// Finds a second write to one target within a change.
    struct TargetCheck {
        private let areFew: Bool
        private var targets: Set<RecordTarget>

        private struct RecordTarget: Hashable {
            let record: Int
            let target: FieldTarget
        }

        init(count: Int) {
            areFew = Operations.Few.holds(count)
            targets = Set(minimumCapacity: areFew ? 0 : count)
        }

        /// - Parameter others: from `start` on the change's operations before this one, each of which was asked about.
        mutating func isNew(_ operation: FieldOperation, among others: [FieldOperation], from start: Int) -> Bool {
            guard areFew else {
                return targets.insert(RecordTarget(record: operation.record, target: operation.target)).inserted
            }
            for index in start..<others.count
            where others[index].record == operation.record && others[index].target == operation.target {
                return false
            }
            return true
        }
    }

    /// The records' ids in the order of `records`.
    package func recordIDs(in scope: ScopeID, change: ShortHash) -> [RecordID] {
        records.map { $0.recordID(in: scope, change: change) }
    }

    package static func hash(_ bytes: [UInt8]) -> Hash256 {
        bytes.withUnsafeBytes { Hash256.of(.operations, bytes: $0) }
    }

    /// The same of a range of bytes, which is not copied.
    package static func hash(_ bytes: [UInt8], _ range: Range<Int>) -> Hash256 {
        bytes.withUnsafeBytes { Hash256.of(.operations, bytes: UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}
