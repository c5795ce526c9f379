import Causality
import Changes
import Testing

/// Three feeds, all closed pasts, all choices, every causal order, held against `Model`. Histories of three changes
/// hold those of one and two as their beginnings; those of four run in full only.
@Suite("The fold is its definition, in every causal order of every small history")
struct ExhaustiveFoldTests {
    @Test func ofARegisterWithEverySetOfShownWrites() {
        expect(histories: [3: 10_432, 4: 756_672]) { history, index in
            writes("status", .register, history, index, shown: Self.everyShown(history, index))
        }
    }

    @Test func ofASetElementWithEverySetOfShownWrites() {
        expect(histories: [3: 10_432]) { history, index in
            writes("tags", .set, history, index, shown: Self.everyShown(history, index))
        }
    }

    @Test func ofASetOfTwoElements() {
        expect(histories: [3: 3_712, 4: 82_176]) { _, _ in
            [Value.text("a"), .text("b")].flatMap { element in
                [FieldAction.put, .remove].map { action in
                    let target = FieldTarget(field: "tags", kind: .set, element: element)
                    return choice(FieldOperation(record: 0, target: target, action: action, value: .null))
                }
            }
        }
    }

    @Test(arguments: [FieldKind.enableWinsFlag, .disableWinsFlag])
    func ofAFlag(kind: FieldKind) {
        expect(histories: [3: 1_566, 4: 26_001]) { _, _ in
            let target = FieldTarget(field: "open", kind: kind)
            return [
                choice(FieldOperation(record: 0, target: target, value: .boolean(true))),
                choice(FieldOperation(record: 0, target: target, value: .boolean(false))),
                choice(FieldOperation(record: 0, target: target, action: .remove, value: .null)),
            ]
        }
    }

    @Test func ofATotalThatComesBackToZero() {
        expect(histories: [3: 1_566, 4: 26_001]) { _, _ in
            [1, -1, .max].map { choice(Samples.operation("visits", .total, .integer($0))) }
        }
    }

    @Test func ofEscrowEntries() {
        expect(histories: [3: 58, 4: 321]) { _, index in
            [choice(Samples.operation("budget", .escrow, .integer(Int64(index))))]
        }
    }

    @Test func ofALogWhateverTheStamps() {
        expect(histories: [3: 1_566, 4: 26_001]) { _, index in
            [0, 7, UInt64.max].map { stamp in
                Exhaustion.Choice(
                    effective: HybridTimestamp(rawValue: stamp),
                    operations: [Samples.operation("steps", .log, .integer(Int64(index)))])
            }
        }
    }

    /// - Parameter histories: how many histories of each length there must be.
    private func expect(
        histories: [Int: Int], choices: (History, Int) -> [Exhaustion.Choice],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for (changes, count) in histories.sorted(by: { $0.key < $1.key }) where changes < 4 || Effort.isFull {
            var exhaustion = Exhaustion()
            exhaustion.run(changes: changes, choices: choices)
            #expect(exhaustion.disagreement == nil, sourceLocation: sourceLocation)
            #expect(exhaustion.histories == count, "histories of \(changes) changes", sourceLocation: sourceLocation)
        }
    }

    /// A put of a value of its own and a removal, with each of `shown`.
    private func writes(
        _ field: Text, _ kind: FieldKind, _ history: History, _ index: Int, shown: [[ChangeReference]?]
    ) -> [Exhaustion.Choice] {
        let target = FieldTarget(field: field, kind: kind, element: kind == .set ? .text("a") : nil)
        return shown.flatMap { shown in
            [
                choice(FieldOperation(record: 0, target: target, value: .integer(Int64(index)), shown: shown)),
                choice(FieldOperation(record: 0, target: target, action: .remove, value: .null, shown: shown)),
            ]
        }
    }

    private func choice(_ operation: FieldOperation) -> Exhaustion.Choice {
        Exhaustion.Choice(operations: [operation])
    }

    /// Nothing said, and every subset of the writes in the past.
    private static func everyShown(_ history: History, _ index: Int) -> [[ChangeReference]?] {
        let past = history.events[index].past.map(history.reference).sorted { $0.dot < $1.dot }
        return [nil]
            + (0..<1 << past.count).map { mask in
                past.indices.filter { mask & (1 << $0) != 0 }.map { past[$0] }
            }
    }
}
