/// How many bytes of changes a request is to carry over a line whose speed nobody knows.
///
/// A hub waits for a request's body for two minutes, and a line of 2 kB/s brings little in that time: a request that was cut off there
/// brings nothing at all, however often it is sent. So the next one is a fraction of it, and they double again where the line is
/// quick.
package struct PushPace: Hashable, Sendable {
    /// What a request carries at most.
    package let greatestBytes: Int
    /// What the next one is to carry.
    package private(set) var bytes: Int

    package init(greatestBytes: Int) {
        self.greatestBytes = greatestBytes
        bytes = greatestBytes
    }

    /// Fewer are never asked for: what else a request holds would take as long.
    package static let leastBytes = 8 << 10
    /// A request that took so long was slow: a quarter of what a hub waits for its body.
    package static let slow = Duration.seconds(30)
    /// What a request that did not come through is divided by.
    private static let decrease = 8

    /// A request was answered.
    ///
    /// - Parameter time: from its first byte to its answer.
    package mutating func answered(after time: Duration) {
        if time < PushPace.slow { bytes = min(greatestBytes, 2 * bytes) }
    }

    /// A request was not answered, or told to be too slow. What failed at once says nothing of the line.
    package mutating func failed(after time: Duration) {
        if time >= PushPace.slow { bytes = max(min(PushPace.leastBytes, greatestBytes), bytes / PushPace.decrease) }
    }
}
