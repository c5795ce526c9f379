import Causality
import ReplicatedTypes
import Testing

struct GrowOnlyLogTests {
    private static let tenYears: Int64 = 10 * 31_557_600_000

    @Test func stepThatSawAnotherIsListedAfterItWhateverTheClocks() {
        var ahead = GrowOnlyLog<String>()
        ahead.append("opened", at: dot("b", 1), effective: at(2 * Self.tenYears))
        var behind = ahead
        behind.append("answered", at: dot("a", 1), effective: at(0))
        ahead.merge(behind)
        ahead.append("closed", at: dot("b", 2), effective: at(Self.tenYears))
        #expect(ahead.listed.map(\.payload.content) == ["opened", "answered", "closed"])
    }

    @Test func concurrentStepsAreListedByTheirClocksThenByTheirDots() {
        var a = GrowOnlyLog<String>()
        a.append("second", at: dot("a", 1), effective: at(20))
        var b = GrowOnlyLog<String>()
        b.append("first", at: dot("b", 1), effective: at(10))
        var c = GrowOnlyLog<String>()
        c.append("third", at: dot("c", 1), effective: at(20))
        #expect(c.merging(b).merging(a).listed.map(\.payload.content) == ["first", "second", "third"])
    }

    @Test func keyIsOneTickPastTheGreatestSeen() {
        var log = GrowOnlyLog<Int>()
        log.append(1, at: dot("a", 1), effective: HybridTimestamp(milliseconds: 7, counter: .max))
        log.append(2, at: dot("a", 2), effective: at(3))
        #expect(log.listed.map(\.payload.key).last == at(8))
    }

    @Test func keyStaysWhatItWasWhenEarlierStepsArrive() {
        var a = GrowOnlyLog<Int>()
        a.append(1, at: dot("a", 1), effective: at(10))
        var b = GrowOnlyLog<Int>()
        b.append(2, at: dot("b", 1), effective: at(99))
        a.merge(b)
        #expect(a.steps[dot("a", 1)]?.key == at(10))
    }
}
