import Causality

/// What a change says of one person: kept apart from the change, which only commits to it, so that it can be
/// erased and the history still verifies.
///
/// The key is one random secret for each author, record and subject; the salt of each commitment derives from
/// it, so nobody who lacks the part can test guesses against the commitment, and a change pays no random bytes.
package struct PersonalPart: Hashable, Sendable {
    package let subject: SubjectID
    /// 32 random bytes.
    package let key: [UInt8]
    package let items: [Value]

    package init(subject: SubjectID, key: [UInt8], items: [Value]) {
        precondition(key.count == PersonalPart.keyBytes, "a part's key has 32 bytes")
        self.subject = subject
        self.key = key
        self.items = items
    }

    package static var format: UInt64 { 1 }
    package static var keyBytes: Int { 32 }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: 128)
        writer.write(PersonalPart.format)
        writer.write(subject)
        writer.write(raw: key)
        writer.write(items.count)
        for item in items { item.encode(into: &writer) }
        return writer.bytes
    }

    package init(_ bytes: [UInt8]) throws(CodecError) {
        var reader = ByteReader(bytes)
        let format = try reader.readInteger()
        guard format == PersonalPart.format else { throw .unsupported("a personal part of format \(format)") }
        let subject: SubjectID = try reader.readIdentifier()
        let key = try reader.readRaw(PersonalPart.keyBytes)
        let count = try reader.readCount(.itemsPerPart)
        var items: [Value] = []
        items.reserveCapacity(count)
        for _ in 0..<count { items.append(try Value(from: &reader)) }
        try reader.finish()
        self.init(subject: subject, key: key, items: items)
    }

    /// H(salt, part): what the header of the change at `dot` carries for its `index`-th part.
    package static func commitment(_ bytes: [UInt8], key: [UInt8], scope: ScopeID, dot: Dot, index: Int) -> Hash256 {
        let salt = Hash256.of(.salt) { writer in
            writer.write(key)
            writer.write(scope)
            writer.write(dot.feed)
            writer.write(dot.sequence)
            writer.write(index)
        }
        return Hash256.of(.part) { writer in
            writer.write(salt)
            writer.write(bytes)
        }
    }
}

/// The header's side of a personal part.
package struct PartCommitment: Hashable, Sendable {
    package let subject: SubjectID
    package let commitment: Hash256

    package init(subject: SubjectID, commitment: Hash256) {
        self.subject = subject
        self.commitment = commitment
    }
}
