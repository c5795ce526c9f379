/// Figures of several rounds: the middle one, and how far they lie apart.
struct Spread {
    let median: Double
    let least: Double
    let greatest: Double

    /// - Precondition: there is at least one.
    init(_ figures: [Double]) {
        let sorted = figures.sorted()
        let middle = sorted.count / 2
        median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        least = sorted[0]
        greatest = sorted[sorted.count - 1]
    }
}

/// Ours and plain SQLite in turn, so that what else the machine does meets both.
struct Contest {
    let ours: Spread
    let plain: Spread
    /// Of the two times of each round.
    let ratio: Spread

    /// - Parameters: each is given the round's number, does its work, checks it, and returns the seconds of the work
    ///   alone.
    init(rounds: Int, ours: (Int) throws -> Double, plain: (Int) throws -> Double) throws {
        var pairs: [(ours: Double, plain: Double)] = []
        for round in 0..<rounds {
            // Who goes first changes, so that neither always meets the warmer machine.
            if round % 2 == 0 {
                let first = try ours(round)
                pairs.append((first, try plain(round)))
            } else {
                let first = try plain(round)
                pairs.append((try ours(round), first))
            }
        }
        self.ours = Spread(pairs.map(\.ours))
        self.plain = Spread(pairs.map(\.plain))
        ratio = Spread(pairs.map { $0.ours / $0.plain })
    }
}

/// - Returns: the seconds that `body` took.
func seconds(_ body: () throws -> Void) rethrows -> Double {
    let duration = try ContinuousClock().measure(body)
    return Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
}
