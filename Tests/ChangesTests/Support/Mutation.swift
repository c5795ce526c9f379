/// Damage to bytes: what a bad disk, a cut line or somebody hostile does.
enum Mutation: CaseIterable {
    case flip
    case replace
    case insert
    case delete
    case inflate
    case splice
    case cut
    case swap

    /// `bytes` with one damage; `other` is a valid encoding to take pieces from.
    func applied(to bytes: [UInt8], other: [UInt8], _ generator: inout Generator) -> [UInt8] {
        guard !bytes.isEmpty else { return other }
        var result = bytes
        let place = generator.upTo(bytes.count - 1)
        switch self {
        case .flip: result[place] ^= 1 << UInt8(generator.upTo(7))
        case .replace: result[place] = generator.pick([0x00, 0x01, 0x7f, 0x80, 0xff])
        case .insert: result.insert(contentsOf: generator.bytes(upTo: 3), at: place)
        case .delete: result.removeSubrange(place...min(bytes.count - 1, place + generator.upTo(3)))
        case .inflate: result.replaceSubrange(place...place, with: Mutation.varint(generator.integer()))
        case .splice:
            guard !other.isEmpty else { return bytes }
            result = Array(bytes[..<place] + other[generator.upTo(other.count - 1)...])
        case .cut: result.removeLast(bytes.count - place)
        case .swap: result.swapAt(place, generator.upTo(bytes.count - 1))
        }
        return result
    }

    static func varint(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}
