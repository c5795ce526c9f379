import Causality

/// One entry of a record's log. Listed by (key, feed, sequence): a step that saw another comes after it, whatever
/// the clocks said.
package struct LogRow: Hashable, Sendable {
    package let field: Text
    package let mark: RecordState.LogMark
    package let value: Value

    package init(field: Text, mark: RecordState.LogMark, value: Value) {
        self.field = field
        self.mark = mark
        self.value = value
    }

    /// What the row adds to its state's sum.
    package var digest: UInt128 {
        let hash = Hash256.of(.logEntry) { writer in
            writer.write(field)
            writer.write(mark.key.rawValue)
            writer.write(mark.dot.feed)
            writer.write(mark.dot.sequence)
            value.encode(into: &writer)
        }
        return hash.short.number
    }
}

extension Identifier128 {
    /// The 16 bytes as one number, for sums.
    package var number: UInt128 { UInt128(high) << 64 | UInt128(low) }

    package init(number: UInt128) { self.init(high: UInt64(number >> 64), low: UInt64(truncatingIfNeeded: number)) }
}

extension UInt128 {
    /// A sum or a digest in 16 bytes, most significant first.
    package var bytes: [UInt8] { ShortHash(number: self).bytes }
}
