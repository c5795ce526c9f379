import Causality
import Changes

/// A record as it is kept.
package struct StoredRecord: Hashable, Sendable {
    package let id: RecordID
    package let scope: ScopeID
    /// How changes name it.
    package let origin: RecordOrigin
    package let state: RecordState

    package init(id: RecordID, scope: ScopeID, origin: RecordOrigin, state: RecordState) {
        self.id = id
        self.scope = scope
        self.origin = origin
        self.state = state
    }

    /// What it adds to its bucket of the scope's fingerprint.
    ///
    /// - Complexity: O(bytes of the state).
    package var digest: UInt128 { state.digest(of: id) }
}

/// A change as a fold knows it.
package struct FoldStep: Sendable {
    package let dot: Dot
    package let hash: ShortHash
    package let effective: HybridTimestamp
    /// What it had seen.
    package let past: Past

    package init(dot: Dot, hash: ShortHash, effective: HybridTimestamp, past: Past) {
        self.dot = dot
        self.hash = hash
        self.effective = effective
        self.past = past
    }
}

/// The folded state, inside the same transaction as the log: records, their log rows, fingerprints.
///
/// A scope's fingerprint is at all times that of its records, and projection tables follow what is put here. A store
/// may work both out once, before it commits or when it is asked: a record that a thousand changes of a transaction
/// touch is then read once and written once.
package protocol RecordStore: AnyObject {
    func record(_ id: RecordID, of scope: ScopeID) throws -> StoredRecord?
    /// Puts a record in the place of what is held of it.
    func put(_ state: EncodedState, origin: RecordOrigin, of id: RecordID, scope: ScopeID) throws
    /// The same of all records of a chunk of a snapshot, each with its log.
    func put(_ chunk: UnpackedChunk, of scope: ScopeID) throws
    /// Applies what a change does to one record. One that is not held begins empty, from the origin that the change names.
    ///
    /// - Parameter record: which of the change's records it is.
    /// - Returns: the rows that its log operations add, which are not appended yet.
    /// - Throws: what the storage throws; the transaction must then be given up: the state may be half changed.
    func apply(
        _ operations: EncodedOperations, on record: Int, of step: FoldStep, to id: RecordID, of scope: ScopeID
    ) throws -> [LogRow]
    /// Records of a scope by id, after `id`.
    func records(of scope: ScopeID, after id: RecordID?, limit: Int) throws -> [StoredRecord]
    /// Says that the changes of the scope's entries after one position through another were folded, each for the first time, and
    /// nothing else since this was said last. Where that is so of all entries by which the scope then moves on, a store that is
    /// written behind may leave the records to later.
    func noteFolded(after position: UInt64, through last: UInt64, of scope: ScopeID) throws
    /// Forgets a record's state and log rows, so that it can be folded again.
    func clear(_ id: RecordID, of scope: ScopeID) throws

    func append(_ row: LogRow, of record: RecordID, scope: ScopeID) throws
    /// In listing order: by mark, then by field where one change wrote to two logs.
    func logRows(of record: RecordID, scope: ScopeID) throws -> [LogRow]
    /// The greatest key of the record's log rows within `past`.
    func greatestLogKey(of record: RecordID, scope: ScopeID, within past: Past) throws -> HybridTimestamp?

    /// The changes of the log that touch a record, whether or not they can be folded, each after its past.
    func changes(touching record: RecordID, of scope: ScopeID) throws -> [StoredChange]

    /// 256 sums of the records' digests, mod 2^128, by the first byte of the record's id.
    func fingerprint(of scope: ScopeID) throws -> Fingerprint

    /// Keeps a change that this version cannot fold, with the reason.
    func quarantine(_ dot: Dot, of scope: ScopeID, reason: String) throws
    func removeQuarantine(_ dot: Dot, of scope: ScopeID) throws
    func quarantined(of scope: ScopeID) throws -> [(dot: Dot, reason: String)]
}

/// An order-independent digest of a scope's records: 256 sums, by the first byte of the record's id.
package struct Fingerprint: Hashable, Sendable {
    package var buckets: [UInt128]

    package static var bucketCount: Int { 256 }

    package init(buckets: [UInt128] = Array(repeating: 0, count: Fingerprint.bucketCount)) {
        precondition(buckets.count == Fingerprint.bucketCount)
        self.buckets = buckets
    }

    /// One hash over all buckets: equal fingerprints, equal hashes.
    package var hash: Hash256 {
        Hash256.of(.fingerprint) { writer in
            for bucket in buckets {
                writer.write(ShortHash(high: UInt64(bucket >> 64), low: UInt64(truncatingIfNeeded: bucket)))
            }
        }
    }

    package static func bucket(of record: RecordID) -> Int { Int(record.high >> 56) }
}

/// What the engine of a replica works on: its log and its records in one transaction.
package protocol ReplicaTransaction: ChangeLog, RecordStore, SnapshotStore, Background {
    /// The secret from which the salts of a subject's parts in a record derive; nil before the first.
    func partKey(of subject: SubjectID, record: RecordID) throws -> [UInt8]?
    func put(partKey: [UInt8], of subject: SubjectID, record: RecordID) throws
}

/// What the hub's engine works on: besides, who is known and who may join.
package protocol HubTransaction: ReplicaTransaction {
    /// The certificate of a replica that this hub has certified.
    func certificate(of replica: ReplicaID) throws -> Certificate?
    /// Sorted by replica.
    func certificates() throws -> [Certificate]
    func put(_ certificate: Certificate) throws

    func enrolment(_ code: Hash256) throws -> Enrolment?
    func put(_ enrolment: Enrolment) throws
}

/// A one-time code by which one machine may join, kept as its hash.
package struct Enrolment: Hashable, Sendable {
    /// H(code).
    package let code: Hash256
    /// The scope of the branch that the machine will serve.
    package let home: ScopeID
    package let isHeadquarters: Bool
    /// Milliseconds since 1970 by the hub's clock.
    package let expires: Int64
    /// The replica that used it.
    package var usedBy: ReplicaID?

    package init(code: Hash256, home: ScopeID, isHeadquarters: Bool, expires: Int64, usedBy: ReplicaID? = nil) {
        self.code = code
        self.home = home
        self.isHeadquarters = isHeadquarters
        self.expires = expires
        self.usedBy = usedBy
    }
}

/// A store of one replica: transactions, one writer at a time.
package protocol ReplicaStore: AnyObject {
    associatedtype Transaction: ReplicaTransaction
    /// Runs `body` in a transaction that is on disk when this returns. When `body` throws, nothing has changed.
    func write<Result>(_ body: (Transaction) throws -> Result) throws -> Result
    /// As `write`, for a step of work that goes on: what the records show elsewhere may lag behind the log, until the next
    /// `write` or `read`.
    func writeBehind<Result>(_ body: (Transaction) throws -> Result) throws -> Result
    /// Runs `body` on one consistent snapshot.
    func read<Result>(_ body: (Transaction) throws -> Result) throws -> Result
    /// As `read`, for who asks the log alone: the records may be those of an earlier moment.
    func readBehind<Result>(_ body: (Transaction) throws -> Result) throws -> Result
    /// Lets go of what it has open; nothing else may be called afterwards.
    func close() throws
}

extension ReplicaStore {
    package func writeBehind<Result>(_ body: (Transaction) throws -> Result) throws -> Result { try write(body) }
    package func readBehind<Result>(_ body: (Transaction) throws -> Result) throws -> Result { try read(body) }
    package func close() throws {}
}

/// A hub's store of one chain. One contract test suite; every backend passes it.
package protocol HubStore: ReplicaStore where Transaction: HubTransaction {}

extension RecordStore {
    package func noteFolded(after position: UInt64, through last: UInt64, of scope: ScopeID) {}

    package func put(_ chunk: UnpackedChunk, of scope: ScopeID) throws {
        for (id, index) in chunk.records { try put(chunk.block.records[index], of: id, scope: scope) }
    }

    /// Puts a record that a snapshot brings, with its log, in the place of what is held of it: no row of a log.
    package func put(_ record: SnapshotRecord, of id: RecordID, scope: ScopeID) throws {
        try put(record.encoded, origin: record.origin, of: id, scope: scope)
        for row in record.log { try append(row, of: id, scope: scope) }
    }

    /// Puts a record in the place of what is held of it.
    package func put(_ record: StoredRecord) throws {
        try put(EncodedState(record.state), origin: record.origin, of: record.id, scope: record.scope)
    }
}
