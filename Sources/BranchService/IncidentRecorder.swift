import Causality
import Changes
import Importing
import Replication
import SQLiteStore
import ServiceRecovery

/// Records the incident log in a replica: rows become cases and steps, each fact once.
package struct IncidentRecorder {
    package struct Options: Sendable {
        package var selection: LocationSelection
        package var until: LocalMinute?
        package var zone: ZoneOffset
        /// Count and check, and write nothing.
        package var isDryRun: Bool

        package init(
            selection: LocationSelection = .all, until: LocalMinute? = nil, zone: ZoneOffset = .utc,
            isDryRun: Bool = false
        ) {
            self.selection = selection
            self.until = until
            self.zone = zone
            self.isDryRun = isDryRun
        }
    }

    package struct Report: Sendable {
        package var counts = ImportCounts()
        /// The first rejected rows, at most `rejectionLimit`.
        package var rejections: [(line: Int, reason: String)] = []
        /// Why the file could not be read to its end; nil where all of it was read.
        package var interruption: ImportInterruption?
    }

    /// Rejected rows that are named one by one; all are counted.
    package static var rejectionLimit: Int { 100 }
    /// Rows that share one commit.
    private static var rowsPerCommit: Int { 100 }
    /// The name of the outside system in the cases' origins.
    package static let source: Text = "incident-log"

    private let replica: Replica
    private let options: Options

    package init(_ replica: Replica, options: Options) {
        self.replica = replica
        self.options = options
    }

    /// Reads the file at `path` (`-` is standard input), plain or gzip.
    ///
    /// Nothing counts as imported before this returns; then all of it is on disk. Where the file breaks off, the rows
    /// before the break are imported and the report says why. When it throws, the rows that were committed before
    /// stay. Either way the next import finds them unchanged.
    /// - Parameter progress: called after each commit with the counts so far.
    package func run(path: String, progress: (ImportCounts) -> Void = { _ in }) throws -> Report {
        let place = TemporaryDatabase(for: "import")
        let file = try SpillFile(path: place.path)
        defer {
            file.close()
            place.remove()
        }
        var log = try IncidentLog(try ByteSource(path: path), zone: options.zone, until: options.until)
        var mapper = IncidentMapper(selection: options.selection, memory: SpilledVisits(file: file))
        var report = Report()
        if options.isDryRun {
            try replica.store.read { transaction in
                let home = try replica.homeScope(transaction)
                while let batch = try nextBatch(&log, &mapper, &report) {
                    for row in batch {
                        let isNew = try row.events.contains { try !isKnown($0, home, transaction) }
                        report.counts.add(row, isNew: isNew)
                    }
                    progress(report.counts)
                }
            }
            return report
        }
        return try replica.store.withDeferredDurability {
            while let batch = try nextBatch(&log, &mapper, &report) {
                try replica.write { pen in
                    for row in batch {
                        let isNew = try record(row, with: pen)
                        report.counts.add(row, isNew: isNew)
                    }
                }
                progress(report.counts)
            }
            return report
        }
    }

    private func nextBatch(
        _ log: inout IncidentLog, _ mapper: inout IncidentMapper<SpilledVisits>, _ report: inout Report
    ) throws -> [MappedRow]? {
        var batch: [MappedRow] = []
        while batch.count < IncidentRecorder.rowsPerCommit {
            guard let entry = next(of: &log, &report) else { return batch.isEmpty ? nil : batch }
            switch entry {
            case .row(let row):
                let mapped = try mapper.map(row)
                // A row elsewhere without a consequence here needs no transaction.
                if mapped.events.isEmpty { report.counts.add(mapped, isNew: false) } else { batch.append(mapped) }
            case .rejected(let row):
                report.counts.addRejected()
                if row.isCutShort { report.interruption = .insideRow(line: row.line) }
                if report.rejections.count < IncidentRecorder.rejectionLimit {
                    report.rejections.append((line: row.line, reason: row.reason))
                }
            }
        }
        return batch
    }

    /// The log's next entry; nil at its end, and where it cannot be read any further.
    private func next(of log: inout IncidentLog, _ report: inout Report) -> IncidentLog.Entry? {
        guard report.interruption == nil else { return nil }
        do {
            return try log.next()
        } catch {
            report.interruption = .unreadable(error)
            return nil
        }
    }

    // MARK: - One row

    /// Saves what is new of a row, in one change. - Returns: whether its own event was new.
    private func record(_ row: MappedRow, with pen: Replica.Pen) throws -> Bool {
        let fresh = try row.events.filter { try !isKnown($0, pen.home, pen.transaction) }
        guard let first = fresh.first else { return false }
        var transaction = CaseTransaction(
            by: try Author(person: Text(first.person), zoneMinutes: Int16(first.zone.minutes)))
        for event in fresh { try write(event, in: &transaction) }
        try pen.commit(transaction.draft())
        return row.events.last.map { fresh.contains($0) } ?? false
    }

    /// Whether the case has a step that is this fact.
    private func isKnown(_ event: CaseEvent, _ home: ScopeID, _ transaction: SQLiteTransaction) throws -> Bool {
        let record = origin(of: event.subject).recordID(in: home, change: ShortHash(high: 0, low: 0))
        let fact = Value.bytes(FactID(ofKey: event.factKey.bytes).bytes)
        return try transaction.logRows(of: record, scope: home).contains { $0.value["fact"] == fact }
    }

    private func origin(of reference: CaseReference) -> RecordOrigin {
        .external(source: IncidentRecorder.source, id: Text(reference.externalID))
    }

    private func write(_ event: CaseEvent, in transaction: inout CaseTransaction) throws {
        let at = Moment(milliseconds: event.atMilliseconds, zoneMinutes: Int16(event.zone.minutes))
        let fact = FactID(ofKey: event.factKey.bytes)
        let step: NewStep
        switch event.kind {
        case .status(let word):
            step = NewStep(.imported, at: at, status: Text(word), fact: fact)
        case .moved(let destination):
            step = NewStep(
                .moved, at: at, fact: fact, destination: Text("\(destination.location) \(destination.externalID)"))
        }
        let origin = origin(of: event.subject)
        var title: Text?
        var edits: [CaseEdit] = []
        for change in event.changes {
            if case .title(let text) = change { title = Text(text) } else { edits += CaseEdit.edits(change) }
        }
        guard let opening = event.opening else {
            if let title { edits.append(.write(.title, title)) }
            try transaction.apply(edits, to: origin)
            try transaction.append(step, to: origin)
            return
        }
        // The outside number is the case's number: two machines that import one log then agree on it.
        edits.append(.write(.number, Text(event.subject.externalID)))
        if case .movedFrom(let old) = opening {
            edits.append(.write(.movedFrom, Text("\(old.location) \(old.externalID)")))
        }
        _ = try transaction.open(
            NewCase(title ?? Text("Incident \(event.subject.externalID)"), origin: origin, edits: edits, first: step))
    }
}

extension CaseEdit {
    /// What a change of the log's row writes; a title is written apart.
    fileprivate static func edits(_ change: FieldChange) -> [CaseEdit] {
        switch change {
        case .title: []
        case .category(let text): [.write(.category, text.map { Text($0) })]
        case .assignee(let text): [.write(.assignee, text.map { Text($0) })]
        case .team(let text): [.write(.team, text.map { Text($0) })]
        case .severity(let severity): [.severity(severity.flatMap { CaseSeverity(rawValue: Int64($0.rawValue)) })]
        case .customer(let caller):
            [.customer(caller.map { Customer(SubjectID(outside: $0), name: Text($0)) })]
        case .tagAdded(let tag): [.add(Text(tag), to: .tags)]
        case .tagRemoved(let tag): [.remove(Text(tag), from: .tags)]
        }
    }
}

extension Identifier128 where Kind == SubjectKind {
    /// The subject that an outside id of the incident log names: the same on every machine that imports it.
    fileprivate init(outside id: String) {
        let hash = Hash256.of(.subject) { writer in
            writer.write(IncidentRecorder.source)
            writer.write(Text(id))
        }
        self.init(high: hash.short.high, low: hash.short.low)
    }
}

/// What the import remembers of each incident, on disk: memory stays flat in the file's size.
private struct SpilledVisits: VisitMemory {
    let file: SpillFile

    func visits(of number: String) throws -> IncidentVisits? {
        try file.value(of: number).map { try IncidentVisits(number: number, encoded: $0) }
    }

    mutating func remember(_ visits: IncidentVisits, of number: String) throws {
        try file.put(visits.encoded(), for: number)
    }
}
