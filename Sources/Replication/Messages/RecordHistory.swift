import Causality
import Changes

/// The placed changes that touch one record, as a hub tells them to a replica that began with a snapshot. They are
/// shown and not kept: each is held against its own hashes, and that they are these stands on the hub's word.
package struct RecordHistory: Hashable, Sendable {
    package struct Line: Hashable, Sendable {
        package let header: ChangeHeader
        /// Nil for a stub.
        package let operations: [UInt8]?
        package let placement: Placement
        /// In the order of the commitments; nil where one is not held.
        package let parts: [[UInt8]?]

        package init(header: ChangeHeader, operations: [UInt8]?, placement: Placement, parts: [[UInt8]?]) {
            self.header = header
            self.operations = operations
            self.placement = placement
            self.parts = parts
        }

        /// The change as if it were kept.
        package var change: StoredChange {
            StoredChange(
                header: header, operations: operations, hash: header.hash(), placement: placement,
                order: Int64(clamping: placement.position))
        }
    }

    /// In the order of their positions, from the first.
    package var lines: [Line]
    /// Whether there are more, left out for their size.
    package var hasMore: Bool

    package init(lines: [Line], hasMore: Bool) {
        self.lines = lines
        self.hasMore = hasMore
    }

    package static var version: UInt64 { 1 }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: 4_096)
        writer.write(RecordHistory.version)
        writer.write(byte: hasMore ? 1 : 0)
        writer.write(lines.count)
        for line in lines {
            writer.write(line.placement.position)
            writer.write(milliseconds: line.placement.received)
            writer.write(byte: line.placement.verdict.rawValue)
            var header = ByteWriter(reserving: 256)
            line.header.encode(into: &header)
            writer.write(header.bytes)
            writer.write(byte: line.operations == nil ? 0 : 1)
            if let operations = line.operations { writer.write(operations) }
            for part in line.parts {
                writer.write(byte: part == nil ? 0 : 1)
                if let part { writer.write(part) }
            }
        }
        return writer.bytes
    }

    /// - Throws: `CodecError`, also where a change's operations or parts are not those that its header commits to.
    package init(_ bytes: [UInt8], scope: ScopeID) throws(CodecError) {
        var reader = ByteReader(bytes)
        let version = try reader.readInteger()
        guard version == RecordHistory.version else { throw .unsupported("a record's history of version \(version)") }
        hasMore = try reader.readFlag()
        lines = []
        for _ in 0..<(try reader.readCount(.changesPerHistory, leastBytes: 100)) {
            let start = reader.index
            let position = try reader.readInteger()
            let received = try reader.readMilliseconds()
            let verdict = Verdict(rawValue: try reader.readByte())
            guard let verdict else { throw .malformed("there is no such verdict", at: start) }
            var nested = try reader.readNested(.bytesPerHeader)
            let header = try ChangeHeader(from: &nested)
            try nested.finish()
            let operations = try reader.readFlag() ? try reader.readBytes(.bytesPerChange) : nil
            var parts: [[UInt8]?] = []
            for _ in header.parts { parts.append(try reader.readFlag() ? try reader.readBytes(.bytesPerChange) : nil) }
            guard header.scope == scope else { throw .malformed("a change is of another scope", at: start) }
            if let operations {
                guard Operations.hash(operations) == header.operationsHash else {
                    throw .malformed("a change's operations are not those of its header", at: start)
                }
                _ = try Operations(operations)
                try Change(header: header, operations: operations).checkParts(parts)
            }
            lines.append(
                Line(
                    header: header, operations: operations,
                    placement: Placement(position: position, received: received, verdict: verdict), parts: parts))
        }
        try reader.finish()
    }
}

extension ReplicaTransaction {
    /// The placed changes that touch a record, from the first, about as many as `limit` bytes hold.
    package func history(of record: RecordID, scope: ScopeID, limit: Int = 8 << 20) throws -> RecordHistory {
        var history = RecordHistory(lines: [], hasMore: false)
        var size = 0
        for change in try changes(touching: record, of: scope) {
            guard let placement = change.placement else { continue }
            if size > limit || history.lines.count >= Limit.changesPerHistory.value {
                history.hasMore = true
                break
            }
            let parts = change.header.parts.isEmpty ? [] : try parts(of: change.dot, scope: scope)
            history.lines.append(
                RecordHistory.Line(
                    header: change.header, operations: change.operations, placement: placement, parts: parts))
            size += 300 + (change.operations?.count ?? 0) + parts.reduce(0) { $0 + ($1?.count ?? 0) }
        }
        return history
    }
}

extension Limit {
    package static let changesPerHistory = Limit("changes in a record's history", 100_000)
}
