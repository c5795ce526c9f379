import Changes
import SQLiteKit
import SQLiteStore

/// Collects what the audits find.
final class Findings {
    var report = VerifyReport()
    /// Each row is named once a kind: what is wrong with it first is what its reader needs.
    private var named: Set<Place> = []
    private var namedRows: Set<Row> = []
    private let progress: (VerifyReport.Checked) -> Void

    init(progress: @escaping (VerifyReport.Checked) -> Void = { _ in }) { self.progress = progress }

    private struct Place: Hashable {
        let kind: VerifyReport.Kind
        let table: String
        let row: String
    }

    private struct Row: Hashable {
        let table: String
        let row: String
    }

    /// Whether anything was found wrong with the row.
    func isNamed(_ table: String, _ row: String) -> Bool { namedRows.contains(Row(table: table, row: row)) }

    /// How many rows of a table something is wrong with.
    func namedCount(of table: String) -> Int { namedRows.count { $0.table == table } }

    /// Names a row of the log, unless it is named already: what else is wrong with it follows from that.
    func addFirst(_ kind: VerifyReport.Kind, _ table: String, _ row: String, _ reason: String) {
        if !isNamed(table, row) { add(kind, table, row, reason) }
    }

    /// Named damages; a file that has more is lost as a whole.
    static let damageLimit = 10_000

    func add(_ kind: VerifyReport.Kind, _ table: String, _ row: String, _ reason: String) {
        guard named.count < Findings.damageLimit else {
            report.unnamedDamage += 1
            return
        }
        namedRows.insert(Row(table: table, row: row))
        if named.insert(Place(kind: kind, table: table, row: row)).inserted {
            report.damage.append(VerifyReport.Damage(kind: kind, table: table, row: row, reason: reason))
        }
    }

    func add(_ kind: VerifyReport.Kind, _ error: StoredValueError) {
        add(kind, error.table, error.row, error.reason)
    }

    /// Counts something that was read and compared.
    func count(_ checked: WritableKeyPath<VerifyReport.Checked, Int>, _ number: Int = 1) {
        report.checked[keyPath: checked] += number
        progress(report.checked)
    }

    /// What a row says, where it can be read; otherwise it is named.
    func content<Content>(of row: AuditedRow<Content>, _ kind: VerifyReport.Kind) -> Content? {
        switch row.content {
        case .success(let content): return content
        case .failure(let error):
            add(kind, error)
            return nil
        }
    }

    /// Runs one audit. Where its table cannot be read to the end, that is a damage, and the other audits go on.
    ///
    /// - Throws: where not the file but the reading fails: the disk, a lock, a file descriptor.
    func section(_ table: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as SQLiteError where error.isUnreadable {
            add(.page, table, "-", error.message)
        } catch let error as StoredValueError {
            add(.page, error)
        }
    }
}

extension SQLiteError {
    /// Whether it tells of the file's content, and not of a disk or a neighbour.
    fileprivate var isUnreadable: Bool {
        !(isBusy || isIOError || isFull || cannotOpen)
    }
}
