/// The times of HTTP headers, in the three forms that a recipient must take. Source: RFC 9110, section 5.6.7.
package enum HTTPDate {
    /// Seconds since 1970; nil for what is no date.
    package static func seconds(_ text: String) -> Int64? {
        // "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"
        let words = text.split { $0 == " " || $0 == "," || $0 == "-" }.map(String.init)
        switch words.count {
        case 6 where words[5] == "GMT": return seconds(day: words[1], month: words[2], year: words[3], time: words[4])
        case 5: return seconds(day: words[2], month: words[1], year: words[4], time: words[3])
        default: return nil
        }
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func seconds(day: String, month: String, year: String, time: String) -> Int64? {
        let clock = time.split(separator: ":", omittingEmptySubsequences: false).map { Int64($0) ?? -1 }
        guard let day = Int64(day), (1...31).contains(day), let month = months.firstIndex(of: month),
            let number = Int64(year), (0...9_999).contains(number), clock.count == 3, (0...23).contains(clock[0]),
            (0...59).contains(clock[1]), (0...60).contains(clock[2])
        else { return nil }
        // A year of two digits: this century's, save where that would be far ahead.
        let full = year.utf8.count > 2 ? number : number < 70 ? 2_000 + number : 1_900 + number
        return daysSince1970(year: full, month: Int64(month) + 1, day: day) * 86_400
            + clock[0] * 3_600 + clock[1] * 60 + clock[2]
    }

    /// Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
    private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}

/// When to come back, as a header says.
package enum RetryAfter {
    /// - Parameters:
    ///   - value: the Retry-After header: seconds or a date.
    ///   - date: the answer's Date header. A date is compared with it and not with the branch's clock.
    package static func duration(_ value: String?, date: String?) -> Duration? {
        guard let value else { return nil }
        if let seconds = Int64(value) { return seconds >= 0 ? .seconds(seconds) : nil }
        guard let until = HTTPDate.seconds(value), let now = date.flatMap(HTTPDate.seconds) else { return nil }
        return .seconds(max(0, until - now))
    }
}
