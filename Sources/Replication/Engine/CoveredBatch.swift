import Causality
import Changes

/// Unplaced changes of a scope in order, from the first, so many that each foreign feed among them ends where its
/// author has attested it.
struct CoveredBatch {
    typealias Item = (dot: Dot, carried: CarriedChange)

    private(set) var items: [Item] = []
    /// Of foreign authors, one for each of their feeds.
    private(set) var attestations: [Attestation] = []
    /// The first change, where it alone is larger than the limit: it travels in pieces.
    private(set) var isLarge = false

    /// - Parameter own: the replica that can sign for its own feed wherever the batch ends.
    init(_ log: some ChangeLog, scope: ScopeID, own: ReplicaID?, limits: PushLimits) throws {
        /// For each foreign feed among the changes, the attestation that must be reached.
        var needed: [FeedID: Attestation] = [:]
        var reached: [FeedID: UInt64] = [:]
        var bytes = 0
        var isFull = false
        var after: Int64 = 0
        /// Where the batch could last be cut, and the attestations that cover it there.
        var covered = 0
        var covering: [FeedID: Attestation] = [:]
        /// The same after as many changes as fill blocks: a push that is not the last ends there, where that leaves out a quarter at most.
        var filled: (count: Int, covering: [FeedID: Attestation])?
        var isComplete: Bool { needed.allSatisfy { (reached[$0.key] ?? 0) >= $0.value.sequence } }
        reading: while true {
            let step = try log.unplacedCarried(of: scope, after: after, limit: CoveredBatch.step)
            for change in step {
                if isComplete {
                    (covered, covering) = (items.count, needed)
                    if !items.isEmpty, items.count % BlockPacker.entriesPerBlock == 0 { filled = (items.count, needed) }
                    if !items.isEmpty, items.count >= limits.changes || bytes >= limits.bytes {
                        isFull = true
                        break reading
                    }
                }
                let feed = change.dot.feed
                if own.map({ feed != FeedID($0) }) ?? true, (needed[feed]?.sequence ?? 0) < change.dot.sequence {
                    guard
                        let attestation = try log.attestation(
                            of: ReplicaID(feed), scope: scope, covering: change.dot.sequence)
                    else { break reading }
                    needed[feed] = attestation
                }
                if !needed.isEmpty { reached[feed] = change.dot.sequence }
                let carried = CarriedChange(
                    bytes: change.carried, parts: change.hasParts ? try log.parts(of: change.dot, scope: scope) : [])
                // A large change goes alone; where the batch cannot be cut around it, it goes whole.
                let isLarge = carried.byteCount > limits.bytes
                if isLarge, !items.isEmpty, covered == items.count { break reading }
                items.append((change.dot, carried))
                bytes += carried.byteCount
                after = change.order
                if isLarge, items.count == 1, isComplete {
                    self.isLarge = true
                    break reading
                }
            }
            if step.count < CoveredBatch.step { break }
        }
        if isFull, let filled, filled.count * 4 >= covered * 3 {
            (covered, covering) = filled
        } else if isComplete {
            (covered, covering) = (items.count, needed)
        }
        items.removeLast(items.count - covered)
        attestations = covering.values.sorted { $0.replica < $1.replica }
    }

    /// Lets a change whose bytes the hub has staged go without them.
    mutating func replaceFirst(by carried: CarriedChange) { items[0].carried = carried }

    var byteCount: Int { items.reduce(0) { $0 + $1.carried.byteCount } }

    /// Changes read at a time.
    private static var step: Int { 1_000 }
}
