internal import CSQLite

extension Connection {
    /// Lines of an integrity report before SQLite stops looking.
    package static let integrityReportLimit = 100

    /// What is wrong with the whole file: pages, records, indexes, constraints. Empty when nothing is.
    ///
    /// A file that is too damaged to be read through says so in the last line.
    ///
    /// - Throws: `SQLiteError` where something else than damage stops the reading, for example `isBusy`.
    /// - Complexity: Reads every page, and every index entry against its row: O(n log n).
    package func integrityReport() throws(SQLiteError) -> [String] {
        try report("PRAGMA integrity_check(\(Self.integrityReportLimit))")
    }

    /// Like `integrityReport()`, without comparing indexes with their tables.
    ///
    /// - Complexity: Reads every page: O(n).
    package func quickReport() throws(SQLiteError) -> [String] {
        try report("PRAGMA quick_check(\(Self.integrityReportLimit))")
    }

    private func report(_ sql: String) throws(SQLiteError) -> [String] {
        let statement = try prepare(sql)
        var lines: [String] = []
        do {
            while try statement.step() { lines.append(try statement.text(0)) }
        } catch let error where error.isCorrupt {
            lines.append(error.message)
        }
        return lines == ["ok"] ? [] : lines
    }
}
