/// Why this version cannot fold a change. The change is kept, named and tried again after an upgrade.
package enum FoldError: Error, Hashable, Sendable {
    case unknownKind(FieldKind)
    case unknownAction(FieldAction)
}

extension FoldError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknownKind(let kind): "this version does not know fields of kind \(kind.rawValue)"
        case .unknownAction(let action): "this version does not know the action \(action.rawValue)"
        }
    }
}
