import Causality
import Changes
import Replication
import SyncHTTP
import Testing

/// The messages of joining and of sessions: their bytes are fixed, and every other spelling is refused.
@Suite struct MessageTests {
    private static let machine = key(1)
    private static let hub = key(2)
    private static let chain = ChainID(high: 0x0102_0304_0506_0708, low: 0x090A_0B0C_0D0E_0F10)
    private static let brought = ScopeIntroduction(name: "branch/7f", seed: ChainID(high: 5, low: 6))

    private static func key(_ byte: UInt8) -> SigningKey {
        do { return try SigningKey(seed: Array(repeating: byte, count: 32)) } catch { preconditionFailure("\(error)") }
    }

    private static let joinRequest = JoinRequest(
        code: "7KQ2-AAAA-BBBB-CCCC-DDDD-EEEE-FFFF", machine: "Kasir 1", brought: brought, key: machine)

    private static let joinResponse: JoinResponse = {
        let home = ScopeIntroduction(name: "branch/01", seed: chain)
        let certificate = Certificate(
            chain: chain, publicKey: machine.publicKey, home: home.scope,
            grants: [Grant(scope: home.scope, rights: [.read, .write])], deviceMark: "QXB", from: 1_700_000_000_000,
            hub: hub)
        return JoinResponse(
            chain: chain, chainName: "Corner Cafés", hubKey: hub.publicKey, hubTime: 1_700_000_000_001,
            certificate: certificate, branchName: "Kemang", branchCode: "KEM", scopes: [home])
    }()

    private static let sessionRequest = SessionRequest(replica: machine.publicKey.replica, share: nil)
    private static let sessionResponse = SessionResponse(
        session: SessionID(high: 1, low: 2), hubTime: 3, expires: 4, hubKey: hub.publicKey, share: nil)
    private static let share = AgreementKey(seed: Array(repeating: 5, count: 32)).share
    private static let agreedRequest = SessionRequest(replica: machine.publicKey.replica, share: share)
    private static let agreedResponse = SessionResponse(
        session: SessionID(high: 1, low: 2), hubTime: 3, expires: 4, hubKey: hub.publicKey, share: share)

    /// SHA-256 of each message's bytes. When one of these fails, the protocol has changed: give the message a new
    /// version, and keep reading the old one.
    @Test func bytesAreThoseOfVersion1() {
        let digests = [
            MessageTests.joinRequest.unsignedDigest, MessageTests.joinResponse.unsignedDigest,
            Hash256.sha256(MessageTests.sessionRequest.encoded()).description,
            Hash256.sha256(MessageTests.sessionResponse.encoded()).description,
        ]
        #expect(digests == Golden.digests)
        #expect(
            hexadecimal(MessageTests.sessionRequest.encoded()) == "01"
                + MessageTests.machine.publicKey.replica.description)
        #expect(
            MessageTests.agreedRequest.encoded()
                == [2] + MessageTests.sessionRequest.encoded().dropFirst() + MessageTests.share.bytes)
        #expect(
            MessageTests.agreedResponse.encoded()
                == [2] + MessageTests.sessionResponse.encoded().dropFirst() + MessageTests.share.bytes)
    }

    @Test func everyMessageComesBack() throws {
        #expect(try JoinRequest(MessageTests.joinRequest.encoded()) == MessageTests.joinRequest)
        #expect(try JoinResponse(MessageTests.joinResponse.encoded()) == MessageTests.joinResponse)
        #expect(try SessionRequest(MessageTests.sessionRequest.encoded()) == MessageTests.sessionRequest)
        #expect(try SessionResponse(MessageTests.sessionResponse.encoded()) == MessageTests.sessionResponse)
        #expect(try SessionRequest(MessageTests.agreedRequest.encoded()) == MessageTests.agreedRequest)
        #expect(try SessionResponse(MessageTests.agreedResponse.encoded()) == MessageTests.agreedResponse)
    }

    @Test func truncationAndTrailingBytesAreRefused() {
        func check(_ bytes: [UInt8], _ decode: ([UInt8]) throws -> Void) {
            for count in 0..<bytes.count {
                #expect(throws: CodecError.self) { try decode(Array(bytes.prefix(count))) }
            }
            #expect(throws: CodecError.self) { try decode(bytes + [0]) }
        }
        check(MessageTests.joinRequest.encoded()) { _ = try JoinRequest($0) }
        check(MessageTests.joinResponse.encoded()) { _ = try JoinResponse($0) }
        check(MessageTests.sessionRequest.encoded()) { _ = try SessionRequest($0) }
        check(MessageTests.sessionResponse.encoded()) { _ = try SessionResponse($0) }
        check(MessageTests.agreedRequest.encoded()) { _ = try SessionRequest($0) }
        check(MessageTests.agreedResponse.encoded()) { _ = try SessionResponse($0) }
    }

    /// A flipped byte is refused, or changes what the signature covers.
    @Test func aChangedJoinRequestIsNeverTaken() {
        let bytes = MessageTests.joinRequest.encoded()
        for index in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[index] ^= 1 << bit
                let isTaken = (try? JoinRequest(changed).verify()) != nil
                #expect(!isTaken, "bit \(bit) of byte \(index)")
            }
        }
    }

    @Test func aNewerVersionIsNamed() {
        #expect(throws: CodecError.unsupported("session messages of version 3")) {
            try SessionRequest([3] + MessageTests.sessionRequest.encoded().dropFirst())
        }
    }

    // MARK: - Codes

    @Test func codesAreReadAsPeopleTypeThem() throws {
        let code = EnrolmentCode(random: Array(0..<28))
        #expect(code.text == "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV")
        #expect(EnrolmentCode(typed: code.text) == code)
        #expect(EnrolmentCode(typed: " oi23 4567 89ab cdef ghjk mnpq rstv ") == code)
        #expect(EnrolmentCode(typed: "0l2345678 9abcdefghjkmnpqrstv") == code)
        for wrong in ["", "0123", code.text + "0", "U" + code.text.dropFirst(), code.text.replacing("0", with: "é")] {
            #expect(EnrolmentCode(typed: wrong) == nil, "\(wrong)")
        }
    }
}

extension JoinRequest {
    /// Without the signature, so that the digest does not depend on how a signature is made.
    fileprivate var unsignedDigest: String { Hash256.sha256(Array(encoded().dropLast(64))).description }
}

extension JoinResponse {
    /// With the certificate's signature, the last 64 bytes of its run, left out.
    fileprivate var unsignedDigest: String {
        let signature = Array(certificate.encoded().suffix(64))
        let bytes = encoded()
        guard let index = bytes.firstRange(of: signature) else { return "no certificate" }
        return Hash256.sha256(Array(bytes[..<index.lowerBound] + bytes[index.upperBound...])).description
    }
}

/// Of a join request, its answer, a session request and its answer.
private enum Golden {
    static let digests = [
        "a999434f60932d0e23dc5c477eee84f676eaa06c156b64253aae44091f08d17c",
        "c984f9bf01e54557e86fc0d0376ddefd1a9c16c0a1b9c3c5a33065ee1f644238",
        "6e346730a5d7465e988b170a16d6e5c9cfe456201bd539852f3146b5e157c22e",
        "97e8f9537d161c14b4c81a83659672b9e9b5175398fc6a2fb7ca3910dabfa54d",
    ]
}
