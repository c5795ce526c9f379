import ReplicatedTypes

/// Tries every history of a few operations, and on each every order and repetition of its fragments.
///
/// **Histories.** Each operation is made by any replica, is any of the alphabet, and has as its past any closed
/// set of earlier operations that holds the replica's own; merging is nothing but choosing that past. Histories
/// that differ only in the numbering of events are one: of all numberings the one is kept that always puts
/// first, among the events whose past is complete, that of the least replica.
///
/// **Deliveries.** `states[S]` is what an observer holds that has taken in the set S of fragments. It is computed
/// in one order, and then it is checked that from every S every fragment, old or new, leads to `states[S ∪ {f}]`.
/// By induction over the length of the delivery, every order and every repetition then leads to the same state:
/// all of them are covered, however long. That every mutator's result equals the merge of the fragments, that
/// every two states of all but the longest histories merge to that of the union (commutative, associative,
/// idempotent), and that each closed state reads as the definition says are checked beside it.
struct ExhaustiveCheck<Subject: LawSubject> {
    private let subject: Subject
    private let operations: Int
    private let replicas: Int

    private var history = History<Subject.Operation>()
    /// The fragment of each event.
    private var deltas: [Subject.State] = []
    /// By the bits of the set of fragments taken in.
    private var states: [Subject.State]
    private var cases = 0
    private var comparisons = 0
    private var counterexample: String?

    private init(_ subject: Subject, operations: Int, replicas: Int) {
        self.subject = subject
        self.operations = operations
        self.replicas = replicas
        states = [subject.start]
    }

    static func run(_ subject: Subject, operations: Int, replicas: Int = 3) -> LawReport {
        var check = ExhaustiveCheck(subject, operations: operations, replicas: replicas)
        check.extend()
        return LawReport(
            name: "\(subject.name): laws and definition on every history of \(operations) operations",
            cases: check.cases,
            expectedCases: countHistories(
                operations: operations, replicas: replicas, choices: subject.choices(pastCount:)),
            comparisons: check.comparisons,
            counterexample: check.counterexample)
    }

    // MARK: - Enumerating

    private mutating func extend() {
        guard history.events.count < operations else {
            cases += 1
            return
        }
        for replica in 0..<replicas {
            let least = history.leastPast(of: replica)
            for past in history.all.subsets
            where past.isSuperset(of: least) && history.isClosed(past) && isLeastNumbering(replica, past) {
                for operation in subject.alphabet(of: replica, past: past, in: history) {
                    history.append(operation, by: replica, past: past)
                    checkNewest()
                    if counterexample != nil { return }
                    extend()
                    if counterexample != nil { return }
                    history.removeLast()
                    deltas.removeLast()
                    states.removeLast(states.count / 2)
                }
            }
        }
    }

    /// Whether no earlier place in the numbering had to go to the new event instead.
    private func isLeastNumbering(_ replica: Int, _ past: EventSet) -> Bool {
        history.events.enumerated().allSatisfy { number, event in
            replica > event.replica || !EventSet(first: number).isSuperset(of: past)
        }
    }

    // MARK: - Checking

    /// Computes and checks all that the newest event adds; what came before is checked already.
    private mutating func checkNewest() {
        let newest = history.events.count - 1
        let event = history[newest]
        let before = Int(event.past.bits)
        var made = states[before]
        let delta = subject.perform(event, in: history, on: &made)
        deltas.append(delta)
        let half = states.count
        states.reserveCapacity(2 * half)
        for set in 0..<half { states.append(states[set].merging(delta)) }

        expect(made == states[before + half], "the author's state is not its past's and the fragment")
        expect(states[before].merging(made) == made, "the operation does not inflate the state")
        for set in half..<2 * half {
            for fragment in deltas.indices {
                let reached = states[set].merging(deltas[fragment])
                expect(reached == states[set | 1 << fragment], "\(name(set)) then fragment \(fragment)")
            }
            // States, not fragments: the two halves of every split.
            let rest = states[(2 * half - 1) & ~set]
            expect(rest.merging(states[set]) == states[2 * half - 1], "\(name(set)) and the rest do not make all")
            checkReading(EventSet(bits: UInt64(set)))
        }
        if history.events.count < operations { checkAllMerges() }
    }

    private mutating func checkReading(_ visible: EventSet) {
        guard history.isClosed(visible) else { return }
        let reading = subject.reading(of: states[Int(visible.bits)])
        let expected = subject.specification(of: history, visible: visible)
        expect(reading == expected, "\(visible) reads \(reading), by definition \(expected)")
        let violation = subject.violation(of: history, visible: visible, reading: reading)
        expect(violation == nil, "\(visible): \(violation ?? "")")
    }

    /// Any two states, overlapping or not; but for the longest histories, for the sake of time.
    private mutating func checkAllMerges() {
        for first in states.indices {
            for second in states.indices {
                let merged = states[first].merging(states[second])
                expect(merged == states[first | second], "\(name(first)) and \(name(second)) merge to something else")
            }
        }
    }

    private mutating func expect(_ condition: Bool, _ claim: @autoclosure () -> String) {
        comparisons += 1
        if !condition, counterexample == nil { counterexample = "\(claim())\n\(history)" }
    }
}

private func name(_ set: Int) -> String { EventSet(bits: UInt64(set)).description }
