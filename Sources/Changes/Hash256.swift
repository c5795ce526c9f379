import Causality
import Crypto

/// A SHA-256, ordered by its bytes.
package struct Hash256: Hashable, Comparable, Sendable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    package init(_ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64) { words = (a, b, c, d) }

    /// - Precondition: `bytes` holds exactly 32 bytes.
    package init(_ bytes: some Collection<UInt8>) {
        precondition(bytes.count == 32, "a hash needs 32 bytes, got \(bytes.count)")
        self = Array(bytes).withUnsafeBytes { Hash256(raw: $0) }
    }

    /// - Precondition: `bytes` are 32.
    private init(raw bytes: UnsafeRawBufferPointer) {
        func word(_ index: Int) -> UInt64 {
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
        }
        self.init(word(0), word(1), word(2), word(3))
    }

    package static let zero = Hash256(0, 0, 0, 0)

    /// The first 16 bytes: how other bytes name what this hash names.
    package var short: ShortHash { ShortHash(high: words.0, low: words.1) }

    package var bytes: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(32)
        append(to: &result)
        return result
    }

    package func append(to buffer: inout [UInt8]) {
        let bigEndian = (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian)
        withUnsafeBytes(of: bigEndian) { buffer.append(contentsOf: $0) }
    }

    package static func == (left: Hash256, right: Hash256) -> Bool { left.words == right.words }

    package static func < (left: Hash256, right: Hash256) -> Bool { left.words < right.words }

    package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

extension Hash256: CustomStringConvertible {
    package var description: String { hexadecimal(bytes) }
}

/// What a hash is of. Each kind of preimage has its own tag, so that bytes of one kind never hash as another.
package enum HashTag: String, Sendable {
    case replica = "amends.replica.1"
    case scope = "amends.scope.1"
    case feed = "amends.feed.1"
    case operations = "amends.operations.1"
    case change = "amends.change.1"
    case part = "amends.part.1"
    case salt = "amends.salt.1"
    case record = "amends.record.1"
    case entry = "amends.history.1"
    case historyStart = "amends.history-start.1"
    case state = "amends.state.1"
    case logEntry = "amends.log-entry.1"
    case attestation = "amends.attestation.1"
    case certificate = "amends.certificate.1"
    case receipt = "amends.receipt.1"
    case snapshot = "amends.snapshot.1"
    case request = "amends.request.1"
    case session = "amends.session.1"
    case enrolment = "amends.enrolment.1"
    case enrolmentCode = "amends.enrolment-code.1"
    case adminToken = "amends.admin-token.1"
    case heldFeed = "amends.held-feed.1"
    case forkFeed = "amends.fork-feed.1"
    case bundle = "amends.bundle.1"
    case digest = "amends.digest.1"
    case fingerprint = "amends.fingerprint.1"
    case fact = "amends.fact.1"
    case subject = "amends.subject.1"
    case blob = "amends.blob.1"
}

extension Hash256 {
    /// SHA-256 over the tag behind its length, then the fields that `fields` writes.
    ///
    /// Source: FIPS 180-4.
    package static func of(_ tag: HashTag, _ fields: (inout ByteWriter) -> Void) -> Hash256 {
        var writer = preimage(tag)
        fields(&writer)
        return sha256(writer.bytes)
    }

    /// The same, in memory that is used again.
    package static func of(
        _ tag: HashTag, in writer: inout ByteWriter, _ fields: (inout ByteWriter) -> Void
    ) -> Hash256 {
        writer.removeAll()
        writer.write(utf8: tag.rawValue)
        fields(&writer)
        return sha256(writer.bytes)
    }

    /// The same where the last field is long and lies in one piece: it is not copied.
    package static func of(
        _ tag: HashTag, _ fields: (inout ByteWriter) -> Void, then bytes: [UInt8]
    ) -> Hash256 {
        bytes.withUnsafeBytes { of(tag, fields, then: $0) }
    }

    static func of(
        _ tag: HashTag, _ fields: (inout ByteWriter) -> Void, then bytes: UnsafeRawBufferPointer
    ) -> Hash256 {
        var writer = preimage(tag)
        fields(&writer)
        return writer.bytes.withUnsafeBytes { sha256($0, bytes) }
    }

    /// The same where nothing comes between the tag and the bytes.
    static func of(_ tag: HashTag, bytes: UnsafeRawBufferPointer) -> Hash256 {
        // The tag behind its length, without memory of its own.
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { start in
            var name = tag.rawValue
            return name.withUTF8 { utf8 in
                precondition(utf8.count < start.count && utf8.count < 0x80, "a tag is short")
                start[0] = UInt8(utf8.count)
                UnsafeMutableRawBufferPointer(rebasing: start[1...]).copyMemory(from: UnsafeRawBufferPointer(utf8))
                return sha256(UnsafeRawBufferPointer(rebasing: start[..<(utf8.count + 1)]), bytes)
            }
        }
    }

    private static func sha256(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) -> Hash256 {
        var function = SHA256()
        function.update(bufferPointer: first)
        function.update(bufferPointer: second)
        return function.finalize().withUnsafeBytes { Hash256(raw: $0) }
    }

    /// The bytes that `of` hashes and that a signature of this kind covers.
    package static func preimage(_ tag: HashTag) -> ByteWriter {
        var writer = ByteWriter(reserving: 128)
        writer.write(utf8: tag.rawValue)
        return writer
    }

    package static func sha256(_ bytes: [UInt8]) -> Hash256 {
        var function = SHA256()
        bytes.withUnsafeBytes { function.update(bufferPointer: $0) }
        return function.finalize().withUnsafeBytes { Hash256(raw: $0) }
    }
}
