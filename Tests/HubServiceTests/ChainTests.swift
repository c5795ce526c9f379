import Causality
import ChainDirectory
import Changes
import HubService
import Replication
import ServiceRecovery
import SyncHTTP
import Testing

/// Who belongs to a chain, without HTTP.
@Suite struct ChainTests {
    private let world = TestWorld()
    private let chain: HubChain<MemoryStore>
    private let token: String
    private let store = MemoryStore()

    init() throws {
        (chain, token) = try HubChain.create(
            "Corner Cafés", in: store, key: world.key(), schemas: HubSchemas.all, environment: world.environment)
    }

    private func refusal(_ body: () throws -> Void) -> HubProblem.Code? {
        let fault = #expect(throws: HubFault.self, performing: body)
        return fault?.problem.known
    }

    // MARK: - Chains and branches

    @Test func aChainIsThereAfterReopening() throws {
        let key = world.key()
        let store = MemoryStore()
        let made = try HubChain.create(
            "A", in: store, key: key, schemas: [], environment: world.environment
        ).chain.info
        let opened = try HubChain(opening: store, key: key, schemas: [], environment: world.environment)
        #expect(opened.info == made)
        #expect(
            refusal {
                _ = try HubChain(opening: MemoryStore(), key: key, schemas: [], environment: world.environment)
            } == .unknownChain)
    }

    @Test func onlyTheTokenOpensTheAdministration() {
        #expect(chain.isAdministrator(token))
        for wrong in ["", String(token.dropLast()), token + "0", token.uppercased()] {
            #expect(!chain.isAdministrator(wrong))
        }
    }

    @Test func branchesHaveNamesCodesAndOneHeadquarters() throws {
        _ = try chain.addBranch("Kemang")
        _ = try chain.addBranch("Store 7")
        _ = try chain.addBranch("Head office", isHeadquarters: true)
        #expect(try chain.branches().map(\.branch) == ["Head office", "Kemang", "Store 7"])
        #expect(try chain.branches().map(\.code) == ["HEA", "KEM", "S07"])
        #expect(refusal { _ = try chain.addBranch("Kemang") } == .branchExists)
        #expect(refusal { _ = try chain.addBranch("Second office", isHeadquarters: true) } == .branchExists)
        #expect(refusal { _ = try chain.newCode(branch: "Kemang ") } == .unknownBranch)
        _ = try chain.addBranch("Caf\u{E9}")
        #expect(refusal { _ = try chain.addBranch("Cafe\u{301}") } == .branchExists, "the two look the same")
        _ = try chain.newCode(branch: "Cafe\u{301}")
        for name in ["", "  ", "a\nb", "Menteng ", "\u{202E}b", "\u{200B}", String(repeating: "x", count: 257)] {
            #expect(refusal { _ = try chain.addBranch(name) } == .invalidName, "\(name)")
        }
    }

    // MARK: - Codes

    @Test func aCodeIsForOneMachine() throws {
        let code = try chain.addBranch("Kemang").code.text
        let first = try chain.join(Machine(world).request(code))
        #expect(first.branchName == "Kemang")
        #expect(refusal { _ = try chain.join(Machine(world).request(code)) } == .codeUsed)
        let second = try chain.join(Machine(world).request(try chain.newCode(branch: "Kemang").code.text))
        #expect(second.certificate.home == first.certificate.home)
        #expect(second.certificate.deviceMark != first.certificate.deviceMark)
    }

    @Test func theSameMachineGetsTheSameCertificateAgain() throws {
        let code = try chain.addBranch("Kemang").code.text
        let machine = Machine(world)
        let first = try chain.join(machine.request(code))
        world.pass(.seconds(7 * 24 * 3_600))
        #expect(try chain.join(machine.request(code)).certificate == first.certificate)
    }

    /// Found by a trial: after the hub's clock had been ahead, nobody was told that received times still are.
    @Test func receivedTimesThatAreAheadOfTheClockAreTold() throws {
        let code = try chain.addBranch("Kemang")
        _ = try chain.join(Machine(world).request(code.code.text))
        #expect(try chain.receivedAhead() == nil)
        let now = world.now
        try store.write { transaction in
            var scope = try #require(transaction.scopes().first)
            scope.receivedFloor = now + 300_000
            transaction.put(scope)
        }
        #expect(try chain.receivedAhead() == nil, "as much as a stamp may be ahead")
        try store.write { transaction in
            var scope = try #require(transaction.scopes().first)
            scope.receivedFloor = now + 86_400_000
            transaction.put(scope)
        }
        let ahead = try #require(try chain.receivedAhead())
        #expect(ahead.scopes == 1 && ahead.milliseconds == 86_400_000)
        world.pass(.seconds(86_400))
        #expect(try chain.receivedAhead() == nil)
        // Of a damaged file: told, or not, and no trap.
        for (floor, isTold) in [(Int64.min, false), (.max, true)] {
            try store.write { transaction in
                var scope = try #require(transaction.scopes().first)
                scope.receivedFloor = floor
                transaction.put(scope)
            }
            #expect((try chain.receivedAhead() != nil) == isTold)
        }
    }

    @Test func aCodeExpiresAndAnUnknownOneIsNone() throws {
        let code = try chain.addBranch("Kemang")
        #expect(code.expires == world.now + 24 * 3_600 * 1_000)
        world.pass(.milliseconds(HubChain<MemoryStore>.codeLifetimeMilliseconds))
        let inTime = try chain.newCode(branch: "Kemang").code.text
        world.pass(.milliseconds(1))
        #expect(refusal { _ = try chain.join(Machine(world).request(code.code.text)) } == .codeExpired)
        _ = try chain.join(Machine(world).request(inTime))
        for unknown in ["", "7KQ2", EnrolmentCode(random: world.random(28)).text] {
            #expect(refusal { _ = try chain.join(Machine(world).request(unknown)) } == .codeUnknown)
        }
    }

    @Test func aRequestThatAnotherKeySignedIsRefused() throws {
        let code = try chain.addBranch("Kemang").code.text
        var bytes = Machine(world).request(code).encoded()
        bytes[bytes.count - 1] ^= 1
        #expect(refusal { _ = try chain.join(JoinRequest(bytes)) } == .badSignature)
        _ = try chain.join(Machine(world).request(code))
    }

    @Test func aMachineBelongsToOneBranch() throws {
        let machine = Machine(world)
        _ = try chain.join(machine.request(try chain.addBranch("Kemang").code.text))
        let other = try chain.addBranch("Menteng").code.text
        #expect(refusal { _ = try chain.join(machine.request(other)) } == .alreadyJoined)
        // The code is not spent by it.
        _ = try chain.join(Machine(world).request(other))
    }

    // MARK: - Rights

    @Test func aBranchWritesItsOwnScopeAndHeadquartersEveryOne() throws {
        let branch = try chain.join(Machine(world).request(try chain.addBranch("Kemang").code.text))
        let other = try chain.join(Machine(world).request(try chain.addBranch("Menteng").code.text))
        let office = try chain.join(
            Machine(world).request(try chain.addBranch("Office", isHeadquarters: true).code.text))
        let common = chain.info.common.scope
        let home = branch.certificate.home
        #expect(branch.certificate.rights(in: home) == [.read, .write])
        #expect(branch.certificate.rights(in: common) == .read)
        #expect(branch.certificate.rights(in: other.certificate.home).isEmpty)
        #expect(Set(branch.scopes.map(\.scope)) == [home, common])
        #expect(office.certificate.home == chain.info.headquarters.scope)
        #expect(office.certificate.rights(in: home) == [.read, .write])
        #expect(office.scopes.count == 4)
    }

    // MARK: - Adoption

    @Test func aBranchWithoutHistoryTakesTheScopeThatItsFirstMachineBrings() throws {
        let code = try chain.addBranch("Kemang").code.text
        let another = try chain.newCode(branch: "Kemang").code.text
        let machine = Machine(world)
        let brought = try machine.makeAlone()
        let joined = try chain.join(machine.request(code, bringing: brought))
        #expect(joined.certificate.home == brought.scope)
        #expect(joined.scopes.contains(brought))
        #expect(try chain.branches().map(\.scope) == [brought.scope.description])
        // A code from before and a code from after lead to the same branch; what these machines bring is not adopted.
        for code in [another, try chain.newCode(branch: "Kemang").code.text] {
            let late = Machine(world)
            let response = try chain.join(late.request(code, bringing: try late.makeAlone()))
            #expect(response.certificate.home == brought.scope)
        }
    }

    @Test func aScopeIsAdoptedOnceAndNotByHeadquarters() throws {
        let machine = Machine(world)
        let brought = try machine.makeAlone()
        _ = try chain.join(machine.request(try chain.addBranch("Kemang").code.text, bringing: brought))
        let second = try chain.join(
            Machine(world).request(try chain.addBranch("Menteng").code.text, bringing: brought))
        #expect(second.certificate.home != brought.scope)
        let office = try chain.join(
            Machine(world).request(
                try chain.addBranch("Office", isHeadquarters: true).code.text,
                bringing: try Machine(world).makeAlone()))
        #expect(office.certificate.home == chain.info.headquarters.scope)
    }

    @Test func aScopeThatItsNameDoesNotDeriveIsRefused() throws {
        let code = try chain.addBranch("Kemang").code.text
        let forged = ScopeIntroduction(
            scope: chain.info.headquarters.scope, name: "branch/00", seed: ChainID(high: 1, low: 1))
        #expect(refusal { _ = try chain.join(Machine(world).request(code, bringing: forged)) } == .malformed)
        _ = try chain.join(Machine(world).request(code))
    }

    // MARK: - Reports

    @Test func casesAreCountedByBranchAndStatus() throws {
        let machine = Machine(world)
        try machine.adopt(try chain.join(machine.request(try chain.addBranch("Kemang").code.text)))
        for number in 1...3 { try machine.openCase("Case \(number)") }
        let exchange = try chain.exchange(try machine.nextRequest(), with: machine.identity.replica)
        #expect(exchange.outcome.placed == 3)
        #expect(try chain.caseReport() == [CaseReport(branch: "Kemang", status: "noticed", count: 3)])
        #expect(try chain.foldStep())
    }

    @Test func theHubStandsWhereItsReplicasStand() throws {
        let machine = Machine(world)
        try machine.adopt(try chain.join(machine.request(try chain.addBranch("Kemang").code.text)))
        try machine.openCase("Cold soup")
        for _ in 0..<3 {
            _ = try machine.apply(
                try chain.exchange(try machine.nextRequest(), with: machine.identity.replica).outcome.response)
        }
        let home = try #require(machine.home)
        let standing = try chain.standing(records: home) { $0 == home }
        let (state, fingerprint) = try machine.store.read { ($0.scope(home), $0.fingerprint(of: home)) }
        #expect(standing.scopes.map(\.historyHash) == [state?.history.hash.description])
        #expect(standing.scopes.map(\.fingerprint) == [fingerprint.hash.description])
        #expect(standing.records?.count == 1)
        #expect(refusal { _ = try chain.standing(records: home, readable: { $0 != home }) } == .notFound)
    }
}
