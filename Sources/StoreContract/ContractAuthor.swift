import Causality
import Changes
import Replication

/// Makes changes of one feed by hand, without a store: what contract and acceptance tests are fed with.
package struct ContractAuthor {
    package let key: SigningKey
    package let scope: ScopeIntroduction
    package private(set) var sequence: UInt64 = 0
    package private(set) var hash: Hash256

    /// - Parameter number: names the key; the same number, the same author.
    package init(_ number: UInt8, in scope: ScopeIntroduction) {
        key = ContractAuthor.key(number)
        self.scope = scope
        hash = ReplicaIdentity(key: key).start(in: scope)
    }

    package static func key(_ number: UInt8) -> SigningKey {
        guard let key = try? SigningKey(seed: [UInt8](repeating: number, count: 32)) else {
            preconditionFailure("32 bytes are a seed")
        }
        return key
    }

    package var replica: ReplicaID { key.publicKey.replica }
    package var feed: FeedID { FeedID(replica) }
    package var start: Hash256 { ReplicaIdentity(key: key).start(in: scope) }
    /// How far the feed is, as a store keeps it.
    package var state: FeedState {
        var state = FeedState(feed: feed, start: start)
        state.sequence = sequence
        state.hash = hash
        return state
    }

    package func attestation() -> Attestation {
        Attestation(scope: scope.scope, sequence: sequence, hash: hash, key: key)
    }

    /// The next change of the feed. - Parameter parts: encoded personal parts, sorted by subject.
    package mutating func change(
        _ operations: Operations, context: [ChangeReference] = [],
        stamp: HybridTimestamp = HybridTimestamp(milliseconds: 1_000),
        parts: [PersonalPart] = [], schema: Text = "contract/1"
    ) -> Change {
        let dot = Dot(feed: feed, sequence: sequence + 1)
        let bytes = operations.encoded()
        let commitments = parts.enumerated().map { index, part in
            PartCommitment(
                subject: part.subject,
                commitment: PersonalPart.commitment(
                    part.encoded(), key: part.key, scope: scope.scope, dot: dot, index: index))
        }
        let change = Change(
            header: ChangeHeader(
                scope: scope.scope, dot: dot, previous: hash, stamp: stamp, zoneMinutes: 60, person: "p-1",
                schema: schema, context: context, operationsHash: Operations.hash(bytes), parts: commitments),
            operations: bytes)
        sequence = dot.sequence
        hash = change.hash
        return change
    }

    /// The next change of the feed: one text in the register `title` of a record of that number.
    package mutating func change(
        _ text: String, record: Int = 0, context: [ChangeReference] = [], parts: [PersonalPart] = []
    ) -> Change {
        change(ContractAuthor.title(text, record: record), context: context, parts: parts)
    }

    package static func origin(_ record: Int) -> RecordOrigin {
        .external(source: "contract", id: Text(String(record)))
    }

    package static func title(_ text: String, record: Int = 0) -> Operations {
        Operations(
            records: [origin(record)],
            operations: [
                FieldOperation(
                    record: 0, target: FieldTarget(field: "title", kind: .register), value: .text(text))
            ])
    }

    package static func part(_ number: UInt64, _ text: String) -> PersonalPart {
        PersonalPart(
            subject: SubjectID(high: 1, low: number),
            key: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 32),
            items: [.text(text)])
    }
}
