import Causality
import Changes
import Foundation
import HubService
import Replication
import SQLiteStore
import SyncHTTP
import Testing

/// The parts that stand between HTTP and the chain.
@Suite struct ServiceTests {
    private let world = TestWorld()

    // MARK: - Wake-ups

    private func certificate(_ scope: ScopeID?) -> Certificate {
        Certificate(
            chain: ChainID(high: 1, low: 1), publicKey: world.key().publicKey, home: ScopeID(high: 1, low: 1),
            grants: [Grant(scope: scope, rights: .read)], deviceMark: "ABC", from: 0, hub: world.key())
    }

    @Test func aSlowListenerFindsEverythingInOneEvent() throws {
        let wakeUps = WakeUps()
        let (a, b) = (ScopeID(high: 1, low: 1), ScopeID(high: 1, low: 2))
        let branch = try wakeUps.listen(certificate(a))
        let office = try wakeUps.listen(certificate(nil))
        for _ in 0..<3 {
            wakeUps.grown([b])
            wakeUps.grown([a])
        }
        #expect(branch.nextEvent() == .grown([a]))
        #expect(office.nextEvent() == .grown([a, b]))
        #expect(office.nextEvent() == nil)
        #expect(wakeUps.count == 2)
    }

    @Test func oneReplicaListensOnlySoOften() throws {
        let wakeUps = WakeUps()
        let certificate = certificate(nil)
        var listening: [Listening] = []
        for _ in 0..<WakeUps.greatestListenersOfReplica { listening.append(try wakeUps.listen(certificate)) }
        #expect(throws: HubFault.self) { try wakeUps.listen(certificate) }
        listening.removeLast()
        _ = try wakeUps.listen(certificate)
        listening.removeAll()
        #expect(wakeUps.count == 0)
    }

    // MARK: - Failpoints

    @Test func failpointsAreReadAsTheyAreDocumented() {
        for text in [nil, "", "hub.afterCommit:exit", "hub.afterCommit:kill", "hub.afterCommit:kill:3"] {
            #expect(Failpoint(text) != nil, "\(text ?? "nil")")
        }
        for text in [
            "x", "hub.afterCommit", "hub.afterCommit:kill:0", "hub.afterCommit:exit:1", "hub.afterCommit:kill:x",
        ] {
            #expect(Failpoint(text) == nil, "\(text)")
        }
    }

    // MARK: - The folder

    private func withFolder(_ body: (String) throws -> Void) throws {
        let path = NSTemporaryDirectory() + "/amends-hub-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test func aChainOnDiskIsPrivateAndThereAfterReopening() throws {
        try withFolder { path in
            let folder = HubFolder<SQLiteStore>(path, environment: world.environment)
            let (chain, token) = try folder.create("Corner Cafés")
            #expect(try folder.chains() == [chain])
            #expect(try mode(path) == 0o700)
            #expect(try mode("\(path)/\(chain)") == 0o700)
            for file in ["hub.key", "hub.sqlite"] { #expect(try mode("\(path)/\(chain)/\(file)") == 0o600, "\(file)") }
            let code = try folder.open(chain).addBranch("Kemang").code.text
            // Another opening, as another process would, beside one that stays open.
            let serving = try folder.open(chain)
            #expect(serving.isAdministrator(token))
            let other = try folder.open(chain)
            _ = try other.addBranch("Menteng")
            #expect(try serving.branches().map(\.branch) == ["Kemang", "Menteng"])
            _ = try serving.join(Machine(world).request(code))
            #expect(try other.branches().map(\.machines) == [1, 0])
        }
    }

    @Test func aKeyThatOthersMayReadIsRefused() throws {
        try withFolder { path in
            let folder = HubFolder<SQLiteStore>(path, environment: world.environment)
            let chain = try folder.create("A").chain
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o644], ofItemAtPath: "\(path)/\(chain)/hub.key")
            #expect(throws: HubFault.self) { try folder.open(chain) }
        }
    }

    /// A hub that served none of its chains, or signed with a key that no machine knows, said that it was ready.
    @Test func aKeyOrADatabaseThatIsMissingOrAnothersIsTold() throws {
        try withFolder { path in
            let folder = HubFolder<SQLiteStore>(path, environment: world.environment)
            let chain = try folder.create("A").chain
            let (key, database) = ("\(path)/\(chain)/hub.key", "\(path)/\(chain)/hub.sqlite")
            let own = try Data(contentsOf: URL(fileURLWithPath: key))
            _ = try folder.open(chain).join(
                Machine(world).request(try folder.open(chain).addBranch("Kemang").code.text))
            try Data(repeating: 7, count: 32).write(to: URL(fileURLWithPath: key))
            #expect(throws: HubFault.self) { try folder.open(chain) }
            try own.write(to: URL(fileURLWithPath: key))
            #expect(try folder.open(chain).branches().count == 1)

            try FileManager.default.moveItem(atPath: key, toPath: key + ".away")
            #expect(try folder.chains() == [chain])
            #expect(throws: HubFault.self) { try folder.open(chain) }
            try FileManager.default.moveItem(atPath: key + ".away", toPath: key)
            for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: database + suffix) {
                try FileManager.default.removeItem(atPath: database + suffix)
            }
            #expect(throws: HubFault.self) { try folder.open(chain) }
            #expect(!FileManager.default.fileExists(atPath: database))
        }
    }

    @Test func anUnfinishedChainIsNotListed() throws {
        try withFolder { path in
            let folder = HubFolder<SQLiteStore>(path, environment: world.environment)
            let chain = try folder.create("A").chain
            try FileManager.default.createDirectory(
                atPath: "\(path)/\(ChainID(high: 1, low: 2))", withIntermediateDirectories: false)
            try FileManager.default.createDirectory(atPath: "\(path)/.new-00", withIntermediateDirectories: false)
            #expect(try folder.chains() == [chain])
        }
    }

    @Test func casesOnDiskAreCountedLikeThoseInMemory() throws {
        try withFolder { path in
            let folder = HubFolder<SQLiteStore>(path, environment: world.environment)
            let chain = try folder.open(try folder.create("A").chain)
            let machine = Machine(world)
            try machine.adopt(try chain.join(machine.request(try chain.addBranch("Kemang").code.text)))
            for number in 0..<5 { try machine.openCase("\(number)") }
            _ = try chain.exchange(try machine.nextRequest(), with: machine.identity.replica)
            while try !chain.foldStep() {}
            #expect(try chain.caseReport() == [CaseReport(branch: "Kemang", status: "noticed", count: 5)])
        }
    }
}
