import Causality

/// Why this version cannot fold a change. The change is kept, named and tried again after an upgrade.
package enum FoldError: Error, Hashable, Sendable {
    case unknownKind(FieldKind)
    case unknownAction(FieldAction)
}

/// A change is to be folded into a state that holds it already: what says how far was folded is damaged.
package struct FoldedTwice: Error, Hashable, Sendable {
    package let dot: Dot
}

extension FoldedTwice: CustomStringConvertible {
    package var description: String {
        "the change \(dot) is to be folded once more: what the file says of how far it has been folded is damaged; run `amends verify`"
    }
}

extension FoldError {
    /// Why this version cannot fold an operation; nil where it can.
    init?(_ kind: FieldKind, _ action: FieldAction) {
        guard kind.isKnown else {
            self = .unknownKind(kind)
            return
        }
        if action == .put || action == .remove && kind.isReplacing { return nil }
        self = .unknownAction(action)
    }
}

extension Operations {
    /// Why this version cannot fold them; nil when it can.
    ///
    /// Told from the bytes alone: a change is folded whole or not at all, whatever state it meets, and the same way
    /// each time that one of its records is folded again.
    package var foldError: FoldError? {
        operations.lazy.compactMap { FoldError($0.target.kind, $0.action) }.first
    }
}

extension FoldError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknownKind(let kind): "this version does not know fields of kind \(kind.rawValue)"
        case .unknownAction(let action): "this version does not know the action \(action.rawValue)"
        }
    }
}
