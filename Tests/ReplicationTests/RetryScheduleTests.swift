import Replication
import StoreContract
import Testing

@Suite("Retries: full jitter, and never before the hub says")
struct RetryScheduleTests {
    @Test func waitsAreSpreadUpToADoublingCeiling() {
        var random = SplitMix64(seed: Effort.seed)
        for attempt in 0..<12 {
            let ceiling = min(Duration.seconds(60), .milliseconds(500) * (1 << attempt))
            var waits: [Duration] = []
            for _ in 0..<200 {
                var schedule = RetrySchedule()
                for _ in 0..<attempt { _ = schedule.next(retryAfter: nil, using: &random) }
                waits.append(schedule.next(retryAfter: nil, using: &random))
            }
            #expect(waits.allSatisfy { $0 >= .zero && $0 <= ceiling })
            // Full jitter: from nothing to the ceiling, not around it.
            #expect((waits.min() ?? ceiling) < ceiling / 10)
            #expect((waits.max() ?? .zero) > ceiling * 9 / 10)
        }
    }

    @Test func veryManyFailuresStayAtTheCap() {
        var random = SplitMix64(seed: Effort.seed)
        var schedule = RetrySchedule()
        for _ in 0..<5_000 { #expect(schedule.next(retryAfter: nil, using: &random) <= .seconds(60)) }
    }

    @Test func retryAfterIsHonouredWithTheJitterOnTop() {
        var random = SplitMix64(seed: Effort.seed)
        for _ in 0..<200 {
            var schedule = RetrySchedule()
            let wait = schedule.next(retryAfter: .seconds(30), using: &random)
            #expect(wait >= .seconds(30) && wait <= .seconds(30) + .milliseconds(500))
        }
    }

    @Test(arguments: [(Duration.seconds(1_000_000), Duration.seconds(600)), (.seconds(-5), .zero)])
    func aSenselessRetryAfterIsBounded(_ retryAfter: Duration, _ least: Duration) {
        var random = SplitMix64(seed: Effort.seed)
        var schedule = RetrySchedule()
        let wait = schedule.next(retryAfter: retryAfter, using: &random)
        #expect(wait >= least && wait <= least + .milliseconds(500))
    }

    @Test func aSuccessStartsFromTheBase() {
        var random = SplitMix64(seed: Effort.seed)
        var schedule = RetrySchedule()
        for _ in 0..<10 { _ = schedule.next(retryAfter: nil, using: &random) }
        schedule.reset()
        for _ in 0..<100 {
            #expect(schedule.next(retryAfter: nil, using: &random) <= .milliseconds(500))
            schedule.reset()
        }
    }
}
