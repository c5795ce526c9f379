import Causality
import Changes

extension Generator {
    /// Records that have nothing in common but what chance gives them, no two of one origin.
    mutating func snapshot(records count: Int) -> [SnapshotRecord] {
        var origins: Set<RecordOrigin> = []
        var records: [SnapshotRecord] = []
        while records.count < count {
            let origin = origin()
            if case .here = origin { continue }
            if !origins.insert(origin).inserted { continue }
            records.append(snapshotRecord(origin))
        }
        return records
    }

    /// With its log, or, as where the log lies elsewhere, with some of it or none.
    private mutating func snapshotRecord(_ origin: RecordOrigin) -> SnapshotRecord {
        var history = History.random(&self, changes: upTo(10))
        history.dropUnknown()
        let replay = Replay.whole(history)
        let rows = replay.rows.sorted { ($0.mark, $0.field) < ($1.mark, $1.field) }
        return SnapshotRecord(
            origin: origin, state: replay.state, log: chance(4) ? rows.filter { _ in chance(2) } : rows)
    }

    /// Records as a workload leaves them: a few shapes, counted ids, times near the changes', some concurrent values.
    mutating func workload(records count: Int) -> [SnapshotRecord] {
        var sequences: [UInt64] = [0, 0]
        var milliseconds: Int64 = 1_768_469_400_000
        let feeds = [Samples.dot.feed, Samples.otherFeed]
        return (0..<count).map { index in
            var state = RecordState()
            var rows: [LogRow] = []
            var others = VersionVector()
            for number in 0...upTo(3) {
                let feed = chance(8) ? 1 : 0
                sequences[feed] += UInt64(1 + upTo(2))
                milliseconds += Int64(upTo(90_000))
                let dot = Dot(feed: feeds[feed], sequence: sequences[feed])
                // Now and then a change that has not seen those before.
                let past = Past(of: dot, others: chance(6) ? VersionVector() : others)
                for operation in workloadOperations(first: number == 0, record: index, milliseconds) {
                    let effective = HybridTimestamp(milliseconds: milliseconds)
                    do {
                        let row = try state.apply(operation, dot: dot, effective: effective, past: past) {
                            rows.map(\.mark.key).max()
                        }
                        if let row { rows.append(row) }
                    } catch { preconditionFailure("\(error)") }
                }
                others.advance(to: dot)
            }
            return SnapshotRecord(
                origin: .external(source: "incidents", id: Text("INC000\(1_000 + index)")), state: state,
                log: rows.sorted { ($0.mark, $0.field) < ($1.mark, $1.field) })
        }
    }

    private mutating func workloadOperations(
        first: Bool, record: Int, _ milliseconds: Int64
    ) -> [FieldOperation] {
        func put(_ field: Text, _ value: Value, _ kind: FieldKind = .register) -> FieldOperation {
            Samples.operation(field, kind, value)
        }
        let minute = milliseconds / 60_000 * 60_000
        var operations = [
            put("status", .text(pick(["New", "Active", "Resolved", "Closed"]))),
            put("caller", .text(Text("Caller \(upTo(400))"))),
            put("seen", .time(Moment(milliseconds: minute, zoneMinutes: 480))),
            put("count", .integer(Int64(upTo(5)))),
            put("visits", .integer(1), .total),
            put("steps", .fields([("kind", .text("noted")), ("note", .text(Text("note \(record)")))]), .log),
        ]
        if first {
            operations.append(put("title", .text(Text("Case \(record): \(pick(["cold", "late", "lost"]))"))))
            operations.append(Samples.operation("tags", .set, .null, element: .text(pick(["a", "b", "c"]))))
        }
        return operations.filter { _ in chance(4) == false || first }
    }
}

/// The records in the order in which `decode` gives them, whatever that is.
func sorted(_ records: [SnapshotRecord]) -> [SnapshotRecord] {
    records.sorted { left, right in
        encoded(left.origin.encode).lexicographicallyPrecedes(encoded(right.origin.encode))
    }
}
