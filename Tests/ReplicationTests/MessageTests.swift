import Causality
import Changes
import GoldenFiles
import Replication
import StoreContract
import Testing

@Suite("Messages: written as they always were, read as they were written, and nothing else is taken")
struct MessageTests {
    @Test func requestsHaveTheirGoldenBytes() throws {
        try GoldenFile(name: "sync-request").expect(Samples.requests.map { ($0.label, $0.request.encoded()) })
    }

    @Test func responsesHaveTheirGoldenBytes() throws {
        try GoldenFile(name: "sync-response").expect(Samples.responses.map { ($0.label, $0.response.encoded()) })
    }

    /// Machines and hubs of before are understood, and answered in their own version.
    @Test func version2HasTheGoldenBytesThatItHad() throws {
        try GoldenFile(name: "sync-request-2").expect(
            Samples.requests.map { ($0.label, $0.request.inVersion2.encoded()) })
        try GoldenFile(name: "sync-response-2").expect(
            Samples.responses.map { ($0.label, $0.response.inVersion2.encoded()) })
        for sample in Samples.requests {
            #expect(try SyncRequest(sample.request.inVersion2.encoded()) == sample.request.inVersion2)
        }
        for sample in Samples.responses {
            #expect(try SyncResponse(sample.response.inVersion2.encoded()) == sample.response.inVersion2)
        }
    }

    @Test func aRequestIsAnsweredInItsVersion() throws {
        let talk = try Conversation(1)
        let certificate = try talk.hub.certify(
            ReplicaIdentity(key: ContractAuthor.key(9)), home: talk.scopes[0].scope, grants: Conversation.allRights)
        for request in [
            SyncRequest(limits: PageLimits(), hellos: []), SyncRequest(limits: PageLimits(), hellos: []).inVersion2,
        ] {
            let answer = try talk.hub.answer(request.encoded(), carrier: certificate)
            #expect(try SyncResponse(answer).version == request.version)
            #expect(answer.first == UInt8(request.version))
        }
    }

    @Test func samplesComeBackAsTheyWere() throws {
        for sample in Samples.requests { #expect(try SyncRequest(sample.request.encoded()) == sample.request) }
        for sample in Samples.responses { #expect(try SyncResponse(sample.response.encoded()) == sample.response) }
    }

    @Test func randomMessagesComeBackAsTheyWere() throws {
        var generator = MessageGenerator(random: SplitMix64(seed: Effort.seed))
        for _ in 0..<500 {
            let request = generator.request()
            try #require(try SyncRequest(request.encoded()) == request)
            let response = generator.response()
            try #require(try SyncResponse(response.encoded()) == response)
        }
    }

    @Test func everyTruncationIsRefused() throws {
        for sample in Samples.requests {
            let bytes = sample.request.encoded()
            for count in bytes.indices { #expect(throws: CodecError.self) { try SyncRequest(Array(bytes[..<count])) } }
        }
        for sample in Samples.responses {
            let bytes = sample.response.encoded()
            for count in bytes.indices { #expect(throws: CodecError.self) { try SyncResponse(Array(bytes[..<count])) } }
        }
    }

    /// A typed refusal, or bytes that are written again as they came: never a trap, never a second spelling.
    @Test func everyMutationIsRefusedOrMeansWhatItSays() throws {
        var generator = MessageGenerator(random: SplitMix64(seed: Effort.seed &+ 1))
        var taken = 0
        for round in 0..<10_000 {
            let isRequest = round % 2 == 0
            var bytes =
                isRequest
                ? (round % 20 == 0 ? generator.request() : generator.random.pick(Samples.requests).request).encoded()
                : (round % 20 == 1 ? generator.response() : generator.random.pick(Samples.responses).response).encoded()
            // Behind the seal, which whoever means harm can make as well.
            if !isRequest { bytes.removeLast(SyncResponse.sealBytes) }
            for _ in 0...generator.random.upTo(2) { mutate(&bytes, &generator.random) }
            if !isRequest { bytes = SyncResponse.sealed(bytes) }
            let rewritten = isRequest ? (try? SyncRequest(bytes))?.encoded() : (try? SyncResponse(bytes))?.encoded()
            guard let rewritten else { continue }
            taken += 1
            try #require(rewritten == bytes, "round \(round); run again with AMENDS_SEED=\(Effort.seed)")
        }
        #expect(taken > 100, "hardly any mutation was taken: this tests too little")
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        guard !bytes.isEmpty else { return bytes.append(UInt8(random.upTo(255))) }
        let index = random.upTo(bytes.count - 1)
        switch random.upTo(5) {
        case 0: bytes[index] = UInt8(random.upTo(255))
        case 1: bytes[index] ^= 1 << UInt8(random.upTo(7))
        case 2: bytes[index] = random.pick([0, 1, 0x7f, 0x80, 0xff])
        case 3: bytes.remove(at: index)
        case 4: bytes.insert(UInt8(random.upTo(255)), at: index)
        default:
            let end = min(bytes.count, index + 1 + random.upTo(9))
            bytes.replaceSubrange(index..<end, with: repeatElement(0xff, count: end - index))
        }
    }

    @Test func anAnswerWithAnyByteChangedIsRefused() throws {
        for sample in Samples.responses {
            let bytes = sample.response.encoded()
            for index in bytes.indices {
                for bit in 0..<8 {
                    var damaged = bytes
                    damaged[index] ^= 1 << bit
                    #expect(throws: CodecError.self, "byte \(index)") { try SyncResponse(damaged) }
                }
            }
        }
    }

    @Test func anotherVersionIsNamed() {
        #expect(throws: CodecError.unsupported("sync messages of version 4")) { try SyncRequest([4]) }
        #expect(throws: CodecError.unsupported("sync messages of version 4")) { try SyncResponse([4]) }
        #expect(throws: CodecError.unsupported("sync messages of version 1")) { try SyncRequest([1]) }
    }

    @Test func whatIsOutOfOrderIsRefused() throws {
        let hellos = Samples.scopes.reversed().map { Samples.hello($0) }
        #expect(throws: CodecError.self) {
            try SyncRequest(SyncRequest(limits: PageLimits(), hellos: hellos).encoded())
        }
        let answers = Samples.scopes.reversed().map {
            ScopeAnswer(scope: $0.scope, outcome: .refused(Refusal(.gap, "")))
        }
        let response = SyncResponse(hubTime: 0, incarnation: Samples.incarnation, answers: answers)
        #expect(throws: CodecError.self) { try SyncResponse(response.encoded()) }
    }

    @Test func aCountBeyondTheBytesAllocatesNothing() {
        // 1,000 hellos and no byte of them.
        #expect(throws: CodecError.self) { try SyncRequest([1, 0, 1, 1, 0xe8, 0x07]) }
    }
}

extension SyncRequest {
    fileprivate var inVersion2: SyncRequest {
        SyncRequest(limits: limits, hellos: hellos, coverage: coverage, pushes: pushes, version: 2)
    }
}

extension SyncResponse {
    fileprivate var inVersion2: SyncResponse {
        SyncResponse(
            hubTime: hubTime, incarnation: incarnation, wantsHellos: wantsHellos, answers: answers,
            newScopes: newScopes, staged: staged, version: 2)
    }
}
