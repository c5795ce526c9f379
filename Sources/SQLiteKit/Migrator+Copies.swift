/// The copy of a file as it was before it was migrated.
///
/// It is called `<path>.before-<from>-to-<to>` and appears under that name only when it is whole, sound and on the
/// disk. A failed migration keeps it, for a disk that fails is a likely reason; the next attempt replaces it. It goes
/// when the migrated file has been checked: it holds personal data, which must not outlive its erasure in a forgotten
/// copy.
extension Migrator {
    package func copyPath(of path: String, from old: Int32, to new: Int32) -> String {
        "\(path).before-\(old)-to-\(new)"
    }

    /// Makes the copy.
    ///
    /// - Throws: `FormatError.copyDamaged`; `SQLiteError`, for example `isFull`; `SystemError`. Nothing is left behind
    ///   then.
    func copy(_ connection: Connection, from version: Int32) throws -> String {
        let copy = copyPath(of: connection.path, from: version, to: format.version)
        let partial = partialPath(of: copy)
        do {
            // A crash may have left one half-written.
            try removePartial(of: copy)
            // SQLite fills an empty file and keeps its mode.
            try FileSystem.createPrivateFile(partial)
            try connection.execute("VACUUM INTO ?", partial)
            try verify(partial, version: version)
            // VACUUM INTO leaves durability to its caller.
            try FileSystem.synchronise(file: partial)
            try FileSystem.rename(partial, to: copy)
            try FileSystem.synchroniseDirectory(of: copy)
        } catch {
            try removePartial(of: copy)
            throw error
        }
        return copy
    }

    /// Removes every copy beside a file of the current format, after checking that file.
    ///
    /// - Throws: `FormatError.migratedFileDamaged`, and keeps the copies; `SQLiteError`, `SystemError`.
    /// - Complexity: O(`format.version`²) names to look for, and O(file) where one is found.
    package func removeCopies(besides connection: Connection) throws {
        try format.requireCurrent(connection)
        let leftovers = try leftoverCopies(of: connection.path)
        guard !leftovers.isEmpty else { return }
        let report = try connection.quickReport()
        guard report.isEmpty else { throw FormatError.migratedFileDamaged(path: connection.path, report: report) }
        for copy in leftovers {
            try removePartial(of: copy)
            try FileSystem.removeIfPresent(copy)
        }
    }

    // MARK: - Verifying and tidying

    private func verify(_ copy: String, version: Int32) throws {
        let connection = try Connection(path: copy, access: .readOnly)
        // The descriptor must be gone before the file is opened to synchronise it.
        defer { connection.close() }
        var report = try connection.integrityReport()
        if try connection.userVersion != version { report.append("the copy has another format") }
        if try connection.applicationID != format.applicationID { report.append("the copy belongs to another program") }
        guard report.isEmpty else { throw FormatError.copyDamaged(path: copy, report: report) }
    }

    private func leftoverCopies(of path: String) throws -> [String] {
        var copies: [String] = []
        for new in 1...format.version {
            for old in 1...new {
                let copy = copyPath(of: path, from: old, to: new)
                if try FileSystem.exists(copy) || FileSystem.exists(partialPath(of: copy)) { copies.append(copy) }
            }
        }
        return copies
    }

    private func removePartial(of copy: String) throws {
        try FileSystem.removeIfPresent(partialPath(of: copy))
        try FileSystem.removeIfPresent(partialPath(of: copy) + "-journal")
    }

    private func partialPath(of copy: String) -> String { copy + ".partial" }
}
