import Causality
import Changes

/// What is known here of a change that another one names.
package enum ReferenceStanding: Hashable, Sendable {
    /// It is the one that is meant.
    case held
    /// The base includes a change at this place; whether it is the one that is meant cannot be told here.
    case included
    /// There is another change at this place.
    case other
    case missing
}

extension ReplicaTransaction {
    package func standing(of reference: ChangeReference, in scope: ScopeID) throws -> ReferenceStanding {
        if let change = try change(at: reference.dot, of: scope) {
            return change.hash.short == reference.hash ? .held : .other
        }
        guard let head = try baseHead(of: reference.dot.feed, scope: scope), reference.dot.sequence <= head.sequence
        else { return .missing }
        guard reference.dot.sequence == head.sequence else { return .included }
        return head.hash.short == reference.hash ? .held : .other
    }
}
