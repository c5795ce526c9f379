/// Row 5: an empty replica takes the whole history as it came over the wire: decompressed, verified, folded, durable.
enum WholeMerge {
    static func measure(_ bench: Bench) throws -> [Figure] {
        let history = try bench.history()
        let contest = try Contest(rounds: bench.rounds) { _ in
            try bench.withReplica(2) { replica in
                let time = try seconds { try replica.apply(history.answers) }
                try require(try replica.standing() == history.end, "the replica does not stand where the hub does")
                try replica.requireTable(bench.table, of: bench.trace)
                return time
            }
        } plain: { _ in
            try bench.bulkInsert()
        }
        return [
            .contest(
                5, "merge-history", "merge the whole history into an empty replica", contest, goal: 6,
                note:
                    "\(history.answers.count) answers, each a transaction with its cursor; plain is the final rows in one transaction"
            )
        ]
    }
}
