import ReplicatedTypes

/// Tries longer histories drawn from a seed: up to 5 replicas and 16 operations, merges and deliveries at random.
///
/// A history's own seed is the run's seed plus its number, and is printed with a counterexample.
struct RandomCheck<Subject: LawSubject> {
    private let subject: Subject
    private var generator: SplitMix64
    private var history = History<Subject.Operation>()
    private var deltas: [Subject.State] = []
    /// What each replica knows, and the state that it holds.
    private var known: [EventSet]
    private var held: [Subject.State]
    private var comparisons = 0
    private var counterexample: String?

    private init(_ subject: Subject, seed: UInt64) {
        self.subject = subject
        generator = SplitMix64(seed: seed)
        let replicas = Int.random(in: 2...5, using: &generator)
        known = Array(repeating: EventSet(), count: replicas)
        held = Array(repeating: subject.start, count: replicas)
    }

    static func run(_ subject: Subject, seed: UInt64, histories: Int) -> LawReport {
        var cases = 0
        var comparisons = 0
        var counterexample: String?
        while cases < histories, counterexample == nil {
            let ownSeed = seed &+ UInt64(cases)
            var check = RandomCheck(subject, seed: ownSeed)
            check.grow()
            check.checkReplicas()
            check.checkRetries()
            check.checkLaws()
            check.deliver()
            counterexample = check.counterexample.map { "seed \(ownSeed): \($0)\n\(check.history)" }
            cases += 1
            comparisons += check.comparisons
        }
        return LawReport(
            name: "\(subject.name): laws and definition on random histories from seed \(seed)",
            cases: cases, expectedCases: histories, comparisons: comparisons, counterexample: counterexample)
    }

    // MARK: - Growing

    /// Replicas write and take over each other's states, whole or by missing fragments.
    private mutating func grow() {
        let operations = Int.random(in: 1...16, using: &generator)
        while history.events.count < operations {
            let replica = known.indices.randomElement(using: &generator)!
            if Int.random(in: 0..<5, using: &generator) < 2 {
                synchronize(replica, with: known.indices.randomElement(using: &generator)!)
            } else {
                write(by: replica)
            }
        }
    }

    private mutating func write(by replica: Int) {
        let event = history.events.count
        let past = known[replica]
        let operation = subject.randomOperation(past: past, in: history, using: &generator)
        history.append(operation, by: replica, past: past)
        let before = held[replica]
        let delta = subject.perform(history[event], in: history, on: &held[replica])
        deltas.append(delta)
        known[replica] = past.inserting(event)
        expect(before.merging(delta) == held[replica], "the fragment of \(event) is not the difference it made")
        expect(before.merging(held[replica]) == held[replica], "\(event) does not inflate the state")
        expect(held[replica].merging(delta) == held[replica], "the fragment of \(event) counts twice")
    }

    private mutating func synchronize(_ replica: Int, with other: Int) {
        if Bool.random(using: &generator) {
            held[replica].merge(held[other])
        } else {
            let missing = known[other].filter { !known[replica].contains($0) }
            for event in missing.shuffled(using: &generator) { held[replica].merge(deltas[event]) }
        }
        known[replica] = known[replica].union(known[other])
    }

    // MARK: - Checking

    private mutating func checkReplicas() {
        for replica in known.indices { checkReading(held[replica], visible: known[replica]) }
    }

    /// A replica that performs any of its events once more stays as it is. (What the type refused is no event.)
    private mutating func checkRetries() {
        let replica = known.indices.randomElement(using: &generator)!
        for event in known[replica] where subject.start.merging(deltas[event]) != subject.start {
            var again = held[replica]
            _ = subject.perform(history[event], in: history, on: &again)
            expect(again == held[replica], "performing \(event) again changes the state")
        }
    }

    private mutating func checkReading(_ state: Subject.State, visible: EventSet) {
        subject.checkInvariants(of: state)
        let reading = subject.reading(of: state)
        let expected = subject.specification(of: history, visible: visible)
        expect(reading == expected, "\(visible) reads \(reading), by definition \(expected)")
        let violation = subject.violation(of: history, visible: visible, reading: reading)
        expect(violation == nil, "\(visible): \(violation ?? "")")
    }

    private mutating func checkLaws() {
        let (a, b, c) = (randomState(), randomState(), randomState())
        expect(a.merging(b) == b.merging(a), "merge is not commutative")
        expect(a.merging(b).merging(c) == a.merging(b.merging(c)), "merge is not associative")
        expect(a.merging(a) == a, "merge is not idempotent")
        expect(a.merging(b).merging(a) == a.merging(b), "merge is not an upper bound")
    }

    /// A replica's state, or that of an observer who has some of the fragments and not their past.
    private mutating func randomState() -> Subject.State {
        if Bool.random(using: &generator) { return held.randomElement(using: &generator)! }
        var result = subject.start
        for delta in deltas.shuffled(using: &generator) where Bool.random(using: &generator) { result.merge(delta) }
        return result
    }

    /// An observer takes in every fragment once to three times in any order, some merged with each other on
    /// the way, and is compared with the definition wherever it knows a closed set.
    private mutating func deliver() {
        let repeats = deltas.indices.flatMap { event in
            Array(repeating: event, count: Int.random(in: 1...3, using: &generator))
        }
        var rest = repeats.shuffled(using: &generator)[...]
        var observer = subject.start
        var seen = EventSet()
        while !rest.isEmpty {
            let group = rest.prefix(Int.random(in: 1...3, using: &generator))
            rest = rest.dropFirst(group.count)
            let parcel = group.dropFirst().reduce(deltas[group.first!]) { $0.merging(deltas[$1]) }
            observer.merge(parcel)
            for event in group { seen = seen.inserting(event) }
            if history.isClosed(seen) { checkReading(observer, visible: seen) }
        }
        let whole = held.dropFirst().reduce(held[0]) { $0.merging($1) }
        expect(observer == whole, "the observer and the replicas together hold different states")
    }

    private mutating func expect(_ condition: Bool, _ claim: @autoclosure () -> String) {
        comparisons += 1
        if !condition, counterexample == nil { counterexample = claim() }
    }
}
