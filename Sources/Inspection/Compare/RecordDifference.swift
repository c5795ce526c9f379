import Causality
import Changes
import Replication
import SQLiteStore

/// A record and what it adds to its scope's fingerprint.
package struct RecordDigest: Hashable, Sendable {
    package let record: RecordID
    package let digest: UInt128

    package init(record: RecordID, digest: UInt128) {
        self.record = record
        self.digest = digest
    }

    /// Of the records of a scope that say anything, sorted by id.
    package static func all(_ transaction: SQLiteTransaction, in scope: ScopeID) throws -> [RecordDigest] {
        var result: [RecordDigest] = []
        try transaction.visitRecords(of: scope) { record in
            if record.digest != 0 { result.append(RecordDigest(record: record.id, digest: record.digest)) }
        }
        return result
    }
}

/// Which records of a scope differ, and in which fields.
package struct RecordDifference: Hashable, Sendable {
    package struct Differing: Hashable, Sendable {
        package let record: RecordID
        /// Sorted; empty where only digests were compared.
        package let fields: [Text]
    }

    package private(set) var onlyA: [RecordID] = []
    package private(set) var onlyB: [RecordID] = []
    package private(set) var different: [Differing] = []

    package init() {}

    package var isEmpty: Bool { onlyA.isEmpty && onlyB.isEmpty && different.isEmpty }

    /// Compares two lists, each sorted by id.
    package init(_ a: [RecordDigest], _ b: [RecordDigest]) {
        self.init(a, b) { _ in [] }
    }

    /// Compares two files in one scope.
    init(_ a: SQLiteTransaction, _ b: SQLiteTransaction, in scope: ScopeID) throws {
        try self.init(RecordDigest.all(a, in: scope), RecordDigest.all(b, in: scope)) { record in
            try RecordDifference.fields(of: record, a, b, in: scope)
        }
    }

    private init(_ a: [RecordDigest], _ b: [RecordDigest], fields: (RecordID) throws -> [Text]) rethrows {
        var left = a[...]
        var right = b[...]
        while let first = left.first ?? right.first {
            switch (left.first, right.first) {
            case (let x?, let y?) where x.record == y.record:
                if x.digest != y.digest {
                    different.append(Differing(record: x.record, fields: try fields(x.record)))
                }
                left = left.dropFirst()
                right = right.dropFirst()
            case (let x?, let y?) where y.record < x.record:
                onlyB.append(y.record)
                right = right.dropFirst()
            case (_?, _):
                onlyA.append(first.record)
                left = left.dropFirst()
            case (nil, _):
                onlyB.append(first.record)
                right = right.dropFirst()
            }
        }
    }

    private static func fields(
        of record: RecordID, _ a: SQLiteTransaction, _ b: SQLiteTransaction, in scope: ScopeID
    ) throws -> [Text] {
        let states = try [a, b].map { try $0.record(record, of: scope)?.state ?? RecordState() }
        let slots = states.map { Set($0.slots) }
        let rows = try [a, b].map { Set(try $0.logRows(of: record, scope: scope)) }
        let fields =
            slots[0].symmetricDifference(slots[1]).map(\.target.field)
            + rows[0].symmetricDifference(rows[1]).map(\.field)
        return Set(fields).sorted()
    }
}
