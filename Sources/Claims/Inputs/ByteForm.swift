import Causality
import Changes
import Replication
import StoreContract

/// A form of bytes that comes from elsewhere, with valid examples of it.
struct ByteForm {
    let name: String
    let samples: [[UInt8]]
    /// Reads bytes and writes what was read.
    let rewrite: ([UInt8]) throws(CodecError) -> [UInt8]
}

extension ByteForm {
    /// Every form that a small chain's machines send, receive and keep.
    static func all(seed: UInt64) throws -> [ByteForm] {
        let traffic = try Traffic(seed: seed)
        return [
            ByteForm(name: "request", samples: traffic.requests) { bytes throws(CodecError) in
                try SyncRequest(bytes).encoded()
            },
            // Behind the seal, which whoever means harm can make as well.
            ByteForm(
                name: "response", samples: traffic.responses.map { $0.dropLast(SyncResponse.sealBytes) }
            ) { bytes throws(CodecError) in
                try SyncResponse(SyncResponse.sealed(bytes)).encoded().dropLast(SyncResponse.sealBytes)
            },
            ByteForm(name: "push", samples: traffic.pushes) { bytes throws(CodecError) in
                var reader = ByteReader(bytes)
                let push = try ScopePush(from: &reader)
                try reader.finish()
                return write { push.encode(into: &$0, .coded) }
            },
            ByteForm(name: "change", samples: traffic.changes) { bytes throws(CodecError) in
                try Change(
                    carried: bytes, scope: ScopeID(high: 1, low: 1),
                    dot: Dot(feed: FeedID(high: 1, low: 1), sequence: 1),
                    previous: .zero
                ).carried()
            },
            ByteForm(name: "header", samples: traffic.headers) { bytes throws(CodecError) in
                var reader = ByteReader(bytes)
                let header = try ChangeHeader(from: &reader)
                try reader.finish()
                return write { header.encode(into: &$0) }
            },
            ByteForm(name: "part", samples: traffic.parts) { bytes throws(CodecError) in
                try PersonalPart(bytes).encoded()
            },
            ByteForm(name: "state", samples: traffic.states) { bytes throws(CodecError) in
                try RecordState(bytes).encoded()
            },
            // A chunk need not have one spelling: what comes out of it must be the same when it is packed again.
            ByteForm(name: "snapshot chunk", samples: traffic.snapshotChunks) { bytes throws(CodecError) in
                let records = try SnapshotChunk.decode(bytes)
                for record in records where try RecordState(record.state.encoded()) != record.state { return [] }
                return Set(try SnapshotChunk.decode(SnapshotChunk.encode(records))) == Set(records) ? bytes : []
            },
            ByteForm(name: "entry", samples: traffic.entries) { bytes throws(CodecError) in
                var reader = ByteReader(bytes)
                let entry = try Entry(from: &reader)
                try reader.finish()
                return entry.encoded()
            },
            ByteForm(name: "certificate", samples: traffic.certificates) { bytes throws(CodecError) in
                try Certificate(bytes).encoded()
            },
        ]
    }

    private static func write(_ body: (inout ByteWriter) -> Void) -> [UInt8] {
        var writer = ByteWriter()
        body(&writer)
        return writer.bytes
    }
}

/// What goes over the wire of a small chain, and what lies at its ends.
struct Traffic {
    private(set) var requests: [[UInt8]] = []
    private(set) var responses: [[UInt8]] = []
    private(set) var pushes: [[UInt8]] = []
    private(set) var changes: [[UInt8]] = []
    private(set) var headers: [[UInt8]] = []
    private(set) var parts: [[UInt8]] = []
    private(set) var states: [[UInt8]] = []
    private(set) var snapshotChunks: [[UInt8]] = []
    private(set) var entries: [[UInt8]] = []
    private(set) var certificates: [[UInt8]] = []
    let chain: SampleChain<MemoryStore>

    init(seed: UInt64) throws {
        chain = try SampleChain(seed: seed, changes: 60) { _ in MemoryStore() }
        for machine in chain.machines {
            // Small messages, so that a mutation often meets what matters.
            try machine.sync(limits: PushLimits(changes: 2), page: PageLimits(changes: 4)) { bytes, deliver in
                requests.append(bytes)
                let answer = try deliver(bytes)
                responses.append(answer)
                return answer
            }
            certificates.append(machine.certificate.encoded())
        }
        try chain.machines[0].store.base.read { transaction in try read(transaction) }
        pushes = try requests.flatMap { try SyncRequest($0).pushes }.map { push in
            var writer = ByteWriter()
            push.encode(into: &writer, .coded)
            return writer.bytes
        }
    }

    private mutating func read(_ transaction: MemoryTransaction) throws {
        for scope in transaction.scopes() {
            for row in transaction.entries(of: scope.id, after: 0, limit: 50) {
                entries.append(row.entry.encoded())
                guard case .change(let reference, _, _) = row.entry,
                    let change = transaction.change(at: reference.dot, of: scope.id)
                else { continue }
                if change.operations != nil { changes.append(change.carried) }
                var writer = ByteWriter()
                change.header.encode(into: &writer)
                headers.append(writer.bytes)
                parts += transaction.parts(of: reference.dot, scope: scope.id).compactMap(\.self)
            }
            let records = transaction.records(of: scope.id, after: nil, limit: 50)
            states += records.map { $0.state.encoded() }
            let packed = records.map { record in
                SnapshotRecord(
                    origin: record.origin, state: record.state,
                    log: transaction.logRows(of: record.id, scope: scope.id))
            }
            snapshotChunks += packed.map { SnapshotChunk.encode([$0]) } + [SnapshotChunk.encode(packed)]
        }
    }
}
