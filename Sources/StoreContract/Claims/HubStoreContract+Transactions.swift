import Causality
import Changes
import Replication

extension HubStoreContract {
    static var transactionClaims: [Claim] {
        [
            Claim(name: "a write is there when it returns") { contract in
                let store = try contract.makeStore()
                let result = try store.write { transaction in
                    try transaction.put([1, 2], for: .clock)
                    return 7
                }
                try require("the result of the body", result, is: 7)
                try require("the setting", try store.read { try $0.setting(.clock) }, is: [1, 2])
            },
            Claim(name: "a write reads what it wrote") { contract in
                let store = try contract.makeStore()
                try store.write { transaction in
                    try transaction.put([3], for: .clock)
                    try require("the setting", try transaction.setting(.clock), is: [3])
                    try transaction.put(ScopeState(HubStoreContract.scope))
                    try require(
                        "the scope's id", try transaction.scope(HubStoreContract.scope.scope)?.id,
                        is: HubStoreContract.scope.scope)
                }
            },
            Claim(name: "a write that throws leaves nothing in an empty store") { contract in
                let store = try contract.makeStore()
                try HubStoreContract.rejectedWrite(store) { try HubStoreContract.fill($0) }
                try store.read { transaction in
                    try require("scopes", try transaction.scopes(), is: [])
                    try require("certificates", try transaction.certificates(), is: [])
                    try require("the setting", try transaction.setting(.clock), is: nil)
                }
                // What was not there can be written after all.
                try store.write { try HubStoreContract.fill($0) }
            },
            Claim(name: "a write that throws leaves a filled store as it was") { contract in
                let store = try contract.makeStore()
                try store.write { try HubStoreContract.fill($0) }
                let before = try store.read { try HubStoreContract.everything($0) }
                try HubStoreContract.rejectedWrite(store) { try HubStoreContract.overwrite($0) }
                try require("all that can be read", try store.read { try HubStoreContract.everything($0) }, is: before)
                try store.write { try HubStoreContract.overwrite($0) }
                let after = try store.read { try HubStoreContract.everything($0) }
                try require(before != after, "the second write changed nothing")
            },
        ]
    }

    static var scope: ScopeIntroduction { ScopeIntroduction(name: "branch/a", seed: ChainID(high: 1, low: 2)) }
    static var otherScope: ScopeIntroduction { ScopeIntroduction(name: "common", seed: ChainID(high: 1, low: 2)) }
    static var hubKey: SigningKey { ContractAuthor.key(200) }

    private struct Rejected: Error {}

    static func rejectedWrite(_ store: Store, _ body: (Store.Transaction) throws -> Void) throws {
        do {
            try store.write { transaction in
                try body(transaction)
                throw Rejected()
            }
        } catch is Rejected {
            return
        }
        throw ContractViolation(what: "the error of a write's body did not come out")
    }

    /// One of everything.
    static func fill(_ transaction: Store.Transaction) throws {
        try transaction.put(ScopeState(scope))
        var author = ContractAuthor(1, in: scope)
        try write(&author, "one", to: transaction, parts: [ContractAuthor.part(1, "Aisyah")])
        try transaction.put([1], for: .clock)
        try transaction.put(author.attestation())
        try transaction.put(
            partKey: [UInt8](repeating: 5, count: 32), of: SubjectID(high: 1, low: 1), record: RecordID(high: 1, low: 1)
        )
        try transaction.put(certificate(of: 1))
        try transaction.put(enrolment(1))
    }

    /// Touches everything that `fill` wrote, and adds to it.
    static func overwrite(_ transaction: Store.Transaction) throws {
        var author = ContractAuthor(1, in: scope)
        _ = author.change("one", parts: [ContractAuthor.part(1, "Aisyah")])
        var second = ContractAuthor(2, in: scope)
        try write(
            &second, "two", to: transaction,
            context: [ChangeReference(dot: Dot(feed: author.feed, sequence: 1), hash: author.hash.short)])
        guard var state = try transaction.scope(scope.scope) else { throw ContractViolation(what: "the scope is gone") }
        let dot = Dot(feed: author.feed, sequence: 1)
        let (placement, row) = entry(EntryReference(dot: dot, hash: author.hash), after: &state)
        try transaction.place(dot, of: scope.scope, at: placement)
        try transaction.append(row, of: scope.scope)
        try transaction.put(state)
        try transaction.put(nil, for: .clock)
        try transaction.put(second.attestation())
        try transaction.clear(record(0), of: scope.scope)
        try transaction.quarantine(dot, of: scope.scope, reason: "why not")
        try transaction.put(
            partKey: [UInt8](repeating: 6, count: 32), of: SubjectID(high: 1, low: 1), record: RecordID(high: 1, low: 1)
        )
        try transaction.put(certificate(of: 2))
        var used = enrolment(1)
        used.usedBy = author.replica
        try transaction.put(used)
    }

    /// Stores and folds the author's next change, unplaced, as a local write does.
    @discardableResult
    static func write(
        _ author: inout ContractAuthor, _ text: String, record: Int = 0, to transaction: Store.Transaction,
        context: [ChangeReference] = [], parts: [PersonalPart] = []
    ) throws -> StoredChange {
        let change = author.change(text, record: record, context: context, parts: parts)
        return try store(change, of: author, parts: parts.map { $0.encoded() }, in: transaction)
    }

    @discardableResult
    static func store(
        _ change: Change, of author: ContractAuthor, parts: [[UInt8]?] = [], in transaction: Store.Transaction
    ) throws -> StoredChange {
        try transaction.note(change.dot, context: change.header.context, scope: change.scope)
        let stored = try transaction.append(
            change, records: try change.recordIDs(), parts: parts, placement: nil)
        try transaction.put(author.state, of: change.scope)
        try RecordFolder(transaction).fold(stored)
        return stored
    }

    /// The next entry of the order.
    static func entry(_ reference: EntryReference, after state: inout ScopeState, received: Int64 = 5_000) -> (
        Placement, EntryRow
    ) {
        append(.change(reference: reference, received: received, verdict: .ok), to: &state, received: received)
    }

    static func append(_ entry: Entry, to state: inout ScopeState, received: Int64 = 5_000) -> (Placement, EntryRow) {
        state.position += 1
        state.history = state.history.appending(entry.encoded())
        return (
            Placement(position: state.position, received: received, verdict: .ok),
            EntryRow(position: state.position, entry: entry, history: state.history)
        )
    }

    static func record(_ number: Int, of scope: ScopeIntroduction = HubStoreContract.scope) -> RecordID {
        ContractAuthor.origin(number).recordID(in: scope.scope)
    }

    static func certificate(of number: UInt8, deviceMark: Text = "ABC") -> Certificate {
        Certificate(
            chain: scope.seed, publicKey: ContractAuthor.key(number).publicKey, home: scope.scope,
            grants: [Grant(scope: scope.scope, rights: [.read, .write])], deviceMark: deviceMark, from: 1_000,
            hub: hubKey)
    }

    static func enrolment(_ number: UInt8) -> Enrolment {
        Enrolment(
            code: Hash256.of(.enrolment) { $0.write(byte: number) }, home: scope.scope, isHeadquarters: number == 2,
            expires: 10_000)
    }

    /// All that can be read, in words: equal stores, equal texts.
    package static func everything(_ transaction: Store.Transaction) throws -> [String] {
        var result: [String] = []
        for state in try transaction.scopes() {
            result.append("\(state)")
            for feed in try transaction.feeds(of: state.id) {
                result.append("\(feed)")
                for sequence in 0...feed.sequence where sequence > 0 {
                    let dot = Dot(feed: feed.feed, sequence: sequence)
                    result.append("\(String(describing: try transaction.change(at: dot, of: state.id)))")
                    result.append("\(try transaction.parts(of: dot, scope: state.id))")
                    result.append("\(try transaction.past(of: dot, scope: state.id))")
                }
                let attestation = try transaction.attestation(of: ReplicaID(feed.feed), scope: state.id, covering: 1)
                result.append("\(String(describing: attestation))")
            }
            result.append("\(try transaction.unplaced(of: state.id, after: 0, limit: 100).map(\.dot))")
            result.append("\(try transaction.unplacedCount(of: state.id))")
            result.append("\(try transaction.entries(of: state.id, after: 0, limit: 100))")
            result.append("\(try transaction.fingerprint(of: state.id).hash)")
            result.append("\(try transaction.quarantined(of: state.id))")
            for record in try transaction.records(of: state.id, after: nil, limit: 100) {
                result.append("\(record)")
                result.append("\(try transaction.logRows(of: record.id, scope: state.id))")
                result.append("\(try transaction.changes(touching: record.id, of: state.id).map(\.dot))")
            }
        }
        result.append("\(String(describing: try transaction.setting(.clock)))")
        result.append(
            "\(String(describing: try transaction.partKey(of: SubjectID(high: 1, low: 1), record: RecordID(high: 1, low: 1))))"
        )
        result.append("\(try transaction.certificates())")
        result.append("\(String(describing: try transaction.enrolment(enrolment(1).code)))")
        return result
    }
}
