import Causality
import Changes
import Replication
import SQLiteKit
import SQLiteStore
import ServiceRecovery

/// Row 8: two replicas that had no network record every other event each, then exchange.
enum TwoHalves {
    static func measure(_ bench: Bench) throws -> [Figure] {
        let halves = [0, 1].map { half in
            stride(from: half, to: bench.trace.events.count, by: 2).map { bench.trace.events[$0] }
        }
        let recorded = try halves.enumerated().map { index, events in try record(events, UInt8(index + 1), bench) }
        defer { for path in recorded { try? bench.workspace.discard(path) } }
        let expected = ConcurrentModel(halves)
        let contest = try Contest(rounds: bench.rounds) { _ in
            try converge(bench, recorded, expected)
        } plain: { _ in
            try bench.bulkInsert()
        }
        return [
            .contest(
                8, "two-halves", "two replicas, half the events each, both ways", contest, goal: 8,
                note: """
                    both replicas' own work added up; equal, and all \(expected.concurrentCount) fields with concurrent \
                    values hold them
                    """)
        ]
    }

    private static func record(_ events: [Trace.Event], _ number: UInt8, _ bench: Bench) throws -> String {
        let path = bench.workspace.path("half.sqlite")
        let replica = try BenchReplica(number, path: path, durability: .normal)
        try replica.record(events, perCommit: 100)
        try replica.close()
        return path
    }

    /// - Returns: the seconds of both replicas' collecting and merging.
    private static func converge(_ bench: Bench, _ recorded: [String], _ expected: ConcurrentModel) throws -> Double {
        let chain = try BenchChain(path: bench.workspace.path("hub.sqlite"), now: bench.trace.end)
        let paths = try recorded.map { try bench.workspace.copy($0, as: "half.sqlite") }
        defer { for path in paths + [chain.store.path] { try? bench.workspace.discard(path) } }
        let replicas = try paths.enumerated().map { index, path in
            try BenchReplica(UInt8(index + 1), path: path, durability: .full)
        }
        for replica in replicas { try chain.certify(replica.identity) }
        var time = 0.0
        // The first fetches what the second has pushed in a second exchange.
        for replica in [replicas[0], replicas[1], replicas[0]] {
            let exchange = try replica.sync(with: chain)
            time += exchange.extractSeconds + exchange.mergeSeconds
        }
        try require(try replicas[0].standing() == replicas[1].standing(), "the replicas do not agree")
        for replica in replicas { try expected.check(replica) }
        for replica in replicas { try replica.close() }
        try chain.close()
        return time
    }
}

/// What must survive when two replicas write without seeing each other: of each column the last value that each wrote.
private struct ConcurrentModel {
    /// By record, then column; a value for each replica that left one.
    private var fields: [RecordID: [[Value]]] = [:]

    init(_ halves: [[Trace.Event]]) {
        let scope = BenchChain.scope.scope
        for half in halves {
            var last: [RecordID: FinalTable.Row] = [:]
            for event in half {
                let origin = RecordOrigin.external(source: IncidentWorkloadSchema.source, id: event.line.number)
                let record = origin.recordID(in: scope)
                for cell in event.line.cells {
                    last[record, default: Array(repeating: nil, count: FinalTable.columns.count)][cell.column] =
                        cell.value
                }
            }
            for (record, row) in last {
                for (column, value) in row.enumerated() {
                    guard let value else { continue }
                    fields[record, default: Array(repeating: [], count: row.count)][column].append(value)
                }
            }
        }
    }

    /// Fields in which two values stand side by side.
    var concurrentCount: Int { fields.values.reduce(0) { $0 + $1.count { $0.count > 1 } } }

    func check(_ replica: BenchReplica) throws {
        let names = IncidentWorkloadSchema.fields.map(\.name)
        try replica.store.read { transaction in
            for (id, columns) in fields {
                let state = try transaction.record(id, of: BenchChain.scope.scope)?.state ?? RecordState()
                for (column, values) in columns.enumerated() {
                    let slot = state.slot(FieldTarget(field: names[column], kind: .register))
                    try require(
                        Set(slot?.survivors.map(\.value) ?? []) == Set(values)
                            && slot?.survivors.count ?? 0 == values.count,
                        "\(names[column]) of \(id) holds other values than were written")
                }
            }
        }
    }
}
