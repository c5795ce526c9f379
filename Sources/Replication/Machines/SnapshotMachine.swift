import Causality
import Changes

/// What became of an attempt to begin a scope with a snapshot.
package enum SnapshotOutcome: Hashable, Sendable {
    /// It is the scope's base now.
    case taken(records: Int)
    /// The hub has none to give, or the scope has come further by itself: the order is taken instead.
    case declined
    /// What came is not to be taken. Nothing of it remains.
    case refused(String)
}

/// The fetching of one scope's snapshot, as a pure machine: events in, actions out.
///
///     idle ──begin──▶ asking ──manifest──▶ beginning ──began──▶ fetching ──all kept──▶ installing ──▶ finished
///                       ▲                                          │
///                       └──────── the hub holds it no more ────────┘
///
/// A driver that is cut off begins again with what was staged: pieces that were kept are never fetched again.
package struct SnapshotMachine: Sendable {
    private enum State: Hashable, Sendable {
        case idle
        case asking
        case beginning
        case fetching
        case keeping
        case installing
        case finished
    }

    package enum Action: Equatable, Sendable {
        /// Ask the hub for the manifest, then call `came(manifest:)`.
        case askManifest
        /// Check and stage it, then call `began`.
        case begin(SnapshotManifest)
        /// Ask the hub for a piece of the snapshot of this id, then call `came(piece:)`.
        case ask(SnapshotPiece, of: ShortHash)
        /// Check and stage it, then call `kept` or `refusedPiece`.
        case keep(SnapshotPiece, [UInt8])
        /// Make it the base, then call `installed`.
        case install
        case finish(SnapshotOutcome)
    }

    private var state = State.idle
    private var id: ShortHash?
    /// To be fetched, in this order.
    private var missing: [SnapshotPiece]
    private var restarts = 0
    /// The piece that came wrong once.
    private var doubtful: SnapshotPiece?

    /// - Parameters:
    ///   - staged: what was staged before, if anything.
    ///   - missing: the pieces of it that are still to come.
    package init(staged: SnapshotManifest? = nil, missing: [SnapshotPiece] = []) {
        id = staged?.id
        self.missing = missing
    }

    /// Starts. - Precondition: the machine is idle.
    package mutating func begin() -> Action {
        precondition(state == .idle, "begin() in \(state)")
        return id == nil ? ask() : next()
    }

    /// - Parameter manifest: nil where the hub has no snapshot to give.
    package mutating func came(manifest: SnapshotManifest?) -> Action {
        precondition(state == .asking, "came(manifest:) in \(state)")
        guard let manifest else { return finish(.declined) }
        state = .beginning
        id = manifest.id
        return .begin(manifest)
    }

    /// The manifest is staged.
    package mutating func began(missing: [SnapshotPiece]) -> Action {
        precondition(state == .beginning, "began() in \(state)")
        self.missing = missing
        return next()
    }

    /// - Parameter piece: nil where the hub does not hold the snapshot any more.
    package mutating func came(piece: [UInt8]?) -> Action {
        precondition(state == .fetching, "came(piece:) in \(state)")
        guard let piece, let asked = missing.first else {
            restarts += 1
            if restarts > SnapshotMachine.restartLimit { return finish(.declined) }
            return ask()
        }
        state = .keeping
        return .keep(asked, piece)
    }

    package mutating func kept() -> Action {
        precondition(state == .keeping, "kept() in \(state)")
        missing.removeFirst()
        return next()
    }

    /// The piece is not the one that was meant. It may have been damaged on its way: it is asked for once more.
    package mutating func refusedPiece(_ reason: String) -> Action {
        precondition(state == .keeping, "refusedPiece() in \(state)")
        guard let piece = missing.first, doubtful != piece else { return finish(.refused(reason)) }
        doubtful = piece
        return next()
    }

    package mutating func installed(records: Int) -> Action {
        precondition(state == .installing, "installed() in \(state)")
        return finish(.taken(records: records))
    }

    /// The manifest or the whole is not to be taken, or is of no use any more.
    package mutating func failed(_ outcome: SnapshotOutcome) -> Action {
        precondition(state == .beginning || state == .installing, "failed() in \(state)")
        return finish(outcome)
    }

    private mutating func ask() -> Action {
        state = .asking
        return .askManifest
    }

    private mutating func next() -> Action {
        guard let piece = missing.first, let id else {
            state = .installing
            return .install
        }
        state = .fetching
        return .ask(piece, of: id)
    }

    private mutating func finish(_ outcome: SnapshotOutcome) -> Action {
        state = .finished
        return .finish(outcome)
    }

    /// How often another snapshot is begun with when the hub has dropped the one before.
    private static var restartLimit: Int { 3 }
}
