import Causality
import Testing

struct HybridTimestampTests {
    @Test func millisecondsAndCounterComeBack() {
        let stamp = HybridTimestamp(milliseconds: 1_767_225_600_123, counter: 513)
        #expect(stamp.milliseconds == 1_767_225_600_123)
        #expect(stamp.counter == 513)
        #expect(stamp.rawValue == 1_767_225_600_123 << 16 | 513)
    }

    @Test func orderIsByMillisecondThenCounter() {
        let pairs: [(Int64, UInt16)] = [(0, 0), (0, 1), (0, .max), (1, 0), (1, 1), (1 << 48 - 1, .max)]
        let stamps = pairs.map { HybridTimestamp(milliseconds: $0, counter: $1) }
        #expect(stamps == stamps.sorted())
        #expect(Set(stamps).count == stamps.count)
    }

    @Test(arguments: [Int64.min, -1, 0, 1, HybridTimestamp.greatestMilliseconds, 1 << 48, .max])
    func millisecondsAreHeldWithin48Bits(given: Int64) {
        let greatest: Int64 = 281_474_976_710_655
        let held = given < 0 ? 0 : given > greatest ? greatest : given
        #expect(HybridTimestamp(milliseconds: given, counter: 7).milliseconds == held)
        #expect(HybridTimestamp(milliseconds: given, counter: 7).counter == 7)
    }

    @Test func fullCounterCarriesIntoTheMilliseconds() {
        let full = HybridTimestamp(milliseconds: 41, counter: .max)
        #expect(full.successor == HybridTimestamp(milliseconds: 42))
        #expect(full.successor > full)
    }

    @Test func greatestTimestampIsItsOwnSuccessor() {
        let greatest = HybridTimestamp(rawValue: .max)
        #expect(greatest.successor == greatest)
    }

    @Test func stampWithoutEntryStandsForItself() {
        let stamp = HybridTimestamp(milliseconds: 1 << 47, counter: 3)
        #expect(stamp.effective(received: nil) == stamp)
    }

    @Test func honestStampKeepsItsTime() {
        let stamp = HybridTimestamp(milliseconds: 1_000_000, counter: 9)
        #expect(stamp.effective(received: 1_000_000 - 299_999) == stamp)
        #expect(stamp.effective(received: 9_000_000) == stamp)
    }

    @Test func farFutureStampCountsAsReceivedAndFiveMinutes() {
        let tenYears: Int64 = 10 * 31_557_600_000
        let received: Int64 = 1_767_225_600_000
        let stamp = HybridTimestamp(milliseconds: received + tenYears)
        #expect(stamp.effective(received: received) == HybridTimestamp(milliseconds: received + 300_000))
    }

    /// A received time comes from bytes: the greatest one used to overflow when the allowance was added.
    @Test(arguments: [Int64.max, .max - 300_000, .min, -300_001])
    func absurdReceivedTimeDoesNotTrap(received: Int64) {
        let stamp = HybridTimestamp(milliseconds: 5)
        #expect(stamp.effective(received: received) == (received > 0 ? stamp : .zero))
    }
}
