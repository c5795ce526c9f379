/// When the writer moves the write-ahead log into the database file.
///
/// Pure: pages in, a decision out.
package struct CheckpointPolicy: Sendable {
    /// Pages in the log that make a checkpoint due: 16 MB of 4 KiB pages, the best of those measured on the import.
    package static let defaultLimitPages = 4_000
    /// What the log's file may keep of its greatest length once it starts anew, in bytes.
    package static let keptWALBytes = 64 * 1_024 * 1_024

    package let limitPages: Int
    private var nextAttempt: Int

    package init(limitPages: Int = CheckpointPolicy.defaultLimitPages) {
        precondition(limitPages > 0, "a checkpoint every \(limitPages) pages")
        self.limitPages = limitPages
        self.nextAttempt = limitPages
    }

    /// Whether a log of `walPages` is due.
    package mutating func isDue(walPages: Int) -> Bool {
        // Someone else has emptied the log since the last attempt.
        if walPages < limitPages { nextAttempt = limitPages }
        return walPages >= nextAttempt
    }

    /// Notes what a checkpoint achieved.
    ///
    /// Where a reader held an old snapshot, the next attempt waits for as many pages again: each attempt searches all
    /// that is left of the log, so one at every commit would cost the square.
    package mutating func record(_ checkpoint: WALCheckpoint) {
        nextAttempt = checkpoint.isComplete ? limitPages : max(checkpoint.logPages, 0) + limitPages
    }

    /// Notes a checkpoint that failed at a log of `walPages`; the next attempt waits as after an incomplete one.
    package mutating func recordFailure(walPages: Int) {
        nextAttempt = walPages + limitPages
    }
}
