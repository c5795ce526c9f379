/// Which program a file belongs to and how far its format has come.
///
/// Both numbers are in the file's header, so that a program knows what it has before it reads a table.
package struct FileFormat: Hashable, Sendable {
    /// The header's `application_id`, never 0.
    package let applicationID: Int32
    /// The newest version that this program knows: the number of its migrations.
    package let version: Int32
    /// The program's name, for people.
    package let product: String

    package init(applicationID: Int32, version: Int32, product: String) {
        precondition(applicationID != 0, "0 means that nobody has claimed the file")
        precondition(version > 0, "format \(version) has no migration")
        self.applicationID = applicationID
        self.version = version
        self.product = product
    }

    /// The version of a file that this program may read: 0 for a new one, at most `version`.
    ///
    /// - Throws: `FormatError.newer`, `FormatError.foreign`; `SQLiteError` where the file cannot be read.
    package func version(of connection: Connection) throws -> Int32 {
        let found = try connection.applicationID
        let foundVersion = try connection.userVersion
        if found == 0, foundVersion == 0, try connection.isEmpty { return 0 }
        guard found == applicationID, foundVersion >= 0 else {
            throw FormatError.foreign(path: connection.path, product: product)
        }
        guard foundVersion <= version else {
            throw FormatError.newer(path: connection.path, product: product, found: foundVersion, known: version)
        }
        return foundVersion
    }

    /// Refuses any file whose tables are not those of this version.
    ///
    /// - Throws: As `version(of:)`, and `FormatError.older`.
    package func requireCurrent(_ connection: Connection) throws {
        let found = try version(of: connection)
        guard found == version else {
            throw FormatError.older(path: connection.path, product: product, found: found, known: version)
        }
    }
}
