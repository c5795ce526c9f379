import Causality
import Changes

/// A replica asks for a session.
///
/// Signed, so that a stranger who knows a replica's id cannot open sessions in its name. Captured bytes open a session
/// too, but it is of use to the key's owner alone.
///
/// Layout: version 1, chain, public key (32); signature (64) of the key over all of it.
package struct SessionRequest: Hashable, Sendable {
    package let chain: ChainID
    package let publicKey: PublicKey
    package private(set) var signature: [UInt8]

    package init(chain: ChainID, key: SigningKey) {
        self.chain = chain
        publicKey = key.publicKey
        signature = []
        signature = key.sign(preimage)
    }

    package static var version: UInt64 { 1 }

    package var replica: ReplicaID { publicKey.replica }

    /// - Throws: when the key that it names did not sign it.
    package func verify() throws(SignatureError) { try publicKey.verify(signature, for: preimage) }

    private var preimage: [UInt8] {
        var writer = Hash256.preimage(.session)
        encodeSigned(into: &writer)
        return writer.bytes
    }

    private func encodeSigned(into writer: inout ByteWriter) {
        writer.write(SessionRequest.version)
        writer.write(chain)
        writer.write(raw: publicKey.bytes)
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: 128)
        encodeSigned(into: &writer)
        writer.write(raw: signature)
        return writer.bytes
    }

    package init(_ bytes: [UInt8]) throws(CodecError) {
        var reader = ByteReader(bytes)
        let version = try reader.readInteger()
        guard version == SessionRequest.version else { throw .unsupported("session messages of version \(version)") }
        chain = try reader.readIdentifier()
        publicKey = PublicKey(bytes: try reader.readRaw(PublicKey.byteCount))
        signature = try reader.readRaw(Signature.byteCount)
        try reader.finish()
    }
}

/// A session: the nonce that every request of it carries.
///
/// Layout: version 1, session (16), hub time, expires, hub public key (32).
package struct SessionResponse: Hashable, Sendable {
    package let session: SessionID
    /// Milliseconds since 1970 by the hub's clock.
    package let hubTime: Int64
    /// When the hub forgets it at the latest, by the hub's clock.
    package let expires: Int64
    /// Not the pinned one: another hub answers here.
    package let hubKey: PublicKey

    package init(session: SessionID, hubTime: Int64, expires: Int64, hubKey: PublicKey) {
        self.session = session
        self.hubTime = hubTime
        self.expires = expires
        self.hubKey = hubKey
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: 64)
        writer.write(SessionRequest.version)
        writer.write(session)
        writer.write(milliseconds: hubTime)
        writer.write(milliseconds: expires)
        writer.write(raw: hubKey.bytes)
        return writer.bytes
    }

    package init(_ bytes: [UInt8]) throws(CodecError) {
        var reader = ByteReader(bytes)
        let version = try reader.readInteger()
        guard version == SessionRequest.version else { throw .unsupported("session messages of version \(version)") }
        session = try reader.readIdentifier()
        hubTime = try reader.readMilliseconds()
        expires = try reader.readMilliseconds()
        hubKey = PublicKey(bytes: try reader.readRaw(PublicKey.byteCount))
        try reader.finish()
    }
}
