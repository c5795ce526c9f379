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
        /// The line of the last row, where no line end follows it.
        package var openEnd: Int?

        fileprivate mutating func reject(_ line: Int, _ reason: String) {
            counts.addRejected()
            if rejections.count < IncidentRecorder.rejectionLimit { rejections.append((line: line, reason: reason)) }
        }
    }

    /// Rejected rows that are named one by one; all are counted.
    package static var rejectionLimit: Int { 100 }
    /// Rows that share one commit.
    private static var rowsPerCommit: Int { 100 }

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
        let file = try TemporaryDatabase.open(for: "import") { try SpillFile(path: $0) }
        defer { file.close() }
        var log = try IncidentLog(try ByteSource(path: path), zone: options.zone, until: options.until)
        var mapper = IncidentMapper(selection: options.selection, memory: SpilledVisits(file: file))
        var report = Report()
        if options.isDryRun {
            try replica.store.read { transaction in
                let home = try replica.homeScope(transaction)
                let earlier = EarlierVisits(transaction, home)
                while let batch = try nextBatch(&log, &mapper, &report, { try earlier.start($0, $1) }) {
                    for (row, _) in batch {
                        let fresh = try fresh(row, home, transaction)
                        count(row, fresh, in: &report.counts)
                    }
                    progress(report.counts)
                }
            }
            report.openEnd = log.openEnd
            return report
        }
        let home = try replica.homeScope()
        let isFirst = try replica.store.read { try !$0.knows(source: IncidentDrafts.source) }
        return try replica.store.withDeferredDurability {
            var next = try nextDrafts(&log, &mapper, &report, home, isFirst: isFirst)
            while let batch = next {
                // What follows is read and drafted while this is written.
                next = try nextDrafts(&log, &mapper, &report, home, isFirst: isFirst)
                let drafts = batch.drafts()
                try replica.write { pen in
                    for (row, draft) in zip(batch.rows, drafts) {
                        try record(row, draft, with: pen, &report.counts)
                    }
                }
                progress(report.counts)
            }
            report.openEnd = log.openEnd
            return report
        }
    }

    /// Rows of one commit, and what waits for their drafts, each made as if all of its row were new.
    private typealias DraftedRows = (rows: [MappedRow], drafts: @Sendable () -> [Result<EncodedDraft, any Error>])

    private func nextDrafts(
        _ log: inout IncidentLog, _ mapper: inout IncidentMapper<SpilledVisits>, _ report: inout Report,
        _ home: ScopeID, isFirst: Bool
    ) throws -> DraftedRows? {
        let batch = try nextBatch(&log, &mapper, &report) { row, fact in
            // Of the first import nothing is earlier. Rows that lag have been met in this file.
            isFirst ? nil : try replica.store.readBehind { try EarlierVisits($0, home).start(row, fact) }
        }
        guard let batch else { return nil }
        let drafts = replica.store.background.begin {
            batch.map { row in Result { try EncodedDraft(row.draft, in: home) } }
        }
        return (batch.map(\.row), drafts)
    }

    /// A row that says something, and the draft of all that it says: what cannot be saved is no row, so that the rows behind it
    /// are told from those before.
    private typealias DraftedRow = (row: MappedRow, draft: ChangeDraft)

    private func nextBatch(
        _ log: inout IncidentLog, _ mapper: inout IncidentMapper<SpilledVisits>, _ report: inout Report,
        _ start: (IncidentRow, IncidentFact) throws -> VisitStart?
    ) throws -> [DraftedRow]? {
        var batch: [DraftedRow] = []
        while batch.count < IncidentRecorder.rowsPerCommit {
            guard let entry = next(of: &log, &report) else { return batch.isEmpty ? nil : batch }
            switch entry {
            case .row(let written):
                let row = written.composed
                var draft: ChangeDraft?
                do {
                    let mapped = try mapper.map(row, startingFrom: start) { draft = try IncidentDrafts.draft($0) }
                    // A row elsewhere without a consequence here needs no transaction.
                    if let draft { batch.append((mapped, draft)) } else { report.counts.add(mapped, isNew: false) }
                } catch let error as CaseError {
                    report.reject(row.line, "A case cannot hold what the row says: \(error).")
                } catch let error as MisplacedRow {
                    report.reject(row.line, error.description)
                }
            case .rejected(let row):
                if row.isCutShort { report.interruption = .insideRow(line: row.line) }
                report.reject(row.line, row.reason)
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

    /// Saves what is new of a row, in one change, and counts the row.
    ///
    /// - Parameter draft: of the row as if all of it were new.
    private func record(
        _ row: MappedRow, _ draft: Result<EncodedDraft, any Error>, with pen: Replica.Pen, _ counts: inout ImportCounts
    ) throws {
        let fresh = try fresh(row, pen.home, pen.transaction)
        if fresh == row.events {
            try pen.commit(try draft.get())
        } else if !fresh.isEmpty {
            try pen.commit(try IncidentDrafts.draft(fresh))
        }
        count(row, fresh, in: &counts)
    }

    private func count(_ row: MappedRow, _ fresh: [CaseEvent], in counts: inout ImportCounts) {
        // The row's own event is its last.
        let own = fresh.last.flatMap { $0.factKey == row.events.last?.factKey ? $0 : nil }
        counts.add(row, isNew: own != nil, isLate: own?.isLate ?? false)
    }

    /// The events of a row whose facts the cases do not have, each as it is to be written: late where its case has a step that is
    /// later, and with all that the row shows where the case does not stand as the row before left it.
    private func fresh(
        _ row: MappedRow, _ home: ScopeID, _ transaction: SQLiteTransaction
    ) throws -> [CaseEvent] {
        try row.events.compactMap { event in
            let fact = FactID(ofKey: event.factKey.bytes)
            var newest: (moment: CaseEvent.Moment, fact: FactID)?
            let steps = try transaction.importedSteps(of: event.subject, in: home)
            for step in steps {
                if step.fact == fact { return nil }
                if let newest, step.moment < newest.moment { continue }
                newest = (step.moment, step.fact)
            }
            if case .moved(let destination) = event.kind {
                // A stay ends once: the row that ended it may not be in this file.
                let place = IncidentDrafts.place(of: destination)
                return steps.contains { $0.step.destination == place } ? nil : event
            }
            guard let newest else { return event }
            if event.moment.isLate(after: newest.moment) { return event.late() }
            // The case may stand as another row left it, which this file has not, or has elsewhere.
            let previous = event.previous.map { FactID(ofKey: $0.bytes) }
            if previous == newest.fact { return event }
            return try StandingFields(of: event.subject, steps, transaction, in: home).completed(event)
        }
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
