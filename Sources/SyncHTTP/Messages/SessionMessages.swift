import Causality
import Changes

/// A replica asks for a session. Unsigned: the nonce that it gets is of use to the key's owner alone.
///
/// Layout: version 1, replica.
package struct SessionRequest: Hashable, Sendable {
    package let replica: ReplicaID

    package init(replica: ReplicaID) { self.replica = replica }

    package static var version: UInt64 { 1 }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: 20)
        writer.write(SessionRequest.version)
        writer.write(replica)
        return writer.bytes
    }

    package init(_ bytes: [UInt8]) throws(CodecError) {
        var reader = ByteReader(bytes)
        let version = try reader.readInteger()
        guard version == SessionRequest.version else { throw .unsupported("session messages of version \(version)") }
        replica = try reader.readIdentifier()
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
