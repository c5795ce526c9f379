/// A date and time of day on some clock, in the Gregorian calendar.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
package struct CivilTime: Hashable, Sendable {
    /// Milliseconds from 1970-01-01 00:00 on the same clock.
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    // MARK: - Writing

    /// `2016-02-29T01:23:00.000Z`, or with the offset of the clock: `2016-02-29T04:53:00.000+03:30`.
    ///
    /// - Parameters:
    ///   - milliseconds: since 1970-01-01T00:00Z.
    ///   - zoneMinutes: how far east of UTC the clock stands.
    package static func iso(milliseconds: Int64, zoneMinutes: Int = 0) -> String {
        let time = CivilTime(local: milliseconds, zoneMinutes)
        return "\(time.date)T\(time.clock):\(padded(time.secondOfMinute, 2)).\(padded(time.millisecond, 3))"
            + (zoneMinutes == 0 ? "Z" : offset(zoneMinutes))
    }

    /// `2016-02-29 04:53 +03:30`, for people.
    package static func text(milliseconds: Int64, zoneMinutes: Int = 0) -> String {
        let time = CivilTime(local: milliseconds, zoneMinutes)
        return "\(time.date) \(time.clock) \(offset(zoneMinutes))"
    }

    /// `+03:30`.
    package static func offset(_ minutes: Int) -> String {
        (minutes < 0 ? "-" : "+") + padded(abs(minutes) / 60, 2) + ":" + padded(abs(minutes) % 60, 2)
    }

    private init(local milliseconds: Int64, _ zoneMinutes: Int) {
        self.init(milliseconds: milliseconds &+ Int64(zoneMinutes) &* 60_000)
    }

    private static let dayMilliseconds: Int64 = 86_400_000

    private var dayNumber: Int64 {
        (milliseconds &- millisecondOfDay) / CivilTime.dayMilliseconds
    }

    private var millisecondOfDay: Int64 {
        let rest = milliseconds % CivilTime.dayMilliseconds
        return rest < 0 ? rest + CivilTime.dayMilliseconds : rest
    }

    private var millisecond: Int { Int(millisecondOfDay % 1_000) }
    private var secondOfMinute: Int { Int(millisecondOfDay / 1_000 % 60) }

    private var clock: String {
        let minute = Int(millisecondOfDay / 60_000)
        return padded(minute / 60, 2) + ":" + padded(minute % 60, 2)
    }

    private var date: String {
        let shifted = dayNumber + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return "\(padded(Int(year), 4))-\(padded(Int(month), 2))-\(padded(Int(day), 2))"
    }
}

/// What a person typed for a time: a date and time of day, and perhaps how far that clock stands from UTC.
package struct TimeInput: Hashable, Sendable {
    package let local: CivilTime
    /// Minutes east of UTC; nil where the text names no zone.
    package let zoneMinutes: Int?

    /// Reads `2026-07-31T14:05`, with `T` or a space, with or without seconds and a fraction of up to three digits, and
    /// at its end `Z`, `+07:00`, `+0700` or nothing; nil for anything else.
    package init?(_ text: String) {
        var reader = DigitReader(text)
        guard let year = reader.number(digits: 4), reader.take("-"), let month = reader.number(digits: 2),
            reader.take("-"), let day = reader.number(digits: 2), reader.take("T") || reader.take(" "),
            let hour = reader.number(digits: 2), reader.take(":"), let minute = reader.number(digits: 2),
            let seconds = reader.seconds(), let zone = reader.zone(),
            (1...12).contains(month), (1...TimeInput.days(month, year)).contains(day), hour < 24, minute < 60
        else { return nil }
        let minutes = (TimeInput.daysSince1970(year, month, day) * 24 + hour) * 60 + minute
        local = CivilTime(milliseconds: Int64(minutes) * 60_000 + Int64(seconds))
        switch zone {
        case .none: zoneMinutes = nil
        case .minutes(let minutes): zoneMinutes = minutes
        }
    }

    /// The instant, in milliseconds since 1970-01-01T00:00Z, where the clock stands `zone` minutes east of UTC.
    package func milliseconds(in zone: Int) -> Int64 { local.milliseconds - Int64(zone) * 60_000 }

    private static func days(_ month: Int, _ year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let marchYear = month > 2 ? year : year - 1
        let era = (marchYear >= 0 ? marchYear : marchYear - 399) / 400
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

/// Takes a text apart from its beginning. What is taken is gone, also where the next step fails.
private struct DigitReader {
    enum Zone {
        case none
        case minutes(Int)
    }

    private var rest: Substring.UTF8View

    init(_ text: String) { rest = text[...].utf8 }

    mutating func take(_ sign: Unicode.Scalar) -> Bool {
        guard let first = rest.first, UInt32(first) == sign.value else { return false }
        rest.removeFirst()
        return true
    }

    mutating func number(digits count: Int) -> Int? {
        let digits = rest.prefix(count)
        guard digits.count == count else { return nil }
        var number = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            number = number * 10 + Int(digit - UInt8(ascii: "0"))
        }
        rest.removeFirst(count)
        return number
    }

    /// Seconds and their fraction in milliseconds; 0 where the text has none.
    mutating func seconds() -> Int? {
        guard take(":") else { return 0 }
        guard let second = number(digits: 2), second < 60 else { return nil }
        guard take(".") else { return second * 1_000 }
        for (digits, unit) in [(3, 1), (2, 10), (1, 100)] {
            if let fraction = number(digits: digits) { return second * 1_000 + fraction * unit }
        }
        return nil
    }

    /// The zone, which ends the text.
    mutating func zone() -> Zone? {
        if rest.isEmpty { return Zone.none }
        if take("Z") { return rest.isEmpty ? .minutes(0) : nil }
        let sign = take("+") ? 1 : take("-") ? -1 : 0
        guard sign != 0, let hours = number(digits: 2) else { return nil }
        _ = take(":")
        guard let minutes = number(digits: 2), minutes < 60, hours * 60 + minutes <= 1_080, rest.isEmpty else {
            return nil
        }
        return .minutes(sign * (hours * 60 + minutes))
    }
}

private func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(abs(number))
    return (number < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - digits.count)) + digits
}
