import Causality

/// What the hub made of a change.
package enum Verdict: UInt8, Hashable, Sendable {
    case ok = 0
    /// It breaks a rule of its schema: kept, relayed as a stub, never folded.
    case void = 1
    /// Its author had no right to write: its body waits for headquarters.
    case held = 2
}

/// One step of a scope's order. The history hash runs over entry after entry.
///
/// Times are milliseconds since 1970 and are written held within 0 to 48 bits, whatever a hub's clock says.
package enum Entry: Hashable, Sendable {
    /// A change takes this position. `received` is the hub's time in milliseconds since 1970.
    case change(reference: EntryReference, received: Int64, verdict: Verdict)
    /// A later word on a placed change. No verdict turns to ok.
    case verdict(dot: Dot, verdict: Verdict)
    /// All of a feed after its last placed change up to this head is lost.
    case lost(reference: EntryReference)
    /// An administrator resets the floor of received times that a wrong hub clock raised.
    case clock(Int64)

    private enum Tag {
        static let change: UInt8 = 0
        static let verdict: UInt8 = 1
        static let lost: UInt8 = 2
        static let clock: UInt8 = 3
    }

    package func encode(into writer: inout ByteWriter) {
        switch self {
        case .change(let reference, let received, let verdict):
            writer.write(byte: Tag.change)
            reference.encode(into: &writer)
            writer.write(milliseconds: received)
            writer.write(byte: verdict.rawValue)
        case .verdict(let dot, let verdict):
            writer.write(byte: Tag.verdict)
            writer.write(dot.feed)
            writer.write(dot.sequence)
            writer.write(byte: verdict.rawValue)
        case .lost(let reference):
            writer.write(byte: Tag.lost)
            reference.encode(into: &writer)
        case .clock(let time):
            writer.write(byte: Tag.clock)
            writer.write(milliseconds: time)
        }
    }

    package init(from reader: inout ByteReader) throws(CodecError) {
        let start = reader.index
        switch try reader.readByte() {
        case Tag.change:
            let reference = try EntryReference(from: &reader)
            let received = try reader.readMilliseconds()
            self = .change(reference: reference, received: received, verdict: try Verdict(from: &reader))
        case Tag.verdict:
            let dot = try Dot(from: &reader)
            let verdict = try Verdict(from: &reader)
            guard verdict != .ok else { throw .malformed("no verdict turns to ok", at: start) }
            self = .verdict(dot: dot, verdict: verdict)
        case Tag.lost: self = .lost(reference: try EntryReference(from: &reader))
        case Tag.clock: self = .clock(try reader.readMilliseconds())
        case let tag: throw .malformed("entry \(tag) does not exist", at: start)
        }
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: 72)
        encode(into: &writer)
        return writer.bytes
    }
}

/// A change as an entry names it: by place and whole hash.
package struct EntryReference: Hashable, Sendable {
    package let dot: Dot
    package let hash: Hash256

    package init(dot: Dot, hash: Hash256) {
        self.dot = dot
        self.hash = hash
    }

    func encode(into writer: inout ByteWriter) {
        writer.write(dot.feed)
        writer.write(dot.sequence)
        writer.write(hash)
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        let dot = try Dot(from: &reader)
        self.init(dot: dot, hash: try reader.readHash())
    }
}

/// The running hash over a scope's order: equal position and equal hash mean equal history.
package struct HistoryHash: Hashable, Sendable {
    package let hash: Hash256

    package init(_ hash: Hash256) { self.hash = hash }

    /// history(0) = H(chain, scope).
    package init(chain: ChainID, scope: ScopeID) {
        hash = Hash256.of(.historyStart) { writer in
            writer.write(chain)
            writer.write(scope)
        }
    }

    /// history(p) = H(history(p-1), entry).
    package func appending(_ entry: [UInt8]) -> HistoryHash {
        HistoryHash(
            Hash256.of(.entry) { writer in
                writer.write(hash)
                writer.write(raw: entry)
            })
    }

    /// The same, in memory that is used again.
    package func appending(_ entry: Entry, in writer: inout ByteWriter) -> HistoryHash {
        HistoryHash(
            Hash256.of(.entry, in: &writer) { writer in
                writer.write(hash)
                entry.encode(into: &writer)
            })
    }
}

extension Verdict {
    package init(from reader: inout ByteReader) throws(CodecError) {
        let start = reader.index
        let byte = try reader.readByte()
        guard let verdict = Verdict(rawValue: byte) else {
            throw .malformed("verdict \(byte) does not exist", at: start)
        }
        self = verdict
    }
}

extension Dot {
    package init(from reader: inout ByteReader) throws(CodecError) {
        let feed: FeedID = try reader.readIdentifier()
        let start = reader.index
        let sequence = try reader.readInteger()
        guard sequence > 0 else { throw .malformed("a sequence starts at 1", at: start) }
        self.init(feed: feed, sequence: sequence)
    }
}
