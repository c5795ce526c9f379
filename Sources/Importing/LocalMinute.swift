/// A date and time to the minute on a local clock, without a zone.
///
/// Dates are checked against the Gregorian calendar: 29 February exists in leap years only.
package struct LocalMinute: Hashable, Sendable {
    /// Minutes from 1970-01-01 00:00 on the same clock.
    package let minutesSince1970: Int

    /// The instant in milliseconds since 1970 UTC, when the clock stands at `zone`.
    package func milliseconds(in zone: ZoneOffset) -> Int64 {
        Int64(minutesSince1970 - zone.minutes) * 60_000
    }

    /// Reads the log's form, `d/m/yyyy h:m`, with or without leading zeros and with `/` or `-` in the date; nil for
    /// anything else.
    init?(dayFirst text: ArraySlice<UInt8>) {
        guard let space = text.firstIndex(of: UInt8(ascii: " ")) else { return nil }
        let date = text[..<space]
        let separator = date.contains(UInt8(ascii: "-")) ? UInt8(ascii: "-") : UInt8(ascii: "/")
        let parts = date.split(separator: separator, maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        self.init(year: parts[2], month: parts[1], day: parts[0], clock: text[(space + 1)...])
    }

    /// Reads `yyyy-mm-ddThh:mm`, with `T` or a space in the middle; nil for anything else.
    package init?(iso text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 16, bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: " "),
            bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"), bytes[13] == UInt8(ascii: ":")
        else { return nil }
        self.init(year: bytes[0...3], month: bytes[5...6], day: bytes[8...9], clock: bytes[11...])
    }

    private init?(
        year: ArraySlice<UInt8>, month: ArraySlice<UInt8>, day: ArraySlice<UInt8>, clock: ArraySlice<UInt8>
    ) {
        guard let colon = clock.firstIndex(of: UInt8(ascii: ":")), year.count == 4,
            let year = decimalNumber(year),
            let month = Self.number(month, in: 1...12),
            let day = Self.number(day, in: 1...31),
            let hour = Self.number(clock[..<colon], in: 0...23),
            let minute = Self.number(clock[(colon + 1)...], in: 0...59),
            day <= Self.days(inMonth: month, of: year)
        else { return nil }
        minutesSince1970 = (Self.daysSince1970(year, month, day) * 24 + hour) * 60 + minute
    }

    private static func number(_ digits: ArraySlice<UInt8>, in range: ClosedRange<Int>) -> Int? {
        guard digits.count <= 2, let number = decimalNumber(digits), range.contains(number) else { return nil }
        return number
    }

    // MARK: - Calendar

    private static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func isLeap(_ year: Int) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    /// Days from 1970-01-01 in the proleptic Gregorian calendar.
    ///
    /// Years are counted from March, so that the leap day comes last and month lengths follow one formula.
    /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil; years from 0 on.
    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let marchYear = month > 2 ? year : year - 1
        let era = (marchYear >= 0 ? marchYear : marchYear - 399) / 400
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
