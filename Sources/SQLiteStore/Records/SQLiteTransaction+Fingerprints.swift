import Causality
import Changes
import Replication
import SQLiteKit

/// The sums of the records' digests, by scope and bucket.
extension SQLiteTransaction {
    package func fingerprint(of scope: ScopeID) throws -> Fingerprint {
        guard let row = try heldScopeRow(scope) else { return Fingerprint() }
        try flushRecords()
        return try buckets(row).fingerprint
    }

    private func buckets(_ row: Int64) throws -> StoreCaches.Buckets {
        if let cached = caches.fingerprints[row] { return cached }
        var buckets = StoreCaches.Buckets(fingerprint: Fingerprint(), dirty: StoreCaches.Buckets.Dirty())
        try connection.withStatement("SELECT bucket, sum FROM fingerprint WHERE scope = ?") { statement in
            try statement.bind(row)
            while try statement.step() {
                let bucket = try statement.int64(0)
                guard (0..<Int64(Fingerprint.bucketCount)).contains(bucket) else {
                    throw StoredValueError(table: "fingerprint", row: "\(bucket)", reason: "there is no such bucket")
                }
                let sum: ShortHash = try statement.identifier(1, "fingerprint")
                buckets.fingerprint.buckets[Int(bucket)] = sum.number
            }
        }
        caches.fingerprints[row] = buckets
        return buckets
    }

    func flushFingerprints() throws {
        for (row, buckets) in caches.fingerprints where !buckets.dirty.isEmpty {
            for bucket in 0..<Fingerprint.bucketCount where buckets.dirty.contains(bucket) {
                let sum = buckets.fingerprint.buckets[bucket]
                try connection.execute(
                    "INSERT OR REPLACE INTO fingerprint (scope, bucket, sum) VALUES (?, ?, ?)",
                    row, bucket, sum.bytes)
            }
            caches.fingerprints[row]?.dirty = StoreCaches.Buckets.Dirty()
        }
    }

    /// Takes note that a record adds `digest` to its bucket where it added `old`.
    func count(_ digest: UInt128, of record: RecordID, insteadOf old: UInt128, scope row: Int64) throws {
        guard digest != old else { return }
        if caches.fingerprints[row] == nil { _ = try buckets(row) }
        // Where they lie: a copy would take all of them along for one.
        caches.fingerprints[row]?.add(digest &- old, to: Fingerprint.bucket(of: record))
    }
}
