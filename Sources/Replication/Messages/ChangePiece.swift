import Causality
import Changes

/// A piece of a change that is too large for one message: its carried form, body and personal parts, cut by offset.
///
/// The receiver stages pieces without position; when all are there and the digest comes true, the change is taken as if
/// it had come whole. Nothing of it is seen before.
package struct ChangePiece: Hashable, Sendable {
    package let dot: Dot
    /// SHA-256 of the whole.
    package let digest: Hash256
    /// Bytes of the whole.
    package let total: Int
    package let offset: Int
    package let bytes: [UInt8]

    package init(dot: Dot, digest: Hash256, total: Int, offset: Int, bytes: [UInt8]) {
        self.dot = dot
        self.digest = digest
        self.total = total
        self.offset = offset
        self.bytes = bytes
    }

    /// The next piece of `change` for a receiver that holds `staged` of it; nil when it holds all.
    init?(of change: CarriedChange, at dot: Dot, after staged: StagedHead?, limit: Int) {
        var writer = ByteWriter(reserving: change.byteCount + 64)
        change.encode(into: &writer)
        let digest = Hash256.sha256(writer.bytes)
        let isSame = staged?.dot == dot && staged?.digest == digest.short
        let offset = isSame ? staged?.length ?? 0 : 0
        guard offset < writer.count else { return nil }
        self.init(
            dot: dot, digest: digest, total: writer.count, offset: offset,
            bytes: Array(writer.bytes[offset..<min(writer.count, offset + limit)]))
    }

    func encode(into writer: inout ByteWriter) {
        writer.write(dot.feed)
        writer.write(dot.sequence)
        writer.write(digest)
        writer.write(total)
        writer.write(offset)
        writer.write(bytes)
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        dot = try Dot(from: &reader)
        digest = try reader.readHash()
        let start = reader.index
        total = Int(try reader.readInteger(upTo: UInt64(Limit.stagedBytes.value)))
        offset = Int(try reader.readInteger(upTo: UInt64(Limit.stagedBytes.value)))
        bytes = try reader.readBytes(.stagedBytes)
        guard !bytes.isEmpty, offset + bytes.count <= total else {
            throw .malformed("a piece lies outside of its change", at: start)
        }
    }
}

/// How much of a change a receiver has staged.
package struct StagedHead: Hashable, Sendable {
    package let dot: Dot
    package let digest: ShortHash
    package let length: Int

    package init(dot: Dot, digest: ShortHash, length: Int) {
        self.dot = dot
        self.digest = digest
        self.length = length
    }

    func encode(into writer: inout ByteWriter) {
        writer.write(dot.feed)
        writer.write(dot.sequence)
        writer.write(digest)
        writer.write(length)
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        dot = try Dot(from: &reader)
        digest = try reader.readIdentifier()
        length = Int(try reader.readInteger(upTo: UInt64(Limit.stagedBytes.value)))
    }
}

extension Limit {
    /// A change, its personal parts, and what frames them.
    package static let stagedBytes = Limit("bytes of a staged change", Limit.bytesPerChange.value + (64 << 10))
}
