import Causality
import Changes
import Replication
import SQLiteKit

/// Where records come from, as `record.origin` holds it: the canonical bytes, but for things of other systems. Of those
/// there are many and few systems, so that the system stands in `source` and its row in the origin.
extension SQLiteTransaction {
    /// The tag of a thing of another system, as in the canonical bytes.
    private static var external: UInt8 { 2 }

    func storedBytes(of origin: RecordOrigin) throws -> [UInt8] {
        var writer = ByteWriter(reserving: 40)
        try write(origin, into: &writer)
        return writer.bytes
    }

    func write(_ origin: RecordOrigin, into writer: inout ByteWriter) throws {
        guard case .external(let source, let id) = origin else { return origin.encode(into: &writer) }
        writer.write(byte: SQLiteTransaction.external)
        writer.write(UInt64(try sourceRow(source)))
        writer.write(id)
    }

    /// The origin that a row of `record` holds.
    ///
    /// - Throws: `StoredValueError` where it is none.
    func origin(_ bytes: [UInt8], of record: Int64) throws -> RecordOrigin {
        do {
            var reader = ByteReader(bytes)
            if bytes.first == SQLiteTransaction.external {
                _ = try reader.readByte()
                let row = try reader.readInteger(upTo: UInt64(Int64.max))
                let id = try reader.readText(.nameBytes)
                try reader.finish()
                guard let source = try loadSources().names[Int64(row)] else {
                    throw StoredValueError(
                        table: "record", row: "\(record)", reason: "its origin names a source that is not there")
                }
                return .external(source: source, id: id)
            }
            let origin = try RecordOrigin(from: &reader)
            try reader.finish()
            if case .here = origin {
                throw StoredValueError(
                    table: "record", row: "\(record)", reason: "its origin is none that other changes can name")
            }
            return origin
        } catch let error as CodecError {
            throw StoredValueError(table: "record", row: "\(record)", reason: error.description)
        }
    }

    /// The row of the source that an origin names; nil for origins of other kinds.
    func sourceRow(in origin: [UInt8]) -> Int64? {
        var reader = ByteReader(origin)
        guard origin.first == SQLiteTransaction.external, (try? reader.readByte()) != nil,
            let row = try? reader.readInteger()
        else { return nil }
        return Int64(exactly: row)
    }

    /// What tells a name that was written from a damaged one: no other column depends on it.
    static func digest(of source: Text) -> [UInt8] { RowDigest.of(Array(source.string.utf8)) }

    private func sourceRow(_ source: Text) throws -> Int64 {
        if let last = caches.lastSource, last.name == source { return last.row }
        let row = try loadSources().rows[source] ?? insertSource(source)
        caches.lastSource = (source, row)
        return row
    }

    /// Whether a record of another system was ever recorded here, by that system's name.
    package func knows(source: Text) throws -> Bool { try loadSources().rows[source] != nil }

    private func insertSource(_ source: Text) throws -> Int64 {
        try connection.execute(
            "INSERT INTO source (name, digest) VALUES (?, ?)", source.string, SQLiteTransaction.digest(of: source))
        let row = connection.lastInsertedRowID
        caches.sources?.rows[source] = row
        caches.sources?.names[row] = source
        return row
    }

    private func loadSources() throws -> StoreCaches.Sources {
        if let sources = caches.sources { return sources }
        var sources = StoreCaches.Sources()
        try connection.withStatement("SELECT rid, name FROM source ORDER BY rid") { statement in
            while try statement.step() {
                let row = try statement.int64(0)
                let name = Text(try statement.text(1))
                sources.rows[name] = row
                sources.names[row] = name
            }
        }
        caches.sources = sources
        return sources
    }
}
