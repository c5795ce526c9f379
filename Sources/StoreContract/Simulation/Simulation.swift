import Causality
import Changes
import Replication

/// A chain under a random schedule: local writes, synchronisations with small limits, lost and repeated messages,
/// wrong clocks, interrupted transactions, changes carried past the hub; then peace, and every check.
///
/// The code that runs is the code that ships; one seed gives one schedule.
package struct Simulation<Store: HubStore> {
    private let seed: UInt64
    private var random: SplitMix64
    private let hub: InMemoryHub<Store>
    private let scopes: [ScopeIntroduction]
    private let replicas: [InMemoryReplica<Store>]
    /// May read and not write: what it wrote is held, once somebody carries it.
    private let visitor: Int?
    /// Does nothing until the schedule is half over, and then begins with snapshots.
    private let latecomer: Int?
    private var isLate = true
    private var ledger: [ScopeID: [EntryReference]] = [:]
    private var known: [Int: [ScopeID: [FeedID: UInt64]]] = [:]
    /// Requests that were sent, for a wire that repeats itself.
    private var sentBefore: [(bytes: [UInt8], replica: Int)] = []
    private var greatestHubTime: Int64
    package private(set) var figures = Figures()

    /// What a schedule consisted of.
    package struct Figures: Sendable {
        package var writes = 0
        package var synchronisations = 0
        package var failures = 0
        package var carried = 0
        package var entries = 0
        package var snapshots = 0
    }

    package init(seed: UInt64, makeStore: () throws -> Store) throws {
        self.seed = seed
        random = SplitMix64(seed: seed)
        let start: Int64 = 1_768_000_000_000
        greatestHubTime = start
        let hub = InMemoryHub(try makeStore(), schemas: [RandomDraft.schema], now: start)
        self.hub = hub
        let names: [Text] = ["branch/a", "common", "branch/b"]
        let scopes = try names.prefix(2 + random.upTo(1)).map { try hub.addScope($0) }
        self.scopes = scopes
        let count = 3 + random.upTo(2)
        let visitor = random.chance(oneIn: 4) ? count - 1 : nil
        self.visitor = visitor
        latecomer = random.chance(oneIn: 2) ? 1 : nil
        replicas = try (0..<count).map { index in
            try InMemoryReplica(
                "replica \(index)", UInt8(index + 1), makeStore(), hub: hub, home: scopes[0].scope,
                grants: [Grant(scope: nil, rights: index == visitor ? .read : [.read, .write])])
        }
        for replica in replicas { replica.clockOffset = offset() }
    }

    /// - Throws: `ContractViolation` with the seed.
    package static func run(seed: UInt64, steps: Int = 40, makeStore: () throws -> Store) throws -> Figures {
        do {
            var simulation = try Simulation(seed: seed, makeStore: makeStore)
            for step in 0..<steps {
                if 2 * step >= steps { simulation.isLate = false }
                try simulation.step()
            }
            try simulation.heal()
            return simulation.figures
        } catch {
            throw ContractViolation(what: "seed \(seed): \(error)")
        }
    }

    // MARK: - The schedule

    private mutating func step() throws {
        hub.now += Int64(random.upTo(random.chance(oneIn: 10) ? 400_000 : 5_000))
        if random.chance(oneIn: 40) { hub.now -= Int64(random.upTo(600_000)) }
        greatestHubTime = max(greatestHubTime, hub.now)
        let index = random.upTo(replicas.count - 1)
        if random.chance(oneIn: 12) { hub.snapshots = [:] }
        if isLate, index == latecomer { return }
        switch random.upTo(11) {
        case 0...5: try write(index)
        case 6...9: try synchronise(index, isFaulty: true)
        case 10: try carry(from: index)
        default: replicas[index].clockOffset = offset()
        }
        for index in replicas.indices { try check(index) }
    }

    /// Mostly right, else wrong by seconds, an hour, ten years.
    private mutating func offset() -> Int64 {
        let year: Int64 = 31_557_600_000
        let greatest: Int64 = random.pick([0, 0, 2_000, 3_600_000, 10 * year])
        return greatest == 0 ? 0 : Int64.random(in: -greatest...greatest, using: &random)
    }

    private mutating func write(_ index: Int) throws {
        let replica = replicas[index]
        let held = try replica.store.base.read { try $0.scopes().map(\.id) }
        guard !held.isEmpty else { return try synchronise(index, isFaulty: true) }
        let scope = random.pick(held)
        for _ in 0...random.upTo(2) {
            let draft = try replica.store.base.read { try RandomDraft.make(&random, in: scope, $0) }
            if random.chance(oneIn: 15) { replica.store.writesUntilFailure = 0 }
            do {
                let change = try replica.write(draft, in: scope)
                ledger[scope, default: []].append(EntryReference(dot: change.dot, hash: change.hash))
                figures.writes += 1
            } catch is FlakyStore<Store>.Interrupted {
                figures.failures += 1
            }
        }
    }

    private mutating func carry(from index: Int) throws {
        let (replica, other) = (replicas[index], random.upTo(replicas.count - 1))
        guard other != index, !isLate || other != latecomer else { return }
        guard visitor == nil else { return try carryUnplaced(from: index, to: other) }
        if random.chance(oneIn: 10) { replicas[other].store.writesUntilFailure = random.upTo(1) }
        defer { replicas[other].store.writesUntilFailure = nil }
        do {
            let outcome = try replica.bundle(to: replicas[other])
            // What stands on a snapshot cannot bring what it includes, nor compare what it is brought.
            try require(
                outcome.refusals.isEmpty || [index, other].contains(latecomer),
                "\(replicas[other].name) refused \(replica.name)'s bundle: \(outcome.refusals)")
            figures.carried += 1
        } catch is FlakyStore<Store>.Interrupted {
            figures.failures += 1
        }
    }

    /// A bundle holds nothing of an author who may not write; the hub must cope with who carries it all the same.
    private mutating func carryUnplaced(from index: Int, to other: Int) throws {
        guard let scope = try replicas[index].store.base.read({ try $0.scopes().first?.id }) else { return }
        do {
            try replicas[index].carry(scope, to: replicas[other])
            figures.carried += 1
        } catch is CannotCarry {
            return
        }
    }

    private mutating func synchronise(_ index: Int, isFaulty: Bool) throws {
        let replica = replicas[index]
        let isTiny = isFaulty && random.chance(oneIn: 3)
        let limits = PushLimits(
            changes: 1 + random.upTo(isTiny ? 4 : 40), bytes: isTiny ? random.pick([60, 200, 1 << 20]) : 1 << 20,
            listedScopes: random.upTo(3))
        let page = PageLimits(
            changes: 1 + random.upTo(isTiny ? 9 : 200), bytes: isTiny ? random.pick([60, 500, 1 << 20]) : 1 << 20)
        if isFaulty, random.chance(oneIn: 6) { replica.store.writesUntilFailure = random.upTo(4) }
        if isFaulty, random.chance(oneIn: 6) { hub.store.writesUntilFailure = random.upTo(3) }
        figures.synchronisations += 1
        let report = try replica.sync(limits: limits, page: page, takesSnapshots: index == latecomer) {
            bytes, deliver in
            guard isFaulty else { return try deliver(bytes) }
            sentBefore.append((bytes, index))
            if random.chance(oneIn: 8) { throw WireError("the request was lost") }
            if random.chance(oneIn: 6) { try repeatOldRequest() }
            var answer = try deliver(bytes)
            while random.chance(oneIn: 4) { answer = try deliver(bytes) }
            if random.chance(oneIn: 8) { throw WireError("the answer was lost") }
            return answer
        }
        replica.store.writesUntilFailure = nil
        hub.store.writesUntilFailure = nil
        if report.failure != nil { figures.failures += 1 }
        figures.snapshots += report.snapshots
        if index != visitor, !report.refusals.isEmpty {
            throw ContractViolation(what: "\(replica.name) was refused: \(report.refusals)")
        }
    }

    /// The wire delivers what was sent long ago.
    private mutating func repeatOldRequest() throws {
        let old = sentBefore[random.upTo(sentBefore.count - 1)]
        _ = try hub.answer(old.bytes, carrier: replicas[old.replica].certificate)
    }

    private mutating func check(_ index: Int) throws {
        for scope in scopes {
            try ChainChecks.alwaysCausal(
                replicas[index], from: &known[index, default: [:]][scope.scope, default: [:]], in: scope.scope)
        }
        try ChainChecks.alwaysBounded(replicas[index], greatestHubTime: greatestHubTime)
    }

    // MARK: - Peace

    /// Three rounds without faults bring everything everywhere.
    private mutating func heal() throws {
        for _ in 0..<3 {
            for index in replicas.indices { try synchronise(index, isFaulty: false) }
            if let visitor {
                // Nothing of it is lost either: somebody who may write hands it over, once up with the visitor.
                try synchronise(0, isFaulty: false)
                for scope in scopes { try replicas[visitor].carry(scope.scope, to: replicas[0]) }
            }
        }
        if let visitor { for index in [0, visitor] { try synchronise(index, isFaulty: false) } }
        for index in replicas.indices { try check(index) }
        for scope in scopes {
            try ChainChecks.alwaysOnce(ledger[scope.scope] ?? [], hub: hub, in: scope.scope)
            try ChainChecks.alwaysEqual(replicas, hub: hub, in: scope.scope)
            figures.entries += Int(try replicas[0].scopeState(scope.scope)?.position ?? 0)
        }
    }
}
