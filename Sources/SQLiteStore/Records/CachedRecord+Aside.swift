import Causality
import Changes

/// A record that waits to be written as it is set aside, in bytes of this process alone: scope, flags, digest, numbers, origin, rows of
/// its log that the file lacks, state.
extension CachedRecord {
    /// Whether it can be: of a record that was cleared it is known what the file holds too much.
    var canBeSetAside: Bool {
        origin != nil && unprojectedLog.map { $0.count == unsavedLog.count } != false
    }

    private struct Flags: OptionSet {
        let rawValue: UInt64
        static let isInserted = Flags(rawValue: 1)
        static let isOriginSaved = Flags(rawValue: 2)
        static let isStateInline = Flags(rawValue: 4)
        /// All rows of its log are to be shown anew.
        static let rewritesLog = Flags(rawValue: 8)
        /// The file has no row of its log.
        static let hasNewLog = Flags(rawValue: 16)
    }

    /// - Parameters:
    ///   - names: by which states in memory name fields.
    ///   - states: whose memory is used anew.
    /// - Precondition: it can be set aside.
    func write(into writer: inout ByteWriter, _ names: FieldNames, in states: inout CompactWriter) {
        guard let origin else { preconditionFailure("a record without origin cannot be set aside") }
        var flags: Flags = []
        if isInserted { flags.insert(.isInserted) }
        if isOriginSaved { flags.insert(.isOriginSaved) }
        if isStateInline { flags.insert(.isStateInline) }
        if unprojectedLog == nil { flags.insert(.rewritesLog) }
        if let log, log.count == unsavedLog.count { flags.insert(.hasNewLog) }
        writer.write(scope)
        writer.write(flags.rawValue)
        writer.write(ShortHash(number: savedDigest ?? 0))
        for number in [Int64(savedConflicts), projected ?? 0, savedType ?? 0] { writer.write(signed: number) }
        origin.encode(into: &writer)
        writer.write(unsavedLog.count)
        for row in unsavedLog { row.write(into: &writer) }
        state.settle()
        state.compact(names, in: &states).withBytes { writer.write(raw: $0) }
    }

    /// - Parameter bytes: what was written of it.
    /// - Throws: where they are not.
    convenience init(id: RecordID, rid: Int64, setAside bytes: [UInt8]) throws(CodecError) {
        var reader = ByteReader(bytes)
        self.init(id: id, rid: rid, scope: try reader.readIdentifier())
        let flags = Flags(rawValue: try reader.readInteger())
        isInserted = flags.contains(.isInserted)
        isOriginSaved = flags.contains(.isOriginSaved)
        isStateInline = flags.contains(.isStateInline)
        let digest: ShortHash = try reader.readIdentifier()
        savedDigest = digest.number
        savedConflicts = Int32(truncatingIfNeeded: try reader.readSigned())
        let (shown, saved) = (try reader.readSigned(), try reader.readSigned())
        projected = shown == 0 ? nil : shown
        savedType = saved == 0 ? nil : saved
        origin = try RecordOrigin(from: &reader)
        var rows: [LogRow] = []
        for _ in 0..<(try reader.readInteger()) { rows.append(try LogRow(from: &reader)) }
        unsavedLog = rows
        unprojectedLog = flags.contains(.rewritesLog) ? nil : rows
        if flags.contains(.hasNewLog) { log = rows.sorted { $0.precedes($1) } }
        state = FoldingState(CompactState(setAside: Array(bytes[reader.index...])))
    }
}

extension LogRow {
    fileprivate func write(into writer: inout ByteWriter) {
        writer.write(field)
        writer.write(mark.key.rawValue)
        writer.write(mark.dot.feed)
        writer.write(mark.dot.sequence)
        value.encode(into: &writer)
    }

    fileprivate init(from reader: inout ByteReader) throws(CodecError) {
        let field = try reader.readText(.nameBytes)
        let key = HybridTimestamp(rawValue: try reader.readInteger())
        let dot = Dot(feed: try reader.readIdentifier(), sequence: try reader.readInteger())
        self.init(
            field: field, mark: RecordState.LogMark(key: key, dot: dot), value: try Value(from: &reader))
    }
}
