/// When to try again: exponential back-off with full jitter, and never before the hub's Retry-After.
///
/// Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 ("full jitter").
package struct RetrySchedule: Sendable {
    package let base: Duration
    package let cap: Duration
    private var attempt = 0

    package init(base: Duration = .milliseconds(500), cap: Duration = .seconds(60)) {
        self.base = base
        self.cap = cap
    }

    /// The wait before the next attempt: uniform in 0 to min(cap, base * 2^attempts), and at least `retryAfter`,
    /// over which the jitter is added so that a refused crowd does not come back at one instant.
    package mutating func next(retryAfter: Duration?, using random: inout some RandomNumberGenerator) -> Duration {
        let ceiling = min(cap, base * (1 << min(attempt, 20)))
        attempt += 1
        let jitter = Duration.milliseconds(
            Int64.random(in: 0...max(1, ceiling.milliseconds), using: &random))
        guard let retryAfter else { return jitter }
        return min(max(retryAfter, .zero), RetrySchedule.longestRetryAfter) + jitter
    }

    /// A success: the next failure starts from the base.
    package mutating func reset() { attempt = 0 }

    /// A longer Retry-After is cut to this, so that a wrong header cannot silence a branch.
    package static var longestRetryAfter: Duration { .seconds(600) }
}

extension Duration {
    package var milliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }
}
