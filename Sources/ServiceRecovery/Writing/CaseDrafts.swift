import Causality
import Changes

/// The changes that one command makes. For several things in one change see `CaseTransaction`.
///
/// Each throws what the transaction's calls throw.
package enum CaseDrafts {
    /// Opens a case; it is record 0 of the change.
    package static func open(_ new: NewCase, by author: Author) throws(CaseError) -> ChangeDraft {
        var transaction = CaseTransaction(by: author)
        _ = try transaction.open(new)
        return transaction.draft()
    }

    /// Adds a step, and what it changes of the fields.
    package static func step(
        _ step: NewStep, edits: [CaseEdit] = [], of record: RecordOrigin, by author: Author
    ) throws(CaseError) -> ChangeDraft {
        var transaction = CaseTransaction(by: author)
        try transaction.apply(edits, to: record)
        try transaction.append(step, to: record)
        return transaction.draft()
    }

    /// Writes fields. Without `shown` a write replaces all that its author's replica holds of the field.
    package static func edit(
        _ edits: [CaseEdit], of record: RecordOrigin, shown: [ChangeReference]? = nil, by author: Author
    ) throws(CaseError) -> ChangeDraft {
        var transaction = CaseTransaction(by: author)
        try transaction.apply(edits, to: record, shown: shown)
        return transaction.draft()
    }

    /// Settles a conflict: `value` takes the place of every value of the field that the replica holds.
    ///
    /// - Parameters:
    ///   - field: any register; also one that is not otherwise typed in.
    ///   - subject: see `CaseEdit.init(parsing:customer:)`.
    ///   - shown: the values that the person chose among, so that one that came meanwhile stays a conflict.
    package static func resolve(
        _ field: String, _ value: String, customer subject: SubjectID, of record: RecordOrigin,
        shown: [ChangeReference]? = nil, by author: Author
    ) throws(CaseError) -> ChangeDraft {
        try edit([CaseEdit(field, value, customer: subject)], of: record, shown: shown, by: author)
    }
}
