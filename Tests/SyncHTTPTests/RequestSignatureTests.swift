import Causality
import Changes
import SyncHTTP
import Testing

@Suite struct RequestSignatureTests {
    private let key: SigningKey
    private let content = SignedContent(method: "POST", target: "/v1/chains/00/sync", body: [1, 2, 3])
    private let session = SessionID(high: 7, low: 8)

    init() throws { key = try SigningKey(seed: Array(repeating: 9, count: 32)) }

    @Test func theHeaderComesBack() throws {
        let signature = RequestSignature(session: session, counter: 42, content: content, key: key)
        let read = try #require(RequestSignature(headerValue: signature.headerValue))
        #expect(read == signature)
        try read.verify(content, key: key.publicKey)
    }

    @Test func anotherRequestSessionCounterOrKeyDoesNotVerify() throws {
        let signature = RequestSignature(session: session, counter: 42, content: content, key: key)
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
        let hex = hexadecimal(signature.signature)
        for header in [
            "Amends session=\(SessionID(high: 7, low: 9)),counter=42,signature=\(hex)",
            "Amends session=\(session),counter=43,signature=\(hex)",
        ] {
            let moved = try #require(RequestSignature(headerValue: header))
            #expect(throws: SignatureError.signature) { try moved.verify(content, key: key.publicKey) }
        }
    }

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
        ] {
            #expect(RequestSignature(headerValue: header) == nil, "\(header)")
        }
    }
}
