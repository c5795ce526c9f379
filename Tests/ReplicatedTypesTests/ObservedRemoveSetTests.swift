import Causality
import ReplicatedTypes
import Testing

struct ObservedRemoveSetTests {
    @Test func concurrentAddSurvivesRemove() {
        var a = ObservedRemoveSet<String>()
        a.add("late", at: dot("a", 1))
        var b = a
        b.remove("late", at: dot("b", 1))
        a.add("late", at: dot("a", 2))

        #expect(!b.contains("late"))
        #expect(a.merging(b).contains("late"))
        #expect(b.merging(a).elements == ["late"])
    }

    @Test func removeEndsEveryAddThatWasSeen() {
        var a = ObservedRemoveSet<String>()
        a.add("late", at: dot("a", 1))
        var b = ObservedRemoveSet<String>()
        b.add("late", at: dot("b", 1))
        b.merge(a)
        b.remove("late", at: dot("b", 2))
        #expect(!a.merging(b).contains("late"))
    }

    @Test func removeEndsOnlyTheAddsThatWereShown() {
        var a = ObservedRemoveSet<String>()
        a.add("late", at: dot("a", 1))
        var b = ObservedRemoveSet<String>()
        b.add("late", at: dot("b", 1))
        a.merge(b)
        a.remove("late", at: dot("a", 2), replacing: .listed([dot("a", 1)]))
        #expect(a.contains("late"))
        #expect(a.adds.entries.map(\.dot) == [dot("b", 1)])
    }

    @Test func removeLeavesOtherElementsAloneEvenWhenTheirAddsAreListed() {
        var set = ObservedRemoveSet<String>()
        set.add("late", at: dot("a", 1))
        set.add("cold", at: dot("a", 2))
        set.remove("late", at: dot("a", 3), replacing: .listed([dot("a", 1), dot("a", 2)]))
        #expect(set.elements == ["cold"])
    }

    @Test func lateRetryOfRemoveSparesWhatWasAddedSince() {
        var set = ObservedRemoveSet<String>()
        set.add("late", at: dot("a", 1))
        set.remove("late", at: dot("a", 2))
        set.add("late", at: dot("a", 3))
        set.remove("late", at: dot("a", 2))
        #expect(set.contains("late"))
    }

    @Test func removeArrivesBeforeItsAdd() {
        var author = ObservedRemoveSet<Int>()
        let add = author.add(1, at: dot("a", 1))
        let remove = author.remove(1, at: dot("a", 2))
        #expect(remove.merging(add).elements == [])
    }

    @Test func repeatedAddKeepsOneDot() {
        var set = ObservedRemoveSet<Int>()
        for sequence in 1...10 { set.add(1, at: dot("a", sequence)) }
        #expect(set.adds.entries.map(\.dot) == [dot("a", 10)])
    }
}
