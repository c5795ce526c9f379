import Causality
import Changes

/// What of a request was looked at before the transaction that takes it: signatures of one author, and columns that were
/// taken apart. Both take longer than storing does, and need nothing of the store.
///
/// What is missing here, or not good, is left to the transaction to check and to refuse.
package struct CheckedRequest: Sendable {
    private var key: PublicKey?
    private var attestations: Set<Attestation> = []
    /// By scope, then in the order of its push.
    private var blocks: [ScopeID: [UnpackedBlock?]] = [:]

    /// Nothing.
    package init() {}

    /// Checks the last word of `key`'s owner in each push of a request.
    ///
    /// - Complexity: one signature a push.
    package init(of request: SyncRequest, by key: PublicKey) {
        self.key = key
        let replica = key.replica
        for push in request.pushes {
            let own = push.attestations.filter { $0.replica == replica && $0.scope == push.scope }
            guard let last = own.max(by: { $0.sequence < $1.sequence }) else { continue }
            do { try last.verify(key) } catch { continue }
            attestations.insert(last)
        }
    }

    /// Takes apart the blocks of a request's pushes: of each the first ones, as long as they are good and there is room.
    ///
    /// - Parameter limit: bytes of memory that they may take, as they announce.
    /// - Complexity: O(what they rebuild) in time; memory is bounded by `limit`.
    package mutating func unpack(_ request: SyncRequest, limit: Int) {
        var rest = limit
        for push in request.pushes {
            var unpacked: [UnpackedBlock?] = []
            for block in push.blocks {
                guard case .packed(let block) = block else {
                    unpacked.append(nil)
                    continue
                }
                do {
                    let packed = try block.decoded()
                    // Its own bytes too, which may have come in fewer, and what its columns have alike.
                    let memory =
                        try Segment.announcedMemory(of: packed.segment)
                        + CheckedRequest.memoryPerByte * packed.segment.count
                    guard memory <= rest else { break }
                    rest -= memory
                    unpacked.append(try UnpackedBlock(packed, of: push.scope))
                } catch {
                    // The transaction says what is wrong with it.
                    break
                }
            }
            blocks[push.scope] = unpacked
        }
    }

    /// Of a segment's bytes, beside what it announces: seven of them may be a column.
    private static let memoryPerByte = 8

    /// Whether the very bytes were checked with this key.
    func contains(_ attestation: Attestation, by key: PublicKey) -> Bool {
        self.key == key && attestations.contains(attestation)
    }

    /// A block of the push to a scope, where it was taken apart.
    func block(_ index: Int, of scope: ScopeID) -> UnpackedBlock? {
        guard let blocks = blocks[scope], blocks.indices.contains(index) else { return nil }
        return blocks[index]
    }
}
