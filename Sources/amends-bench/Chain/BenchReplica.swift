import BranchService
import Causality
import Changes
import Replication
import SQLiteKit
import SQLiteStore

/// A replica with a file of its own, through the store and the machine that ship.
final class BenchReplica {
    let path: String
    let store: SQLiteStore
    let identity: ReplicaIdentity

    /// What its own side of the last synchronisation took, and the bodies that travelled.
    struct Exchange {
        /// Collecting, signing, encoding and compressing.
        var extractSeconds = 0.0
        /// The hub's part: all of its answers.
        var answerSeconds = 0.0
        /// Decompressing, decoding, verifying, folding and storing.
        var mergeSeconds = 0.0
        var requests: [[UInt8]] = []
        var answers: [[UInt8]] = []
        var report = SyncReport()
    }

    /// - Parameter number: names the key. The file is made where there is none.
    /// - Parameter sealingsAfterWrite: 0 where whoever measures seals.
    init(_ number: UInt8, path: String, durability: Durability, sealingsAfterWrite: Int = .max) throws {
        self.path = path
        identity = ReplicaIdentity(key: BenchChain.key(number))
        store = try SQLiteStore(
            path: path, schemas: BenchChain.schemas, durability: durability, sealingsAfterWrite: sealingsAfterWrite)
        try store.write { transaction in
            if try transaction.scope(BenchChain.scope.scope) == nil {
                try transaction.put(ScopeState(BenchChain.scope))
            }
        }
    }

    func close() throws { try store.close() }

    // MARK: - Recording

    /// Records events one by one: what is drafted is saved before the next is looked at.
    func recordOneByOne(_ events: some Sequence<Trace.Event>) throws {
        for event in events {
            try write { try $0.commit(event.draft, in: BenchChain.scope.scope, at: event.milliseconds) }
        }
    }

    /// Records events, so many to a commit, as an import does: the drafts of a commit are made while the one before is written.
    func record(_ events: some RandomAccessCollection<Trace.Event>, perCommit count: Int) throws {
        let events = Array(events)
        let commits = (events.count + count - 1) / count
        var drafts = Lookahead(count: commits, from: ()) { _, index in
            events[index * count..<min((index + 1) * count, events.count)].map { event in
                (Result { try EncodedDraft(event.draft, in: BenchChain.scope.scope) }, event.milliseconds)
            }
        }
        for _ in 0..<commits {
            let batch = drafts.take(store.background)
            try write { writer in
                for (draft, milliseconds) in batch {
                    try writer.commit(try draft.get(), in: BenchChain.scope.scope, at: milliseconds)
                }
            }
        }
    }

    private func write(_ body: (LocalWriter<SQLiteTransaction>) throws -> Void) throws {
        try store.write { try body(LocalWriter($0, identity: identity, random: BenchReplica.random)) }
    }

    /// Only personal parts draw, and the workload has none.
    static let random: @Sendable (Int) -> [UInt8] = { Array(repeating: 7, count: $0) }

    // MARK: - Synchronising

    /// Exchanges with the hub until both have said all.
    ///
    /// - Parameter pageChanges: changes in an answer; as many as a replica asks for unless given.
    @discardableResult
    func sync(with chain: BenchChain, pageChanges: Int? = nil) throws -> Exchange {
        var options = SyncOptions()
        if let pageChanges { options.page.changes = pageChanges }
        var exchange = Exchange()
        var machine = SyncMachine()
        var action = machine.begin()
        while true {
            switch action {
            case .collect(let plan):
                var collected: SyncRequest?
                exchange.extractSeconds += try seconds {
                    let request = try store.writeBehind { transaction in
                        try Outbox(transaction, identity: identity)
                            .request(limits: options.push, page: options.page, plan: plan).request
                    }
                    exchange.requests.append(WireBody.pack(request.encoded()))
                    collected = request
                }
                guard let collected else { preconditionFailure("nothing was collected") }
                action = machine.collected(collected)
            case .send:
                var answer: [UInt8] = []
                exchange.answerSeconds += try seconds {
                    answer = try chain.answer(exchange.requests[exchange.requests.count - 1], from: identity)
                }
                exchange.answers.append(answer)
                action = machine.answered(try SyncResponse(try WireBody.unpack(answer)))
            case .apply:
                // Decoded again here, where its time counts.
                var outcome = ApplyOutcome()
                exchange.mergeSeconds += try seconds {
                    outcome = try apply(exchange.answers[exchange.answers.count - 1])
                }
                action = machine.applied(outcome)
            case .takeSnapshot: preconditionFailure("this replica takes the whole order")
            case .finish(let report):
                exchange.report = report
                guard report.isComplete else {
                    throw BenchError("a synchronisation did not come to its end: \(report)")
                }
                return exchange
            }
        }
    }

    /// Takes one answer of the hub.
    func apply(_ body: [UInt8]) throws -> ApplyOutcome {
        let response = try SyncResponse(try WireBody.unpack(body))
        return try AnswerApplier(store, hubKey: BenchChain.hubKey.publicKey, own: identity.feed).apply(response, now: 0)
    }

    /// Takes answers that another replica was given; all must come in.
    func apply(_ bodies: some Sequence<[UInt8]>) throws {
        for body in bodies {
            let outcome = try apply(body)
            try require(outcome.refusals.isEmpty, "\(outcome.refusals)")
        }
    }

    // MARK: - Comparing

    struct Standing: Equatable {
        let position: UInt64
        let history: HistoryHash
        let fingerprint: Fingerprint
    }

    func standing() throws -> Standing {
        try store.read { transaction in
            guard let scope = try transaction.scope(BenchChain.scope.scope) else {
                throw BenchError("there is no scope")
            }
            return Standing(
                position: scope.position, history: scope.history,
                fingerprint: try transaction.fingerprint(of: scope.id))
        }
    }

    /// - Throws: where the projected table is not `expected`.
    func requireTable(_ expected: FinalTable, of trace: Trace) throws {
        let table = try FinalTable.read(replica: path, trace: trace, scope: BenchChain.scope.scope)
        try require(table == expected, "the replica's table is not the trace's")
    }
}
