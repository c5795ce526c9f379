/// Where the first row of an incident in a file finds it, as earlier imports tell: a file may hold no more than what is new.
package struct VisitStart: Equatable, Sendable {
    /// The locations of the visits before the one that the row finds the incident in; nil for those that have no case here.
    package let earlier: [String?]
    /// That of the last visit; nil where nobody here knows it, and the row is taken to be of the same place.
    package let current: String?
    /// Whether the last visit has its case.
    package let isOpen: Bool

    package init(earlier: [String?], current: String?, isOpen: Bool) {
        self.earlier = earlier
        self.current = current
        self.isOpen = isOpen
    }
}
