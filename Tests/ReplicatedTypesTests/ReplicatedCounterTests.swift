import Causality
import ReplicatedTypes
import Testing

struct ReplicatedCounterTests {
    @Test func retriesNeverDouble() {
        var counter = ReplicatedCounter()
        let delta = counter.add(5, at: dot("a", 1))
        counter.add(5, at: dot("a", 1))
        counter.merge(delta)
        counter.merge(counter)
        #expect(counter.total == 5)
    }

    @Test func concurrentAmountsAllCount() {
        var a = ReplicatedCounter()
        a.add(5, at: dot("a", 1))
        var b = ReplicatedCounter()
        b.add(5, at: dot("b", 1))
        b.add(-2, at: dot("b", 2))
        #expect(a.merging(b).total == 8)
    }

    @Test func greatestAmountsAddUpExactly() {
        var counter = ReplicatedCounter()
        for sequence in 1...4 { counter.add(.max, at: dot("a", sequence)) }
        #expect(counter.total == 4 * Int128(Int64.max))
    }
}
