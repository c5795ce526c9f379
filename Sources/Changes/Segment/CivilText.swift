/// Texts that other systems write for a moment, such as `2016-02-29T01:16`: as numbers they are told from the change's
/// stamp, which they mostly lie near, in one byte or two.
///
/// Nothing is read into them: which zone they mean is not known, and the very text comes back.
struct CivilText: Hashable, Sendable {
    let hasSeconds: Bool
    /// A space between date and time in place of `T`.
    let hasSpace: Bool
    /// Ends in `Z`.
    let hasZulu: Bool

    /// Milliseconds in the text's unit.
    var unit: Int64 { hasSeconds ? 1_000 : 60_000 }

    /// 1 seconds, 2 space, 4 `Z`.
    var rawValue: UInt8 { (hasSeconds ? 1 : 0) | (hasSpace ? 2 : 0) | (hasZulu ? 4 : 0) }

    private init(hasSeconds: Bool, hasSpace: Bool, hasZulu: Bool) {
        self.hasSeconds = hasSeconds
        self.hasSpace = hasSpace
        self.hasZulu = hasZulu
    }

    init?(rawValue: UInt8) {
        guard rawValue < 8 else { return nil }
        self.init(hasSeconds: rawValue & 1 != 0, hasSpace: rawValue & 2 != 0, hasZulu: rawValue & 4 != 0)
    }

    /// The form that `text` is in and its number of units since 1970; nil where it is not exactly what `text(of:)` gives.
    static func parse(_ text: Text) -> (form: CivilText, number: Int64)? { text.withBytes { parse($0) } }

    /// The same of a text's UTF-8: nothing is made of it.
    static func parse(_ text: UnsafeRawBufferPointer) -> (form: CivilText, number: Int64)? {
        guard (16...20).contains(text.count) else { return nil }
        let hasZulu = text[text.count - 1] == UInt8(ascii: "Z")
        let length = text.count - (hasZulu ? 1 : 0)
        guard length == 16 || length == 19 else { return nil }
        let form = CivilText(
            hasSeconds: length == 19, hasSpace: text[10] == UInt8(ascii: " "), hasZulu: hasZulu)
        let (hyphen, colon) = (UInt8(ascii: "-"), UInt8(ascii: ":"))
        guard form.hasSpace || text[10] == UInt8(ascii: "T"), text[4] == hyphen, text[7] == hyphen,
            text[13] == colon, !form.hasSeconds || text[16] == colon
        else { return nil }
        func number(_ range: Range<Int>, upTo greatest: Int64) -> Int64? {
            var result: Int64 = 0
            for index in range {
                let digit = text[index] &- UInt8(ascii: "0")
                guard digit < 10 else { return nil }
                result = result * 10 + Int64(digit)
            }
            return result <= greatest ? result : nil
        }
        guard let year = number(0..<4, upTo: 9_999), let month = number(5..<7, upTo: 12),
            let day = number(8..<10, upTo: 31), let hour = number(11..<13, upTo: 23),
            let minute = number(14..<16, upTo: 59), let second = form.hasSeconds ? number(17..<19, upTo: 59) : 0,
            month > 0
        else { return nil }
        let dayNumber = dayNumber(year, month, day)
        // The thirtieth of February is another day.
        guard date(dayNumber) == (year, month, day) else { return nil }
        let minutes = (dayNumber * 24 + hour) * 60 + minute
        return (form, form.hasSeconds ? minutes * 60 + second : minutes)
    }

    /// - Returns: nil where the year has not four digits.
    func text(of number: Int64) -> Text? {
        var writer = ByteWriter(reserving: byteCount)
        return write(number, into: &writer) ? Text(String(decoding: writer.bytes, as: UTF8.self)) : nil
    }

    /// Of every text of this form.
    var byteCount: Int { (hasSeconds ? 19 : 16) + (hasZulu ? 1 : 0) }

    /// Writes the text's UTF-8.
    ///
    /// - Returns: false, and nothing is written, where the year has not four digits.
    func write(_ number: Int64, into writer: inout ByteWriter) -> Bool {
        let perDay: Int64 = hasSeconds ? 86_400 : 1_440
        // Years 0 to 9999, with some days to spare.
        guard (-720_000 * perDay...3_000_000 * perDay).contains(number) else { return false }
        let ofDay = (number % perDay + perDay) % perDay
        let (year, month, day) = CivilText.date((number - ofDay) / perDay)
        guard (0...9_999).contains(year) else { return false }
        let minute = hasSeconds ? ofDay / 60 : ofDay
        // Put together first: each append asks for room.
        withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 1) { text in
            func put(_ number: Int64, at place: Int, before separator: UInt8? = nil) {
                let number = UInt8(truncatingIfNeeded: number)
                text[place] = UInt8(ascii: "0") + number / 10
                text[place + 1] = UInt8(ascii: "0") + number % 10
                if let separator { text[place + 2] = separator }
            }
            put(year / 100, at: 0)
            put(year % 100, at: 2, before: UInt8(ascii: "-"))
            put(month, at: 5, before: UInt8(ascii: "-"))
            put(day, at: 8, before: UInt8(ascii: hasSpace ? " " : "T"))
            put(minute / 60, at: 11, before: UInt8(ascii: ":"))
            put(minute % 60, at: 14, before: hasSeconds ? UInt8(ascii: ":") : nil)
            if hasSeconds { put(ofDay % 60, at: 17) }
            if hasZulu { text[byteCount - 1] = UInt8(ascii: "Z") }
            writer.write(raw: UnsafeRawBufferPointer(text))
        }
        return true
    }

    // MARK: - The proleptic Gregorian calendar

    /// Days since 1970-01-01.
    ///
    /// Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`, `civil_from_days`.
    private static func dayNumber(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func date(_ dayNumber: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = dayNumber + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
