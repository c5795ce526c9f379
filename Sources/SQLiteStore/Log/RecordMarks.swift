import Causality
import Changes
import Replication

/// Which records the changes of a row of the log touch: the first 20 bits of each id, sorted, as differences.
///
/// It finds a record's history without reading every row: of a thousand rows with four hundred records each, one record
/// meets some 0.4 more than its own. It follows from the changes alone, so it can be checked and made again.
package struct RecordMarks {
    private var marks: [UInt32] = []

    private static func mark(of record: RecordID) -> UInt32 { UInt32(truncatingIfNeeded: record.high >> 44) }

    package init() {}

    package mutating func insert(_ record: RecordID) { marks.append(RecordMarks.mark(of: record)) }

    /// Takes the records of a whole change.
    package mutating func insert(_ change: StoredChange) throws {
        guard let bytes = change.operations else { return }
        for id in try EncodedOperations.recordIDs(bytes, in: change.header.scope, change: change.hash.short) {
            insert(id)
        }
    }

    package var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 2 * marks.count)
        var last: UInt32?
        for mark in marks.sorted() where mark != last {
            writer.write(UInt64(mark - (last ?? 0)))
            last = mark
        }
        return writer.bytes
    }

    /// Whether one of the records may be `record`.
    static func mayHold(_ record: RecordID, _ encoded: [UInt8]) throws(CodecError) -> Bool {
        let wanted = UInt64(mark(of: record))
        var reader = ByteReader(encoded)
        var mark: UInt64 = 0
        while !reader.isAtEnd {
            mark += try reader.readInteger(upTo: 1 << 20)
            if mark >= wanted { return mark == wanted }
        }
        return false
    }
}
