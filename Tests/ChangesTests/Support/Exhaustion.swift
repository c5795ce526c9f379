import Causality
import Changes

/// All small histories: three feeds, a few changes, every closed past, every choice of what each change does.
struct Exhaustion {
    /// What a change may do.
    struct Choice {
        var effective: HybridTimestamp = .zero
        let operations: [FieldOperation]
    }

    /// Histories that were tried.
    private(set) var histories = 0
    /// Deliveries of a change to a state that held its past.
    private(set) var deliveries = 0
    /// The first disagreement, in words.
    private(set) var disagreement: String?

    /// - Parameter choices: what the change at an index may do; it may name the shown among the earlier ones.
    mutating func run(changes count: Int, choices: (_ history: History, _ index: Int) -> [Choice]) {
        for shape in Exhaustion.shapes(count) {
            let pasts = Replay.pasts(of: shape)
            let ways = shape.events.indices.map { choices(shape, $0) }
            var history = shape
            choose(0, of: ways, in: &history, pasts)
            if disagreement != nil { return }
        }
    }

    private mutating func choose(_ index: Int, of ways: [[Choice]], in history: inout History, _ pasts: PastIndex) {
        guard index < ways.count else { return deliver(history, pasts) }
        for choice in ways[index] where disagreement == nil {
            history.set(index, effective: choice.effective, operations: choice.operations)
            choose(index + 1, of: ways, in: &history, pasts)
        }
    }

    /// Delivers every change to every set of changes that it can follow. A set reached by two ways must hold one
    /// state, and that the model's: by induction every causal order gives, at each of its steps, what it should.
    private mutating func deliver(_ history: History, _ pasts: PastIndex) {
        histories += 1
        let masks = history.events.map { $0.past.reduce(0) { $0 | 1 << $1 } }
        var reached: [Replay?] = Array(repeating: nil, count: 1 << masks.count)
        reached[0] = Replay()
        for mask in reached.indices {
            guard let before = reached[mask] else { continue }
            for index in masks.indices where mask & (1 << index) == 0 && masks[index] & ~mask == 0 {
                deliveries += 1
                let event = history.events[index]
                let after = mask | 1 << index
                var replay = before
                do { try replay.apply(event, past: pasts.past(of: event.dot)) } catch {
                    disagreement = "\(history.events): \(error)"
                    return
                }
                if let other = reached[after] {
                    guard replay.agrees(with: other) else {
                        disagreement = "\(history.events): \(replay) by one order and \(other) by another"
                        return
                    }
                } else if let difference = Exhaustion.difference(replay, history, after) {
                    disagreement = "\(history.events), of which \(String(after, radix: 2)): \(difference)"
                    return
                } else {
                    reached[after] = replay
                }
            }
        }
    }

    private static func difference(_ replay: Replay, _ history: History, _ mask: Int) -> String? {
        let model = Model(history, arrived: Set(history.events.indices.filter { mask & (1 << $0) != 0 }))
        if let difference = model.difference(from: replay.state) { return difference }
        return replay.rows.inListingOrder == model.rows ? nil : "rows are \(replay.rows), not \(model.rows)"
    }

    /// All sets of `count` changes of up to three feeds with closed pasts, each once.
    static func shapes(_ count: Int) -> [History] {
        var found: [History] = [History()]
        for length in 0..<count {
            var seen = Set<[Dot: Set<Dot>]>()
            found = found.flatMap { history in
                (1...3).flatMap { feed in
                    (0..<1 << length).compactMap { mask -> History? in
                        var longer = history
                        let past = Set((0..<length).filter { mask & (1 << $0) != 0 })
                        longer.append(feed: History.feed(feed), past: past)
                        return seen.insert(longer.pasts).inserted ? longer : nil
                    }
                }
            }
        }
        return found
    }
}

extension Replay {
    /// Whether both hold one state in one encoding, and the same rows.
    func agrees(with other: Replay) -> Bool {
        state == other.state && state.encoded() == other.state.encoded()
            && rows.inListingOrder == other.rows.inListingOrder
    }
}

extension History {
    /// Each change with all that happened before it.
    var pasts: [Dot: Set<Dot>] {
        Dictionary(uniqueKeysWithValues: events.map { ($0.dot, Set($0.past.map { events[$0].dot })) })
    }
}
