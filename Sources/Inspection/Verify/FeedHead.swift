import Causality
import Changes

/// How far one feed's changes were followed while the log is read, and where its hash chain stands.
struct FeedHead {
    /// The sequence that follows.
    var next: UInt64 = 1
    /// Of the change before; nil where that is not known.
    var hash: Hash256?
    /// Some of its changes may lie in a damaged row: what comes need not follow at once.
    var isLoose = false
    /// Its last change that was read and has an entry.
    var placed: UInt64 = 0

    mutating func take(_ hash: Hash256?) {
        next += 1
        self.hash = hash
        if hash == nil { isLoose = true }
    }
}
