import StoreContract

/// Damage to bytes: what a bad disk, a cut line or somebody hostile does.
enum Mutation: CaseIterable {
    case flip
    case replace
    case insert
    case delete
    /// A number becomes another one, often far too great.
    case inflate
    /// The rest comes from other valid bytes.
    case splice
    case cut
    case swap

    func applied(to bytes: [UInt8], other: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
        guard !bytes.isEmpty, !other.isEmpty else { return other }
        var result = bytes
        let place = random.upTo(bytes.count - 1)
        switch self {
        case .flip: result[place] ^= 1 << UInt8(random.upTo(7))
        case .replace: result[place] = random.pick([0x00, 0x01, 0x7f, 0x80, 0xff])
        case .insert: result.insert(UInt8(random.upTo(255)), at: place)
        case .delete: result.removeSubrange(place...min(bytes.count - 1, place + random.upTo(3)))
        case .inflate:
            result.replaceSubrange(place...place, with: Mutation.number(random.next() >> UInt64(random.upTo(63))))
        case .splice: result = Array(bytes[..<place] + other[random.upTo(other.count - 1)...])
        case .cut: result.removeLast(bytes.count - place)
        case .swap: result.swapAt(place, random.upTo(bytes.count - 1))
        }
        return result
    }

    private static func number(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}
