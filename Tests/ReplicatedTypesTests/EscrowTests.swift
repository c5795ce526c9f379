import Causality
import ReplicatedTypes
import Testing

struct EscrowTests {
    private let a = account("a")
    private let b = account("b")

    /// Headquarters granted 100 to `a`, and the grant is placed.
    private func granted() -> Escrow {
        var escrow = Escrow()
        escrow.grant(100, to: account("a"), at: dot("h", 1))
        escrow.confirm(dot("h", 1))
        return escrow
    }

    @Test func grantCountsOnceConfirmed() {
        var escrow = Escrow()
        escrow.grant(100, to: a, at: dot("h", 1))
        #expect(escrow.available(to: a) == 0)
        escrow.confirm(dot("h", 1))
        #expect(escrow.available(to: a) == 100)
    }

    @Test func confirmationMayArriveFirst() {
        var author = Escrow()
        let grant = author.grant(100, to: a, at: dot("h", 1))
        let confirmation = author.confirm(dot("h", 1))
        #expect(confirmation.merging(grant).available(to: a) == 100)
    }

    @Test func spendBeyondTheRightsIsRefusedAndChangesNothing() throws {
        var escrow = granted()
        try escrow.spend(60, from: a, use: 1, at: dot("a", 1))
        let before = escrow
        #expect(throws: EscrowError.insufficientRights(available: 40, asked: 41)) {
            try escrow.spend(41, from: a, use: 2, at: dot("a", 2))
        }
        #expect(throws: EscrowError.insufficientRights(available: 40, asked: .max)) {
            try escrow.transfer(.max, from: a, to: b, at: dot("a", 2))
        }
        #expect(escrow == before)
        try escrow.spend(40, from: a, use: 2, at: dot("a", 2))
        #expect(escrow.available(to: a) == 0)
    }

    @Test func retriedSpendCountsOnceAndIsNotRefused() throws {
        var escrow = granted()
        let delta = try escrow.spend(80, from: a, use: 1, at: dot("a", 1))
        try escrow.spend(80, from: a, use: 1, at: dot("a", 1))
        escrow.merge(delta)
        #expect(escrow.available(to: a) == 20)
    }

    @Test func transferLeavesAtOnceAndArrivesOnceConfirmed() throws {
        var escrow = granted()
        try escrow.transfer(30, from: a, to: b, at: dot("a", 1))
        #expect(escrow.available(to: a) == 70)
        #expect(escrow.available(to: b) == 0)
        #expect(throws: EscrowError.self) { try escrow.spend(1, from: b, use: 1, at: dot("b", 1)) }
        escrow.confirm(dot("a", 1))
        #expect(escrow.available(to: b) == 30)
    }

    @Test func spendersOwnVoidCountsAtOnceAndOthersOnceConfirmed() throws {
        var own = granted()
        try own.spend(60, from: a, use: 1, at: dot("a", 1))
        var others = own
        try own.void(dot("a", 1), by: a, at: dot("a", 2))
        #expect(own.available(to: a) == 100)

        try others.void(dot("a", 1), by: b, at: dot("b", 1))
        #expect(others.available(to: a) == 40)
        others.confirm(dot("b", 1))
        #expect(others.available(to: a) == 100)
    }

    @Test func concurrentVoidsOfOneSpendCountOnce() throws {
        var first = granted()
        try first.spend(60, from: a, use: 1, at: dot("a", 1))
        var second = first
        try first.void(dot("a", 1), by: a, at: dot("a", 2))
        try second.void(dot("a", 1), by: b, at: dot("b", 1))
        second.confirm(dot("b", 1))
        #expect(first.merging(second).available(to: a) == 100)
    }

    @Test func voidNeedsASpendThatIsHeldAndNotYetVoided() throws {
        var escrow = granted()
        #expect(throws: EscrowError.unknownSpend(dot("a", 1))) {
            try escrow.void(dot("a", 1), by: a, at: dot("a", 2))
        }
        #expect(throws: EscrowError.unknownSpend(dot("h", 1))) {
            try escrow.void(dot("h", 1), by: a, at: dot("a", 2))
        }
        try escrow.spend(60, from: a, use: 1, at: dot("a", 1))
        try escrow.void(dot("a", 1), by: a, at: dot("a", 2))
        #expect(throws: EscrowError.alreadyVoided(dot("a", 1))) {
            try escrow.void(dot("a", 1), by: b, at: dot("b", 1))
        }
    }

    @Test func voidCountsOnlyWhileItsSpendIsHeld() throws {
        var author = granted()
        try author.spend(60, from: a, use: 1, at: dot("a", 1))
        let void = try author.void(dot("a", 1), by: a, at: dot("a", 2))
        #expect(granted().merging(void).available(to: a) == 100)
        #expect(granted().merging(void).merging(author).available(to: a) == 100)
    }

    @Test func greatestReclaimCountsAndTheDebtIsNamed() throws {
        var escrow = granted()
        try escrow.spend(80, from: a, use: 1, at: dot("a", 1))
        escrow.reclaim(total: 50, from: a, at: dot("h", 2))
        escrow.reclaim(total: 30, from: a, at: dot("h", 3))
        #expect(escrow.available(to: a) == -30)
        #expect(escrow.accountsBelowZero == [a])
        #expect(throws: EscrowError.insufficientRights(available: -30, asked: 1)) {
            try escrow.spend(1, from: a, use: 2, at: dot("a", 2))
        }
    }

    /// A machine and its restored copy: the fork rule gives the copy's changes a feed of their own, and both
    /// uses stand.
    @Test func copiedMachineOverspendsByWhatItHeldAndIsNamed() throws {
        var machine = granted()
        var copy = machine
        try machine.spend(100, from: a, use: 1, at: dot("a", 1))
        try copy.spend(100, from: a, use: 2, at: dot("f", 1))
        machine.merge(copy)
        #expect(machine.available(to: a) == -100)
        #expect(machine.accountsBelowZero == [a])
    }

    @Test func overrideStandsBesideTheBudget() throws {
        var escrow = granted()
        escrow.override(500, by: a, at: dot("a", 1))
        #expect(escrow.available(to: a) == 100)
        #expect(escrow.balances[a]?.overridden == 500)
    }

    @Test func greatestAmountsDoNotTrap() {
        var escrow = Escrow()
        for sequence in 1...4 {
            escrow.grant(.max, to: a, at: dot("h", sequence))
            escrow.confirm(dot("h", sequence))
        }
        escrow.reclaim(total: .max, from: b, at: dot("h", 5))
        #expect(escrow.available(to: a) == 4 * Int128(UInt64.max))
        #expect(escrow.available(to: b) == -Int128(UInt64.max))
    }
}
