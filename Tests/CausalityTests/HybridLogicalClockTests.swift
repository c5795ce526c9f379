import Causality
import Testing
import TypeLaws

struct HybridLogicalClockTests {
    private static let now: Int64 = 1_767_225_600_000
    private static let tenYears: Int64 = 10 * 31_557_600_000
    private static let allowance = HybridTimestamp.allowanceMilliseconds

    @Test func stampsStrictlyIncreaseWhileTheClockDoesNotGoBack() {
        var generator = SplitMix64(seed: 3)
        for _ in 0..<300 {
            var clock = HybridLogicalClock()
            var physical = Self.now
            var previous = HybridTimestamp.zero
            var broken = 0
            for _ in 0..<100 {
                physical += [0, 0, 1, 40, 400_000].randomElement(using: &generator)!
                switch Int.random(in: 0..<6, using: &generator) {
                case 0: clock.observe(unplaced: HybridTimestamp(rawValue: generator.next()))
                case 1:
                    let stamp = HybridTimestamp(rawValue: generator.next())
                    clock.observe(effective: stamp.effective(received: physical + 1_000))
                default: break
                }
                let stamp = clock.tick(physicalMilliseconds: physical)
                if stamp <= previous || stamp <= clock.greatestEffective { broken += 1 }
                if stamp.milliseconds < physical { broken += 1 }
                previous = stamp
            }
            #expect(broken == 0)
        }
    }

    /// While a foreign unplaced stamp lay past the bound, every tick of a millisecond gave the same stamp:
    /// the bound's successor.
    @Test func ticksBehindAFarFutureStampDoNotRepeat() {
        var clock = HybridLogicalClock()
        clock.observe(unplaced: HybridTimestamp(milliseconds: Self.now + Self.tenYears))
        let stamps = (0..<5).map { _ in clock.tick(physicalMilliseconds: Self.now) }
        #expect(Set(stamps).count == 5)
        #expect(stamps == stamps.sorted())
    }

    @Test func savedClockGoesOnWhereItStopped() {
        var clock = HybridLogicalClock()
        var previous = HybridTimestamp.zero
        for _ in 0..<5 {
            clock.observe(unplaced: HybridTimestamp(milliseconds: Self.now + Self.tenYears))
            let stamp = clock.tick(physicalMilliseconds: Self.now)
            #expect(stamp > previous)
            previous = stamp
            clock = HybridLogicalClock(
                greatestEffective: clock.greatestEffective, greatestUnplaced: clock.greatestUnplaced,
                lastIssued: clock.lastIssued)
        }
    }

    @Test(arguments: [1, 1_000, 299_999, 300_000])
    func stampsIncreaseWhenTheClockIsSetBackWithinTheAllowance(setBack: Int64) {
        var clock = HybridLogicalClock()
        var previous = clock.tick(physicalMilliseconds: Self.now)
        for _ in 0..<1_000 {
            let stamp = clock.tick(physicalMilliseconds: Self.now - setBack)
            #expect(stamp > previous)
            previous = stamp
        }
    }

    @Test func clockTenYearsAheadComesBackAsSoonAsItIsPutRight() {
        var clock = HybridLogicalClock()
        #expect(clock.tick(physicalMilliseconds: Self.now + Self.tenYears).milliseconds == Self.now + Self.tenYears)

        let bound = HybridTimestamp(milliseconds: Self.now + Self.allowance + 1)
        let putRight = clock.tick(physicalMilliseconds: Self.now)
        #expect(putRight <= bound)
        #expect(clock.tick(physicalMilliseconds: Self.now) > putRight)
        let later = Self.now + Self.allowance + 5
        #expect(clock.tick(physicalMilliseconds: later) == HybridTimestamp(milliseconds: later))
    }

    @Test func clockTenYearsBehindFollowsWhatItHasSeen() {
        var clock = HybridLogicalClock()
        let seen = HybridTimestamp(milliseconds: Self.now, counter: 4)
        clock.observe(effective: seen)
        #expect(clock.tick(physicalMilliseconds: Self.now - Self.tenYears) == seen.successor)
    }

    @Test func peerTenYearsAheadMovesNobodyFurtherThanTheAllowance() {
        let wrong = HybridTimestamp(milliseconds: Self.now + Self.tenYears)
        let bound = HybridTimestamp(milliseconds: Self.now + Self.allowance, counter: .max).successor

        var unplaced = HybridLogicalClock()
        unplaced.observe(unplaced: wrong)
        #expect(unplaced.tick(physicalMilliseconds: Self.now) <= bound)

        var placed = HybridLogicalClock()
        placed.observe(effective: wrong.effective(received: Self.now))
        #expect(placed.tick(physicalMilliseconds: Self.now) <= bound)
        #expect(placed.greatestEffective.milliseconds <= Self.now + Self.allowance)
    }

    /// Replicas whose clocks are wrong by up to ten years either way exchange changes through a hub: all
    /// effective times stay within the allowance of their receipt, and a write that saw another is stamped after.
    @Test func effectiveTimesStayWithinTheAllowanceAndFollowWhatWasSeen() {
        var generator = SplitMix64(seed: 11)
        let offsets = [0, Self.tenYears, -Self.tenYears, 200_000, -200_000]
        var clocks = offsets.map { _ in HybridLogicalClock() }
        var hub = Self.now
        for _ in 0..<2_000 {
            hub += Int64.random(in: 0...10_000, using: &generator)
            let writer = offsets.indices.randomElement(using: &generator)!
            let seen = clocks[writer].greatestEffective
            let stamp = clocks[writer].tick(physicalMilliseconds: hub + offsets[writer])
            #expect(stamp > seen)
            let effective = stamp.effective(received: hub)
            #expect(effective.milliseconds <= hub + Self.allowance)
            for reader in offsets.indices where Bool.random(using: &generator) {
                clocks[reader].observe(effective: effective)
            }
        }
        for (clock, offset) in zip(clocks, offsets) where abs(offset) <= 200_000 {
            var clock = clock
            #expect(clock.tick(physicalMilliseconds: hub + offset).milliseconds <= hub + Self.allowance + 1)
        }
    }

    @Test(arguments: [Int64.min, -1, 0, .max])
    func absurdClockDoesNotTrap(physical: Int64) {
        var clock = HybridLogicalClock(
            greatestEffective: HybridTimestamp(rawValue: .max), greatestUnplaced: HybridTimestamp(rawValue: .max))
        #expect(clock.tick(physicalMilliseconds: physical) == HybridTimestamp(rawValue: .max))
        var fresh = HybridLogicalClock()
        #expect(fresh.tick(physicalMilliseconds: physical) > .zero)
    }
}
