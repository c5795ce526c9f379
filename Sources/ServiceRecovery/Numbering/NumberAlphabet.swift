/// The letters of case numbers: all but I, L and O, which people read and write as 1, 1 and 0.
///
/// Twenty-three are left, a prime: that is what lets one letter check them all (`CheckLetter`).
enum NumberAlphabet {
    static let letters = Array("ABCDEFGHJKMNPQRSTUVWXYZ".utf8)

    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    static func isLetter(_ byte: UInt8) -> Bool { letterValues[Int(byte)] != nil }

    /// A letter's place in the alphabet, a digit's number; `nil` for anything else.
    static func value(of byte: UInt8) -> Int? {
        isDigit(byte) ? Int(byte - UInt8(ascii: "0")) : letterValues[Int(byte)]
    }

    /// The digit that was meant where only a digit can stand.
    static func digit(meantBy byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "I"), UInt8(ascii: "L"): UInt8(ascii: "1")
        case UInt8(ascii: "O"): UInt8(ascii: "0")
        default: isDigit(byte) ? byte : nil
        }
    }

    /// The digits of `number`, with zeros before them up to `width`.
    static func digits(_ number: UInt64, width: Int) -> [UInt8] {
        let digits = Array(String(number).utf8)
        return Array(repeating: UInt8(ascii: "0"), count: max(0, width - digits.count)) + digits
    }

    private static let letterValues: [Int?] = {
        var values = [Int?](repeating: nil, count: 256)
        for (index, letter) in letters.enumerated() { values[Int(letter)] = index }
        return values
    }()
}
