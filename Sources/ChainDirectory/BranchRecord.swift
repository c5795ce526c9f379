import Causality
import Changes

/// A branch and the record that holds it.
package struct BranchRecord: Hashable, Sendable {
    package let entry: BranchEntry
    /// How changes name the record. Where a branch brought its own scope this is not the entry's scope, but the one
    /// that the branch was first given.
    package let origin: RecordOrigin

    /// Reads a folded record; `nil` unless it is a branch with all that an entry has.
    package init?(_ state: RecordState, origin: RecordOrigin) {
        guard let entry = BranchEntry(state) else { return nil }
        self.entry = entry
        self.origin = origin
    }

    /// Whether what was given for `scope` is for this branch: before or after it brought another scope.
    package func isServed(by scope: ScopeID) -> Bool { entry.scope == scope || origin == BranchEntry.origin(scope) }
}
