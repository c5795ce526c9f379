import Causality
import Changes

/// A scope's snapshot in memory.
struct MemorySnapshot {
    var held: HeldSnapshot
    var pieces: [SnapshotPiece: [UInt8]] = [:]
    /// Those of the base, once they were asked for.
    var heads: [FeedID: SnapshotOrder.Head] = [:]
    var blocks: [Int: SnapshotBlock] = [:]
}

/// A chunk that is needed and not here, or is none.
package struct SnapshotDamage: Error, Hashable, Sendable, CustomStringConvertible {
    package let scope: ScopeID
    package let piece: SnapshotPiece
    package let reason: String

    package init(_ scope: ScopeID, _ piece: SnapshotPiece, _ reason: String) {
        self.scope = scope
        self.piece = piece
        self.reason = reason
    }

    package var description: String {
        "\(piece) of the snapshot of scope \(scope) is damaged: \(reason); run `amends verify`"
    }
}

extension MemoryTransaction {
    package func snapshot(of scope: ScopeID) -> HeldSnapshot? { state.snapshots[scope]?.held }

    package func put(_ snapshot: HeldSnapshot, of scope: ScopeID) throws {
        var kept = MemorySnapshot(held: snapshot)
        if let old = state.snapshots[scope], old.held.manifest == snapshot.manifest { kept.pieces = old.pieces }
        if snapshot.isBase {
            for (number, chunk) in snapshot.manifest.chunks.enumerated() where chunk.first == nil {
                guard let bytes = kept.pieces[.chunk(number)] else {
                    throw SnapshotDamage(scope, .chunk(number), "it is missing")
                }
                let order = try SnapshotOrder(compressed: bytes)
                for head in order.heads { kept.heads[head.feed] = head }
                for entry in order.knots { state.pasts[scope, default: PastIndex()].insert(entry.knot, of: entry.feed) }
            }
        }
        state.snapshots[scope] = kept
    }

    package func removeSnapshot(of scope: ScopeID) { state.snapshots[scope] = nil }

    package func put(_ bytes: [UInt8], as piece: SnapshotPiece, of scope: ScopeID) {
        state.snapshots[scope]?.pieces[piece] = bytes
    }

    package func snapshotPiece(_ piece: SnapshotPiece, of scope: ScopeID) -> [UInt8]? {
        state.snapshots[scope]?.pieces[piece]
    }

    package func holds(_ piece: SnapshotPiece, of scope: ScopeID) -> Bool {
        snapshotPiece(piece, of: scope) != nil
    }

    package func removeSnapshotPiece(_ piece: SnapshotPiece, of scope: ScopeID) {
        state.snapshots[scope]?.pieces[piece] = nil
    }

    package func baseBlock(_ number: Int, of scope: ScopeID) throws -> SnapshotBlock {
        if let known = state.snapshots[scope]?.blocks[number] { return known }
        guard let bytes = snapshotPiece(.chunk(number), of: scope) else {
            throw SnapshotDamage(scope, .chunk(number), "it is missing")
        }
        let block = try SnapshotBlock(compressed: bytes)
        state.snapshots[scope]?.blocks[number] = block
        return block
    }

    package func keep(_ block: SnapshotBlock, as number: Int, of scope: ScopeID) {
        state.snapshots[scope]?.blocks[number] = block
    }

    package func baseHead(of feed: FeedID, scope: ScopeID) -> SnapshotOrder.Head? {
        guard let held = state.snapshots[scope], held.held.isBase else { return nil }
        return held.heads[feed]
    }

    package func put(_ head: SnapshotOrder.Head, of scope: ScopeID) {
        var feed = FeedState(feed: head.feed, start: head.start)
        feed.sequence = head.sequence
        feed.hash = head.hash
        put(feed, of: scope)
    }

    package func put(part bytes: [UInt8]?, _ part: SnapshotBlock.Part, of scope: ScopeID) {
        let place = MemoryState.Place(scope: scope, dot: part.dot)
        var parts = state.parts[place] ?? []
        while parts.count <= part.number { parts.append(nil) }
        if parts[part.number] == nil { parts[part.number] = bytes }
        state.parts[place] = parts
    }

    package func knots(of scope: ScopeID) -> [SnapshotOrder.FeedKnot] {
        (state.pasts[scope]?.all ?? []).map { SnapshotOrder.FeedKnot(feed: $0.feed, knot: $0.knot) }
    }

    package func settle() {}
}
