import Causality
import Changes

/// The in-memory twin of the stores: the same ports, the same contract, nothing on disk.
///
/// A transaction works on the one state; when its body throws, the state from before comes back.
package final class MemoryStore: HubStore {
    private let transaction = MemoryTransaction()

    package init() {}

    package func write<Result>(_ body: (MemoryTransaction) throws -> Result) throws -> Result {
        let before = transaction.state
        do {
            return try body(transaction)
        } catch {
            transaction.state = before
            throw error
        }
    }

    package func read<Result>(_ body: (MemoryTransaction) throws -> Result) throws -> Result {
        let before = transaction.state
        defer { transaction.state = before }
        return try body(transaction)
    }
}

/// What a `MemoryStore` holds. Dictionaries are looked up by key and sorted before they are listed.
struct MemoryState {
    struct Place: Hashable {
        let scope: ScopeID
        let dot: Dot
    }

    struct RecordKey: Hashable {
        let scope: ScopeID
        let record: RecordID
    }

    struct FeedKey: Hashable {
        let scope: ScopeID
        let feed: FeedID
    }

    struct PartKey: Hashable {
        let subject: SubjectID
        let record: RecordID
    }

    var scopes: [ScopeID: ScopeState] = [:]
    var feeds: [ScopeID: [FeedID: FeedState]] = [:]
    /// In order of application; a change's `order` is its index + 1.
    var changes: [StoredChange] = []
    /// Indices into `changes`, ascending.
    var unplaced: [ScopeID: [Int]] = [:]
    var places: [Place: Int] = [:]
    var parts: [Place: [[UInt8]?]] = [:]
    var entries: [ScopeID: [EntryRow]] = [:]
    var pasts: [ScopeID: PastIndex] = [:]
    /// Sorted by sequence.
    var attestations: [FeedKey: [Attestation]] = [:]
    var staged: [Place: StagedChange] = [:]
    var snapshots: [ScopeID: MemorySnapshot] = [:]
    var pushed = PushedBlocks()
    var settings: [SettingKey: [UInt8]] = [:]
    var records: [RecordKey: StoredRecord] = [:]
    var logRows: [RecordKey: [LogRow]] = [:]
    /// Indices into `changes`, ascending.
    var touches: [RecordKey: [Int]] = [:]
    var quarantine: [Place: String] = [:]
    var partKeys: [PartKey: [UInt8]] = [:]
    var certificates: [ReplicaID: Certificate] = [:]
    var enrolments: [Hash256: Enrolment] = [:]
}

package final class MemoryTransaction: HubTransaction {
    var state = MemoryState()

    // MARK: - Scopes and feeds

    package func scopes() -> [ScopeState] { state.scopes.values.sorted { $0.id < $1.id } }
    package func scope(_ id: ScopeID) -> ScopeState? { state.scopes[id] }
    package func put(_ scope: ScopeState) { state.scopes[scope.id] = scope }

    package func feeds(of scope: ScopeID) -> [FeedState] {
        (state.feeds[scope] ?? [:]).values.sorted { $0.feed < $1.feed }
    }

    package func unseenFeeds(of scope: ScopeID) -> [FeedState] { feeds(of: scope).filter { $0.seen < $0.sequence } }

    package func waitingFeeds(of scope: ScopeID) -> [FeedState] {
        let waiting = Set((state.unplaced[scope] ?? []).map { state.changes[$0].dot.feed })
        return feeds(of: scope).filter { waiting.contains($0.feed) }
    }

    package func feed(_ feed: FeedID, of scope: ScopeID) -> FeedState? {
        state.feeds[scope]?[feed]
    }

    package func put(_ feed: FeedState, of scope: ScopeID) {
        state.feeds[scope, default: [:]][feed.feed] = feed
    }

    // MARK: - Changes

    package func append(
        _ change: Change, records: [RecordID], parts: [[UInt8]?], placement: Placement?
    ) -> StoredChange {
        insert(
            StoredChange(
                header: change.header, operations: change.operations, hash: change.hash, placement: placement,
                order: Int64(state.changes.count + 1)),
            records: records, parts: parts)
    }

    package func append(stub: ChangeHeader, hash: Hash256, placement: Placement) {
        _ = insert(
            StoredChange(
                header: stub, operations: nil, hash: hash, placement: placement,
                order: Int64(state.changes.count + 1)),
            records: [], parts: stub.parts.map { _ in nil })
    }

    private func insert(_ change: StoredChange, records: [RecordID], parts: [[UInt8]?]) -> StoredChange {
        let place = MemoryState.Place(scope: change.header.scope, dot: change.dot)
        precondition(state.places[place] == nil, "the change \(change.dot) is stored already")
        state.places[place] = state.changes.count
        if change.placement == nil { state.unplaced[place.scope, default: []].append(state.changes.count) }
        for id in records {
            state.touches[MemoryState.RecordKey(scope: place.scope, record: id), default: []].append(
                state.changes.count)
        }
        state.changes.append(change)
        if !parts.isEmpty { state.parts[place] = parts }
        return change
    }

    package func place(_ dot: Dot, of scope: ScopeID, at placement: Placement) {
        guard let index = state.places[MemoryState.Place(scope: scope, dot: dot)] else {
            preconditionFailure("there is no change \(dot) to place")
        }
        state.changes[index].placement = placement
        state.unplaced[scope]?.removeAll { $0 == index }
    }

    package func change(at dot: Dot, of scope: ScopeID) -> StoredChange? {
        state.places[MemoryState.Place(scope: scope, dot: dot)].map { state.changes[$0] }
    }

    package func unplaced(of scope: ScopeID, after order: Int64, limit: Int) -> [StoredChange] {
        (state.unplaced[scope] ?? []).drop { $0 < order }.prefix(limit).map { state.changes[$0] }
    }

    package func unplacedCarried(of scope: ScopeID, after order: Int64, limit: Int) -> [UnplacedChange] {
        unplaced(of: scope, after: order, limit: limit).map {
            UnplacedChange(
                dot: $0.dot, order: $0.order, carried: $0.carried, hasParts: !$0.header.parts.isEmpty)
        }
    }

    package func unplacedCount(of scope: ScopeID) -> Int { state.unplaced[scope]?.count ?? 0 }

    package func parts(of dot: Dot, scope: ScopeID) -> [[UInt8]?] {
        state.parts[MemoryState.Place(scope: scope, dot: dot)] ?? []
    }

    package func addParts(_ parts: [[UInt8]?], of dot: Dot, scope: ScopeID) {
        let place = MemoryState.Place(scope: scope, dot: dot)
        guard let held = state.parts[place] else { return }
        state.parts[place] = zip(held, parts).map { $0 ?? $1 }
    }

    // MARK: - Order

    package func append(_ row: EntryRow, of scope: ScopeID) { state.entries[scope, default: []].append(row) }

    package func keep(_ block: PackedEntries, from position: UInt64, of scope: ScopeID) {}

    package func note(pushed blocks: [PushedBlocks.Block], of scope: ScopeID) {
        state.pushed.replace(scope, by: blocks)
    }

    package func pushed(from dot: Dot, of scope: ScopeID) -> [PushedBlocks.Block] {
        state.pushed.blocks(from: dot, of: scope)
    }

    package func entries(of scope: ScopeID, after position: UInt64, limit: Int) -> [EntryRow] {
        let first = basePosition(of: scope)
        return Array(
            (state.entries[scope] ?? []).dropFirst(position < first ? 0 : Int(clamping: position - first)).prefix(limit)
        )
    }

    package func history(of scope: ScopeID, at position: UInt64) -> HistoryHash? {
        if position == 0 {
            return state.scopes[scope].map { HistoryHash(chain: $0.introduction.seed, scope: scope) }
        }
        let rows = state.entries[scope] ?? []
        let first = basePosition(of: scope)
        if first > 0, position == first { return base(of: scope)?.receipt.history }
        return position > first && position - first <= UInt64(rows.count)
            ? rows[Int(position - first) - 1].history : nil
    }

    private func base(of scope: ScopeID) -> SnapshotManifest? {
        state.snapshots[scope].flatMap { $0.held.isBase ? $0.held.manifest : nil }
    }

    /// Entries up to here are not held one by one.
    private func basePosition(of scope: ScopeID) -> UInt64 { base(of: scope)?.position ?? 0 }

    package func past(of dot: Dot, scope: ScopeID) -> Past {
        state.pasts[scope]?.past(of: dot) ?? Past(of: dot, others: VersionVector())
    }

    package func note(_ dot: Dot, context: [ChangeReference], scope: ScopeID) {
        if !context.isEmpty { state.pasts[scope, default: PastIndex()].insert(dot, context: context) }
    }

    package func staged(at dot: Dot, of scope: ScopeID) -> StagedChange? {
        state.staged[MemoryState.Place(scope: scope, dot: dot)]
    }

    package func staged(of scope: ScopeID) -> [StagedHead] {
        state.staged.filter { $0.key.scope == scope }.values.map(\.head).sorted { $0.dot < $1.dot }
    }

    package func put(_ staged: StagedChange, of scope: ScopeID) {
        state.staged[MemoryState.Place(scope: scope, dot: staged.dot)] = staged
    }

    package func removeStaged(at dot: Dot, of scope: ScopeID) {
        state.staged[MemoryState.Place(scope: scope, dot: dot)] = nil
    }

    package func removeStaged(of scope: ScopeID, before time: Int64) {
        state.staged = state.staged.filter { $0.key.scope != scope || $0.value.at >= time }
    }

    package func put(_ attestation: Attestation) {
        let key = MemoryState.FeedKey(scope: attestation.scope, feed: FeedID(attestation.replica))
        var list = state.attestations[key] ?? []
        list.removeAll { $0.sequence == attestation.sequence }
        list.append(attestation)
        state.attestations[key] = list.sorted { $0.sequence < $1.sequence }
    }

    package func append(_ block: AppendedBlock, of scope: ScopeID) throws { try appendEach(of: block, in: scope) }

    package func sealed(from position: UInt64, of scope: ScopeID, unless held: (FeedID) -> Bool) -> SealedEntries? {
        nil
    }
    package func nextSealed(after position: UInt64, of scope: ScopeID) -> UInt64? { nil }

    package func attestation(of replica: ReplicaID, scope: ScopeID, covering sequence: UInt64) -> Attestation? {
        state.attestations[MemoryState.FeedKey(scope: scope, feed: FeedID(replica))]?
            .first { $0.sequence >= sequence }
    }

    package func setting(_ key: SettingKey) -> [UInt8]? { state.settings[key] }
    package func put(_ value: [UInt8]?, for key: SettingKey) { state.settings[key] = value }

    /// Done when it is asked for.
    package func begin<Value: Sendable>(_ work: @escaping @Sendable () -> Value) -> @Sendable () -> Value { work }

    // MARK: - Records

    package func record(_ id: RecordID, of scope: ScopeID) -> StoredRecord? {
        state.records[MemoryState.RecordKey(scope: scope, record: id)]
    }

    package func put(_ state: EncodedState, origin: RecordOrigin, of id: RecordID, scope: ScopeID) {
        put(StoredRecord(id: id, scope: scope, origin: origin, state: state.state))
    }

    private func put(_ record: StoredRecord) {
        state.records[MemoryState.RecordKey(scope: record.scope, record: record.id)] = record
    }

    package func apply(
        _ operations: EncodedOperations, on record: Int, of step: FoldStep, to id: RecordID, of scope: ScopeID
    ) throws -> [LogRow] {
        let held = self.record(id, of: scope)
        var state = held?.state ?? RecordState()
        var rows: [LogRow] = []
        for item in operations.items(on: record) {
            let row = try state.apply(
                try operations.operation(item), dot: step.dot, effective: step.effective,
                past: step.past
            ) { greatestLogKey(of: id, scope: scope, within: step.past) }
            if let row { rows.append(row) }
        }
        let origin = try held?.origin ?? operations.origin(record).seen(from: step.hash)
        put(StoredRecord(id: id, scope: scope, origin: origin, state: state))
        return rows
    }

    package func records(of scope: ScopeID, after id: RecordID?, limit: Int) -> [StoredRecord] {
        Array(
            state.records.values.filter { record in record.scope == scope && id.map { $0 < record.id } ?? true }
                .sorted { $0.id < $1.id }.prefix(limit))
    }

    package func clear(_ id: RecordID, of scope: ScopeID) {
        state.records[MemoryState.RecordKey(scope: scope, record: id)] = nil
        state.logRows[MemoryState.RecordKey(scope: scope, record: id)] = nil
    }

    package func append(_ row: LogRow, of record: RecordID, scope: ScopeID) {
        state.logRows[MemoryState.RecordKey(scope: scope, record: record), default: []].append(row)
    }

    package func logRows(of record: RecordID, scope: ScopeID) -> [LogRow] {
        (state.logRows[MemoryState.RecordKey(scope: scope, record: record)] ?? [])
            .sorted { $0.mark != $1.mark ? $0.mark < $1.mark : $0.field < $1.field }
    }

    package func greatestLogKey(of record: RecordID, scope: ScopeID, within past: Past) -> HybridTimestamp? {
        logRows(of: record, scope: scope).last { past.contains($0.mark.dot) }?.mark.key
    }

    package func changes(touching record: RecordID, of scope: ScopeID) -> [StoredChange] {
        (state.touches[MemoryState.RecordKey(scope: scope, record: record)] ?? []).map { state.changes[$0] }
    }

    package func fingerprint(of scope: ScopeID) -> Fingerprint {
        var fingerprint = Fingerprint()
        for record in state.records.values where record.scope == scope {
            fingerprint.buckets[Fingerprint.bucket(of: record.id)] &+= record.digest
        }
        return fingerprint
    }

    package func quarantine(_ dot: Dot, of scope: ScopeID, reason: String) {
        state.quarantine[MemoryState.Place(scope: scope, dot: dot)] = reason
    }

    package func removeQuarantine(_ dot: Dot, of scope: ScopeID) {
        state.quarantine[MemoryState.Place(scope: scope, dot: dot)] = nil
    }

    package func quarantined(of scope: ScopeID) -> [(dot: Dot, reason: String)] {
        state.quarantine.filter { $0.key.scope == scope }.map { (dot: $0.key.dot, reason: $0.value) }
            .sorted { $0.dot < $1.dot }
    }

    package func partKey(of subject: SubjectID, record: RecordID) -> [UInt8]? {
        state.partKeys[MemoryState.PartKey(subject: subject, record: record)]
    }

    package func put(partKey: [UInt8], of subject: SubjectID, record: RecordID) {
        state.partKeys[MemoryState.PartKey(subject: subject, record: record)] = partKey
    }

    // MARK: - Who is known

    package func certificate(of replica: ReplicaID) -> Certificate? { state.certificates[replica] }
    package func certificates() -> [Certificate] { state.certificates.values.sorted { $0.replica < $1.replica } }
    package func put(_ certificate: Certificate) { state.certificates[certificate.replica] = certificate }
    package func enrolment(_ code: Hash256) -> Enrolment? { state.enrolments[code] }
    package func put(_ enrolment: Enrolment) { state.enrolments[enrolment.code] = enrolment }
}
