import Causality
import Changes
import Replication
import SQLiteKit
import SQLiteStore
import StoreContract
import Testing

@Suite("A sealed segment is handed out as it lies, where it says all that may be said")
struct RelayTests {
    private static let scope = Samples.scope
    private static let entriesPerSegment = 4

    /// A store with so many placed changes of one author.
    private func store(
        _ folder: Folder, _ count: Int, parts: (Int) -> [PersonalPart] = { _ in [] },
        verdict: (Int) -> Verdict = { _ in .ok }
    ) throws -> SQLiteStore {
        let store = try folder.store(entriesPerSegment: RelayTests.entriesPerSegment)
        var author = ContractAuthor(1, in: RelayTests.scope)
        var state = ScopeState(RelayTests.scope)
        try store.write { try $0.put(state) }
        for index in 0..<count {
            let own = parts(index)
            let change = author.change("\(index)", record: index % 2, parts: own)
            try store.write { transaction in
                let entry = Entry.change(
                    reference: EntryReference(dot: change.dot, hash: change.hash), received: 5_000 + Int64(index),
                    verdict: verdict(index))
                state.position += 1
                state.history = state.history.appending(entry.encoded())
                _ = try transaction.append(
                    change, records: try change.recordIDs(), parts: own.map { $0.encoded() },
                    placement: Placement(
                        position: state.position, received: 5_000 + Int64(index), verdict: verdict(index)))
                try transaction.append(
                    EntryRow(position: state.position, entry: entry, history: state.history), of: state.id)
                try transaction.put(author.state, of: state.id)
                try transaction.put(state)
            }
        }
        return store
    }

    private func sealed(
        _ store: SQLiteStore, from position: UInt64, unless held: (FeedID) -> Bool = { _ in false }
    ) throws -> SealedEntries? {
        try store.read { try $0.sealed(from: position, of: RelayTests.scope.scope, unless: held) }
    }

    @Test func itHoldsTheEntriesThatAreReadOneByOne() throws {
        let folder = try Folder()
        let store = try store(folder, 8)
        for position in [1, 5] as [UInt64] {
            let sealed = try #require(try sealed(store, from: position))
            let rows = try store.read {
                try $0.entries(of: RelayTests.scope.scope, after: position - 1, limit: RelayTests.entriesPerSegment)
            }
            let segment = try sealed.packed.unpacked(scope: RelayTests.scope.scope)
            let dots = segment.items.map { item -> Dot? in if case .full(let change) = item { change.dot } else { nil }
            }
            let expected = rows.map { row -> Dot? in
                if case .change(let reference, _, _) = row.entry { reference.dot } else { nil }
            }
            #expect(sealed.packed.count == rows.count && rows.count == RelayTests.entriesPerSegment)
            #expect(dots == expected)
            #expect(sealed.history == rows.last?.history)
        }
        #expect(try sealed(store, from: 1) { _ in true } == nil, "its feed is held")
        #expect(try sealed(store, from: 2) == nil, "a segment begins elsewhere")
        #expect(try sealed(store, from: 9) == nil, "nothing is there")
    }

    /// A void or held change travels as its header alone, so that its segment is not what a receiver may have.
    @Test(arguments: [Verdict.void, .held])
    func oneThatIsNotOkIsNotHandedOut(verdict: Verdict) throws {
        let folder = try Folder()
        let store = try store(folder, 8) { _ in
            []
        } verdict: {
            $0 == 6 ? verdict : .ok
        }
        #expect(try sealed(store, from: 1) != nil)
        #expect(try sealed(store, from: 5) == nil)
    }

    @Test func personalPartsAreNotLeftBehind() throws {
        let folder = try Folder()
        let store = try store(folder, 8) { $0 == 1 ? [ContractAuthor.part(3, "words")] : [] }
        #expect(try sealed(store, from: 1) == nil)
        #expect(try sealed(store, from: 5) != nil)
    }

    /// What is handed out is not decoded, so that its row's digest has to tell damage.
    @Test func damageIsNamedAndNotHandedOn() throws {
        let folder = try Folder()
        try store(folder, 8).close()
        let connection = try Connection(path: folder.file(), access: .readWriteCreate)
        try connection.execute(
            """
            UPDATE segment SET body = CAST(substr(body, 1, 20) || x'00' || substr(body, 22) AS BLOB) WHERE position = ?
            """, Int64(5))
        connection.close()
        let damaged = try folder.store(entriesPerSegment: RelayTests.entriesPerSegment)
        #expect(try sealed(damaged, from: 1) != nil)
        #expect(throws: StoredValueError.self) { try sealed(damaged, from: 5) }
    }

    @Test func aLaterVerdictKeepsItBack() throws {
        let folder = try Folder()
        let store = try store(folder, 8)
        let dot = Dot(feed: ContractAuthor(1, in: RelayTests.scope).feed, sequence: 2)
        try store.write { transaction in
            let old = try #require(try transaction.change(at: dot, of: RelayTests.scope.scope)?.placement)
            try transaction.place(
                dot, of: RelayTests.scope.scope,
                at: Placement(position: old.position, received: old.received, verdict: .void))
        }
        #expect(try sealed(store, from: 1) == nil)
    }

    // MARK: - Pages

    /// How many entries the blocks of a page have, for one who holds nothing of the feeds.
    private func page(_ store: SQLiteStore, after position: UInt64, changes: Int) throws -> [Int] {
        let scope = RelayTests.scope.scope
        let page = try store.read { transaction in
            var limits: PageLimits? = PageLimits(changes: changes)
            let hello = ScopeHello(
                scope: scope, position: position,
                history: try #require(try transaction.history(of: scope, at: position)), ownHead: nil)
            return try HubPager(
                transaction, key: ContractAuthor.key(200), incarnation: ShortHash(high: 1, low: 1), now: 9_000,
                pieceBytes: 1 << 20
            ).page(after: hello, receiver: ReplicaID(high: 9, low: 9), limits: &limits)
        }
        return try #require(page).blocks.map(\.count)
    }

    /// Found by counting blocks: a page that ended within a segment left every later page to be read entry by entry.
    @Test func aPageEndsWhereTheNextSegmentHasNoRoom() throws {
        let folder = try Folder()
        let store = try store(folder, 22)
        #expect(try page(store, after: 0, changes: 10) == [4, 4])
        #expect(try page(store, after: 8, changes: 10) == [4, 4])
        #expect(try page(store, after: 16, changes: 10) == [4, 2])
    }

    @Test func whoeverStandsWithinASegmentComesToItsEndAndGoesOnWithTheNext() throws {
        let folder = try Folder()
        let store = try store(folder, 22)
        #expect(try page(store, after: 3, changes: 100) == [1, 4, 4, 4, 4, 2])
        #expect(try page(store, after: 5, changes: 9) == [3, 4])
    }

    @Test func aPageTooSmallForASegmentTakesWhatItCan() throws {
        let folder = try Folder()
        let store = try store(folder, 9)
        #expect(try page(store, after: 0, changes: 3) == [3])
        #expect(try page(store, after: 3, changes: 3) == [3])
    }
}
