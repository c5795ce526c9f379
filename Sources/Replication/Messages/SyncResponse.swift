import Causality
import Changes

/// The hub's side of an exchange: what became of the pushes, and the next page of each scope's order.
package struct SyncResponse: Hashable, Sendable {
    /// Milliseconds since 1970 by the hub's clock, when it answered.
    package var hubTime: Int64
    package var incarnation: ShortHash
    /// The digest did not match: list the scopes, stretch by stretch, in the next requests.
    package var wantsHellos: Bool
    /// Sorted by scope; scopes with nothing to say are left out.
    package var answers: [ScopeAnswer]
    /// Scopes that the carrier may read and lacks, of the stretch that it named whole.
    package var newScopes: [ScopeIntroduction]
    /// How much the hub has staged of the large changes of which this request brought a piece, sorted by scope.
    package var staged: [StagedAnswer]
    /// In which it is written: the request's.
    package let version: UInt64

    package init(
        hubTime: Int64, incarnation: ShortHash, wantsHellos: Bool = false, answers: [ScopeAnswer] = [],
        newScopes: [ScopeIntroduction] = [], staged: [StagedAnswer] = [],
        version: UInt64 = SyncRequest.newestVersion
    ) {
        self.version = version
        self.hubTime = hubTime
        self.incarnation = incarnation
        self.wantsHellos = wantsHellos
        self.answers = answers
        self.newScopes = newScopes
        self.staged = staged
    }
}

package struct StagedAnswer: Hashable, Sendable {
    package let scope: ScopeID
    package let head: StagedHead

    package init(scope: ScopeID, head: StagedHead) {
        self.scope = scope
        self.head = head
    }
}

/// What a replica needs to know to hold a scope: its id, its name, and the chain in whose name its hashes start.
package struct ScopeIntroduction: Hashable, Sendable {
    package let scope: ScopeID
    package let name: Text
    /// The chain id that the scope's first hashes cover. Differs from the chain's own where a branch was made
    /// before it joined and brought its scope along.
    package let seed: ChainID

    package init(scope: ScopeID, name: Text, seed: ChainID) {
        self.scope = scope
        self.name = name
        self.seed = seed
    }

    /// The scope's id: H(chain, name).
    package init(name: Text, seed: ChainID) {
        let hash = Hash256.of(.scope) { writer in
            writer.write(seed)
            writer.write(name)
        }
        self.init(scope: ScopeID(high: hash.short.high, low: hash.short.low), name: name, seed: seed)
    }
}

/// The hub's answer for one scope. One scope's failure does not hold back another.
package struct ScopeAnswer: Hashable, Sendable {
    package let scope: ScopeID
    package let outcome: Outcome

    package enum Outcome: Hashable, Sendable {
        /// The push was taken, if there was one; `page` follows on from the hello's position.
        case page(Page)
        /// The push was not taken and changed nothing.
        case refused(Refusal)
    }

    package init(scope: ScopeID, outcome: Outcome) {
        self.scope = scope
        self.outcome = outcome
    }
}

/// Entries that follow the receiver's position, up to the receipt's.
package struct Page: Hashable, Sendable {
    package let receipt: Receipt
    /// The entries, in order.
    package let blocks: [PageBlock]
    /// More entries follow.
    package let hasMore: Bool
    /// A piece of the change after the last entry, where that is too large for one message.
    package let piece: ChangePiece?

    package init(receipt: Receipt, blocks: [PageBlock], hasMore: Bool, piece: ChangePiece? = nil) {
        self.receipt = receipt
        self.blocks = blocks
        self.hasMore = hasMore
        self.piece = piece
    }

    package init(receipt: Receipt, entries: [PagedEntry], hasMore: Bool, piece: ChangePiece? = nil) {
        var packer = BlockPacker()
        for entry in entries { packer.append(entry) }
        self.init(receipt: receipt, blocks: packer.finish(), hasMore: hasMore, piece: piece)
    }

    package var entryCount: Int { blocks.reduce(0) { $0 + $1.count } }

    /// The position after which its entries begin; nil where it has more than its receipt counts.
    package var after: UInt64? {
        let count = UInt64(entryCount)
        return count <= receipt.position ? receipt.position - count : nil
    }
}

/// An entry as it travels: what the receiver can work out is left out.
package enum PagedEntry: Hashable, Sendable {
    /// The receiver said that it holds the change; its hash comes from there.
    case known(dot: Dot, received: Int64, verdict: Verdict)
    /// `start` is what the first change of a feed names as the one before; the receipt vouches for it.
    case full(dot: Dot, received: Int64, verdict: Verdict, start: Hash256?, change: CarriedChange)
    /// The header alone: of a change that is void, held or lost.
    case stub(received: Int64, verdict: Verdict, header: [UInt8])
    /// An entry that is not of a change.
    case other(Entry)
}

/// Why a hub took nothing of a scope's push. Codes are stable; words are for people.
package struct Refusal: Error, Hashable, Sendable {
    /// Open: a newer hub may have others, and one scope's unknown refusal does not spoil the answer for the rest.
    package struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        package let rawValue: UInt64
        package init(rawValue: UInt64) { self.rawValue = rawValue }

        /// The carrier has no right to this scope.
        package static let noGrant = Code(rawValue: 1)
        /// An author is not certified.
        package static let unknownAuthor = Code(rawValue: 2)
        /// No attestation of the author covers the changes.
        package static let unattested = Code(rawValue: 3)
        /// A sequence is missing before a run.
        package static let gap = Code(rawValue: 4)
        /// A context names changes that the hub lacks: see `missing`.
        package static let missingContext = Code(rawValue: 5)
        /// The bytes break the format.
        package static let malformed = Code(rawValue: 6)
        /// A second change at a placed sequence.
        package static let fork = Code(rawValue: 7)
        /// The receiver's position and hash are not of this order.
        package static let otherHistory = Code(rawValue: 8)
        /// A write that a person was shown is not in the change's past.
        package static let shownNotSeen = Code(rawValue: 9)
        /// What this hub's version does not do yet.
        package static let unsupported = Code(rawValue: 10)
        package static let unknownScope = Code(rawValue: 11)
        /// A change is said to be staged here, and is not, or not whole.
        package static let notStaged = Code(rawValue: 12)

        /// The code's name, for logs and metrics; bounded, whatever a hub sends.
        package var description: String {
            switch self {
            case .noGrant: "noGrant"
            case .unknownAuthor: "unknownAuthor"
            case .unattested: "unattested"
            case .gap: "gap"
            case .missingContext: "missingContext"
            case .malformed: "malformed"
            case .fork: "fork"
            case .otherHistory: "otherHistory"
            case .shownNotSeen: "shownNotSeen"
            case .unsupported: "unsupported"
            case .unknownScope: "unknownScope"
            case .notStaged: "notStaged"
            default: "unknown"
            }
        }
    }

    package let code: Code
    package let reason: Text
    /// The heads that are missing.
    package let missing: [ChangeReference]

    package init(_ code: Code, _ reason: String, missing: [ChangeReference] = []) {
        self.code = code
        self.reason = Text(reason)
        self.missing = missing
    }
}

extension SyncResponse {
    package func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: 256)
        writer.write(version)
        writer.write(milliseconds: hubTime)
        writer.write(incarnation)
        writer.write(byte: wantsHellos ? 1 : 0)
        writer.write(answers.count)
        for answer in answers { answer.encode(into: &writer, SyncRequest.form(ofVersion: version)) }
        writer.write(newScopes.count)
        for scope in newScopes { scope.encode(into: &writer) }
        writer.write(staged.count)
        for answer in staged {
            writer.write(answer.scope)
            answer.head.encode(into: &writer)
        }
        return SyncResponse.sealed(writer.bytes)
    }

    /// A message with the first bytes of its SHA-256 behind it. The receipts vouch for what the order comes to; this
    /// lets no byte be another, not even one that would come to the same.
    package static func sealed(_ message: [UInt8]) -> [UInt8] { message + seal(of: message[...]) }

    package static var sealBytes: Int { 8 }

    private static func seal(of message: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        Hash256.sha256(Array(message)).bytes.prefix(sealBytes)
    }

    package init(_ bytes: [UInt8]) throws(CodecError) {
        var versionReader = ByteReader(bytes)
        version = try SyncRequest.readVersion(from: &versionReader)
        let end = bytes.count - SyncResponse.sealBytes
        guard end >= versionReader.index else { throw .truncated(at: bytes.count) }
        guard SyncResponse.seal(of: bytes[..<end]) == bytes[end...] else {
            throw .malformed("the answer is not as the hub wrote it", at: end)
        }
        var reader = ByteReader(bytes, versionReader.index..<end)
        hubTime = try reader.readMilliseconds()
        incarnation = try reader.readIdentifier()
        let start = reader.index
        let flags = try reader.readByte()
        guard flags < 2 else { throw .malformed("sync flags \(flags) do not exist", at: start) }
        wantsHellos = flags == 1
        answers = []
        for _ in 0..<(try reader.readCount(.scopesPerMessage, leastBytes: 17)) {
            let position = reader.index
            let answer = try ScopeAnswer(from: &reader)
            if let last = answers.last, last.scope >= answer.scope {
                throw .malformed("answers are not in order", at: position)
            }
            answers.append(answer)
        }
        newScopes = []
        for _ in 0..<(try reader.readCount(.scopesPerMessage, leastBytes: 33)) {
            newScopes.append(try ScopeIntroduction(from: &reader))
        }
        staged = []
        for _ in 0..<(try reader.readCount(.scopesPerMessage, leastBytes: 50)) {
            let position = reader.index
            let scope: ScopeID = try reader.readIdentifier()
            if let last = staged.last, last.scope >= scope {
                throw .malformed("staged changes are not in order", at: position)
            }
            staged.append(StagedAnswer(scope: scope, head: try StagedHead(from: &reader)))
        }
        try reader.finish()
    }
}

extension ScopeIntroduction {
    package func encode(into writer: inout ByteWriter) {
        writer.write(scope)
        writer.write(name)
        writer.write(seed)
    }

    package init(from reader: inout ByteReader) throws(CodecError) {
        scope = try reader.readIdentifier()
        name = try reader.readText(.nameBytes)
        seed = try reader.readIdentifier()
    }
}

extension ScopeAnswer {
    func encode(into writer: inout ByteWriter, _ form: BlockForm) {
        writer.write(scope)
        switch outcome {
        case .page(let page):
            writer.write(byte: 0)
            page.encode(into: &writer, form)
        case .refused(let refusal):
            writer.write(byte: 1)
            writer.write(refusal.code.rawValue)
            writer.write(refusal.reason)
            writer.write(refusal.missing.count)
            for head in refusal.missing { head.encode(into: &writer) }
        }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        scope = try reader.readIdentifier()
        let start = reader.index
        switch try reader.readByte() {
        case 0: outcome = .page(try Page(from: &reader))
        case 1:
            let code = Refusal.Code(rawValue: try reader.readInteger())
            let reason = try reader.readText()
            var missing: [ChangeReference] = []
            for _ in 0..<(try reader.readCount(.missingHeads, leastBytes: 33)) {
                missing.append(try ChangeReference(from: &reader))
            }
            outcome = .refused(Refusal(code, reason.string, missing: missing))
        case let tag: throw .malformed("answer \(tag) does not exist", at: start)
        }
    }
}
