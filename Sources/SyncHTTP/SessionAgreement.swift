import Causality
import Changes
import Crypto

/// One side's half of the key of a session: an X25519 key that is made for the session and forgotten with it.
///
/// Source: RFC 7748.
package struct AgreementKey: Sendable {
    fileprivate let key: Curve25519.KeyAgreement.PrivateKey

    package static var seedBytes: Int { 32 }

    /// - Parameter seed: `seedBytes` random bytes.
    package init(seed: [UInt8]) {
        precondition(seed.count == AgreementKey.seedBytes, "an agreement key has \(AgreementKey.seedBytes) bytes")
        do { key = try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: seed) } catch {
            preconditionFailure("32 bytes are a key: \(error)")
        }
    }

    /// What the other side is told.
    package var share: AgreementShare { AgreementShare(bytes: [UInt8](key.publicKey.rawRepresentation)) }
}

/// The public half of an agreement key, as it travels.
package struct AgreementShare: Hashable, Sendable {
    package let bytes: [UInt8]

    package static var byteCount: Int { 32 }

    /// - Precondition: `byteCount` bytes.
    package init(bytes: [UInt8]) {
        precondition(bytes.count == AgreementShare.byteCount, "a share has \(AgreementShare.byteCount) bytes")
        self.bytes = bytes
    }
}

/// What a machine and its hub have agreed on for a session: a key that both work out of their halves, and nobody else.
///
/// It proves nothing by itself: anybody can open a session in a machine's name. A request that the machine signs covers both
/// shares, so that who stands between them cannot have put others in their place; from then on the key proves what the
/// signature proved, in a hundredth of the time.
///
/// The key: HKDF-SHA256 of the X25519 secret; salt: the session; info: tag `amends.session.1`, replica, the machine's share,
/// the hub's. Sources: RFC 5869, RFC 2104.
package struct SessionAgreement: Sendable {
    /// The machine's, then the hub's.
    let shares: [AgreementShare]
    private let key: SymmetricKey

    /// As the machine works it out.
    ///
    /// - Throws: `.key` where the hub's share is none that gives a secret.
    package init(
        machine: AgreementKey, hub: AgreementShare, session: SessionID, of replica: ReplicaID
    ) throws(SignatureError) {
        try self.init(machine, hub, [machine.share, hub], session, replica)
    }

    /// As the hub works it out.
    ///
    /// - Throws: `.key` where the machine's share is none that gives a secret.
    package init(
        hub: AgreementKey, machine: AgreementShare, session: SessionID, of replica: ReplicaID
    ) throws(SignatureError) {
        try self.init(hub, machine, [machine, hub.share], session, replica)
    }

    private init(
        _ own: AgreementKey, _ other: AgreementShare, _ shares: [AgreementShare], _ session: SessionID,
        _ replica: ReplicaID
    ) throws(SignatureError) {
        var info = Hash256.preimage(.session)
        info.write(replica)
        for share in shares { info.write(raw: share.bytes) }
        do {
            let secret = try own.key.sharedSecretFromKeyAgreement(
                with: Curve25519.KeyAgreement.PublicKey(rawRepresentation: other.bytes))
            // RFC 7748, section 6.1: of a point of small order everybody knows the secret.
            guard secret.withUnsafeBytes({ bytes in bytes.contains { $0 != 0 } }) else { throw SignatureError.key }
            key = secret.hkdfDerivedSymmetricKey(
                using: SHA256.self, salt: session.bytes, sharedInfo: info.bytes,
                outputByteCount: SessionAgreement.codeBytes)
        } catch { throw .key }
        self.shares = shares
    }

    /// Of an authentication code, and of the key.
    static var codeBytes: Int { 32 }

    /// HMAC-SHA256.
    func code(of bytes: [UInt8]) -> [UInt8] { Array(HMAC<SHA256>.authenticationCode(for: bytes, using: key)) }

    /// Takes the same time whatever the code is.
    func isCode(_ code: [UInt8], of bytes: [UInt8]) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: bytes, using: key)
    }
}
