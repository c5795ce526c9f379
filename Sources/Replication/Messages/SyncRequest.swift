import Causality
import Changes

/// One exchange, from a replica to the hub: where it stands, and what it has that the hub may lack.
///
/// Layout: version 1, flags (1 digest, or 2 after and 4 through), page limits (changes, bytes); hellos; digest, or the
/// ends of the stretch; pushes. Counts precede what they count.
package struct SyncRequest: Hashable, Sendable {
    /// What the hub learns of the scopes that are not named.
    package enum Coverage: Hashable, Sendable {
        /// One digest over every other scope that this replica holds: it asks whether they stand so at the hub.
        case rest(Hash256)
        /// Of the ids after `after` (nil: from the first) up to `through` (nil: to the last) no other is held: the
        /// hub names those that the replica may hold.
        case stretch(after: ScopeID?, through: ScopeID?)
    }

    package var limits: PageLimits
    /// The scopes that are named, sorted by id; at most `Limit.scopesPerMessage`.
    package var hellos: [ScopeHello]
    package var coverage: Coverage
    /// Sorted by scope.
    package var pushes: [ScopePush]
    /// In which it is written; the answer has the same.
    package let version: UInt64

    package init(
        limits: PageLimits, hellos: [ScopeHello], coverage: Coverage = .stretch(after: nil, through: nil),
        pushes: [ScopePush] = [], version: UInt64 = SyncRequest.newestVersion
    ) {
        self.version = version
        self.limits = limits
        self.hellos = hellos
        self.coverage = coverage
        self.pushes = pushes
    }
}

/// How much of a scope's order one answer may carry.
package struct PageLimits: Hashable, Sendable {
    package var changes: Int
    package var bytes: Int

    package init(changes: Int = PageLimits.greatest.changes, bytes: Int = PageLimits.greatest.bytes) {
        self.changes = min(max(changes, 1), PageLimits.greatest.changes)
        self.bytes = min(max(bytes, 1), PageLimits.greatest.bytes)
    }

    /// What a hub gives at most, whatever is asked.
    package static let greatest = (changes: 20_000, bytes: 4 << 20)
}

/// Where a replica stands in a scope.
package struct ScopeHello: Hashable, Sendable {
    package let scope: ScopeID
    package let position: UInt64
    package let history: HistoryHash
    /// The head of its own feed, kept even where the rows are gone: bodies up to it need not be sent.
    package let ownHead: ChangeReference?
    /// Heads of other feeds whose unplaced changes it holds.
    package let foreignHeads: [ChangeReference]
    /// How much of a large change it has staged.
    package let staged: StagedHead?

    package init(
        scope: ScopeID, position: UInt64, history: HistoryHash, ownHead: ChangeReference?,
        foreignHeads: [ChangeReference] = [], staged: StagedHead? = nil
    ) {
        self.scope = scope
        self.position = position
        self.history = history
        self.ownHead = ownHead
        self.foreignHeads = foreignHeads
        self.staged = staged
    }

    /// H over (scope, position, history) of each, in the order given: sorted by scope.
    package static func digest(_ standings: [(scope: ScopeID, position: UInt64, history: HistoryHash)]) -> Hash256 {
        Hash256.of(.digest) { writer in
            writer.write(standings.count)
            for standing in standings {
                writer.write(standing.scope)
                writer.write(standing.position)
                writer.write(standing.history.hash)
            }
        }
    }
}

/// Changes of one scope in the order in which the sender applied them, cut into runs of one feed each, and the
/// attestations that cover them.
package struct ScopePush: Hashable, Sendable {
    package let scope: ScopeID
    package let blocks: [PushBlock]
    package let attestations: [Attestation]
    /// A piece of the next change, where that is too large for one message; it comes after the blocks.
    package let piece: ChangePiece?

    package init(scope: ScopeID, runs: [ChangeRun], attestations: [Attestation], piece: ChangePiece? = nil) {
        self.init(scope: scope, blocks: PushBlock.packed(runs), attestations: attestations, piece: piece)
    }

    init(scope: ScopeID, blocks: [PushBlock], attestations: [Attestation], piece: ChangePiece? = nil) {
        self.scope = scope
        self.blocks = blocks
        self.attestations = attestations
        self.piece = piece
    }

    package var changeCount: Int { blocks.reduce(0) { $0 + $1.count } }
}

/// Consecutive changes of one feed.
package struct ChangeRun: Hashable, Sendable {
    package let feed: FeedID
    /// The sequence of the first one.
    package let first: UInt64
    package let changes: [CarriedChange]

    package init(feed: FeedID, first: UInt64, changes: [CarriedChange]) {
        self.feed = feed
        self.first = first
        self.changes = changes
    }

    package var last: UInt64 { first + UInt64(changes.count) - 1 }
}

/// A change in its carried form, with its personal parts; a part that the sender lacks is nil.
package struct CarriedChange: Hashable, Sendable {
    package let bytes: [UInt8]
    package let parts: [[UInt8]?]

    package init(bytes: [UInt8], parts: [[UInt8]?] = []) {
        self.bytes = bytes
        self.parts = parts
    }

    package var byteCount: Int { bytes.count + parts.reduce(0) { $0 + ($1?.count ?? 0) } }
}

extension Limit {
    package static let scopesPerMessage = Limit("scopes in a message", 1_000)
    package static let runsPerPush = Limit("runs in a push", 20_000)
    package static let changesPerRun = Limit("changes in a run", 20_000)
    package static let attestationsPerPush = Limit("attestations in a push", 4_096)
    package static let foreignHeads = Limit("foreign heads in a hello", 4_096)
    package static let entriesPerPage = Limit("entries in a page", 40_000)
    package static let missingHeads = Limit("missing heads in an answer", 1_024)
}

extension SyncRequest {
    package static var newestVersion: UInt64 { 3 }

    /// In version 2 no block is entropy-coded; it is the same in all else.
    private static var oldestVersion: UInt64 { 2 }

    static func form(ofVersion version: UInt64) -> BlockForm { version == oldestVersion ? .plain : .coded }

    static func readVersion(from reader: inout ByteReader) throws(CodecError) -> UInt64 {
        let version = try reader.readInteger()
        guard (oldestVersion...newestVersion).contains(version) else {
            throw .unsupported("sync messages of version \(version)")
        }
        return version
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: 256)
        writer.write(version)
        writer.write(byte: coverage.flags)
        writer.write(limits.changes)
        writer.write(limits.bytes)
        writer.write(hellos.count)
        for hello in hellos { hello.encode(into: &writer) }
        switch coverage {
        case .rest(let digest): writer.write(digest)
        case .stretch(let after, let through):
            if let after { writer.write(after) }
            if let through { writer.write(through) }
        }
        writer.write(pushes.count)
        for push in pushes { push.encode(into: &writer, SyncRequest.form(ofVersion: version)) }
        return writer.bytes
    }

    package init(_ bytes: [UInt8]) throws(CodecError) {
        var reader = ByteReader(bytes)
        version = try SyncRequest.readVersion(from: &reader)
        let start = reader.index
        let flags = try reader.readByte()
        guard flags == 1 || flags & ~6 == 0 else { throw .malformed("sync flags \(flags) do not exist", at: start) }
        let changes = Int(try reader.readInteger(upTo: UInt64(PageLimits.greatest.changes)))
        let limitBytes = Int(try reader.readInteger(upTo: UInt64(PageLimits.greatest.bytes)))
        guard changes > 0, limitBytes > 0 else { throw .malformed("a page limit of nothing", at: start) }
        limits = PageLimits(changes: changes, bytes: limitBytes)
        hellos = []
        for _ in 0..<(try reader.readCount(.scopesPerMessage, leastBytes: 50)) {
            let position = reader.index
            let hello = try ScopeHello(from: &reader)
            if let last = hellos.last, last.scope >= hello.scope {
                throw .malformed("hellos are not in order", at: position)
            }
            hellos.append(hello)
        }
        if flags == 1 {
            coverage = .rest(try reader.readHash())
        } else {
            let after: ScopeID? = flags & 2 != 0 ? try reader.readIdentifier() : nil
            let through: ScopeID? = flags & 4 != 0 ? try reader.readIdentifier() : nil
            coverage = .stretch(after: after, through: through)
        }
        pushes = []
        for _ in 0..<(try reader.readCount(.scopesPerMessage, leastBytes: 18)) {
            let position = reader.index
            let push = try ScopePush(from: &reader)
            if let last = pushes.last, last.scope >= push.scope {
                throw .malformed("pushes are not in order", at: position)
            }
            pushes.append(push)
        }
        try reader.finish()
    }
}

extension SyncRequest.Coverage {
    fileprivate var flags: UInt8 {
        switch self {
        case .rest: 1
        case .stretch(let after, let through): (after == nil ? 0 : 2) | (through == nil ? 0 : 4)
        }
    }

    /// Whether a scope that is not named is one that the replica lacks.
    func contains(_ scope: ScopeID) -> Bool {
        switch self {
        case .rest: false
        case .stretch(let after, let through):
            (after.map { $0 < scope } ?? true) && (through.map { scope <= $0 } ?? true)
        }
    }
}

extension ScopeHello {
    func encode(into writer: inout ByteWriter) {
        writer.write(scope)
        writer.write(position)
        writer.write(history.hash)
        writer.write(byte: (ownHead == nil ? 0 : 1) | (staged == nil ? 0 : 2))
        ownHead?.encode(into: &writer)
        staged?.encode(into: &writer)
        writer.write(foreignHeads.count)
        for head in foreignHeads { head.encode(into: &writer) }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        scope = try reader.readIdentifier()
        position = try reader.readInteger()
        history = HistoryHash(try reader.readHash())
        let start = reader.index
        let flags = try reader.readByte()
        guard flags < 4 else { throw .malformed("hello flags \(flags) do not exist", at: start) }
        ownHead = flags & 1 != 0 ? try ChangeReference(from: &reader) : nil
        staged = flags & 2 != 0 ? try StagedHead(from: &reader) : nil
        var heads: [ChangeReference] = []
        for _ in 0..<(try reader.readCount(.foreignHeads, leastBytes: 33)) {
            let position = reader.index
            let head = try ChangeReference(from: &reader)
            if let last = heads.last, last.dot.feed >= head.dot.feed {
                throw .malformed("foreign heads are not in order", at: position)
            }
            heads.append(head)
        }
        foreignHeads = heads
    }
}

extension ScopePush {
    package func encode(into writer: inout ByteWriter, _ form: BlockForm) {
        writer.write(scope)
        writer.write(blocks.count)
        for block in blocks { block.encode(into: &writer, form) }
        writer.write(attestations.count)
        for attestation in attestations { attestation.encode(into: &writer) }
        writer.write(byte: piece == nil ? 0 : 1)
        piece?.encode(into: &writer)
    }

    package init(from reader: inout ByteReader) throws(CodecError) {
        scope = try reader.readIdentifier()
        var blocks: [PushBlock] = []
        for _ in 0..<(try reader.readCount(.runsPerPush, leastBytes: 4)) { blocks.append(try PushBlock(from: &reader)) }
        self.blocks = blocks
        var attestations: [Attestation] = []
        for _ in 0..<(try reader.readCount(.attestationsPerPush, leastBytes: 129)) {
            attestations.append(try Attestation(from: &reader))
        }
        self.attestations = attestations
        let start = reader.index
        switch try reader.readByte() {
        case 0: piece = nil
        case 1: piece = try ChangePiece(from: &reader)
        case let tag: throw .malformed("piece flag \(tag) does not exist", at: start)
        }
    }
}

extension CarriedChange {
    func encode(into writer: inout ByteWriter) {
        writer.write(bytes)
        CarriedChange.encode(parts, into: &writer)
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        bytes = try reader.readBytes(.bytesPerChange)
        parts = try CarriedChange.parts(from: &reader)
    }

    /// Personal parts, each behind a flag that says whether the sender has it.
    static func encode(_ parts: [[UInt8]?], into writer: inout ByteWriter) {
        writer.write(parts.count)
        for part in parts {
            writer.write(byte: part == nil ? 0 : 1)
            if let part { writer.write(part) }
        }
    }

    static func parts(from reader: inout ByteReader) throws(CodecError) -> [[UInt8]?] {
        var parts: [[UInt8]?] = []
        for _ in 0..<(try reader.readCount(.partsPerChange)) {
            let start = reader.index
            switch try reader.readByte() {
            case 0: parts.append(nil)
            case 1: parts.append(try reader.readBytes(.bytesPerChange))
            case let tag: throw .malformed("part flag \(tag) does not exist", at: start)
            }
        }
        return parts
    }
}
