import Causality
import Changes

/// A draft as far as it comes to a change without a place in a feed: its operations encoded, hashed and held to the format's rules.
///
/// It takes no store, so that bulk work can make those of its next commit in the background.
package struct EncodedDraft: Sendable {
    let person: Text
    let zoneMinutes: Int16
    let schema: Text
    let parts: [ChangeDraft.Part]
    let operations: EncodedOperations
    let operationsHash: Hash256
    /// The writes that operations name as those that they replace.
    let shown: [ChangeReference]
    /// Where its records were looked for.
    private let scope: ScopeID
    /// The records' ids there, in order; nil where one is derived from the change.
    private let knownRecords: [RecordID]?

    /// - Parameter scope: where it is most likely to be saved.
    /// - Throws: `.tooManyOperations`, `.tooManyBytes`, `.malformed`.
    package init(_ draft: ChangeDraft, in scope: ScopeID) throws(CommitError) {
        guard draft.operations.operations.count <= Limit.operationsPerChange.value else {
            throw .tooManyOperations(draft.operations.operations.count)
        }
        person = draft.person
        zoneMinutes = draft.zoneMinutes
        schema = draft.schema
        self.scope = scope
        parts = draft.parts
        let bytes = draft.operations.encoded()
        guard bytes.count <= Limit.bytesPerChange.value else { throw .tooManyBytes(bytes.count) }
        do { operations = try EncodedOperations(bytes, inOrder: true) } catch { throw .malformed(error.description) }
        operationsHash = Operations.hash(bytes)
        shown = draft.operations.operations.compactMap(\.shown).flatMap { $0 }
        knownRecords =
            operations.createsRecords ? nil : operations.recordIDs(in: scope, change: ShortHash(high: 0, low: 0))
    }

    /// The ids of its records, in order.
    ///
    /// - Parameter change: the short hash of the change that it has become.
    func recordIDs(in scope: ScopeID, change: ShortHash) -> [RecordID] {
        if let knownRecords, scope == self.scope { return knownRecords }
        return operations.recordIDs(in: scope, change: change)
    }

    /// The record that is named first, where its id needs no change.
    func firstRecord(in scope: ScopeID) throws(CodecError) -> RecordID? {
        if let knownRecords, scope == self.scope { return knownRecords.first }
        guard !operations.origins.isEmpty else { return nil }
        let origin = try operations.origin(0)
        if case .here = origin { return nil }
        return origin.recordID(in: scope)
    }
}
