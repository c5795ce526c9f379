import ReplicatedTypes

/// Tries every replicated type against the lattice laws and its definition.
///
/// Tests and executables call the same checks, so that what is shown of a debug build is shown of a release too.
package enum LawSuite {
    /// Every type, exhaustively and on random histories.
    ///
    /// - Parameters:
    ///   - seed: of the random histories; a counterexample prints its own.
    ///   - histories: how many random ones for each type.
    ///   - full: every history of four operations, some 40 s in a release build; else of three.
    /// - Returns: two reports a type; each must hold.
    package static func runAll(seed: UInt64, histories: Int, full: Bool) -> [LawReport] {
        ReplicatedKind.allCases.flatMap { kind in
            [
                kind.tryEveryHistory(operations: full ? 4 : 3),
                kind.tryRandomHistories(seed: seed, count: histories),
            ]
        }
    }
}

/// The types that are tried, so that a test can take one each.
package enum ReplicatedKind: String, CaseIterable, Sendable {
    case register, set, enableWinsFlag, disableWinsFlag, counter, log, escrow

    /// The laws and the definition on every history of so many operations of three replicas.
    package func tryEveryHistory(operations: Int) -> LawReport { run(EveryHistory(operations: operations)) }

    /// The laws and the definition on histories drawn from a seed.
    package func tryRandomHistories(seed: UInt64, count: Int) -> LawReport {
        run(RandomHistories(seed: seed, count: count))
    }

    /// Each subject goes in with its own type, not as an existential, so that the checks are specialized.
    private func run(_ trial: some Trial) -> LawReport {
        switch self {
        case .register: trial.run(RegisterSubject())
        case .set: trial.run(SetSubject())
        case .enableWinsFlag: trial.run(FlagSubject<EnableWinsFlag>(name: "enable-wins flag", winner: true))
        case .disableWinsFlag: trial.run(FlagSubject<DisableWinsFlag>(name: "disable-wins flag", winner: false))
        case .counter: trial.run(CounterSubject())
        case .log: trial.run(LogSubject())
        case .escrow: trial.run(EscrowSubject())
        }
    }
}

private protocol Trial {
    func run(_ subject: some LawSubject) -> LawReport
}

private struct EveryHistory: Trial {
    let operations: Int

    func run(_ subject: some LawSubject) -> LawReport { ExhaustiveCheck.run(subject, operations: operations) }
}

private struct RandomHistories: Trial {
    let seed: UInt64
    let count: Int

    func run(_ subject: some LawSubject) -> LawReport {
        RandomCheck.run(subject, seed: seed, histories: count)
    }
}
