import Causality
import ReplicatedTypes
import Testing

struct DotStoreTests {
    @Test func laterFragmentEndsEntryThatItsPredecessorEnded() {
        var author = DotStore<Int>()
        let first = author.put(1, at: dot("a", 1), replacing: .seen)
        author.put(2, at: dot("a", 2), replacing: .seen)
        let third = author.put(3, at: dot("a", 3), replacing: .seen)

        // The second fragment is late, and still the first entry goes.
        var observer = first
        observer.merge(third)
        #expect(observer.entries.map(\.payload) == [3])
        observer.checkInvariants()
    }

    @Test func fragmentThatReplacesArrivesBeforeWhatItReplaces() {
        var author = DotStore<Int>()
        let first = author.put(1, at: dot("a", 1), replacing: .seen)
        let second = author.put(2, at: dot("a", 2), replacing: .seen)

        #expect(second.merging(first) == author)
        #expect(second.merging(first).entries.map(\.payload) == [2])
    }

    @Test func knownEventChangesNothing() {
        var store = DotStore<Int>()
        store.put(1, at: dot("a", 1), replacing: .seen)
        let before = store

        let delta = store.put(7, at: dot("a", 1), replacing: .seen)
        #expect(store == before)
        #expect(delta == DotStore())
    }

    @Test func subscriptFindsSurvivorsOnly() {
        var store = DotStore<Int>()
        for sequence in 1...5 { store.put(sequence, at: dot("b", sequence), replacing: .listed([])) }
        store.put(nil, at: dot("a", 1), replacing: .listed([dot("b", 3)]))

        #expect((1...5).map { store[dot("b", $0)] } == [1, 2, nil, 4, 5])
        #expect(store[dot("a", 1)] == nil)
        #expect(store[dot("c", 1)] == nil)
    }

    @Test func contextOfOneObjectStaysAVector() {
        var store = DotStore<Int>()
        for sequence in 1...100 { store.put(0, at: dot("a", sequence), replacing: .seen) }
        #expect(store.context.cloud.isEmpty)
        #expect(store.entries.count == 1)
    }

    @Test func listingWhatNobodyCanHaveSeenIsAMistake() async {
        await #expect(processExitsWith: .failure) {
            var store = DotStore<Int>()
            store.put(1, at: dot("a", 1), replacing: .listed([dot("b", 1)]))
        }
    }
}
