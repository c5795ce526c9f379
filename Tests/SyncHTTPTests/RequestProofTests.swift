import Causality
import Changes
import SyncHTTP
import Testing

@Suite struct RequestProofTests {
    private let key: SigningKey
    private let content = SignedContent(method: "POST", target: "/v1/chains/00/sync", body: [1, 2, 3])
    private let session = SessionID(high: 7, low: 8)

    init() throws { key = try SigningKey(seed: Array(repeating: 9, count: 32)) }

    @Test func theHeaderComesBack() throws {
        let signature = RequestProof(session: session, counter: 42, content: content, key: key)
        let read = try #require(RequestProof(headerValue: signature.headerValue))
        #expect(read == signature)
        try read.verify(content, key: key.publicKey)
    }

    @Test func anotherRequestSessionCounterOrKeyDoesNotVerify() throws {
        let signature = RequestProof(session: session, counter: 42, content: content, key: key)
        let others = [
            SignedContent(method: "GET", target: content.target, body: [1, 2, 3]),
            SignedContent(method: "POST", target: content.target + "?a", body: [1, 2, 3]),
            SignedContent(method: "POST", target: content.target, body: [1, 2, 4]),
        ]
        for other in others {
            #expect(throws: SignatureError.signature) { try signature.verify(other, key: key.publicKey) }
        }
        let stranger = try SigningKey(seed: Array(repeating: 3, count: 32))
        #expect(throws: SignatureError.signature) { try signature.verify(content, key: stranger.publicKey) }
        guard case .signature(let bytes) = signature.evidence else { preconditionFailure("it was signed") }
        let hex = hexadecimal(bytes)
        for header in [
            "Amends session=\(SessionID(high: 7, low: 9)),counter=42,signature=\(hex)",
            "Amends session=\(session),counter=43,signature=\(hex)",
        ] {
            let moved = try #require(RequestProof(headerValue: header))
            #expect(throws: SignatureError.signature) { try moved.verify(content, key: key.publicKey) }
        }
    }

    // MARK: - Agreements

    private func agreement(
        machine: UInt8 = 1, hub: UInt8 = 2, session: SessionID? = nil, isHub: Bool = false
    ) throws -> SessionAgreement {
        let (own, other) = (
            AgreementKey(seed: Array(repeating: machine, count: 32)),
            AgreementKey(seed: Array(repeating: hub, count: 32))
        )
        let (id, replica) = (session ?? self.session, key.publicKey.replica)
        return isHub
            ? try SessionAgreement(hub: other, machine: own.share, session: id, of: replica)
            : try SessionAgreement(machine: own, hub: other.share, session: id, of: replica)
    }

    @Test func bothSidesWorkOutTheSame() throws {
        let proof = RequestProof(session: session, counter: 7, content: content, agreement: try agreement())
        let read = try #require(RequestProof(headerValue: proof.headerValue))
        #expect(read == proof)
        let hub = try agreement(isHub: true)
        try read.verify(content, key: key.publicKey, agreement: hub, isAgreed: true)
        let signed = RequestProof(
            session: session, counter: 8, content: content, key: key, agreement: try agreement())
        try signed.verify(content, key: key.publicKey, agreement: hub)
    }

    /// The bytes that a machine of today sends: they must be taken by the hub of tomorrow.
    @Test func theCodeOfAKnownAgreementStays() throws {
        let proof = RequestProof(session: session, counter: 7, content: content, agreement: try agreement())
        #expect(proof.headerValue == Self.knownHeader)
    }

    @Test func anotherAgreementRequestOrPlaceIsNotProven() throws {
        let proof = RequestProof(session: session, counter: 7, content: content, agreement: try agreement())
        let hub = try agreement(isHub: true)
        let other = SignedContent(method: "POST", target: content.target, body: [1, 2, 4])
        #expect(throws: SignatureError.signature) {
            try proof.verify(other, key: self.key.publicKey, agreement: hub, isAgreed: true)
        }
        #expect(throws: SignatureError.signature) {
            try proof.verify(self.content, key: self.key.publicKey, agreement: hub, isAgreed: false)
        }
        #expect(throws: SignatureError.signature) {
            try proof.verify(self.content, key: self.key.publicKey, agreement: nil, isAgreed: true)
        }
        for wrong in [
            try agreement(machine: 3, isHub: true), try agreement(hub: 3, isHub: true),
            try agreement(session: SessionID(high: 7, low: 9), isHub: true),
        ] {
            #expect(throws: SignatureError.signature) {
                try proof.verify(self.content, key: self.key.publicKey, agreement: wrong, isAgreed: true)
            }
        }
        let code = String(proof.headerValue.suffix(64))
        let moved = try #require(
            RequestProof(headerValue: "Amends session=\(session),counter=8,code=\(code)"))
        #expect(throws: SignatureError.signature) {
            try moved.verify(self.content, key: self.key.publicKey, agreement: hub, isAgreed: true)
        }
    }

    private static let knownHeader =
        "Amends session=00000000000000070000000000000008,counter=7,code=109918863c2ea6da53598b160706067e5cf98040c7ffef4e06788aee2fcad8e1"

    @Test func everyOtherSpellingIsRefused() {
        let hex = String(repeating: "a", count: 128)
        for header in [
            "", "Amends", "Bearer x", "amends session=\(session),counter=1,signature=\(hex)",
            "Amends session=\(session),counter=0,signature=\(hex)",
            "Amends session=\(session),counter=+1,signature=\(hex)",
            "Amends session=\(session),counter=01,signature=\(hex)",
            "Amends session=\(session),counter=1,signature=\(hex)ab",
            "Amends session=\(session),counter=1,signature=\(hex),x=1",
            "Amends counter=1,session=\(session),signature=\(hex)",
            "Amends session=\(session),counter=18446744073709551616,signature=\(hex)",
            "Amends session=\(session),counter=1,code=\(hex)",
            "Amends session=\(session),counter=1,signature=\(hex.prefix(64))",
            "Amends session=\(session),counter=0,code=\(hex.prefix(64))",
        ] {
            #expect(RequestProof(headerValue: header) == nil, "\(header)")
        }
    }
}
