import Causality
import Changes
import Replication
import SQLiteStore
import ServiceRecovery

/// Explains the fields of records, inside one transaction.
package struct Explainer {
    private let transaction: SQLiteTransaction
    private let schemas: [Schema]
    private let names: ChainNames

    package init(_ transaction: SQLiteTransaction, schemas: [Schema]) throws {
        self.transaction = transaction
        self.schemas = schemas
        names = try ChainNames(transaction)
    }

    /// Explains a register or a set element by element; `status` of a case by the step that decides.
    ///
    /// - Returns: one explanation for a register or the status, one for each element of a set; none where nobody ever
    ///   wrote the field.
    package func explain(_ field: Text, of place: RecordPlace) throws -> [Explanation] {
        let history = try RecordWrites(of: place, transaction)
        if field == Explainer.statusField, history.type == CaseSchema.recordType {
            return try StatusExplainer(transaction, names).explain(history).map { [$0] } ?? []
        }
        return try history.targets.filter { $0.field == field && $0.kind.isReplacing }.map {
            try explain($0, history)
        }
    }

    /// Explains the status, where the record is a case, and every register and set that was ever written.
    package func explainAll(of place: RecordPlace) throws -> [Explanation] {
        let history = try RecordWrites(of: place, transaction)
        var result: [Explanation] = []
        if history.type == CaseSchema.recordType, let status = try StatusExplainer(transaction, names).explain(history)
        {
            result.append(status)
        }
        return try result + history.targets.filter(\.kind.isReplacing).map { try explain($0, history) }
    }

    package static let statusField: Text = "status"

    // MARK: - One target

    private func explain(_ target: FieldTarget, _ history: RecordWrites) throws -> Explanation {
        let writes = history.writes[target] ?? []
        let slot = history.state.slot(target)
        let reading = reading(of: target, history.type)
        let winning = slot?.winner(reading)
        let winner = writes.last { $0.change.dot == winning?.dot }
        var over: [Explanation.Losing] = []
        for survivor in slot?.survivors ?? RecordState.Survivors() where survivor.dot != winning?.dot {
            guard let write = writes.last(where: { $0.change.dot == survivor.dot }), let winning else { continue }
            over.append(try losing(write, target, why: why(survivor, loses: winning, reading)))
        }
        let standing = Set(slot?.survivors.map(\.dot) ?? [])
        let gone = writes.filter { !standing.contains($0.change.dot) && $0.operation.action == .put }
        for write in gone.suffix(Explanation.historyLimit).reversed() {
            if let verdict = write.change.placement?.verdict, verdict != .ok {
                over.append(try losing(write, target, why: .setAside(verdict)))
            } else if let successor = try history.successor(of: write, target, transaction) {
                over.append(try losing(write, target, why: .replaced(by: try Authorship(successor, names))))
            }
        }
        return Explanation(
            field: target.field, element: target.element, winner: try winner.map { try claim($0, target) }, over: over,
            unlisted: max(0, gone.count - Explanation.historyLimit),
            reason: try reason(
                winner, survivors: slot?.survivors.count ?? 0, isOneValue: slot?.distinct.count == 1,
                replaced: gone.count, last: writes.last, reading))
    }

    private func reading(of target: FieldTarget, _ type: Text?) -> Reading {
        let definition = schemas.lazy.flatMap(\.recordTypes).first { $0.name == type }?.field(target.field)
        return target.kind == .register ? definition?.reading ?? .latest : .latest
    }

    private func why(
        _ survivor: RecordState.Survivor, loses winner: RecordState.Survivor, _ reading: Reading
    ) -> Explanation.Why {
        if survivor.value.isOne(with: winner.value) { return .same }
        if reading == .max { return .smaller }
        return survivor.effective < winner.effective ? .earlier : .tie
    }

    private func claim(_ write: RecordWrites.Write, _ target: FieldTarget) throws -> Explanation.Claim {
        let change = write.change
        return Explanation.Claim(
            value: try transaction.resolved(
                target.element ?? write.operation.value, of: change.dot, scope: change.header.scope),
            author: try write.author(names))
    }

    private func losing(
        _ write: RecordWrites.Write, _ target: FieldTarget, why: Explanation.Why
    ) throws -> Explanation.Losing {
        Explanation.Losing(claim: try claim(write, target), why: why)
    }

    // MARK: - The sentence

    private func reason(
        _ winner: RecordWrites.Write?, survivors: Int, isOneValue: Bool, replaced: Int, last: RecordWrites.Write?,
        _ reading: Reading
    ) throws -> String {
        guard let winner else {
            guard let last, last.operation.action == .remove else { return "nothing that was written counts" }
            return "\(try describe(last)) cleared it" + (replaced > 0 ? ", having seen what stood there" : "")
        }
        let author = try describe(winner)
        var sentence: String
        switch (survivors, reading) {
        case (1, _) where replaced == 0: sentence = "\(author) wrote it, and nobody has written it since"
        case (1, _): sentence = "\(author) wrote it last, having seen what stood there before"
        case _ where isOneValue:
            sentence = "\(survivors) writes had not seen each other, and all wrote the same; \(author)'s is the latest"
        case (_, .latest):
            sentence = "\(survivors) writes had not seen each other; \(author) has the latest effective time"
        case (_, .ask):
            sentence =
                "\(survivors) writes had not seen each other and a person is to choose; until then \(author)'s, "
                + "with the latest effective time, stands in"
        case (_, .max):
            sentence =
                "\(survivors) writes had not seen each other; \(author)'s is the greatest, which counts until "
                + "someone chooses"
        }
        if let snapshot = winner.included?.snapshot {
            sentence += "; it came with the snapshot of position \(snapshot), and what stood there before is not here"
        } else if winner.change.effective < winner.change.header.stamp {
            sentence += "; its clock was ahead, so it counts as made five minutes after the hub received it"
        }
        return sentence
    }

    private func describe(_ write: RecordWrites.Write) throws -> String {
        let author = try write.author(names)
        return author.branch.map { "\(author.person) of \($0)" } ?? "\(author.person)"
    }
}
