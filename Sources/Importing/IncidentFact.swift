/// What makes one row of the log the same fact as another: number, version, time and person.
///
/// Spelling, line ends and the other columns do not count, so a second import adds nothing.
package struct IncidentFact: Hashable, Sendable {
    /// A row whose incident has changed its location holds two facts, one of each case.
    package enum Aspect: UInt8, Sendable {
        /// The row's own step, at the location that it belongs to.
        case update = 0
        /// The last step `moved` of the case that the row leaves.
        case departure = 1
    }

    package let number: String
    package let version: Int
    package let updatedAtMilliseconds: Int64
    package let updatedBy: String

    init(number: String, version: Int, updatedAtMilliseconds: Int64, updatedBy: String) {
        self.number = number
        self.version = version
        self.updatedAtMilliseconds = updatedAtMilliseconds
        self.updatedBy = updatedBy
    }

    package init(_ row: IncidentRow) {
        self.init(
            number: row.number, version: row.version, updatedAtMilliseconds: row.updatedAtMilliseconds,
            updatedBy: row.updatedBy)
    }

    /// The canonical bytes by which a replica recognises the fact.
    ///
    /// Number, version, time and person, the texts with their length before them, then the aspect; integers are
    /// varints, the time zigzagged. Different facts have different bytes.
    package func key(_ aspect: Aspect) -> FactKey {
        var writer = ByteWriter()
        writer.write(number)
        writer.write(UInt64(version))
        writer.writeSigned(updatedAtMilliseconds)
        writer.write(updatedBy)
        writer.write(UInt64(aspect.rawValue))
        return FactKey(bytes: writer.bytes)
    }
}

/// A fact's identity as bytes, ready to be hashed to whatever length a replica keeps.
package struct FactKey: Hashable, Sendable {
    package let bytes: [UInt8]
}
