import Causality
import Changes
import Replication
import SQLiteKit

/// The sums of the records' digests, by scope and bucket; see `BucketSums`.
extension SQLiteTransaction {
    package func fingerprint(of scope: ScopeID) throws -> Fingerprint {
        guard let row = try heldScopeRow(scope) else { return Fingerprint() }
        try flushRecords()
        let sums = try sums(row).sums
        if let damage = sums.damage { throw damage }
        return sums.fingerprint
    }

    private func sums(_ row: Int64) throws -> StoreCaches.CachedSums {
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
        let sums = StoreCaches.CachedSums(
            scope: row, sums: BucketSums(rows: rows, waiting: try waitingDifferences(row)))
        caches.fingerprints[row] = sums
        return sums
    }

    /// What lies beside a feed of the scope's row, and that feed's.
    private func waitingDifferences(
        _ row: Int64
    ) throws -> Result<(differences: [SumDifference], place: Int64)?, StoredValueError> {
        try connection.withStatement(
            "SELECT rid, differences FROM feed WHERE scope = ? AND differences IS NOT NULL ORDER BY rid"
        ) { statement in
            try statement.bind(row)
            guard try statement.step() else { return .success(nil) }
            let feed = try statement.int64(0)
            func damage(_ reason: String) -> StoredValueError {
                StoredValueError(table: "feed", row: "\(feed)", reason: reason)
            }
            do {
                let differences = try SumDifferences.decode(try statement.bytes(1))
                if try statement.step() { return .failure(damage("differences lie beside another feed as well")) }
                return .success((differences, feed))
            } catch let error as CodecError {
                return .failure(damage(error.description))
            } catch let error as SQLiteError where error.isMismatch {
                return .failure(damage(error.message))
            }
        }
    }

    /// Leaves the differences beside a feed that this transaction writes, where they are few and lie there or nowhere; else
    /// writes the sums into their rows.
    func flushFingerprints() throws {
        let dirty = caches.fingerprints.values.filter(\.sums.isDirty).sorted { $0.scope < $1.scope }
        for cached in dirty {
            let (row, sums) = (cached.scope, cached.sums)
            let feed = caches.dirtyFeeds.first { $0.scope == row && (sums.place == nil || $0.rid == sums.place) }
            if let feed, let waiting = sums.waiting {
                feed.unsavedDifferences = SumDifferences.encoded(waiting)
                cached.sums.settle(at: feed.rid)
                continue
            }
            for (bucket, sum) in sums.sums { try write(sum, of: bucket, scope: row) }
            if let place = sums.place {
                try connection.execute("UPDATE feed SET differences = NULL WHERE rid = ?", place)
            }
            cached.sums.settle(at: nil)
        }
    }

    private func write(_ sum: UInt128, of bucket: Int, scope row: Int64) throws {
        let bytes = sum.bytes
        // Not a replacement, which looks for the scope each time.
        try connection.execute("UPDATE fingerprint SET sum = ? WHERE scope = ? AND bucket = ?", bytes, row, bucket)
        if connection.changes == 0 {
            try connection.execute("INSERT INTO fingerprint (scope, bucket, sum) VALUES (?, ?, ?)", row, bucket, bytes)
        }
    }

    /// Takes note that a record adds `digest` to its bucket where it added `old`.
    func count(_ digest: UInt128, of record: RecordID, insteadOf old: UInt128, scope row: Int64) throws {
        guard digest != old else { return }
        let counted: StoreCaches.CachedSums
        if let last = caches.lastSums, last.scope == row { counted = last } else { counted = try sums(row) }
        caches.lastSums = counted
        counted.sums.add(digest &- old, to: Fingerprint.bucket(of: record))
    }
}
