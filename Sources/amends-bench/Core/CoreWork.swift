import Causality
import Changes
import Replication
import SQLiteKit
import ServiceRecovery

/// One core operation, prepared: `run()` does it and nothing else, so many times.
struct CoreWork {
    let run: () throws -> Void

    init(_ operation: CoreOperation, trace: Trace, workspace: Workspace, iterations: Int) throws {
        switch operation {
        case .encode: run = CoreWork.encode(trace, iterations)
        case .decode: run = CoreWork.decode(trace, iterations)
        case .fold: run = try CoreWork.fold(trace, iterations)
        case .write: run = try CoreWork.write(trace, workspace, iterations)
        case .merge: run = try CoreWork.merge(trace, workspace, iterations)
        }
    }

    // MARK: - In memory

    private static func encode(_ trace: Trace, _ iterations: Int) -> () throws -> Void {
        let drafts = trace.events.map(\.draft)
        return {
            var previous = Hash256.zero
            var count = 0
            for index in 0..<iterations {
                let change = change(drafts[index % drafts.count], UInt64(index + 1), previous)
                count += change.carried().count
                previous = change.hash
            }
            try require(count > 0, "nothing was encoded")
        }
    }

    private static func decode(_ trace: Trace, _ iterations: Int) -> () throws -> Void {
        let changes = changes(trace)
        let carried = changes.map { $0.carried() }
        let scope = BenchChain.scope.scope
        return {
            for index in 0..<iterations {
                let expected = changes[index % changes.count]
                let change = try Change(
                    carried: carried[index % changes.count], scope: scope, dot: expected.dot,
                    previous: expected.header.previous)
                try require(change.hash == expected.hash, "a change was decoded to another one")
            }
        }
    }

    private static func fold(_ trace: Trace, _ iterations: Int) throws -> () throws -> Void {
        let changes = changes(trace)
        let operations = try changes.map { try $0.decodedOperations() }
        let origins = operations.map { $0.records[0] }
        let scope = BenchChain.scope.scope
        let ids = zip(origins, changes).map { $0.recordID(in: scope, change: $1.hash.short) }
        let incidents = trace.events.map(\.incident)
        return {
            var states: [RecordState] = []
            for index in 0..<iterations {
                let event = index % changes.count
                if event == 0 { states = Array(repeating: RecordState(), count: trace.numbers.count) }
                let dot = changes[event].dot
                let past = Past(of: dot, others: VersionVector())
                for operation in operations[event].operations {
                    _ = try states[incidents[event]].apply(
                        operation, dot: dot, effective: changes[event].header.stamp, past: past
                    ) { nil }
                }
                let record = StoredRecord(
                    id: ids[event], scope: scope, origin: origins[event], state: states[incidents[event]])
                try require(record.digest != 0, "a state has no digest")
            }
        }
    }

    static func changes(_ trace: Trace) -> [Change] {
        var previous = Hash256.zero
        return trace.events.enumerated().map { index, event in
            let change = change(event.draft, UInt64(index + 1), previous)
            previous = change.hash
            return change
        }
    }

    private static func change(_ draft: ChangeDraft, _ sequence: UInt64, _ previous: Hash256) -> Change {
        let operations = draft.operations.encoded()
        return Change(
            header: ChangeHeader(
                scope: BenchChain.scope.scope, dot: Dot(feed: FeedID(high: 1, low: 2), sequence: sequence),
                previous: previous, stamp: HybridTimestamp(milliseconds: Int64(sequence) * 1_000),
                zoneMinutes: draft.zoneMinutes, person: draft.person, schema: draft.schema, context: [],
                operationsHash: Operations.hash(operations), parts: []),
            operations: operations)
    }

    // MARK: - On disk

    private static func write(_ trace: Trace, _ workspace: Workspace, _ iterations: Int) throws -> () throws -> Void {
        let replica = try BenchReplica(1, path: workspace.path("replica.sqlite"), durability: .normal)
        return {
            var left = iterations
            while left > 0 {
                try replica.record(trace.events.prefix(left), perCommit: 100)
                left -= min(left, trace.events.count)
            }
        }
    }

    private static func merge(_ trace: Trace, _ workspace: Workspace, _ iterations: Int) throws -> () throws -> Void {
        guard iterations <= trace.events.count else {
            throw BenchError("\(iterations) merges need as many events; there are \(trace.events.count)")
        }
        let history = try RecordedHistory(of: trace, in: workspace, pageChanges: pageChanges)
        let replica = try BenchReplica(2, path: workspace.path("replica.sqlite"), durability: .normal)
        return { try replica.apply(history.answers.prefix((iterations + pageChanges - 1) / pageChanges)) }
    }

    private static let pageChanges = 500
}
