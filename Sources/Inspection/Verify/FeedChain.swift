import Causality
import Changes

/// One feed's hash chain while its changes are read in order.
///
/// A change that does not come true is damaged itself, or the one before it is; what follows tells which. So after a
/// damaged change both its stored and its computed hash are tried as the next one's predecessor, and one damage is
/// named once.
struct FeedChain {
    /// What the next change's sequence may be.
    private var sequences: Set<UInt64> = [1]
    /// What the hash of the change before may be; empty when it is not known.
    private(set) var hashes: [Hash256]
    private(set) var isFirstBroken = false
    private(set) var lastSequence: UInt64 = 0

    /// - Parameter starts: what hash(0) may be.
    init(starts: [Hash256]) { hashes = starts }

    /// Takes the next change.
    ///
    /// - Parameters:
    ///   - sequence: as its row has it.
    ///   - mayLack: whether changes before it may be ones that cannot be read.
    /// - Returns: why it does not follow; nil when it does.
    mutating func follow(_ change: DecodedChange, sequence: UInt64, mayLack: Bool) -> String? {
        if mayLack, !sequences.contains(sequence) {
            sequences = [sequence]
            hashes = []
        }
        var reasons: [String] = []
        let isNext = sequences.contains(sequence)
        if !isNext {
            let expected = sequences.sorted().map(String.init).joined(separator: " or ")
            reasons.append("sequence \(sequence) comes where \(expected) follows")
        }
        let computed = computedHashes(of: change)
        if !computed.isEmpty, !computed.contains(change.hash) {
            reasons.append("its hash is not that of its bytes after the change before it")
        }
        hashes = reasons.isEmpty ? [change.hash] : computed + [change.hash]
        sequences = isNext ? [sequence + 1] : Set(sequences.map { $0 + 1 } + [sequence &+ 1])
        lastSequence = isNext ? sequence : lastSequence + 1
        if !reasons.isEmpty, lastSequence == 1 { isFirstBroken = true }
        return reasons.isEmpty ? nil : reasons.joined(separator: "; ")
    }

    /// Takes a change whose bytes cannot be read: its stored hash has to do for the next one.
    mutating func followUnreadable(sequence: UInt64, hash: Hash256) {
        sequences = Set(sequences.map { $0 + 1 } + [sequence &+ 1])
        lastSequence += 1
        hashes = [hash]
    }

    private func computedHashes(of change: DecodedChange) -> [Hash256] {
        // A stub says itself what it follows.
        if change.operations == nil {
            return hashes.isEmpty || hashes.contains(change.header.previous) ? [change.header.hash()] : [.zero]
        }
        return hashes.map { $0 == change.header.previous ? change.header.hash() : change.header.following($0).hash() }
    }
}
