/// Passing over what is short and usual in bytes that nobody has checked: nothing is thrown, copied or counted.
///
/// Nil for all else, right or wrong: that is for `ByteReader`, which says what is wrong. What is passed here it would pass too.
enum UsualBytes {
    /// Where an integer of a few bytes ends.
    @inline(__always)
    static func end(ofInteger start: Int, in bytes: UnsafeRawBufferPointer) -> Int? {
        var index = start
        while index < bytes.count, index - start < 9 {
            let byte = bytes[index]
            index += 1
            // A last group of zero would be a second spelling of the same number.
            if byte < 0x80 { return byte > 0 || index == start + 1 ? index : nil }
        }
        return nil
    }

    /// Where a text of less than 128 bytes ends, its count included.
    @inline(__always)
    static func end(ofText start: Int, in bytes: UnsafeRawBufferPointer) -> Int? {
        guard start < bytes.count, bytes[start] < 0x80 else { return nil }
        let end = start + 1 + Int(bytes[start])
        return end <= bytes.count && Text.isUTF8(bytes, start + 1..<end) ? end : nil
    }

    /// Where a record's origin ends.
    static func end(ofOrigin start: Int, in bytes: UnsafeRawBufferPointer) -> Int? {
        guard start < bytes.count else { return nil }
        switch bytes[start] {
        case RecordOrigin.Tag.external:
            guard let system = end(ofText: start + 1, in: bytes) else { return nil }
            return end(ofText: system, in: bytes)
        case RecordOrigin.Tag.here: return end(ofIndex: start + 1, in: bytes)
        case RecordOrigin.Tag.created: return end(ofIndex: start + 17, in: bytes)
        default: return nil
        }
    }

    /// Where a number below 128 ends: no limit is smaller.
    private static func end(ofIndex start: Int, in bytes: UnsafeRawBufferPointer) -> Int? {
        start < bytes.count && bytes[start] < 0x80 ? start + 1 : nil
    }

    /// Where a value ends, and of what sort it is.
    static func end(ofValue start: Int, in bytes: UnsafeRawBufferPointer) -> (end: Int, sort: Value.Sort)? {
        guard start < bytes.count, let tag = Value.Tag(rawValue: UInt64(bytes[start])) else { return nil }
        let valueEnd: Int? =
            switch tag {
            case .null, .no, .yes: start + 1
            case .integer: UsualBytes.end(ofInteger: start + 1, in: bytes)
            case .text: UsualBytes.end(ofText: start + 1, in: bytes)
            case .time:
                UsualBytes.end(ofInteger: start + 1, in: bytes).flatMap { UsualBytes.end(ofZone: $0, in: bytes) }
            default: nil
            }
        guard let valueEnd else { return nil }
        return (valueEnd, Value.Sort(tag: tag.rawValue, holdsPersonal: false))
    }

    /// Where an offset of less than 17 hours ends.
    private static func end(ofZone start: Int, in bytes: UnsafeRawBufferPointer) -> Int? {
        guard let end = end(ofInteger: start, in: bytes) else { return nil }
        return end == start + 1 || end == start + 2 && bytes[start + 1] < 0x10 ? end : nil
    }
}
