/// What escrow means, counted afresh from the history for every question.
struct EscrowDefinition {
    private let history: History<EscrowSubject.Operation>
    /// The events that were not refused, by what their authors knew.
    private var admitted = EventSet()

    init(_ history: History<EscrowSubject.Operation>) {
        self.history = history
        for (number, event) in history.events.enumerated() where isAdmitted(event) {
            admitted = admitted.inserting(number)
        }
    }

    func reading(_ visible: EventSet) -> EscrowSubject.Reading {
        var reading = EscrowSubject.Reading()
        for account in 0..<EscrowSubject.accounts {
            reading.available[account] = available(to: account, visible)
            if reading.available[account] < 0 { reading.belowZero.append(account) }
        }
        for number in visible {
            if case .override(let amount) = history[number].operation {
                reading.overridden[history[number].replica] += Int128(amount)
            }
        }
        return reading
    }

    private func isAdmitted(_ event: Event<EscrowSubject.Operation>) -> Bool {
        switch event.operation {
        case .spend(let amount), .transfer(_, let amount):
            available(to: event.replica, event.past) >= Int128(amount)
        case .void(let spend):
            isSpend(spend, in: event.past)
                && !event.past.contains { admitted.contains($0) && isVoid($0, of: spend) }
        case .grant, .override, .reclaim, .confirmPast: true
        }
    }

    private func isSpend(_ number: Int, in set: EventSet) -> Bool {
        guard set.contains(number), admitted.contains(number), case .spend = history[number].operation else {
            return false
        }
        return true
    }

    private func isVoid(_ number: Int, of spend: Int) -> Bool {
        if case .void(spend) = history[number].operation { true } else { false }
    }

    private func available(to account: Int, _ visible: EventSet) -> Int128 {
        let confirmations = visible.filter {
            if case .confirmPast = history[$0].operation { true } else { false }
        }
        func isConfirmed(_ number: Int) -> Bool {
            confirmations.contains { history[$0].past.contains(number) }
        }

        // The start: 2 confirmed for account 0, 1 for account 1 once anybody confirms anything.
        var rights: Int128 = account == 0 ? 2 : account == 1 && !confirmations.isEmpty ? 1 : 0
        var reclaimed: UInt64 = 0
        for number in visible where admitted.contains(number) {
            let event = history[number]
            switch event.operation {
            case .grant(account, let amount) where isConfirmed(number): rights += Int128(amount)
            case .transfer(let receiver, let amount):
                if event.replica == account { rights -= Int128(amount) }
                if receiver == account, isConfirmed(number) { rights += Int128(amount) }
            case .spend(let amount) where event.replica == account:
                let isVoided = visible.contains { void in
                    admitted.contains(void) && isVoid(void, of: number)
                        && (history[void].replica == account || isConfirmed(void))
                }
                if !isVoided { rights -= Int128(amount) }
            case .reclaim(account, let total): reclaimed = max(reclaimed, total)
            case .grant, .spend, .reclaim, .void, .override, .confirmPast: break
            }
        }
        return rights - Int128(reclaimed)
    }
}
