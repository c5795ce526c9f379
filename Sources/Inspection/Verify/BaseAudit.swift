import Causality
import Changes
import Compression
import Replication
import SQLiteStore

/// What the records of a scope stand on, as far as it holds together.
struct AuditedBase {
    let manifest: SnapshotManifest
    /// How far it includes which feeds.
    var heads: [FeedID: SnapshotOrder.Head] = [:]
    /// Changes that the hub could not fold.
    var unfolded: Set<Dot> = []
}

/// The snapshots that scopes stand on, or that are being fetched: the hub's signature, each chunk's hash, and what the
/// chunks say, for the audits that come after.
final class BaseAudit {
    private let transaction: SQLiteTransaction
    private let world: AuditedWorld
    private let findings: Findings
    private let hubKey: PublicKey?
    /// By scope's row; of those that are being fetched, too.
    private var manifests: [Int64: SnapshotManifest] = [:]
    private var places: [Hash256: Place] = [:]
    private var found: Set<Place> = []
    private var strangers = 0

    private struct Place: Hashable {
        let scope: Int64
        let number: Int
    }

    init(transaction: SQLiteTransaction, world: AuditedWorld, findings: Findings, hubKey: PublicKey?) {
        self.transaction = transaction
        self.world = world
        self.findings = findings
        self.hubKey = hubKey
    }

    func run() throws {
        try findings.section("snapshot") { try transaction.auditSnapshots(check) }
        try findings.section("snapshot_piece") { try transaction.auditSnapshotPieces(check) }
        for (scope, base) in world.bases.sorted(by: { $0.key < $1.key }) { checkComplete(base.manifest, of: scope) }
        for scope in world.bases.keys.sorted() { beginFeeds(of: scope) }
    }

    // MARK: - What the hub signed

    private func check(_ row: AuditedRow<AuditedSnapshot>) {
        guard let stored = findings.content(of: row, .snapshot) else {
            if let scope = Int64(row.row) { world.unreadBases.insert(scope) }
            return world.lose(nil)
        }
        func damaged(_ reason: String) { findings.addFirst(.snapshot, row.table, row.row, reason) }
        let manifest = stored.manifest
        guard let scope = world.scopeRows[manifest.scope], let state = world.scopes[scope] else {
            damaged("its scope is not here")
            world.unreadBases.insert(stored.scope)
            return world.lose(nil)
        }
        if scope != stored.scope { damaged("it is of another scope than its row") }
        let isBase = stored.isBase == 1 || state.position > 0
        if let hubKey {
            do { try manifest.verify(hubKey) } catch { damaged("the hub's signature does not hold") }
        } else {
            findings.report.basis.unsignedBases += 1
        }
        if stored.isBase != (isBase ? 1 : 0) {
            damaged("it says that the scope does not stand on it")
        } else if isBase, manifest.position > state.position {
            damaged("it is of position \(manifest.position), and the scope stands at \(state.position)")
        }
        manifests[scope] = manifest
        for (number, chunk) in manifest.chunks.enumerated() {
            places[chunk.hash] = Place(scope: scope, number: number)
        }
        if isBase { world.bases[scope] = AuditedBase(manifest: manifest) }
    }

    // MARK: - Pieces

    private func check(_ row: AuditedRow<AuditedPiece>) throws {
        guard let stored = findings.content(of: row, .snapshot) else {
            strangers += 1
            return
        }
        func damaged(_ reason: String) {
            findings.addFirst(.snapshot, row.table, row.row, reason)
            strangers += 1
        }
        if stored.isParts == 1, world.bases[stored.scope] == nil, let manifest = manifests[stored.scope] {
            let hasParts =
                manifest.chunks.indices.contains(Int(clamping: stored.number))
                && manifest.chunks[Int(stored.number)].parts > 0
            if hasParts, let reason = try violation(ofParts: stored, in: manifest) { damaged(reason) }
            if !hasParts { damaged("the chunk has no personal parts") }
            return
        }
        // A chunk is known by its hash, wherever its row says that it belongs.
        guard let place = places[Hash256.sha256(stored.body)] else {
            return damaged("it is no chunk of a snapshot that is here")
        }
        if stored.isParts != 0 || place.scope != stored.scope || Int64(place.number) != stored.number {
            damaged("it is chunk \(place.number) of the snapshot of scope \(place.scope)")
        }
        found.insert(place)
        do { try take(stored.body, place) } catch let error as CodecError {
            damaged(error.description)
        } catch let error as ZstdError {
            damaged(error.description)
        }
    }

    private func violation(ofParts stored: AuditedPiece, in manifest: SnapshotManifest) throws -> String? {
        guard let chunk = try transaction.snapshotPiece(.chunk(Int(stored.number)), of: manifest.scope) else {
            return "the chunk that commits to them is not here"
        }
        do {
            let block = try SnapshotBlock(compressed: chunk)
            let parts = try SnapshotParts.decode(try Zstd.decompress(stored.body, limit: .bytesPerSnapshotChunk))
            guard parts.count == block.parts.count else { return "there are not as many as the chunk commits to" }
            for (part, body) in zip(block.parts, parts) {
                if let body, !part.isKept(by: body, scope: manifest.scope) {
                    return "one is not the part that \(part.dot) commits to"
                }
            }
            return nil
        } catch let error as CodecError {
            return error.description
        } catch let error as ZstdError {
            return error.description
        }
    }

    private func take(_ body: [UInt8], _ place: Place) throws {
        guard let base = world.bases[place.scope], let state = world.scopes[place.scope] else { return }
        guard base.manifest.chunks[place.number].first == nil else {
            return try world.notes.add(
                try SnapshotBlock(compressed: body), scope: place.scope, id: state.id
            ) { world.feedRows[place.scope]?[$0] }
        }
        let order = try SnapshotOrder(compressed: body)
        for head in order.heads { world.bases[place.scope]?.heads[head.feed] = head }
        for entry in order.knots {
            world.pasts[place.scope, default: PastIndex()].insert(entry.knot, of: entry.feed)
        }
        for change in order.unfolded { world.bases[place.scope]?.unfolded.insert(change.dot) }
    }

    private func checkComplete(_ manifest: SnapshotManifest, of scope: Int64) {
        let missing = manifest.chunks.indices.filter { !found.contains(Place(scope: scope, number: $0)) }
        for number in missing {
            let chunk = manifest.chunks[number]
            if missing.count > strangers {
                findings.addFirst(.snapshot, "snapshot_piece", "\(scope):\(number):0", "the row is missing")
            }
            if let first = chunk.first {
                let next = number + 1 < manifest.chunks.count ? manifest.chunks[number + 1].first : nil
                world.lose(from: first, to: next)
            } else {
                world.lose(nil)
            }
        }
    }

    // MARK: - Feeds

    /// The feeds' changes that are here follow what the base includes.
    private func beginFeeds(of scope: Int64) {
        guard let base = world.bases[scope] else { return }
        for head in base.heads.values.sorted(by: { $0.dot < $1.dot }) {
            findings.report.basis.includedChanges += Int(clamping: head.sequence)
            guard let row = world.feedRows[scope]?[head.feed], let feed = world.feeds[row] else {
                if !world.isIncomplete {
                    findings.add(.feed, "feed", "-", "the snapshot includes changes of \(head.feed), which is not here")
                }
                continue
            }
            if feed.start != head.start, world.derivedStart(of: feed) == nil {
                findings.addFirst(.feed, "feed", "\(row)", "its beginning is not the one that the snapshot says")
            }
            var begun = world.head(of: feed)
            begun.next = head.sequence + 1
            begun.hash = head.hash
            begun.placed = head.sequence
            world.heads[row] = begun
        }
    }
}
