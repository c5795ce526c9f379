import Causality
import Changes
import GoldenFiles
import Testing

@Suite("Forms of snapshots: written as they always were, and nothing else is taken")
struct SnapshotFormTests {
    @Test func manifestsAndOrdersHaveTheirGoldenBytes() throws {
        try GoldenFile(name: "snapshot").expect([
            ("manifest: a chunk of the order, two of records", SnapshotFormTests.manifest.encoded()),
            (
                "order: two feeds, what one had seen, a change that could not be folded",
                SnapshotFormTests.order.encoded()
            ),
            ("parts: one, one that is not held", SnapshotParts.encode([[1, 2, 3], nil])),
        ])
    }

    @Test func theyComeBackAsTheyWere() throws {
        #expect(try SnapshotManifest(SnapshotFormTests.manifest.encoded()) == SnapshotFormTests.manifest)
        #expect(try SnapshotOrder(SnapshotFormTests.order.encoded()) == SnapshotFormTests.order)
        let (block, read) = (SnapshotFormTests.block, try SnapshotBlock(SnapshotFormTests.block.encoded()))
        #expect(read.records == block.records && read.parts == block.parts)
        let record = try #require(block.records.first)
        #expect(read.headings(of: record) == block.headings(of: record) && block.headings(of: record).count == 1)
        #expect(read.headings[Dot(feed: FeedID(high: 1, low: 1), sequence: 4)] == nil)
        #expect(read.headings[Dot(feed: FeedID(high: 1, low: 2), sequence: 3)] == nil)
        #expect(try SnapshotParts.decode(SnapshotParts.encode([[1], nil, []])) == [[1], nil, []])
    }

    @Test func theSignatureCoversEveryField() throws {
        let bytes = SnapshotFormTests.manifest.encoded()
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            do {
                let manifest = try SnapshotManifest(changed)
                #expect(throws: SignatureError.self) { try manifest.verify(SnapshotFormTests.key.publicKey) }
            } catch {
                // Not even a manifest.
            }
        }
        try SnapshotFormTests.manifest.verify(SnapshotFormTests.key.publicKey)
    }

    @Test func everyTruncationIsRefusedAndNoMutationTraps() throws {
        for bytes in [SnapshotFormTests.order.encoded(), SnapshotFormTests.block.encoded()] {
            for count in bytes.indices {
                let cut = Array(bytes[..<count])
                #expect(throws: CodecError.self) { try SnapshotOrder(cut) }
                #expect(throws: CodecError.self) { try SnapshotBlock(cut) }
            }
            for index in bytes.indices {
                for bit in 0..<8 {
                    var changed = bytes
                    changed[index] ^= 1 << UInt8(bit)
                    _ = try? SnapshotOrder(changed)
                    _ = try? SnapshotBlock(changed)
                }
            }
        }
    }

    @Test func aRecordIsFoundInTheChunkThatHoldsIt() {
        let manifest = SnapshotFormTests.manifest
        #expect(manifest.chunk(holding: RecordID(high: 1, low: 0)) == nil)
        #expect(manifest.chunk(holding: RecordID(high: 5, low: 0)) == 1)
        #expect(manifest.chunk(holding: RecordID(high: 6, low: 0)) == 1)
        #expect(manifest.chunk(holding: RecordID(high: 9, low: 0)) == 2)
        #expect(manifest.chunk(holding: RecordID(high: .max, low: 0)) == 2)
    }

    // MARK: - Samples

    private static let key: SigningKey = {
        guard let key = try? SigningKey(seed: [UInt8](repeating: 7, count: 32)) else {
            preconditionFailure("32 bytes are a seed")
        }
        return key
    }()

    private static let hash = Hash256(1, 2, 3, 4)

    private static let manifest = SnapshotManifest(
        receipt: Receipt(
            incarnation: ShortHash(high: 1, low: 2), scope: Samples.scope, position: 5_000, history: HistoryHash(hash),
            hubTime: 1_768_469_402_000, key: key),
        fingerprint: hash, clock: HybridTimestamp(milliseconds: 1_768_469_402_000),
        chunks: [
            SnapshotManifest.Chunk(hash: hash, bytes: 90, records: 0, first: nil, parts: 0),
            SnapshotManifest.Chunk(hash: hash, bytes: 1_000, records: 3, first: RecordID(high: 5, low: 0), parts: 0),
            SnapshotManifest.Chunk(hash: hash, bytes: 900, records: 2, first: RecordID(high: 9, low: 0), parts: 4),
        ], key: key)

    private static let order: SnapshotOrder = {
        var order = SnapshotOrder()
        let feeds = [FeedID(high: 1, low: 1), FeedID(high: 2, low: 2)]
        order.heads = feeds.map { SnapshotOrder.Head(feed: $0, start: hash, sequence: 300, hash: hash) }
        order.knots = [
            SnapshotOrder.FeedKnot(
                feed: feeds[0],
                knot: PastIndex.Knot(sequence: 7, others: VersionVector([Dot(feed: feeds[1], sequence: 200)])))
        ]
        order.unfolded = [SnapshotOrder.Unfolded(dot: Dot(feed: feeds[1], sequence: 9), reason: "of a newer version")]
        return order
    }()

    private static let block: SnapshotBlock = {
        let dot = Dot(feed: FeedID(high: 1, low: 1), sequence: 3)
        var state = RecordState()
        let past = Past(of: dot, others: VersionVector())
        let time = HybridTimestamp(milliseconds: 1_768_469_402_000)
        var rows: [LogRow] = []
        for operation in [
            FieldOperation(record: 0, target: FieldTarget(field: "title", kind: .register), value: .text("Soup")),
            FieldOperation(record: 0, target: FieldTarget(field: "steps", kind: .log), value: .text("noticed")),
        ] {
            let row = try? state.apply(operation, dot: dot, effective: time, past: past) { nil }
            if let row = row ?? nil { rows.append(row) }
        }
        let heading = SnapshotHeading(stamp: time, zoneMinutes: 420, person: "rina")
        return SnapshotBlock(
            records: [SnapshotRecord(origin: .external(source: "test", id: "1"), state: state, log: rows)],
            headings: [dot: heading],
            parts: [
                SnapshotBlock.Part(
                    dot: dot, number: 0,
                    commitment: PartCommitment(subject: SubjectID(high: 1, low: 1), commitment: hash))
            ])
    }()
}
