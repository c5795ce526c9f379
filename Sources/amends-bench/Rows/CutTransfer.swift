import Causality
import Changes
import Replication
import SQLiteKit
import SQLiteStore
import ServiceRecovery

/// Row 12: the connection breaks half-way; every row that anyone then sees must be in a state that it once had.
enum CutTransfer {
    static func measure(_ bench: Bench) throws -> [Figure] {
        var history = try bench.history()
        // In a few answers there would be nothing to see at the half of the way.
        if history.answers.count < 4 {
            history = try RecordedHistory(
                of: bench.trace, in: bench.workspace, pageChanges: max(1, bench.trace.events.count / 7))
        }
        let total = history.answers.reduce(0) { $0 + $1.count }
        let (seen, wrong) = try bench.withReplica(2, durability: .normal) { replica in
            var left = total / 2
            for answer in history.answers {
                guard answer.count <= left else {
                    try requireRefused(Array(answer.prefix(left)), at: replica)
                    break
                }
                try replica.apply([answer])
                left -= answer.count
            }
            let result = try lookAt(replica, bench)
            // What was cut goes on where it stopped.
            for answer in history.answers { _ = try replica.apply(answer) }
            try require(try replica.standing() == history.end, "the transfer did not come to its end")
            return result
        }
        return [
            Figure(
                row: 12, name: "impossible-rows", work: "rows in a state that never was, transfer cut half-way",
                value: Double(wrong), unit: .count, goal: 0, note: "of \(seen) rows seen")
        ]
    }

    /// The half of an answer, as it travels and unpacked, changes nothing.
    private static func requireRefused(_ part: [UInt8], at replica: BenchReplica) throws {
        let before = try replica.standing()
        do {
            let outcome = try replica.apply(part)
            try require(!outcome.refusals.isEmpty, "half an answer was taken")
        } catch is BenchError {
            throw BenchError("half an answer was taken")
        } catch {
            // Refused by name; that nothing has changed is what counts.
        }
        try require(try replica.standing() == before, "half an answer left something behind")
    }

    private static func lookAt(_ replica: BenchReplica, _ bench: Bench) throws -> (seen: Int, wrong: Int) {
        let table = try FinalTable.read(replica: replica.path, trace: bench.trace, scope: BenchChain.scope.scope)
        var unmatched = table.rows
        var states = FinalTable()
        for event in bench.trace.events {
            states.apply(event.line)
            let number = event.line.number
            if let row = unmatched[number], row == states.rows[number] { unmatched[number] = nil }
        }
        return (table.rows.count, unmatched.count)
    }
}
