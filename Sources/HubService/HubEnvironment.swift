import Foundation
import SyncHTTP

/// What a hub takes from the world outside, so that tests can give it another one.
package struct HubEnvironment: Sendable {
    /// The hub's clock: milliseconds since 1970. It may be set; what must not depend on that uses `uptime`.
    package let now: @Sendable () -> Int64
    /// Time that only passes.
    package let uptime: @Sendable () -> Duration
    /// That many random bytes.
    package let random: @Sendable (Int) -> [UInt8]

    package init(
        now: @escaping @Sendable () -> Int64, uptime: @escaping @Sendable () -> Duration,
        random: @escaping @Sendable (Int) -> [UInt8]
    ) {
        self.now = now
        self.uptime = uptime
        self.random = random
    }

    /// The machine's own.
    package static let system: HubEnvironment = {
        let start = ContinuousClock.now
        return HubEnvironment(
            now: {
                var time = timespec()
                clock_gettime(CLOCK_REALTIME, &time)
                return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
            },
            uptime: { ContinuousClock.now - start },
            random: systemRandom)
    }()
}
