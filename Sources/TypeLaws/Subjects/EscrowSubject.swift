import Causality
import ReplicatedTypes

/// Escrow: rights counted event by event from the definition, and the promise that nothing is overspent.
///
/// Replica i owns account i. Every history starts from a grant of 2 to account 0, confirmed, and one of 1 to
/// account 1 that is not.
struct EscrowSubject: LawSubject {
    enum Operation: Sendable {
        case grant(to: Int, UInt64)
        case transfer(to: Int, UInt64)
        case spend(UInt64)
        /// Of the spend that this event is, if it is one.
        case void(of: Int)
        case override(UInt64)
        case reclaim(from: Int, total: UInt64)
        /// Of the events in the past, the start's included.
        case confirmPast
    }

    struct Reading: Equatable, Sendable {
        var available: [Int128] = Array(repeating: 0, count: EscrowSubject.accounts)
        var overridden: [Int128] = Array(repeating: 0, count: EscrowSubject.accounts)
        var belowZero: [Int] = []
    }

    /// As many as a random history has replicas.
    static let accounts = 5

    let name = "escrow"
    let start: Escrow
    private let startDots = (1...2).map { Dot(feed: History<Operation>.feed(of: 99), sequence: $0) }

    init() {
        var escrow = Escrow()
        escrow.grant(2, to: Self.account(0), at: startDots[0])
        escrow.confirm(startDots[0])
        escrow.grant(1, to: Self.account(1), at: startDots[1])
        start = escrow
    }

    static func account(_ replica: Int) -> ReplicaID { ReplicaID(History<Operation>.feed(of: replica)) }

    func alphabet(of replica: Int, past: EventSet, in history: History<Operation>) -> [Operation] {
        [.transfer(to: 1, 1), .spend(1), .void(of: 0), .reclaim(from: 0, total: 1), .confirmPast]
    }

    func choices(pastCount: Int) -> Int { 5 }

    func randomOperation(
        past: EventSet, in history: History<Operation>, using generator: inout SplitMix64
    ) -> Operation {
        let account = Int.random(in: 0..<Self.accounts, using: &generator)
        let amount = UInt64.random(in: 1...3, using: &generator)
        // Mostly a spend, so that two replicas come to void the same one; else an event that is none.
        let spends = past.filter { if case .spend = history[$0].operation { true } else { false } }
        let spend = spends.randomElement(using: &generator) ?? 0
        switch Int.random(in: 0..<16, using: &generator) {
        case 0...2: return .grant(to: account, 4 * amount)
        case 3...4: return .transfer(to: account, amount)
        case 5...7: return .spend(amount)
        case 8...10: return .void(of: spend)
        case 11: return .override(amount)
        case 12: return .reclaim(from: account, total: amount)
        default: return .confirmPast
        }
    }

    func perform(
        _ event: Event<Operation>, in history: History<Operation>, on state: inout Escrow
    ) -> Escrow {
        let before = state
        let own = Self.account(event.replica)
        do {
            switch event.operation {
            case .grant(let account, let amount):
                return state.grant(amount, to: Self.account(account), at: event.dot)
            case .transfer(let account, let amount):
                return try state.transfer(amount, from: own, to: Self.account(account), at: event.dot)
            case .spend(let amount):
                return try state.spend(amount, from: own, use: event.dot.sequence, at: event.dot)
            case .void(let spend):
                let dot = spend < history.events.count ? history[spend].dot : event.dot
                return try state.void(dot, by: own, at: event.dot)
            case .override(let amount):
                return state.override(amount, by: own, at: event.dot)
            case .reclaim(let account, let total):
                return state.reclaim(total: total, from: Self.account(account), at: event.dot)
            case .confirmPast:
                var delta = Escrow()
                for dot in startDots + event.past.map({ history[$0].dot }) { delta.merge(state.confirm(dot)) }
                return delta
            }
        } catch {
            precondition(state == before, "a refused operation left something behind: \(error)")
            return Escrow()
        }
    }

    func reading(of state: Escrow) -> Reading {
        var reading = Reading()
        let balances = state.balances
        for account in 0..<Self.accounts {
            reading.available[account] = state.available(to: Self.account(account))
            reading.overridden[account] = balances[Self.account(account)]?.overridden ?? 0
        }
        reading.belowZero = state.accountsBelowZero.map { Int($0.low) }
        return reading
    }

    func specification(of history: History<Operation>, visible: EventSet) -> Reading {
        EscrowDefinition(history).reading(visible)
    }

    /// Without a reclaim nobody can take more than there is, whatever was partitioned from whatever.
    func violation(of history: History<Operation>, visible: EventSet, reading: Reading) -> String? {
        let hasReclaim = visible.contains {
            if case .reclaim = history[$0].operation { true } else { false }
        }
        return hasReclaim || reading.belowZero.isEmpty ? nil : "overspent by \(reading.belowZero)"
    }

    func checkInvariants(of state: Escrow) {
        state.entries.checkInvariants()
        state.confirmed.checkInvariants()
    }
}
