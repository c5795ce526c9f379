import Causality
import Changes
import Replication
import SQLiteStore
import ServiceRecovery

/// Explains a case's status, which nobody writes: it follows from the steps in their listing order.
struct StatusExplainer {
    private let transaction: SQLiteTransaction
    private let names: ChainNames

    init(_ transaction: SQLiteTransaction, _ names: ChainNames) {
        self.transaction = transaction
        self.names = names
    }

    /// Nil for a case without steps.
    func explain(_ history: RecordWrites) throws -> Explanation? {
        let rows = try transaction.logRows(of: history.place.id, scope: history.place.scope).filter {
            $0.field == CaseSchema.Field.steps
        }
        let statuses = statuses(after: rows)
        guard let status = statuses.last else { return nil }
        // The step since which the status is what it is.
        let deciding = statuses.lastIndex { $0 != status }.map { $0 + 1 } ?? 0
        var over: [Explanation.Losing] = []
        for index in statuses[..<deciding].indices.reversed()
        where over.count < Explanation.historyLimit && (index == 0 || statuses[index] != statuses[index - 1]) {
            over.append(
                Explanation.Losing(claim: try claim(rows[index], statuses[index], history.place), why: .later))
        }
        let winner = try claim(rows[deciding], status, history.place)
        let kind = Step(rows[deciding].value).kind.name
        return Explanation(
            field: Explainer.statusField, element: nil, winner: winner, over: over, unlisted: 0,
            reason: "the step “\(kind)” of \(winner.author.person) tells it, and no step listed after it tells another")
    }

    /// The status after each row, a fact that was imported twice counting once.
    private func statuses(after rows: [LogRow]) -> [Text] {
        var steps: [Step] = []
        return rows.map { row in
            steps.append(Step(row.value))
            return CaseStatus.derived(from: Step.distinct(steps))
        }
    }

    private func claim(_ row: LogRow, _ status: Text, _ place: RecordPlace) throws -> Explanation.Claim {
        guard let change = try transaction.change(at: row.mark.dot, of: place.scope) else {
            let dot = row.mark.dot
            if let heading = try transaction.baseHeading(of: dot, in: place.id, scope: place.scope),
                let position = try transaction.base(of: place.scope)?.position
            {
                return Explanation.Claim(
                    value: .text(status),
                    author: try Authorship(
                        dot, heading, effective: min(heading.stamp, row.mark.key), snapshot: position, names))
            }
            throw StoredValueError(
                table: "log_row", row: "\(row.mark.dot)", reason: "the change that appended it is not here")
        }
        return Explanation.Claim(value: .text(status), author: try Authorship(change, names))
    }
}
