import Changes

/// Who writes, and how far the clock that they read is from UTC. Goes into the change's header.
package struct Author: Hashable, Sendable {
    /// The id of a person; never a name.
    package let person: Text
    package let zoneMinutes: Int16

    /// - Parameters:
    ///   - person: 1 to 256 bytes.
    ///   - zoneMinutes: east of UTC, -1,080 to 1,080.
    /// - Throws: `.empty` or `.limit` for the person.
    package init(person: Text, zoneMinutes: Int16) throws(CaseError) {
        precondition((-1_080...1_080).contains(zoneMinutes), "no zone is \(zoneMinutes) minutes from UTC")
        try person.check("the person", .nameBytes)
        self.person = person
        self.zoneMinutes = zoneMinutes
    }
}
