package import Causality

/// A budget that replicas spend without asking each other and, machines not being copied, never overspend.
///
/// One value is one (budget, period, currency). Headquarters grants rights to accounts; an account, a replica
/// with its forks, spends or passes on what it holds. What takes rights away counts at once; what gives rights
/// that another's word stands for (grants, transfers in, others' voids) counts once it is confirmed, that is
/// placed in the scope's order with verdict ok. So an account that its owner alone debits cannot fall below
/// zero, whatever is still under way.
///
/// Entries are summed under their dots, never compared: a maximum would lose one of two uses made by a machine
/// and its restored copy. The exception is a reclaim, which states a total. A merge refuses nothing: what copies
/// and reclaims make of an account is shown (`accountsBelowZero`), not undone.
///
/// Amounts are minor units of the currency. Sums are 128 bits wide, so that 2^62 entries of 64 bits cannot
/// overflow.
///
/// Source: O'Neil, "The escrow transactional method", TODS 11(4), 1986; Balegas et al., "Extending eventually
/// consistent cloud databases for enforcing numeric invariants", SRDS 2015.
package struct Escrow: Mergeable {
    package enum Entry: Hashable, Sendable {
        case grant(to: ReplicaID, amount: UInt64)
        case transfer(from: ReplicaID, to: ReplicaID, amount: UInt64)
        /// `use` is 8 random bytes, so that two machines with one identity never write the same spend.
        case spend(from: ReplicaID, amount: UInt64, use: UInt64)
        case void(spend: Dot, by: ReplicaID)
        /// Spent beside the budget by someone who may; it takes no rights and is counted apart.
        case override(by: ReplicaID, amount: UInt64)
        /// All that headquarters has ever taken back from the account; the greatest counts.
        case reclaim(from: ReplicaID, total: UInt64)
    }

    package private(set) var entries = DotStore<Entry>()
    /// Events placed with verdict ok. It only grows, and may name events that have not arrived.
    package private(set) var confirmed = CausalContext()

    package init() {}

    package mutating func merge(_ other: Escrow) {
        entries.merge(other.entries)
        confirmed.merge(other.confirmed)
    }

    // MARK: - Headquarters

    /// Gives rights to an account, from when the grant is confirmed.
    ///
    /// - Parameter dot: the event; for every operation here, one that is known already changes nothing.
    /// - Returns: the fragment to send.
    @discardableResult
    package mutating func grant(_ amount: UInt64, to account: ReplicaID, at dot: Dot) -> Escrow {
        record(.grant(to: account, amount: amount), at: dot)
    }

    /// Takes rights back from an account, used or not; it may fall below zero.
    ///
    /// - Parameter total: all that was ever taken back from the account, this included.
    @discardableResult
    package mutating func reclaim(total: UInt64, from account: ReplicaID, at dot: Dot) -> Escrow {
        record(.reclaim(from: account, total: total), at: dot)
    }

    /// Counts an event as placed with verdict ok.
    @discardableResult
    package mutating func confirm(_ dot: Dot) -> Escrow {
        confirmed.insert(dot)
        var delta = Escrow()
        delta.confirmed.insert(dot)
        return delta
    }

    // MARK: - Accounts

    /// Passes rights to another account, which has them from when the transfer is confirmed.
    ///
    /// - Throws: `.insufficientRights` when fewer are available; nothing changes.
    /// - Complexity: O(entries), as all that follow.
    @discardableResult
    package mutating func transfer(
        _ amount: UInt64, from account: ReplicaID, to other: ReplicaID, at dot: Dot
    ) throws(EscrowError) -> Escrow {
        try debit(.transfer(from: account, to: other, amount: amount), of: amount, from: account, at: dot)
    }

    /// Uses rights.
    ///
    /// - Parameter use: 8 random bytes.
    /// - Throws: `.insufficientRights` when fewer are available; nothing changes.
    @discardableResult
    package mutating func spend(
        _ amount: UInt64, from account: ReplicaID, use: UInt64, at dot: Dot
    ) throws(EscrowError) -> Escrow {
        try debit(.spend(from: account, amount: amount, use: use), of: amount, from: account, at: dot)
    }

    /// Undoes a spend: its amount goes back to the spender, once, however many void it at the same time.
    ///
    /// The spender's own void counts at once, anybody else's when it is confirmed.
    /// - Throws: `.unknownSpend` and `.alreadyVoided`; nothing changes.
    @discardableResult
    package mutating func void(
        _ spend: Dot, by account: ReplicaID, at dot: Dot
    ) throws(EscrowError) -> Escrow {
        guard !entries.context.contains(dot) else { return Escrow() }
        guard case .spend = entries[spend] else { throw .unknownSpend(spend) }
        for entry in entries.entries {
            if case .void(spend, _) = entry.payload { throw .alreadyVoided(spend) }
        }
        return record(.void(spend: spend, by: account), at: dot)
    }

    /// Notes a use that someone with the right to do so made beside the budget.
    @discardableResult
    package mutating func override(_ amount: UInt64, by account: ReplicaID, at dot: Dot) -> Escrow {
        record(.override(by: account, amount: amount), at: dot)
    }

    private mutating func debit(
        _ entry: Entry, of amount: UInt64, from account: ReplicaID, at dot: Dot
    ) throws(EscrowError) -> Escrow {
        guard !entries.context.contains(dot) else { return Escrow() }
        let available = available(to: account)
        guard available >= Int128(amount) else {
            throw .insufficientRights(available: available, asked: amount)
        }
        return record(entry, at: dot)
    }

    private mutating func record(_ entry: Entry, at dot: Dot) -> Escrow {
        var delta = Escrow()
        delta.entries = entries.put(entry, at: dot, replacing: CausalContext())
        return delta
    }
}
