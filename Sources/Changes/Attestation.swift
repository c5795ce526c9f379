import Causality

/// An author's word for its feed up to a change: Sig(scope, replica, sequence, hash).
///
/// Made at each send and at least every 256 changes or 1 MB; a feed is cut for others only there.
package struct Attestation: Hashable, Sendable {
    package let scope: ScopeID
    package let replica: ReplicaID
    package let sequence: UInt64
    package let hash: Hash256
    package let signature: [UInt8]

    private init(scope: ScopeID, replica: ReplicaID, sequence: UInt64, hash: Hash256, signature: [UInt8]) {
        self.scope = scope
        self.replica = replica
        self.sequence = sequence
        self.hash = hash
        self.signature = signature
    }

    package init(scope: ScopeID, sequence: UInt64, hash: Hash256, key: SigningKey) {
        let replica = key.publicKey.replica
        self.init(
            scope: scope, replica: replica, sequence: sequence, hash: hash,
            signature: key.sign(Attestation.preimage(scope: scope, replica: replica, sequence: sequence, hash: hash)))
    }

    /// - Throws: when `key` did not sign this.
    package func verify(_ key: PublicKey) throws(SignatureError) {
        try key.verify(
            signature,
            for: Attestation.preimage(scope: scope, replica: replica, sequence: sequence, hash: hash))
    }

    private static func preimage(scope: ScopeID, replica: ReplicaID, sequence: UInt64, hash: Hash256) -> [UInt8] {
        var writer = Hash256.preimage(.attestation)
        writer.write(scope)
        writer.write(replica)
        writer.write(sequence)
        writer.write(hash)
        return writer.bytes
    }

    package func encode(into writer: inout ByteWriter) {
        writer.write(scope)
        writer.write(replica)
        writer.write(sequence)
        writer.write(hash)
        writer.write(raw: signature)
    }

    package init(from reader: inout ByteReader) throws(CodecError) {
        let scope: ScopeID = try reader.readIdentifier()
        let replica: ReplicaID = try reader.readIdentifier()
        let sequence = try reader.readInteger()
        let hash = try reader.readHash()
        self.init(
            scope: scope, replica: replica, sequence: sequence, hash: hash,
            signature: try reader.readRaw(Signature.byteCount))
    }
}
