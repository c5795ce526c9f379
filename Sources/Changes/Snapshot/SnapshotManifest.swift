import Causality

/// The hub's signed word on a scope's records at a position of its order, and on the bytes in which they travel.
package struct SnapshotManifest: Hashable, Sendable {
    /// One chunk, zstd. Chunks of the order come first, then those of records, by id.
    package struct Chunk: Hashable, Sendable {
        /// SHA-256 of the chunk as it travels.
        package let hash: Hash256
        /// As it travels.
        package let bytes: UInt64
        /// Its records; 0 for a chunk of the order.
        package let records: UInt64
        /// The first record in it; nil for a chunk of the order.
        package let first: RecordID?
        /// Personal parts that its changes commit to: they travel apart.
        package let parts: UInt64

        package init(hash: Hash256, bytes: UInt64, records: UInt64, first: RecordID?, parts: UInt64) {
            self.hash = hash
            self.bytes = bytes
            self.records = records
            self.first = first
            self.parts = parts
        }
    }

    /// Position and history hash; the scope, the hub's time and the incarnation of its database.
    package let receipt: Receipt
    /// The hash of the 256 sums over the records.
    package let fingerprint: Hash256
    /// The greatest effective time that the hub had folded: a clock moves there.
    package let clock: HybridTimestamp
    package let chunks: [Chunk]
    package private(set) var signature: [UInt8]

    package init(
        receipt: Receipt, fingerprint: Hash256, clock: HybridTimestamp, chunks: [Chunk], key: SigningKey
    ) {
        self.receipt = receipt
        self.fingerprint = fingerprint
        self.clock = clock
        self.chunks = chunks
        signature = []
        signature = key.sign(preimage)
    }

    package static var format: UInt64 { 1 }

    package var scope: ScopeID { receipt.scope }
    package var position: UInt64 { receipt.position }
    package var recordCount: UInt64 { chunks.reduce(0) { $0 &+ $1.records } }
    package var byteCount: UInt64 { chunks.reduce(0) { $0 &+ $1.bytes } }

    /// Names the snapshot in requests: chunks of another one are not asked for by it.
    package var id: ShortHash { Hash256.sha256(encoded()).short }

    /// - Throws: where `key` did not sign this, or not the receipt in it.
    package func verify(_ key: PublicKey) throws(SignatureError) {
        try receipt.verify(key)
        try key.verify(signature, for: preimage)
    }

    /// The chunk in which a record lies, where it is included.
    package func chunk(holding record: RecordID) -> Int? {
        var low = chunks.firstIndex { $0.first != nil } ?? chunks.count
        var high = chunks.count
        let first = low
        while low < high {
            let middle = (low + high) / 2
            if let start = chunks[middle].first, start <= record { low = middle + 1 } else { high = middle }
        }
        return low == first ? nil : low - 1
    }

    private var preimage: [UInt8] {
        var writer = Hash256.preimage(.snapshot)
        encodeSigned(into: &writer)
        return writer.bytes
    }

    private func encodeSigned(into writer: inout ByteWriter) {
        writer.write(SnapshotManifest.format)
        receipt.encode(into: &writer)
        writer.write(fingerprint)
        writer.write(clock.rawValue)
        writer.write(chunks.count)
        for chunk in chunks {
            writer.write(chunk.hash)
            writer.write(chunk.bytes)
            writer.write(chunk.records)
            if let first = chunk.first {
                writer.write(first)
                writer.write(chunk.parts)
            }
        }
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: 512 + 64 * chunks.count)
        encodeSigned(into: &writer)
        writer.write(raw: signature)
        return writer.bytes
    }

    /// - Throws: `CodecError`.
    package init(_ bytes: [UInt8]) throws(CodecError) {
        var reader = ByteReader(bytes)
        let format = try reader.readInteger()
        guard format == SnapshotManifest.format else { throw .unsupported("a snapshot of format \(format)") }
        receipt = try Receipt(from: &reader)
        fingerprint = try reader.readHash()
        clock = HybridTimestamp(rawValue: try reader.readInteger())
        let start = reader.index
        var chunks: [Chunk] = []
        for _ in 0..<(try reader.readCount(.chunksPerSnapshot, leastBytes: 34)) {
            let hash = try reader.readHash()
            let bytes = try reader.readInteger(upTo: UInt64(Limit.bytesPerSnapshotChunk.value))
            let records = try reader.readInteger(upTo: UInt64(Limit.recordsPerSnapshotChunk.value))
            let first: RecordID? = records == 0 ? nil : try reader.readIdentifier()
            let parts = records == 0 ? 0 : try reader.readInteger(upTo: UInt64(Limit.partsPerSnapshotChunk.value))
            chunks.append(Chunk(hash: hash, bytes: bytes, records: records, first: first, parts: parts))
        }
        self.chunks = chunks
        signature = try reader.readRaw(Signature.byteCount)
        try reader.finish()
        for (chunk, next) in zip(chunks, chunks.dropFirst()) {
            guard let first = chunk.first else { continue }
            guard let following = next.first, first < following else {
                throw .malformed("the chunks of a snapshot are not in order", at: start)
            }
        }
    }
}

extension Limit {
    package static let chunksPerSnapshot = Limit("chunks in a snapshot", 1 << 16)
}
