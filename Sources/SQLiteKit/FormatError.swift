/// Why a file was not opened or not brought to this program's format.
package enum FormatError: Error {
    /// A newer version of the program wrote it.
    case newer(path: String, product: String, found: Int32, known: Int32)
    /// It must be migrated before it can be read, which only a writer does.
    case older(path: String, product: String, found: Int32, known: Int32)
    /// Another program's file.
    case foreign(path: String, product: String)
    /// It went through other migrations than this program's.
    case diverged(path: String, position: Int, found: String, expected: String)
    /// A migration failed and was undone; `copy` holds the file as it was before, where one was made.
    case migrationFailed(path: String, name: String, copy: String?, cause: any Error)
    /// References to rows that do not exist, after the migrations; all was undone.
    case brokenReferences(path: String, table: String)
    /// The copy made before migrating is not sound; nothing was migrated.
    case copyDamaged(path: String, report: [String])
    /// The migrated file is not sound; the copy made before is kept.
    case migratedFileDamaged(path: String, report: [String])
}

extension FormatError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .newer(let path, let product, let found, let known):
            "\(path) was written by a newer version of \(product) (format \(found), this program knows \(known)). "
                + "Use the newer program; nothing was changed."
        case .older(let path, let product, let found, let known):
            "\(path) was written by an older version of \(product) (format \(found), this program reads \(known)). "
                + "The next command that writes to it, such as a sync, brings it up to date; nothing was changed."
        case .foreign(let path, let product):
            "\(path) is not a file of \(product). Check the path; nothing was changed."
        case .diverged(let path, let position, let found, let expected):
            "\(path) went through the migration “\(found)” where this program has “\(expected)” (number \(position)). "
                + "Use the program that wrote it; nothing was changed."
        case .migrationFailed(let path, let name, let copy, let cause):
            "\(path) could not be brought up to date: “\(name)” failed and was undone. "
                + "The older program still works with it"
                + (copy.map { ", and a copy is in \($0)" } ?? "") + ". Cause: \(cause)"
        case .brokenReferences(let path, let table):
            "Bringing \(path) up to date left references in “\(table)” to rows that do not exist, and was undone. "
                + "Use the older program and report this."
        case .copyDamaged(let path, let report):
            "\(path) is not sound, so nothing was migrated (\(summary(report))). Restore a backup."
        case .migratedFileDamaged(let path, let report):
            "\(path) is not sound after it was brought up to date (\(summary(report))). "
                + "Restore the copy that was kept beside it."
        }
    }

    private func summary(_ report: [String]) -> String {
        let more = report.count > 1 ? ", and \(report.count - 1) more" : ""
        return "\(report.first ?? "no report")\(more)"
    }
}
