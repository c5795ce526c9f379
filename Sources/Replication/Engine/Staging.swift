import Causality
import Changes

/// A change that is coming in pieces.
package struct StagedChange: Hashable, Sendable {
    package let dot: Dot
    package let digest: Hash256
    package let total: Int
    /// From the start, without gaps.
    package let bytes: [UInt8]
    /// When the last piece came, milliseconds since 1970 by the local clock.
    package let at: Int64

    package init(dot: Dot, digest: Hash256, total: Int, bytes: [UInt8], at: Int64) {
        self.dot = dot
        self.digest = digest
        self.total = total
        self.bytes = bytes
        self.at = at
    }

    package var head: StagedHead { StagedHead(dot: dot, digest: digest.short, length: bytes.count) }
}

/// Collects pieces until a change is whole. At most one change of a feed is staged, the next after its head, so a
/// sender can fill no more than one change's limit a feed.
package struct Staging<Transaction: ChangeLog> {
    private let transaction: Transaction

    package init(_ transaction: Transaction) { self.transaction = transaction }

    /// What is staged of a change is kept for seven days.
    package static var keptMilliseconds: Int64 { 7 * 86_400_000 }

    /// Adds a piece that follows on from what is staged; one that does not changes nothing.
    ///
    /// When the last piece makes a whole whose digest is not the announced one, all of it is dropped.
    /// - Returns: how much is staged now: the sender goes on from there.
    package func add(_ piece: ChangePiece, of scope: ScopeID, now: Int64) throws -> StagedHead {
        try transaction.removeStaged(of: scope, before: now - Staging.keptMilliseconds)
        let head = try transaction.feed(piece.dot.feed, of: scope)?.sequence ?? 0
        // A change that is here already needs no pieces; the sender learns that from its entry.
        guard piece.dot.sequence == head + 1 else {
            return StagedHead(dot: piece.dot, digest: piece.digest.short, length: 0)
        }
        let held = try transaction.staged(at: piece.dot, of: scope)
        let isSame = held?.digest == piece.digest && held?.total == piece.total
        let bytes = isSame ? held?.bytes ?? [] : []
        guard piece.offset == bytes.count else {
            return StagedHead(dot: piece.dot, digest: piece.digest.short, length: bytes.count)
        }
        let staged = StagedChange(
            dot: piece.dot, digest: piece.digest, total: piece.total, bytes: bytes + piece.bytes, at: now)
        if staged.bytes.count == staged.total, Hash256.sha256(staged.bytes) != staged.digest {
            try transaction.removeStaged(at: piece.dot, of: scope)
            return StagedHead(dot: piece.dot, digest: piece.digest.short, length: 0)
        }
        try transaction.put(staged, of: scope)
        return staged.head
    }

    /// The change at `dot`, where it was staged whole.
    ///
    /// - Throws: `CodecError` where the whole is not a change.
    package func change(at dot: Dot, of scope: ScopeID) throws -> CarriedChange? {
        guard let staged = try transaction.staged(at: dot, of: scope), staged.bytes.count == staged.total else {
            return nil
        }
        var reader = ByteReader(staged.bytes)
        let change = try CarriedChange(from: &reader)
        try reader.finish()
        return change
    }
}

extension CarriedChange {
    /// Stands for a change whose bytes the receiver has staged.
    package static let staged = CarriedChange(bytes: [], parts: [])

    package var isStaged: Bool { bytes.isEmpty }
}
