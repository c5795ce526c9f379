import Causality
import Changes
import Replication
import StoreContract
import Testing

@Suite("Large histories and many scopes travel in bounded pieces")
struct PagingTests {
    @Test(arguments: [(1, 50), (3, 4 << 20), (20_000, 120), (7, 700)])
    func aLongHistoryArrivesWholeUnderAnyLimit(_ changes: Int, _ bytes: Int) throws {
        let talk = try Conversation(2)
        for round in 0..<60 { try talk.replicas[0].step("step \(round)", in: talk.scope) }
        let sent = try talk.replicas[0].sync(
            limits: PushLimits(changes: changes, bytes: bytes), page: PageLimits(changes: changes, bytes: bytes))
        #expect(sent.isComplete && sent.sent == 60)
        let report = try talk.replicas[1].sync(page: PageLimits(changes: changes, bytes: bytes))
        #expect(report.isComplete && report.received == 60)
        try talk.expectAgreement()
    }

    @Test func aPushDoesNotGoOutAgainWithEveryPage() throws {
        let talk = try Conversation(2)
        let (ana, ben) = (talk.replicas[0], talk.replicas[1])
        for round in 0..<40 { try ben.step("by ben \(round)", in: talk.scope) }
        try ben.sync()
        for round in 0..<40 { try ana.step("by ana \(round)", in: talk.scope) }
        var carried = 0
        let report = try ana.sync(page: PageLimits(changes: 5)) { bytes, deliver in
            carried += try SyncRequest(bytes).pushes.reduce(0) { $0 + $1.changeCount }
            return try deliver(bytes)
        }
        #expect(report.isComplete && carried == 40)
    }

    @Test func aChangeLargerThanThePageStillTravels() throws {
        let talk = try Conversation(2)
        try talk.replicas[0].put("note", .text(String(repeating: "x", count: 200_000)), in: talk.scope)
        try talk.replicas[0].put("title", .text("after it"), in: talk.scope)
        try talk.replicas[0].sync(limits: PushLimits(bytes: 10_000))
        try talk.replicas[1].sync(page: PageLimits(bytes: 30_000))
        try talk.expectAgreement()
    }

    /// Personal parts weigh as much as bodies.
    @Test func personalPartsCountAgainstTheLimitOfAPush() throws {
        let talk = try Conversation(1)
        let draft = ChangeDraft(
            person: "p", zoneMinutes: 0, schema: "test/1", operations: ContractAuthor.title("x"),
            parts: [
                ChangeDraft.Part(
                    subject: SubjectID(high: 1, low: 1), items: [.text(String(repeating: "y", count: 10_000))])
            ])
        for _ in 0..<10 { try talk.replicas[0].write(draft, in: talk.scope) }
        var greatest = 0
        let report = try talk.replicas[0].sync(limits: PushLimits(bytes: 20_000)) { bytes, deliver in
            greatest = max(greatest, bytes.count)
            return try deliver(bytes)
        }
        #expect(report.isComplete && greatest < 35_000)
    }

    @Test func manyScopesStandUnderOneDigestUntilSomethingHappens() throws {
        let talk = try Conversation(2, scopes: (0..<40).map { Text("branch/\($0)") })
        var sizes: [Int] = []
        let quiet = try talk.replicas[0].sync { bytes, deliver in
            sizes.append(bytes.count)
            return try deliver(bytes)
        }
        #expect(quiet.isComplete && quiet.roundTrips == 1 && sizes[0] < 100)
        try talk.replicas[1].put("title", .text("news"), in: talk.scopes[17].scope)
        #expect(try talk.replicas[1].sync().roundTrips == 1)
        let news = try talk.replicas[0].sync()
        #expect(news.isComplete && news.roundTrips == 2 && news.received == 1)
        try talk.expectAgreement()
    }

    /// More scopes than a message lists: introduced, pushed and pulled stretch by stretch.
    @Test func thousandsOfScopesAllTakePart() throws {
        let talk = try Conversation(2, scopes: (0..<1_060).map { Text("branch/\($0)") })
        for replica in talk.replicas {
            #expect(try replica.store.read { $0.scopes().count } == 1_060)
        }
        // One replica writes in more scopes than a message may push to; another reads them all.
        for scope in talk.scopes.prefix(1_030) { try talk.replicas[0].put("title", .text("x"), in: scope.scope) }
        let sent = try talk.replicas[0].sync()
        #expect(sent.isComplete && sent.sent == 1_030)
        let received = try talk.replicas[1].sync()
        #expect(received.isComplete && received.received == 1_030)
        // A scope that comes later is found, wherever its id lies.
        for name in ["branch/new", "branch/newer"] as [Text] { _ = try talk.hub.addScope(name) }
        #expect(try talk.replicas[1].sync().isComplete)
        #expect(try talk.replicas[1].store.read { $0.scopes().count } == 1_062)
    }
}
