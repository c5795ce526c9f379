/// The locations whose rows are imported.
package enum LocationSelection: Equatable, Sendable {
    case all
    case only(Set<String>)

    package func contains(_ location: String) -> Bool {
        switch self {
        case .all: true
        case .only(let locations): locations.contains(location)
        }
    }
}
