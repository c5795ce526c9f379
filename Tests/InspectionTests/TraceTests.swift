import Causality
import Changes
import Inspection
import Replication
import SQLiteStore
import ServiceRecovery
import StoreContract
import Testing

@Suite("Where a change is on its way")
struct TraceTests {
    private func trace(
        _ dot: Dot, at machine: InMemoryReplica<SQLiteStore>, _ branch: Branch
    ) throws -> ChangeTrace {
        try machine.store.base.read { transaction in
            let change = try #require(try transaction.change(at: dot, of: branch.scope))
            return try ChangeTrace(of: change, transaction)
        }
    }

    @Test func fromTheQueueToTheOthers() throws {
        let branch = try Branch()
        let origin = try branch.open("Lamp", at: branch.ana)
        let change = try branch.edit([.write(.team, "day")], of: origin, at: branch.ana)
        var found = try trace(change.dot, at: branch.ana, branch)
        #expect(found.stage == .queued && found.waiting == 2 && found.placement == nil)
        #expect(found.sentence.contains("1 change before it"))

        // The answer is lost: it was signed for sending, and has no place here.
        _ = try branch.ana.sync(over: { bytes, deliver in
            _ = try deliver(bytes)
            throw WireError("the answer was lost")
        })
        // A file that belongs to no hub has sent nothing, whatever it has signed.
        #expect(try trace(change.dot, at: branch.ana, branch).stage == .queued)
        try branch.ana.store.base.write {
            try $0.put(Array("http://127.0.0.1".utf8), for: SettingKey(rawValue: "hub url"))
        }
        found = try trace(change.dot, at: branch.ana, branch)
        #expect(found.stage == .sent)
        try branch.ana.store.base.read { transaction in
            var other = found
            try other.merge(ChangeTrace.HubAnswer(placement: nil, receivers: [], isOther: true), transaction)
            #expect(other.stage == .displaced)
        }
        // The hub knows better.
        let placement = try branch.hub.store.base.read { try $0.change(at: change.dot, of: branch.scope)?.placement }
        try branch.ana.store.base.read { transaction in
            try found.merge(ChangeTrace.HubAnswer(placement: placement, receivers: []), transaction)
        }
        #expect(found.stage == .accepted && found.hub?.placement?.position == 2)

        try branch.ana.sync()
        #expect(try trace(change.dot, at: branch.ana, branch).stage == .accepted)
        try branch.boris.sync()
        try branch.edit([.write(.team, "night")], of: origin, at: branch.boris)
        try branch.syncAll()
        found = try trace(change.dot, at: branch.ana, branch)
        #expect(found.stage == .received)
        #expect(found.receivers.map(\.replica) == [branch.boris.identity.replica])
    }

    @Test func whatIsSetAsideAndWhatCannotBeFolded() throws {
        let branch = try Branch()
        let origin = try branch.open("Lamp", at: branch.ana)
        let void = try branch.ana.write(
            [
                FieldOperation(
                    record: 0, target: FieldTarget(field: "title", kind: .set, element: .integer(1)), value: .null)
            ],
            to: origin, in: branch.scope, schema: "recovery/1")
        let newer = try branch.ana.write(
            [FieldOperation(record: 0, target: FieldTarget(field: "x", kind: FieldKind(rawValue: 99)), value: .null)],
            to: origin, in: branch.scope, schema: "recovery/1")
        try branch.syncAll()
        #expect(try trace(void.dot, at: branch.ana, branch).stage == .setAside)
        let found = try trace(newer.dot, at: branch.boris, branch)
        #expect(found.stage == .quarantined && found.sentence.contains("99"))
    }
}
