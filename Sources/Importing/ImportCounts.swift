/// The tally of one import: each row that is read is imported, unchanged or rejected.
///
/// Rows of locations that were not selected are elsewhere, outside what is read. Rows after `--until` are not read at
/// all and appear nowhere.
package struct ImportCounts: Equatable, Sendable {
    /// Rows whose fact is new to the replica.
    package private(set) var imported = 0
    /// Those of them that came after a later row of their case.
    package private(set) var late = 0
    /// Rows whose fact the replica had already, from an earlier import or an earlier row.
    package private(set) var unchanged = 0
    /// Rows that could not be understood. Their location is not trusted, so all count, whatever was selected.
    package private(set) var rejected = 0
    /// Rows that belong to locations that were not selected.
    package private(set) var elsewhere = 0

    package init() {}

    package var read: Int { imported + unchanged + rejected }

    /// Counts a mapped row.
    ///
    /// - Parameters:
    ///   - isNew: Whether the replica lacked the row's own fact, that of its last event. Looked at only for a row that is
    ///     `selected`.
    ///   - isLate: Whether a later row of its case came before it.
    package mutating func add(_ row: MappedRow, isNew: Bool, isLate: Bool = false) {
        switch row.outcome {
        case .selected:
            if isNew { imported += 1 } else { unchanged += 1 }
            if isNew, isLate { late += 1 }
        case .repeated:
            unchanged += 1
        case .elsewhere:
            elsewhere += 1
        }
    }

    /// Counts a row that was rejected.
    package mutating func addRejected() {
        rejected += 1
    }
}
