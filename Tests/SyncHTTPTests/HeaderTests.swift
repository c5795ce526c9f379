import Causality
import Changes
import SyncHTTP
import Testing

/// What the client reads of headers, addresses and event streams.
@Suite struct HeaderTests {
    // MARK: - Retry-After

    /// The examples of RFC 9110, 5.6.7.
    @Test(arguments: [
        "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    ])
    func datesAreReadInAllThreeForms(_ text: String) {
        #expect(HTTPDate.seconds(text) == 784_111_777)
    }

    @Test(arguments: [
        "", "0", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT",
    ])
    func whatIsNoDateIsNone(_ text: String) { #expect(HTTPDate.seconds(text) == nil) }

    @Test func retryAfterIsSecondsOrADateAgainstTheAnswersOwnDate() {
        #expect(RetryAfter.duration("120", date: nil) == .seconds(120))
        #expect(RetryAfter.duration("-1", date: nil) == nil)
        #expect(RetryAfter.duration(nil, date: nil) == nil)
        let date = "Sun, 06 Nov 1994 08:49:37 GMT"
        #expect(RetryAfter.duration("Sun, 06 Nov 1994 08:50:07 GMT", date: date) == .seconds(30))
        #expect(RetryAfter.duration("Sun, 06 Nov 1994 08:00:00 GMT", date: date) == .seconds(0))
        #expect(RetryAfter.duration("Sun, 06 Nov 1994 08:50:07 GMT", date: nil) == nil)
    }

    // MARK: - Addresses

    @Test func addressesKeepTheirPrefixAndNameAChain() throws {
        let chain = "000102030405060708090a0b0c0d0e0f"
        #expect(try #require(HubAddress("https://hub.example/")).base == "https://hub.example")
        #expect(try #require(HubAddress("http://[::1]:8080/a/b/")).base == "http://[::1]:8080/a/b")
        let named = try #require(HubAddress("https://hub.example/amends/v1/chains/\(chain)"))
        #expect(named.base == "https://hub.example/amends")
        #expect(named.chain == ChainID(hexadecimal: chain))
        for wrong in [
            "", "hub.example", "ftp://hub.example", "https://", "https://u:p@hub.example", "https://hub.example?x",
            "https://hub.example/#x", "https://hub.example/v1/chains/zz",
        ] {
            #expect(HubAddress(wrong) == nil, "\(wrong)")
        }
    }

    @Test func branchNamesTravelInPaths() {
        let name = "Kemang/سلام ü%"
        #expect(percentDecoded(percentEncoded(name)) == name)
        #expect(!percentEncoded(name).contains("/"))
        #expect(percentDecoded("%zz") == nil)
        #expect(percentDecoded("%ff") == nil)
    }

    @Test func mediaTypesAreComparedWithoutParametersAndCase() {
        #expect(SyncMedia.matches("Application/VND.amends.sync; v=1", SyncMedia.message))
        #expect(!SyncMedia.matches("text/html", SyncMedia.message))
        #expect(!SyncMedia.matches(nil, SyncMedia.message))
    }

    // MARK: - Event streams

    @Test func eventsAreReadHoweverTheBytesAreCut() throws {
        let stream = Array(
            ": heartbeat\n\nevent: listening\r\ndata:\r\n\r\nevent: grown\rdata: a\rdata: b\r\rid: 7\n\n".utf8)
        let wanted = [
            ServerSentEvent(name: "listening"), ServerSentEvent(name: "grown", data: "a\nb"),
        ]
        for size in 1...stream.count {
            var reader = ServerSentEventReader()
            var events: [ServerSentEvent] = []
            for start in stride(from: 0, to: stream.count, by: size) {
                events += try reader.read(stream[start..<min(start + size, stream.count)])
            }
            #expect(events == wanted, "in pieces of \(size)")
        }
    }

    @Test func anEndlessLineOrEventIsRefused() {
        var line = ServerSentEventReader()
        #expect(throws: CodecError.self) { try line.read(Array(repeating: 120, count: 1 << 20)) }
        var event = ServerSentEventReader()
        let data = Array(String(repeating: "data: 0123456789\n", count: 10_000).utf8)
        #expect(throws: CodecError.self) { try event.read(data) }
    }

    @Test func hintsNameScopesOrAny() {
        let scopes = (0..<64).map { ScopeID(high: 1, low: $0) }
        #expect(HubEvent(HubEvent.grown(scopes).event) == .grown(scopes))
        let many = (0..<65).map { ScopeID(high: 1, low: $0) }
        #expect(HubEvent(HubEvent.grown(many).event) == .grown([]))
        #expect(HubEvent(ServerSentEvent(name: "grown", data: "what?")) == .grown([]))
        #expect(HubEvent(ServerSentEvent(name: "newer")) == nil)
    }
}
