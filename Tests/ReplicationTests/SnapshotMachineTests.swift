import Causality
import Changes
import Replication
import StoreContract
import Testing

@Suite("The snapshot machine: what was kept is never asked for again")
struct SnapshotMachineTests {
    private static func manifest(_ position: UInt64 = 9, chunks: Int = 2) -> SnapshotManifest {
        let scope = Samples.scopes[0].scope
        return SnapshotManifest(
            receipt: Receipt(
                incarnation: Samples.incarnation, scope: scope, position: position,
                history: HistoryHash(Samples.hash), hubTime: 9, key: Samples.hubKey),
            fingerprint: Samples.hash, clock: .zero,
            chunks: (0..<chunks).map {
                SnapshotManifest.Chunk(
                    hash: Samples.hash, bytes: 1, records: 1, first: RecordID(high: UInt64($0), low: 0), parts: 0)
            }, key: Samples.hubKey)
    }

    @Test func itFetchesEachPieceOnceAndInstalls() {
        let manifest = SnapshotMachineTests.manifest()
        var machine = SnapshotMachine()
        #expect(machine.begin() == .askManifest)
        #expect(machine.came(manifest: manifest) == .begin(manifest))
        #expect(machine.began(missing: manifest.pieces) == .ask(.chunk(0), of: manifest.id))
        #expect(machine.came(piece: [7]) == .keep(.chunk(0), [7]))
        #expect(machine.kept() == .ask(.chunk(1), of: manifest.id))
        #expect(machine.came(piece: [8]) == .keep(.chunk(1), [8]))
        #expect(machine.kept() == .install)
        #expect(machine.installed(records: 2) == .finish(.taken(records: 2)))
    }

    @Test func itGoesOnWithWhatIsMissing() {
        let manifest = SnapshotMachineTests.manifest()
        var machine = SnapshotMachine(staged: manifest, missing: [.chunk(1)])
        #expect(machine.begin() == .ask(.chunk(1), of: manifest.id))
        var complete = SnapshotMachine(staged: manifest, missing: [])
        #expect(complete.begin() == .install)
    }

    @Test func oneThatIsGoneBeginsAgainAndAtMostThreeTimes() {
        let manifest = SnapshotMachineTests.manifest()
        var machine = SnapshotMachine(staged: manifest, missing: [.chunk(1)])
        _ = machine.begin()
        for round in 1...3 {
            #expect(machine.came(piece: nil) == .askManifest)
            let other = SnapshotMachineTests.manifest(UInt64(9 + round))
            #expect(machine.came(manifest: other) == .begin(other))
            #expect(machine.began(missing: other.pieces) == .ask(.chunk(0), of: other.id))
        }
        #expect(machine.came(piece: nil) == .finish(.declined))
    }

    @Test func aDamagedPieceIsAskedForOnceMoreAndThenRefused() {
        let manifest = SnapshotMachineTests.manifest()
        var machine = SnapshotMachine(staged: manifest, missing: [.chunk(0)])
        _ = machine.begin()
        #expect(machine.came(piece: [1]) == .keep(.chunk(0), [1]))
        #expect(machine.refusedPiece("why") == .ask(.chunk(0), of: manifest.id))
        #expect(machine.came(piece: [2]) == .keep(.chunk(0), [2]))
        #expect(machine.refusedPiece("why") == .finish(.refused("why")))
    }

    @Test func aHubWithoutOneIsNotAskedTwice() {
        var machine = SnapshotMachine()
        _ = machine.begin()
        #expect(machine.came(manifest: nil) == .finish(.declined))
    }
}

@Suite("Beginning with a snapshot")
struct SnapshotSyncTests {
    /// Ana has written, ben comes late.
    private func conversation(changes: Int) throws -> Conversation {
        let conversation = try Conversation(2)
        for number in 0..<changes {
            try conversation.replicas[0].put("title", .integer(Int64(number)), in: conversation.scope)
            try conversation.replicas[0].step("step \(number)", in: conversation.scope)
        }
        try conversation.replicas[0].sync()
        return conversation
    }

    @Test func aLongOrderIsBegunWithASnapshotAndGoesOnWithPages() throws {
        let conversation = try conversation(changes: 30)
        let late = conversation.replicas[1]
        let report = try late.sync(takesSnapshots: true)
        #expect(report.isComplete)
        #expect(report.snapshots == 1)
        #expect(report.snapshotRecords == 1)
        #expect(report.applied == 0)
        try conversation.replicas[0].put("title", .text("later"), in: conversation.scope)
        try conversation.replicas[0].sync()
        #expect(try late.sync(takesSnapshots: true).applied == 1)
        try conversation.expectAgreement()
    }

    @Test func aShortOrderComesAsItIs() throws {
        let conversation = try conversation(changes: 3)
        let report = try conversation.replicas[1].sync(takesSnapshots: true)
        #expect(report.isComplete)
        #expect(report.snapshots == 0)
        try conversation.expectAgreement()
    }

    @Test func aHubThatHasNoneGivesTheOrder() throws {
        let conversation = try conversation(changes: 30)
        conversation.hub.leastSnapshotEntries = 1_000
        let report = try conversation.replicas[1].sync(takesSnapshots: true)
        #expect(report.isComplete)
        #expect(report.snapshots == 0)
        try conversation.expectAgreement()
    }

    @Test func whoeverHasWrittenInTheScopeTakesTheOrder() throws {
        let conversation = try conversation(changes: 30)
        try conversation.replicas[1].put("title", .text("own"), in: conversation.scope)
        let report = try conversation.replicas[1].sync(takesSnapshots: true)
        #expect(report.isComplete)
        #expect(report.snapshots == 0)
        try conversation.settle()
        try conversation.expectAgreement()
    }

    @Test func aManifestOfAnotherHubIsRefused() throws {
        let conversation = try conversation(changes: 30)
        let late = conversation.replicas[1]
        let manifest = try #require(try conversation.hub.snapshot(of: conversation.scope))
        let other = SnapshotManifest(
            receipt: manifest.receipt, fingerprint: manifest.fingerprint, clock: manifest.clock,
            chunks: manifest.chunks, key: ContractAuthor.key(9))
        #expect(throws: SnapshotError.manifest("its signature does not hold")) {
            try late.store.write {
                try SnapshotReceiver($0, hubKey: conversation.hub.key.publicKey).begin(other, of: conversation.scope)
            }
        }
        #expect(try late.store.read { $0.snapshot(of: conversation.scope) } == nil)
    }

    @Test func recordsThatDoNotComeToTheFingerprintAreRefusedWhole() throws {
        let conversation = try conversation(changes: 30)
        let late = conversation.replicas[1]
        let scope = conversation.scope
        let manifest = try #require(try conversation.hub.snapshot(of: scope))
        // The hub's own word for chunks that are not what its records are.
        let wrong = SnapshotManifest(
            receipt: manifest.receipt, fingerprint: .zero, clock: manifest.clock, chunks: manifest.chunks,
            key: conversation.hub.key)
        let chunks = conversation.hub.snapshots[scope]?.chunks ?? []
        conversation.hub.snapshots[scope] = (wrong, chunks)
        let outcome = try late.takeSnapshot(of: scope)
        #expect(outcome == .refused(SnapshotError.fingerprint(scope).description))
        #expect(try late.scopeState(scope)?.position == 0)
        #expect(try late.store.read { $0.records(of: scope, after: nil, limit: 9) }.isEmpty)
        #expect(try late.store.read { $0.snapshot(of: scope) } == nil)
    }

    @Test func aSnapshotTravelsOnInNoBundleButWhatCameAfterItDoes() throws {
        let conversation = try Conversation(3)
        for number in 0..<30 { try conversation.replicas[0].step("\(number)", in: conversation.scope) }
        try conversation.replicas[0].sync()
        let (late, other) = (conversation.replicas[1], conversation.replicas[2])
        try late.sync(takesSnapshots: true)
        try late.step("own", in: conversation.scope)
        let refused = try late.bundle(to: other)
        #expect(refused.refusals.map(\.refusal.code) == [.gap])
        #expect(refused.refusals.allSatisfy { $0.refusal.reason.string.contains("synchronise with the hub") })
        try other.sync()
        let taken = try late.bundle(to: other)
        #expect(taken.refusals.isEmpty)
        #expect(taken.received == 1)
        try conversation.settle()
        try conversation.expectAgreement()
    }
}
