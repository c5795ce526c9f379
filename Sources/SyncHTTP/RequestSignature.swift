import Causality
import Changes

package enum SessionKind {}

/// One session of a replica with its hub: the hub's nonce.
package typealias SessionID = Identifier128<SessionKind>

/// A replica's word that it sends this request in this session: Sig(replica; session, counter, method, target,
/// SHA-256 of the body as sent).
///
/// The hub's nonce and the counter bind it to one place in one session, so that nothing depends on a branch's clock:
///
///     Authorization: Amends session=<32 hex>,counter=<n>,signature=<128 hex>
package struct RequestSignature: Hashable, Sendable {
    package let session: SessionID
    /// 1 and up; greater than any before, save where the same bytes are sent again.
    package let counter: UInt64
    package let signature: [UInt8]

    package init(session: SessionID, counter: UInt64, content: SignedContent, key: SigningKey) {
        self.session = session
        self.counter = counter
        signature = key.sign(RequestSignature.preimage(session: session, counter: counter, content: content))
    }

    /// - Throws: when `key` did not sign this request.
    package func verify(_ content: SignedContent, key: PublicKey) throws(SignatureError) {
        try key.verify(signature, for: RequestSignature.preimage(session: session, counter: counter, content: content))
    }

    private static func preimage(session: SessionID, counter: UInt64, content: SignedContent) -> [UInt8] {
        var writer = Hash256.preimage(.request)
        writer.write(session)
        writer.write(counter)
        writer.write(Text(content.method))
        writer.write(Text(content.target))
        writer.write(content.bodyHash)
        return writer.bytes
    }
}

/// What of a request is signed.
package struct SignedContent: Hashable, Sendable {
    /// In capitals.
    package let method: String
    /// Path and query without the prefix; see `SyncRoute`.
    package let target: String
    /// SHA-256 of the body's bytes as they are sent.
    package let bodyHash: Hash256

    package init(method: String, target: String, body: [UInt8]) {
        self.method = method
        self.target = target
        bodyHash = Hash256.sha256(body)
    }
}

extension RequestSignature {
    private static var scheme: String { "Amends " }

    package var headerValue: String {
        "\(RequestSignature.scheme)session=\(session),counter=\(counter),signature=\(hexadecimal(signature))"
    }

    /// Reads what `headerValue` gives, and nothing else.
    package init?(headerValue: String) {
        guard headerValue.hasPrefix(RequestSignature.scheme) else { return nil }
        let fields = headerValue.dropFirst(RequestSignature.scheme.count)
            .split(separator: ",", omittingEmptySubsequences: false)
        guard fields.count == 3,
            let session = RequestSignature.value("session", of: fields[0]).flatMap(SessionID.init(hexadecimal:)),
            let counter = RequestSignature.value("counter", of: fields[1]).flatMap({ UInt64($0) }), counter > 0,
            fields[1] == "counter=\(counter)",
            let signature = RequestSignature.value("signature", of: fields[2]).flatMap(hexadecimalBytes),
            signature.count == Signature.byteCount
        else { return nil }
        self.session = session
        self.counter = counter
        self.signature = signature
    }

    private static func value(_ name: String, of field: Substring) -> Substring? {
        field.hasPrefix(name + "=") ? field.dropFirst(name.count + 1) : nil
    }
}
