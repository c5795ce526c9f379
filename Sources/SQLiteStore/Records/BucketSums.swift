import Causality
import Changes
import Replication

/// A scope's fingerprint in memory, and what its rows of `fingerprint` lack of it.
///
/// A saved case moves one sum of 256, in a page that nothing else of the commit touches. So a few differences wait beside a feed
/// that is written anyway, and are brought to their rows together.
struct BucketSums {
    /// With all that is lacking.
    private(set) var fingerprint: Fingerprint
    /// What is to be added to each row, mod 2^128.
    private var differences = BucketSums.none
    private var lacking = Buckets()
    /// Whether there is more to write than what lies in the file.
    private(set) var isDirty = false
    /// The row of the feed beside which differences lie; nil where there are none.
    private(set) var place: Int64?
    /// Why the differences that lie in the file cannot be told. They stay as they are, and what comes to them goes into the rows:
    /// sums add up in any order, so that nobody has to stop for it.
    let damage: StoredValueError?

    /// One for all scopes that lack nothing: a hub has thousands.
    private static let none = Array(repeating: UInt128(0), count: Fingerprint.bucketCount)

    /// - Parameters:
    ///   - rows: what the rows of `fingerprint` come to.
    ///   - waiting: the differences that lie beside a feed, and its row; what is wrong where they cannot be told.
    init(rows: Fingerprint, waiting: Result<(differences: [SumDifference], place: Int64)?, StoredValueError>) {
        fingerprint = rows
        switch waiting {
        case .failure(let error): damage = error
        case .success(let waiting):
            damage = nil
            guard let waiting else { return }
            for (bucket, difference) in waiting.differences { move(bucket, by: difference) }
            place = waiting.place
        }
    }

    /// Takes note that a record of the bucket adds so much more.
    mutating func add(_ difference: UInt128, to bucket: Int) {
        move(bucket, by: difference)
        isDirty = true
    }

    private mutating func move(_ bucket: Int, by difference: UInt128) {
        fingerprint.buckets[bucket] &+= difference
        differences[bucket] &+= difference
        lacking.insert(bucket)
    }

    /// What the rows lack, by bucket; nil where it cannot wait.
    var waiting: [SumDifference]? {
        guard damage == nil, lacking.count <= SumDifferences.greatestCount else { return nil }
        return lacking.map { ($0, differences[$0]) }
    }

    /// The sums of the rows that lack something.
    var sums: [(bucket: Int, sum: UInt128)] { lacking.map { ($0, fingerprint.buckets[$0]) } }

    /// All is written: beside the feed of a row, or into the rows themselves.
    mutating func settle(at place: Int64?) {
        isDirty = false
        self.place = place
        guard place == nil else { return }
        differences = BucketSums.none
        lacking = Buckets()
    }

    /// A bit a bucket.
    private struct Buckets: Sequence {
        private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

        var count: Int {
            words.0.nonzeroBitCount + words.1.nonzeroBitCount + words.2.nonzeroBitCount + words.3.nonzeroBitCount
        }

        mutating func insert(_ bucket: Int) {
            let bit = UInt64(1) << UInt64(bucket & 63)
            switch bucket >> 6 {
            case 0: words.0 |= bit
            case 1: words.1 |= bit
            case 2: words.2 |= bit
            default: words.3 |= bit
            }
        }

        /// In their order.
        func makeIterator() -> Iterator { Iterator(rest: words) }

        struct Iterator: IteratorProtocol {
            fileprivate var rest: (UInt64, UInt64, UInt64, UInt64)

            mutating func next() -> Int? {
                if rest.0 != 0 { return Iterator.takeFirst(of: &rest.0) }
                if rest.1 != 0 { return 64 + Iterator.takeFirst(of: &rest.1) }
                if rest.2 != 0 { return 128 + Iterator.takeFirst(of: &rest.2) }
                return rest.3 != 0 ? 192 + Iterator.takeFirst(of: &rest.3) : nil
            }

            private static func takeFirst(of word: inout UInt64) -> Int {
                let bit = word.trailingZeroBitCount
                word &= word - 1
                return bit
            }
        }
    }
}

package typealias SumDifference = (bucket: Int, difference: UInt128)

/// The form of differences beside a feed: bucket (a byte) and difference (16 bytes, the most significant first) for each, by
/// bucket, and the first 8 bytes of SHA-256 of these: a damaged one must not pass for damage of the row that it belongs to.
package enum SumDifferences {
    /// So many wait at most: as many rows lie in two or three pages.
    package static let greatestCount = 32

    private static let entryBytes = 17
    private static let digestBytes = 8

    static func encoded(_ differences: [SumDifference]) -> [UInt8] {
        var writer = ByteWriter(reserving: entryBytes * differences.count + digestBytes)
        for (bucket, difference) in differences {
            writer.write(byte: UInt8(bucket))
            writer.write(ShortHash(number: difference))
        }
        writer.write(raw: RowDigest.of(writer.bytes))
        return writer.bytes
    }

    /// - Throws: `CodecError` where these are not the bytes of 1 to `greatestCount` differences.
    package static func decode(_ bytes: [UInt8]) throws(CodecError) -> [SumDifference] {
        let (count, rest) = (bytes.count - digestBytes).quotientAndRemainder(dividingBy: entryBytes)
        guard (1...greatestCount).contains(count), rest == 0 else { throw .length(at: 0) }
        var reader = ByteReader(bytes)
        var differences: [SumDifference] = []
        for _ in 0..<count {
            let bucket = Int(try reader.readByte())
            let difference: ShortHash = try reader.readIdentifier()
            differences.append((bucket, difference.number))
        }
        guard try reader.readRaw(digestBytes) == RowDigest.of(Array(bytes[..<(entryBytes * count)])) else {
            throw .malformed("the digest of the differences is not that of their bytes", at: entryBytes * count)
        }
        guard zip(differences, differences.dropFirst()).allSatisfy({ $0.bucket < $1.bucket }) else {
            throw .malformed("the differences are not in the order of their buckets", at: 0)
        }
        return differences
    }
}
