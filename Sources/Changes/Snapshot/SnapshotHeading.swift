import Causality

/// What is kept of a change whose body a snapshot replaced: who made it, and when by the author's clock.
package struct SnapshotHeading: Hashable, Sendable {
    package let stamp: HybridTimestamp
    package let zoneMinutes: Int16
    package let person: Text

    package init(stamp: HybridTimestamp, zoneMinutes: Int16, person: Text) {
        self.stamp = stamp
        self.zoneMinutes = zoneMinutes
        self.person = person
    }

    package init(_ header: ChangeHeader) {
        self.init(stamp: header.stamp, zoneMinutes: header.zoneMinutes, person: header.person)
    }
}
