import Changes
import Inspection
import Replication
import SQLiteKit
import SQLiteStore
import StoreContract

extension Claim {
    static let flips = Claim(
        "flips-library", "One byte flipped in a row that carries meaning: verify names the row. None is missed."
    ) { effort, figures in
        let folder = try TemporaryFolder()
        let files = try SampleFiles(seed: effort.seed, changes: 300, in: folder)
        for file in files.all {
            let report = try file.verify(file.path)
            if let damage = report.damage.first { throw ClaimBroken("a sound file is called damaged: \(damage)") }
        }
        var random = SplitMix64(seed: effort.seed)
        var missed: [String] = []
        var besides = 0
        let rounds = effort.choose(1_000, full: 5_000)
        for round in 0..<rounds {
            let file = files.all[round % files.all.count]
            let copy = try folder.copy(file.path, to: "flipped")
            let flipper = try CellFlipper(path: copy)
            let flip = try flipper.flip(in: file.targets, &random)
            flipper.close()
            let report = try file.verify(copy)
            if !flip.isNamed(in: report) {
                missed.append("\(flip): \(report.damage.prefix(3))")
            } else {
                besides += report.damage.count - 1
            }
        }
        figures.rounds = rounds
        figures.note("changes", files.changes)
        figures.note("missed", missed.count)
        figures.note("namedBesides", besides)
        if !missed.isEmpty { throw ClaimBroken("missed: \(missed.prefix(20).joined(separator: "\n"))") }
    }
}

/// The files of a sample chain's machines, closed.
package struct SampleFiles {
    package struct File {
        package let path: String
        package let key: PublicKey
        package let targets: [FlipTarget]

        package func verify(_ path: String) throws -> VerifyReport {
            try Verifier(ownKey: key).verify(path: path, schemas: SampleChain<SQLiteStore>.schemas)
        }
    }

    package private(set) var all: [File] = []
    package let changes: Int

    package init(seed: UInt64, changes: Int, in folder: TemporaryFolder) throws {
        var stores: [SQLiteStore] = []
        let chain = try SampleChain(seed: seed, changes: changes) { name in
            let store = try SQLiteStore(
                path: folder.file(name), schemas: SampleChain<SQLiteStore>.schemas, durability: .normal)
            stores.append(store)
            return store
        }
        self.changes = try chain.machines[0].store.base.read { transaction in
            try transaction.scopes().reduce(0) { total, scope in
                try transaction.feeds(of: scope.id).reduce(total) { $0 + Int($1.sequence) }
            }
        }
        for store in stores { try store.close() }
        for machine in chain.machines {
            let path = folder.file(machine.name)
            all.append(
                File(
                    path: path, key: machine.identity.key.publicKey,
                    targets: try FlipTarget.log + FlipTarget.records + FlipTarget.projections(in: path)))
        }
    }
}
