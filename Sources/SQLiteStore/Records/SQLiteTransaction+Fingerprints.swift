import Causality
import Changes
import Replication
import SQLiteKit

/// The sums of the records' digests, by scope and bucket; see `BucketSums`.
extension SQLiteTransaction {
    package func fingerprint(of scope: ScopeID) throws -> Fingerprint {
        guard let row = try heldScopeRow(scope) else { return Fingerprint() }
        try flushRecords()
        return try sums(row).fingerprint
    }

    private func sums(_ row: Int64) throws -> BucketSums {
        if let cached = caches.fingerprints[row] { return cached }
        var rows = Fingerprint()
        try connection.withStatement("SELECT bucket, sum FROM fingerprint WHERE scope = ?") { statement in
            try statement.bind(row)
            while try statement.step() {
                let bucket = try statement.int64(0)
                guard (0..<Int64(Fingerprint.bucketCount)).contains(bucket) else {
                    throw StoredValueError(table: "fingerprint", row: "\(bucket)", reason: "there is no such bucket")
                }
                let sum: ShortHash = try statement.identifier(1, "fingerprint")
                rows.buckets[Int(bucket)] = sum.number
            }
        }
        let sums = BucketSums(rows: rows, waiting: try waitingDifferences(row))
        caches.fingerprints[row] = sums
        return sums
    }

    private func waitingDifferences(_ row: Int64) throws -> (differences: [SumDifference], place: Int64)? {
        let found = try differences(besideFeedsOf: row)
        if found.count > 1 {
            throw StoredValueError(
                table: "feed", row: "\(found[1].feed)", reason: "differences lie beside another feed already")
        }
        guard let (feed, bytes) = found.first else { return nil }
        do { return (try SumDifferences.decode(bytes), feed) } catch {
            throw StoredValueError(table: "feed", row: "\(feed)", reason: error.description)
        }
    }

    /// What lies beside feeds of a scope's row and its rows of `fingerprint` lack: beside one feed at most.
    package func differences(besideFeedsOf row: Int64) throws -> [(feed: Int64, bytes: [UInt8])] {
        try connection.withStatement(
            "SELECT rid, differences FROM feed WHERE scope = ? AND differences IS NOT NULL ORDER BY rid"
        ) { statement in
            try statement.bind(row)
            var found: [(feed: Int64, bytes: [UInt8])] = []
            while try statement.step() { found.append((try statement.int64(0), try statement.bytes(1))) }
            return found
        }
    }

    /// Leaves the differences beside a feed that this transaction writes, where they are few and lie there or nowhere; else
    /// writes the sums into their rows.
    func flushFingerprints() throws {
        for row in caches.fingerprints.keys.sorted() {
            guard let sums = caches.fingerprints[row], sums.isDirty else { continue }
            let feed = caches.dirtyFeeds.first { $0.scope == row && (sums.place == nil || $0.rid == sums.place) }
            if let feed, let waiting = sums.waiting {
                feed.unsavedDifferences = SumDifferences.encoded(waiting)
                caches.fingerprints[row]?.settle(at: feed.rid)
                continue
            }
            for (bucket, sum) in sums.sums {
                try connection.execute(
                    "INSERT OR REPLACE INTO fingerprint (scope, bucket, sum) VALUES (?, ?, ?)", row, bucket, sum.bytes)
            }
            if let place = sums.place {
                try connection.execute("UPDATE feed SET differences = NULL WHERE rid = ?", place)
            }
            caches.fingerprints[row]?.settle(at: nil)
        }
    }

    /// Takes note that a record adds `digest` to its bucket where it added `old`.
    func count(_ digest: UInt128, of record: RecordID, insteadOf old: UInt128, scope row: Int64) throws {
        guard digest != old else { return }
        if caches.fingerprints[row] == nil { _ = try sums(row) }
        // Where they lie: a copy would take all of them along for one.
        caches.fingerprints[row]?.add(digest &- old, to: Fingerprint.bucket(of: record))
    }
}
