import Causality
import Changes

/// A replica asks for a session. Unsigned: the nonce that it gets is of use to the key's owner alone.
///
/// Layout: version 2, replica, share (32). Version 1 has no share: all requests of its session are signed.
package struct SessionRequest: Hashable, Sendable {
    package let replica: ReplicaID
    /// Its half of the session's key; nil in version 1.
    package let share: AgreementShare?

    package init(replica: ReplicaID, share: AgreementShare?) {
        self.replica = replica
        self.share = share
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: 52)
        SessionVersion.write(share, into: &writer)
        writer.write(replica)
        if let share { writer.write(raw: share.bytes) }
        return writer.bytes
    }

    package init(_ bytes: [UInt8]) throws(CodecError) {
        var reader = ByteReader(bytes)
        let version = try SessionVersion(from: &reader)
        replica = try reader.readIdentifier()
        share = try version.readShare(from: &reader)
        try reader.finish()
    }
}

/// Whether a session has a key.
private enum SessionVersion: UInt64 {
    case signed = 1
    case agreed = 2

    static func write(_ share: AgreementShare?, into writer: inout ByteWriter) {
        let version: SessionVersion = share == nil ? .signed : .agreed
        writer.write(version.rawValue)
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        let number = try reader.readInteger()
        guard let version = SessionVersion(rawValue: number) else {
            throw .unsupported("session messages of version \(number)")
        }
        self = version
    }

    func readShare(from reader: inout ByteReader) throws(CodecError) -> AgreementShare? {
        self == .agreed ? AgreementShare(bytes: try reader.readRaw(AgreementShare.byteCount)) : nil
    }
}

/// A session: the nonce that every request of it carries.
///
/// Layout: version as in the request, session (16), hub time, expires, hub public key (32), in version 2 share (32).
package struct SessionResponse: Hashable, Sendable {
    package let session: SessionID
    /// Milliseconds since 1970 by the hub's clock.
    package let hubTime: Int64
    /// When the hub forgets it at the latest, by the hub's clock.
    package let expires: Int64
    /// Not the pinned one: another hub answers here.
    package let hubKey: PublicKey
    /// The hub's half of the session's key, where the replica sent its own.
    package let share: AgreementShare?

    package init(session: SessionID, hubTime: Int64, expires: Int64, hubKey: PublicKey, share: AgreementShare?) {
        self.session = session
        self.hubTime = hubTime
        self.expires = expires
        self.hubKey = hubKey
        self.share = share
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: 96)
        SessionVersion.write(share, into: &writer)
        writer.write(session)
        writer.write(milliseconds: hubTime)
        writer.write(milliseconds: expires)
        writer.write(raw: hubKey.bytes)
        if let share { writer.write(raw: share.bytes) }
        return writer.bytes
    }

    package init(_ bytes: [UInt8]) throws(CodecError) {
        var reader = ByteReader(bytes)
        let version = try SessionVersion(from: &reader)
        session = try reader.readIdentifier()
        hubTime = try reader.readMilliseconds()
        expires = try reader.readMilliseconds()
        hubKey = PublicKey(bytes: try reader.readRaw(PublicKey.byteCount))
        share = try version.readShare(from: &reader)
        try reader.finish()
    }
}
