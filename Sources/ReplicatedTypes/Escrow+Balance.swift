package import Causality

extension Escrow {
    /// What the entries come to for one account.
    package struct Balance: Hashable, Sendable {
        /// Granted and confirmed.
        package var granted: Int128 = 0
        /// Transferred in and confirmed.
        package var received: Int128 = 0
        /// Transferred out.
        package var sent: Int128 = 0
        /// Spent, voided or not.
        package var spent: Int128 = 0
        /// The part of `spent` that counted voids give back.
        package var voided: Int128 = 0
        /// Taken back by headquarters.
        package var reclaimed: Int128 = 0
        /// Spent beside the budget; no part of `available`.
        package var overridden: Int128 = 0

        package var available: Int128 { granted + received - sent - spent + voided - reclaimed }
    }

    /// The balance of every account that an entry names.
    ///
    /// A void counts only with the spend that it names, which may arrive after it.
    /// - Complexity: O(entries).
    package var balances: [ReplicaID: Balance] {
        var result: [ReplicaID: Balance] = [:]
        var voided: Set<Dot> = []
        for entry in entries.entries {
            let isConfirmed = confirmed.contains(entry.dot)
            switch entry.payload {
            case .grant(let account, let amount):
                result[account, default: Balance()].granted += isConfirmed ? Int128(amount) : 0
            case .transfer(let account, let other, let amount):
                result[account, default: Balance()].sent += Int128(amount)
                result[other, default: Balance()].received += isConfirmed ? Int128(amount) : 0
            case .spend(let account, let amount, _):
                result[account, default: Balance()].spent += Int128(amount)
            case .void(let spend, let account):
                guard case .spend(let spender, let amount, _) = entries[spend],
                    isConfirmed || account == spender, voided.insert(spend).inserted
                else { continue }
                result[spender, default: Balance()].voided += Int128(amount)
            case .override(let account, let amount):
                result[account, default: Balance()].overridden += Int128(amount)
            case .reclaim(let account, let total):
                let held = result[account, default: Balance()].reclaimed
                result[account, default: Balance()].reclaimed = max(held, Int128(total))
            }
        }
        return result
    }

    /// What `account` may spend or transfer now. Below zero when a copy of its machine, or a reclaim, took more
    /// than it held.
    package func available(to account: ReplicaID) -> Int128 { balances[account]?.available ?? 0 }

    /// The accounts that owe, in the order of their ids.
    package var accountsBelowZero: [ReplicaID] {
        balances.filter { $0.value.available < 0 }.keys.sorted()
    }
}
