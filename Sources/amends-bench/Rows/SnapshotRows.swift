import Compression

/// Row 4: the bytes of a snapshot, manifest and all chunks. Row 6: an empty replica begins with it.
enum SnapshotRows {
    static func bytes(_ bench: Bench) throws -> [Figure] {
        let snapshot = try bench.snapshot()
        let text = bench.table.tabSeparated
        let plain = Zstd.compress(text).count
        let alone = try snapshot.recordBytes()
        return [
            Figure(
                row: 4, name: "snapshot-bytes", work: "snapshot on the wire, zstd -3",
                value: Double(snapshot.byteCount),
                unit: .bytes, plain: Double(plain), ratio: Double(snapshot.byteCount) / Double(plain), goal: 0.9,
                note:
                    "\(snapshot.pieces.count) pieces, made in \(snapshot.makingSeconds) s; records alone \(alone) bytes; the table is \(text.count) bytes as text"
            )
        ]
    }

    static func firstSync(_ bench: Bench) throws -> [Figure] {
        let snapshot = try bench.snapshot()
        let contest = try Contest(rounds: bench.rounds) { _ in
            try bench.withReplica(2) { replica in
                let time = try seconds { try replica.take(snapshot) }
                try require(try replica.standing() == snapshot.end, "the replica does not stand where the hub does")
                try replica.requireTable(bench.table, of: bench.trace)
                return time
            }
        } plain: { _ in
            try bench.bulkInsert()
        }
        return [
            .contest(
                6, "first-sync", "begin an empty replica with a snapshot", contest, goal: 1.6,
                note: "bytes in memory, one transaction; plain is the final rows in one transaction")
        ]
    }
}
