import Causality
import Changes
import Dispatch
import HubService
import Replication
import SyncHTTP
import Synchronization
import Testing

/// Exchanges that are committed together.
@Suite struct GroupTests {
    private let world = TestWorld()
    private let store = WatchedStore()
    private let chain: HubChain<WatchedStore>

    init() throws {
        chain = try HubChain.create(
            "Corner Cafés", in: store, key: world.key(), schemas: HubSchemas.all, environment: world.environment
        ).chain
    }

    /// Machines of branches of their own, each with a case to tell of.
    private func machines(_ count: Int) throws -> [Machine] {
        try (0..<count).map { number in
            let machine = Machine(world)
            try machine.adopt(try chain.join(machine.request(try chain.addBranch("Branch \(number)").code.text)))
            try machine.openCase("Case \(number)")
            return machine
        }
    }

    private func wish(_ machine: Machine) throws -> HubChain<WatchedStore>.Wish {
        HubChain.Wish(try machine.nextRequest(), from: machine.identity.replica)
    }

    private func position(_ machine: Machine) throws -> UInt64 {
        let home = try #require(machine.home)
        return try store.read { $0.scope(home)?.position ?? 0 }
    }

    @Test func exchangesThatWaitTogetherAreAnsweredAfterOneCommit() async throws {
        let machines = try machines(3)
        let wishes = try machines.map(wish)
        let (chain, store) = (SendableBox(chain), store)
        let host = ChainHost<WatchedStore>(chain.value.info.chain) { chain.value }
        let isBusy = DispatchSemaphore(value: 0)
        let answered = Counter()
        let before = store.watch { answered.value }
        let arrivals = ArrivalExecutor()
        async let busy: Void = host.run { _ in isBusy.wait() }
        let placed = try await withThrowingTaskGroup(of: Int.self) { group in
            for wish in wishes {
                group.addTask(executorPreference: arrivals) {
                    let exchange = try await host.exchange(wish)
                    answered.add()
                    return exchange.outcome.placed
                }
            }
            // Runs when each of the three waits.
            group.addTask(executorPreference: arrivals) {
                #expect(host.waitingCount == 3)
                isBusy.signal()
                return 0
            }
            return try await group.reduce(0, +)
        }
        try await busy
        #expect(placed == 3)
        #expect(store.commits == before + 1)
        #expect(store.seenAtCommits == [0])
    }

    @Test func aRefusedPushLeavesTheOthersOfItsGroup() throws {
        let machines = try machines(4)
        var wishes = try machines.map(wish)
        // The second comes from a machine that may not write there.
        wishes[1] = HubChain.Wish(try machines[1].nextRequest(), from: machines[3].identity.replica)
        let results = chain.exchange(Array(wishes.prefix(3)))
        #expect(try results.map { try $0.get().outcome.placed } == [1, 0, 1])
        let home = try #require(machines[1].home)
        #expect(try results[1].get().outcome.refused[home]?.code == .noGrant)
        #expect(try machines.map(position) == [1, 0, 1, 0])
    }

    @Test func anUnknownMachineLeavesTheOthersOfItsGroup() throws {
        let machines = try machines(2)
        let stranger = HubChain<WatchedStore>.Wish(
            try machines[0].nextRequest(), from: ReplicaIdentity(key: world.key()).replica)
        let results = chain.exchange([stranger, try wish(machines[1])])
        #expect(throws: HubFault.self) { try results[0].get() }
        #expect(try results[1].get().outcome.placed == 1)
    }

    @Test func aTransactionThatFailsAcknowledgesNoneOfItsGroup() throws {
        let machines = try machines(3)
        let wishes = try machines.map(wish)
        store.failNextCommit()
        for result in chain.exchange(wishes) { #expect(throws: WatchedStore.Failure.self) { try result.get() } }
        #expect(try machines.map(position) == [0, 0, 0])
        #expect(try chain.exchange(wishes).map { try $0.get().outcome.placed } == [1, 1, 1])
        // Again: the same answers, nothing placed twice.
        #expect(try chain.exchange(wishes).map { try $0.get().outcome.placed } == [0, 0, 0])
        #expect(try machines.map(position) == [1, 1, 1])
    }

    @Test func aPushThatWasCheckedBeforehandIsHeldAgainstTheSameBytes() throws {
        let machine = try machines(1)[0]
        let other = CheckedRequest(of: try machine.nextRequest(), by: world.key().publicKey)
        let wish = HubChain<WatchedStore>.Wish(
            try machine.nextRequest(), from: machine.identity.replica, checked: other)
        #expect(try chain.exchange([wish])[0].get().outcome.placed == 1)
    }

    /// What of a push was taken apart belongs to that push alone.
    @Test func aPushThatWasTakenApartBeforehandIsTaken() throws {
        let machine = try machines(1)[0]
        for number in 0..<20 { try machine.openCase("More \(number)") }
        let request = try machine.nextRequest()
        var checked = CheckedRequest(of: request, by: machine.identity.key.publicKey)
        checked.unpack(request, limit: .max)
        let wish = HubChain<WatchedStore>.Wish(request, from: machine.identity.replica, checked: checked)
        let first = try chain.exchange([wish])[0].get().outcome
        #expect(first.placed == 21 && first.refused.isEmpty)
        // Sent again, it is known, taken apart or not.
        #expect(try chain.exchange([wish])[0].get().outcome.placed == 0)
        #expect(try chain.exchange([self.wish(machine)])[0].get().outcome.refused.isEmpty)
        #expect(try position(machine) == 21)
    }

    // MARK: - The bound

    @Test func turnsAreTakenInTheOrderOfComing() async throws {
        let turns = Turns(limit: 2)
        let arrivals = ArrivalExecutor()
        let gate = Gate()
        let (begun, running, done) = (Numbers(), Numbers(), Counter())
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<6 {
                group.addTask(executorPreference: arrivals) {
                    await turns.take {
                        begun.append(number)
                        running.append(begun.all.count - done.value)
                        await gate.passed()
                        done.add()
                    }
                }
            }
            // Runs when each of the six has come.
            group.addTask(executorPreference: arrivals) { gate.open() }
        }
        #expect(begun.all == [0, 1, 2, 3, 4, 5])
        #expect(running.all.allSatisfy { $0 <= 2 } && done.value == 6)
    }

    @Test func beyondTheBoundWhoIsRefusedComesThroughWhenItComesBack() async throws {
        let admission = Admission(limit: 1, waiting: 1, environment: world.environment)
        let sessions = (0..<4).map { SessionID(high: 1, low: UInt64($0)) }
        let arrivals = ArrivalExecutor()
        let gate = Gate()
        let done = Numbers()
        let refusals = try await withThrowingTaskGroup(of: HubFault?.self) { group in
            func enter(_ number: Int) {
                group.addTask(executorPreference: arrivals) {
                    do {
                        try await admission.admit(sessions[number]) {
                            await gate.passed()
                            done.append(number)
                        }
                        return nil
                    } catch let fault as HubFault {
                        return fault
                    }
                }
            }
            enter(0)
            enter(1)
            // One runs and one waits: these are told to come back.
            enter(2)
            enter(3)
            // One of them does, while the others are still there.
            enter(2)
            group.addTask(executorPreference: arrivals) {
                #expect(admission.waitingCount == 2)
                gate.open()
                return nil
            }
            return try await group.reduce(into: [HubFault]()) { if let fault = $1 { $0.append(fault) } }
        }
        #expect(refusals.count == 2)
        for refusal in refusals {
            #expect(refusal.problem.status == 503)
            let after = try #require(refusal.retryAfter)
            #expect((.seconds(1) ... .seconds(8)).contains(after))
        }
        #expect(done.all == [0, 1, 2])
    }
}

private final class Counter: Sendable {
    private let count = Mutex(0)
    var value: Int { count.withLock(\.self) }
    func add() { count.withLock { $0 += 1 } }
}

private final class Numbers: Sendable {
    private let numbers = Mutex<[Int]>([])
    var all: [Int] { numbers.withLock(\.self) }
    func append(_ number: Int) { numbers.withLock { $0.append(number) } }
}

/// What the compiler cannot see: the value is used on the host's executor alone.
private struct SendableBox<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

/// A store in memory that counts its commits and can be made to fail at one. Used by one thread at a time.
private final class WatchedStore: HubStore, @unchecked Sendable {
    struct Failure: Error {}

    private let base = MemoryStore()
    private var fails = false
    private var observe: (() -> Int)?
    private(set) var commits = 0
    /// What was observed before each commit.
    private(set) var seenAtCommits: [Int] = []

    /// - Returns: how many commits there were.
    func watch(_ observe: @escaping () -> Int) -> Int {
        self.observe = observe
        return commits
    }

    func failNextCommit() { fails = true }

    func write<Result>(_ body: (MemoryTransaction) throws -> Result) throws -> Result {
        try base.write { transaction in
            let result = try body(transaction)
            if fails {
                fails = false
                throw Failure()
            }
            commits += 1
            if let observe { seenAtCommits.append(observe()) }
            return result
        }
    }

    func read<Result>(_ body: (MemoryTransaction) throws -> Result) throws -> Result { try base.read(body) }
}
