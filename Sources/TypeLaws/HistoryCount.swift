/// How many histories there are, by a way that shares nothing with the enumeration.
///
/// A history without its operations is a partial order on the events with a replica for each, so that events
/// which do not know of each other have different replicas: a proper colouring of the incomparability graph.
/// Numbering the events counts each history as often as there are numberings, for no renumbering but the
/// identity leaves one as it is (events of one replica form a chain). Hence, for n events and r replicas,
///
///     (1/n!) · Σ over the partial orders on n points, Σ over their proper colourings with r colours,
///              Π over the events of choices(size of the event's past)
///
/// which is 3, 12, 58, 321 for r = 3, one choice and n = 1, 2, 3, 4.
///
/// - Parameter choices: operations to choose from, by the size of the past.
/// - Complexity: O(2^(n·(n-1)) · r^n): some 100,000 steps for four events.
package func countHistories(operations count: Int, replicas: Int, choices: (Int) -> Int) -> Int {
    let pairs = (0..<count).flatMap { below in (0..<count).map { (below, $0) } }.filter { $0 != $1 }
    var weighted = 0
    for relation in 0..<UInt64(1) << UInt64(pairs.count) {
        // pasts[e] is the set of events before e.
        var pasts = [UInt64](repeating: 0, count: count)
        for (bit, pair) in pairs.enumerated() where relation >> UInt64(bit) & 1 == 1 {
            pasts[pair.1] |= 1 << UInt64(pair.0)
        }
        guard isPartialOrder(pasts) else { continue }
        let weight = pasts.reduce(1) { $0 * choices($1.nonzeroBitCount) }
        weighted += weight * countColourings(pasts, replicas: replicas)
    }
    let numberings = (1...max(count, 1)).reduce(1, *)
    precondition(weighted % numberings == 0, "a history was counted for some of its numberings only")
    return weighted / numberings
}

private func isPartialOrder(_ pasts: [UInt64]) -> Bool {
    pasts.indices.allSatisfy { event in
        pasts.indices.allSatisfy { earlier in
            pasts[event] >> UInt64(earlier) & 1 == 0
                || pasts[earlier] >> UInt64(event) & 1 == 0 && pasts[earlier] & ~pasts[event] == 0
        }
    }
}

private func countColourings(_ pasts: [UInt64], replicas: Int) -> Int {
    func count(_ colours: [Int]) -> Int {
        let event = colours.count
        if event == pasts.count { return 1 }
        return (0..<replicas).reduce(0) { sum, colour in
            let isProper = colours.indices.allSatisfy { other in
                colours[other] != colour || pasts[event] >> UInt64(other) & 1 == 1
                    || pasts[other] >> UInt64(event) & 1 == 1
            }
            return isProper ? sum + count(colours + [colour]) : sum
        }
    }
    return count([])
}
