import Causality

/// Where a record comes from. Origins travel; ids are derived from them, so that two replicas that make the
/// same record of the same outside thing make one record.
package enum RecordOrigin: Hashable, Sendable {
    /// The `index`-th record that an earlier change created.
    case created(change: ShortHash, index: Int)
    /// The `index`-th record that this very change creates.
    case here(index: Int)
    /// A thing of another system, by that system's name and its id there.
    case external(source: Text, id: Text)
    /// What a move of `record` to the scope `target` delivered there.
    case moved(record: RecordID, target: ScopeID)

    /// The id, in `scope`.
    ///
    /// - Parameter change: the short hash of the change that carries this origin; needed for `here` alone.
    package func recordID(in scope: ScopeID, change: ShortHash) -> RecordID {
        let hash = Hash256.of(.record) { writer in
            writer.write(scope)
            switch self {
            case .here(let index): RecordOrigin.created(change: change, index: index).encode(into: &writer)
            default: encode(into: &writer)
            }
        }
        return RecordID(high: hash.short.high, low: hash.short.low)
    }

    /// The id, in `scope`, whichever change carries this origin.
    ///
    /// - Precondition: it is not `here`.
    package func recordID(in scope: ScopeID) -> RecordID {
        if case .here = self { preconditionFailure("which record this is depends on the change that carries it") }
        return recordID(in: scope, change: ShortHash(high: 0, low: 0))
    }

    /// This origin as other changes name it.
    package func seen(from change: ShortHash) -> RecordOrigin {
        if case .here(let index) = self { .created(change: change, index: index) } else { self }
    }

    /// The first byte of each kind.
    enum Tag {
        static let created: UInt8 = 0
        static let here: UInt8 = 1
        static let external: UInt8 = 2
        static let moved: UInt8 = 3
    }

    package func encode(into writer: inout ByteWriter) {
        switch self {
        case .created(let change, let index):
            writer.write(byte: Tag.created)
            writer.write(change)
            writer.write(index)
        case .here(let index):
            writer.write(byte: Tag.here)
            writer.write(index)
        case .external(let source, let id):
            writer.write(byte: Tag.external)
            writer.write(source)
            writer.write(id)
        case .moved(let record, let target):
            writer.write(byte: Tag.moved)
            writer.write(record)
            writer.write(target)
        }
    }

    package init(from reader: inout ByteReader) throws(CodecError) {
        let start = reader.index
        let greatest = UInt64(Limit.operationsPerChange.value)
        switch try reader.readByte() {
        case Tag.created:
            let change: ShortHash = try reader.readIdentifier()
            self = .created(change: change, index: Int(try reader.readInteger(upTo: greatest)))
        case Tag.here: self = .here(index: Int(try reader.readInteger(upTo: greatest)))
        case Tag.external:
            let source = try reader.readText(.nameBytes)
            self = .external(source: source, id: try reader.readText(.nameBytes))
        case Tag.moved:
            let record: RecordID = try reader.readIdentifier()
            self = .moved(record: record, target: try reader.readIdentifier())
        case let tag:
            throw .malformed("record origin \(tag) does not exist", at: start)
        }
    }
}
