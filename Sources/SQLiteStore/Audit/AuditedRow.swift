import Causality
import Changes
import SQLiteKit

/// One row as it lies in the file: its place, and what it says or why that cannot be read.
///
/// The ports stop at the first damaged row; an audit names it and goes on. What the values mean is not its business.
package struct AuditedRow<Content: Sendable>: Sendable {
    package let table: String
    /// The values of the primary key in their order, `:` between, blobs in hexadecimal.
    package let row: String
    package let content: Result<Content, StoredValueError>
}

/// How a row of a table is read under audit.
struct AuditedTable<Content: Sendable> {
    let name: String
    /// The columns of the primary key.
    let key: [AuditedKey]
    let read: (borrowing Statement) throws -> Content
}

/// A column of a primary key, by its index in the statement.
enum AuditedKey {
    case integer(Int)
    /// Bytes, shown in hexadecimal.
    case blob(Int)
    /// A text that the statement casts to a blob, so that it can be shown whatever its bytes are.
    case text(Int)

    fileprivate func shown(in statement: borrowing Statement) throws -> String {
        switch self {
        case .integer(let index):
            statement.columnType(index) == .integer ? String(try statement.int64(index)) : "?"
        case .blob(let index):
            statement.columnType(index) == .blob ? hexadecimal(try statement.bytes(index)) : "?"
        case .text(let index):
            statement.columnType(index) == .blob ? String(decoding: try statement.bytes(index), as: UTF8.self) : "?"
        }
    }
}

extension SQLiteTransaction {
    /// Hands over the rows of a statement one at a time: memory does not grow with the table.
    func audit<Content>(
        _ table: AuditedTable<Content>, _ statement: borrowing Statement, _ visit: (AuditedRow<Content>) throws -> Void
    ) throws {
        while try statement.step() { try visit(try audited(table, statement)) }
    }

    /// The only row of a statement; nil where there is none.
    func auditOne<Content>(
        _ table: AuditedTable<Content>, _ statement: borrowing Statement
    ) throws -> AuditedRow<Content>? {
        try statement.step() ? try audited(table, statement) : nil
    }

    private func audited<Content>(
        _ table: AuditedTable<Content>, _ statement: borrowing Statement
    ) throws -> AuditedRow<Content> {
        var key: [String] = []
        for column in table.key { key.append(try column.shown(in: statement)) }
        let row = key.joined(separator: ":")
        func unreadable(_ reason: String) -> AuditedRow<Content> {
            AuditedRow(
                table: table.name, row: row,
                content: .failure(StoredValueError(table: table.name, row: row, reason: reason)))
        }
        do {
            return AuditedRow(table: table.name, row: row, content: .success(try table.read(statement)))
        } catch let error as StoredValueError {
            return unreadable(error.reason)
        } catch let error as CodecError {
            return unreadable(error.description)
        } catch let error as SQLiteError where error.isMismatch {
            return unreadable(error.message)
        }
    }
}
