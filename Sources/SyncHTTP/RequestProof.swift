import Causality
import Changes

package enum SessionKind {}

/// One session of a replica with its hub: the hub's nonce.
package typealias SessionID = Identifier128<SessionKind>

/// A replica's word that it sends this request in this session: its signature, or the code of what both agreed on, over
/// session, counter, method, target, SHA-256 of the body as sent. A signature covers the shares of the agreement as well, where there
/// is one: see `SessionAgreement`.
///
/// The hub's nonce and the counter bind it to one place in one session, so that nothing depends on a branch's clock:
///
///     Authorization: Amends session=<32 hex>,counter=<n>,signature=<128 hex>
///     Authorization: Amends session=<32 hex>,counter=<n>,code=<64 hex>
package struct RequestProof: Hashable, Sendable {
    package let session: SessionID
    /// 1 and up; greater than any before, save where the same bytes are sent again.
    package let counter: UInt64
    package let evidence: Evidence

    package enum Evidence: Hashable, Sendable {
        case signature([UInt8])
        case code([UInt8])
    }

    /// Signs a request.
    package init(
        session: SessionID, counter: UInt64, content: SignedContent, key: SigningKey,
        agreement: SessionAgreement? = nil
    ) {
        self.session = session
        self.counter = counter
        let bytes = RequestProof.preimage(session, counter, content, agreement?.shares ?? [])
        evidence = .signature(key.sign(bytes))
    }

    /// Proves a request by an agreement of which the hub has seen a signature.
    package init(session: SessionID, counter: UInt64, content: SignedContent, agreement: SessionAgreement) {
        self.session = session
        self.counter = counter
        evidence = .code(agreement.code(of: RequestProof.preimage(session, counter, content, [])))
    }

    /// - Parameters:
    ///   - key: the replica's.
    ///   - agreement: the session's, where there is one.
    ///   - isAgreed: whether a signature that covers it has come.
    /// - Throws: when `key` did not sign this request, nor its owner prove it by the agreement.
    package func verify(
        _ content: SignedContent, key: PublicKey, agreement: SessionAgreement? = nil, isAgreed: Bool = false
    ) throws(SignatureError) {
        switch evidence {
        case .signature(let signature):
            try key.verify(
                signature, for: RequestProof.preimage(session, counter, content, agreement?.shares ?? []))
        case .code(let code):
            guard isAgreed, let agreement,
                agreement.isCode(code, of: RequestProof.preimage(session, counter, content, []))
            else { throw .signature }
        }
    }

    private static func preimage(
        _ session: SessionID, _ counter: UInt64, _ content: SignedContent, _ shares: [AgreementShare]
    ) -> [UInt8] {
        var writer = Hash256.preimage(.request)
        writer.write(session)
        writer.write(counter)
        writer.write(Text(content.method))
        writer.write(Text(content.target))
        writer.write(content.bodyHash)
        for share in shares { writer.write(raw: share.bytes) }
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

extension RequestProof {
    private static var scheme: String { "Amends " }

    package var headerValue: String {
        let start = "\(RequestProof.scheme)session=\(session),counter=\(counter)"
        switch evidence {
        case .signature(let bytes): return "\(start),signature=\(hexadecimal(bytes))"
        case .code(let bytes): return "\(start),code=\(hexadecimal(bytes))"
        }
    }

    /// Reads what `headerValue` gives, and nothing else.
    package init?(headerValue: String) {
        guard headerValue.hasPrefix(RequestProof.scheme) else { return nil }
        let fields = headerValue.dropFirst(RequestProof.scheme.count)
            .split(separator: ",", omittingEmptySubsequences: false)
        guard fields.count == 3,
            let session = RequestProof.value("session", of: fields[0]).flatMap(SessionID.init(hexadecimal:)),
            let counter = RequestProof.value("counter", of: fields[1]).flatMap({ UInt64($0) }), counter > 0,
            fields[1] == "counter=\(counter)"
        else { return nil }
        if let signature = RequestProof.bytes("signature", of: fields[2], count: Signature.byteCount) {
            evidence = .signature(signature)
        } else if let code = RequestProof.bytes("code", of: fields[2], count: SessionAgreement.codeBytes) {
            evidence = .code(code)
        } else {
            return nil
        }
        self.session = session
        self.counter = counter
    }

    private static func bytes(_ name: String, of field: Substring, count: Int) -> [UInt8]? {
        guard let bytes = value(name, of: field).flatMap(hexadecimalBytes), bytes.count == count else { return nil }
        return bytes
    }

    private static func value(_ name: String, of field: Substring) -> Substring? {
        field.hasPrefix(name + "=") ? field.dropFirst(name.count + 1) : nil
    }
}
