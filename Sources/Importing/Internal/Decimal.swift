/// The number that ASCII digits spell; nil when there are none, more than 18, or something else among them.
func decimalNumber(_ digits: ArraySlice<UInt8>) -> Int? {
    // Eighteen digits always fit in an Int.
    guard (1...18).contains(digits.count) else { return nil }
    var number = 0
    for byte in digits {
        let digit = byte &- UInt8(ascii: "0")
        guard digit <= 9 else { return nil }
        number = number * 10 + Int(digit)
    }
    return number
}

/// A number from 0 to 99 with a leading zero where it needs one.
func twoDigits(_ number: Int) -> String {
    number < 10 ? "0\(number)" : "\(number)"
}
