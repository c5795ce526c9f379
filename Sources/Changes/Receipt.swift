import Causality

/// The hub's signed word that a scope's order stood so: Sig(hub; incarnation, scope, position, history, time).
package struct Receipt: Hashable, Sendable {
    /// One life of the hub's database. A hint; history hashes decide.
    package let incarnation: ShortHash
    package let scope: ScopeID
    package let position: UInt64
    package let history: HistoryHash
    /// Milliseconds since 1970 by the hub's clock.
    package let hubTime: Int64
    package let signature: [UInt8]

    package init(
        incarnation: ShortHash, scope: ScopeID, position: UInt64, history: HistoryHash, hubTime: Int64, key: SigningKey
    ) {
        self.incarnation = incarnation
        self.scope = scope
        self.position = position
        self.history = history
        self.hubTime = min(max(hubTime, 0), HybridTimestamp.greatestMilliseconds)
        var writer = Hash256.preimage(.receipt)
        Receipt.encodeSigned(incarnation, scope, position, history, hubTime, into: &writer)
        signature = key.sign(writer.bytes)
    }

    /// - Throws: when `key` did not sign this.
    package func verify(_ key: PublicKey) throws(SignatureError) {
        var writer = Hash256.preimage(.receipt)
        Receipt.encodeSigned(incarnation, scope, position, history, hubTime, into: &writer)
        try key.verify(signature, for: writer.bytes)
    }

    private static func encodeSigned(
        _ incarnation: ShortHash, _ scope: ScopeID, _ position: UInt64, _ history: HistoryHash, _ hubTime: Int64,
        into writer: inout ByteWriter
    ) {
        writer.write(incarnation)
        writer.write(scope)
        writer.write(position)
        writer.write(history.hash)
        writer.write(milliseconds: hubTime)
    }

    package func encode(into writer: inout ByteWriter) {
        Receipt.encodeSigned(incarnation, scope, position, history, hubTime, into: &writer)
        writer.write(raw: signature)
    }

    package init(from reader: inout ByteReader) throws(CodecError) {
        incarnation = try reader.readIdentifier()
        scope = try reader.readIdentifier()
        position = try reader.readInteger()
        history = HistoryHash(try reader.readHash())
        hubTime = try reader.readMilliseconds()
        signature = try reader.readRaw(Signature.byteCount)
    }
}
