package import Causality

/// Which of the writes that its author has seen a new write or remove replaces.
///
/// What the author has not seen is never replaced: it is concurrent, and survives.
package enum Replacement: Hashable, Sendable {
    /// Every write of the target in the author's past.
    case seen
    /// Only these, each in the author's past: what a person had on the screen when the replica already held
    /// more. One that has been replaced meanwhile is no error.
    case listed([Dot])
}
