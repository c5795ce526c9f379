import Causality
import Changes
import Foundation
import Inspection
import Replication
import SQLiteStore
import StoreContract
import Testing

/// Found by a trial: a file that was put back from a backup, and then sent its own later changes, was called damaged
/// until its next write.
@Suite("A replica that is put back from a backup takes up its own feed")
struct RestoredReplicaTests {
    private final class World {
        let folder: Folder
        let hub: InMemoryHub<SQLiteStore>
        let scope: ScopeID
        let grants: [Grant]
        var branch: InMemoryReplica<SQLiteStore>
        let other: InMemoryReplica<SQLiteStore>

        init() throws {
            folder = try Folder()
            hub = InMemoryHub(try folder.store("hub"), now: 1_768_000_000_000)
            scope = try hub.addScope("branch/a").scope
            grants = [Grant(scope: scope, rights: [.read, .write])]
            branch = try InMemoryReplica(
                "branch", 1, try folder.store("branch"), hub: hub, home: scope, grants: grants)
            other = try InMemoryReplica("other", 2, try folder.store("other"), hub: hub, home: scope, grants: grants)
            try branch.sync()
            try other.sync()
        }

        /// Each sees what the other wrote.
        func exchange(_ number: Int) throws {
            for replica in [branch, other] {
                try replica.write(
                    [Samples.register("title", .text("\(replica.name) \(number)"))], to: Samples.record, in: scope)
                try replica.sync()
            }
            try branch.sync()
        }

        func backUp() throws {
            try branch.store.base.close()
            try FileManager.default.copyItem(atPath: folder.file("branch"), toPath: folder.file("backup"))
            branch = try InMemoryReplica(
                "branch", 1, try folder.store("branch"), hub: hub, home: scope, grants: grants)
        }

        func restore() throws {
            try branch.store.base.close()
            try FileManager.default.removeItem(atPath: folder.file("branch"))
            try FileManager.default.copyItem(atPath: folder.file("backup"), toPath: folder.file("branch"))
            branch = try InMemoryReplica(
                "branch", 1, try folder.store("branch"), hub: hub, home: scope, grants: grants)
        }

        func checkIsSound(_ moment: String) throws {
            let report = try Verifier(ownKey: branch.identity.key.publicKey).verify(
                path: folder.file("branch"), schemas: Samples.schemas)
            #expect(report.isOK, "\(moment): \(report.damage)")
        }
    }

    @Test(arguments: [false, true]) func itsOwnLaterChangesComeBackAndItGoesOn(wasEmpty: Bool) throws {
        let world = try World()
        if wasEmpty { try world.backUp() }
        for number in 0..<5 { try world.exchange(number) }
        if !wasEmpty { try world.backUp() }
        for number in 5..<12 { try world.exchange(number) }
        // Ahead of its own last change lies one that it has not seen.
        try world.other.write([Samples.register("title", .text("last"))], to: Samples.record, in: world.scope)
        try world.other.sync()
        try world.restore()
        let pulled = try world.branch.sync(page: PageLimits(changes: 4), takesSnapshots: wasEmpty)
        #expect(pulled.snapshots == (wasEmpty ? 1 : 0))
        try world.checkIsSound("after the pull")
        let heads = try world.branch.store.read { try $0.feeds(of: world.scope) }
        #expect(Set(heads.map(\.sequence)) == [12, 13])
        let change = try world.branch.write(
            [Samples.register("title", .text("new"))], to: Samples.record, in: world.scope)
        #expect(change.dot.sequence == 13)
        let report = try world.branch.sync()
        #expect(report.isComplete && report.refusals.isEmpty)
        try world.checkIsSound("after the next change")
        try world.other.sync()
        #expect(try world.other.fingerprint(world.scope) == world.branch.fingerprint(world.scope))
    }

    @Test func itsOwnLaterChangesComeInABundle() throws {
        let world = try World()
        for number in 0..<3 { try world.exchange(number) }
        try world.backUp()
        for number in 3..<6 { try world.exchange(number) }
        try world.restore()
        #expect(try world.other.bundle(to: world.branch).refusals.isEmpty)
        try world.checkIsSound("after the bundle")
    }
}
