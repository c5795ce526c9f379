import Causality
import Crypto

/// A signature that did not come true.
package enum SignatureError: Error, Hashable, Sendable {
    /// The key is not a point of the curve.
    case key
    /// The signature does not belong to these bytes and this key.
    case signature
}

/// A replica's or a hub's own Ed25519 key. Source: RFC 8032.
package struct SigningKey: Sendable {
    private let key: Curve25519.Signing.PrivateKey

    /// - Parameter seed: 32 random bytes.
    package init(seed: [UInt8]) throws(SignatureError) {
        do { key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed) } catch { throw .key }
    }

    package var publicKey: PublicKey { PublicKey(bytes: [UInt8](key.publicKey.rawRepresentation)) }
    package var seed: [UInt8] { [UInt8](key.rawRepresentation) }

    /// 64 bytes. - Complexity: about 15 microseconds: sign batches, not changes.
    package func sign(_ bytes: [UInt8]) -> [UInt8] {
        do {
            return [UInt8](try key.signature(for: bytes))
        } catch {
            // BoringSSL's Ed25519 fails only on a malformed key, which `init` has refused.
            preconditionFailure("signing failed: \(error)")
        }
    }
}

/// The public half, as it travels.
package struct PublicKey: Hashable, Sendable {
    package let bytes: [UInt8]

    package static var byteCount: Int { 32 }

    /// - Precondition: 32 bytes.
    package init(bytes: [UInt8]) {
        precondition(bytes.count == PublicKey.byteCount, "a public key has 32 bytes")
        self.bytes = bytes
    }

    /// The replica that owns this key: H(public key), 16 bytes.
    package var replica: ReplicaID {
        let hash = Hash256.of(.replica) { $0.write(bytes) }
        return ReplicaID(high: hash.short.high, low: hash.short.low)
    }

    /// - Throws: `.signature` or `.key`. - Complexity: about 74 microseconds.
    package func verify(_ signature: [UInt8], for bytes: [UInt8]) throws(SignatureError) {
        let key: Curve25519.Signing.PublicKey
        do { key = try Curve25519.Signing.PublicKey(rawRepresentation: self.bytes) } catch { throw .key }
        guard key.isValidSignature(signature, for: bytes) else { throw .signature }
    }
}

package enum Signature {
    package static var byteCount: Int { 64 }
}
