import Changes

/// The words for how far a recovery has come, and how they follow from the steps. Nobody types a status.
package enum CaseStatus {
    package static let noticed: Text = "noticed"
    package static let acknowledged: Text = "acknowledged"
    package static let agreed: Text = "agreed"
    package static let fixed: Text = "fixed"
    package static let followedUp: Text = "followed-up"
    package static let closed: Text = "closed"
    package static let withdrawn: Text = "withdrawn"
    package static let moved: Text = "moved"

    /// Those that the steps of this program lead to; other systems bring words of their own.
    package static let all = [noticed, acknowledged, agreed, fixed, followedUp, closed, withdrawn, moved]

    /// The status of a case with `steps`, which are in listing order, each fact once.
    ///
    /// The last step that tells a status decides. A step with a status word of its own, from another system, tells that
    /// word; else its kind does, or nothing. A reopened case is `noticed`: the recovery starts afresh, and what was
    /// reached before no longer counts. A moved case stays `moved` whatever follows, because its history goes on in
    /// the case that continues it; reopening it here takes it back. Without any such step a case is `noticed`.
    ///
    /// A step of another system that is late after one before it tells nothing: two machines that imported one log without having
    /// met list its rows one machine's after the other's.
    ///
    /// Listing order is the same on every replica, so the status is.
    package static func derived(from steps: some Sequence<Step>) -> Text {
        var status = noticed
        var isMoved = false
        var newest: Step?
        for step in steps {
            if let newest, step.kind.effect != .moves, step.isLate(after: newest) { continue }
            if step.version != nil { newest = step }
            switch step.kind.effect {
            case .moves:
                isMoved = true
                status = moved
            case .reopens:
                isMoved = false
                status = step.status ?? noticed
            case .reaches(let word):
                if !isMoved { status = step.status ?? word }
            case .none:
                if !isMoved, let word = step.status { status = word }
            }
        }
        return status
    }
}
