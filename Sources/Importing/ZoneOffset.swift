/// The fixed distance of a local clock from UTC, which the incident log leaves out.
package struct ZoneOffset: Hashable, Sendable {
    /// No place on earth keeps a clock further from UTC than this.
    package static let greatestMinutes = 14 * 60

    package static let utc = ZoneOffset(minutes: 0)

    /// Minutes east of UTC, `-greatestMinutes...greatestMinutes`.
    package let minutes: Int

    /// - Precondition: `minutes` lies in `-greatestMinutes...greatestMinutes`.
    package init(minutes: Int) {
        precondition(abs(minutes) <= Self.greatestMinutes, "No zone is \(minutes) minutes from UTC.")
        self.minutes = minutes
    }

    /// Reads `UTC`, `Z`, `+HH:MM` or `-HH:MM`; nil for anything else.
    package init?(_ text: String) {
        if text == "UTC" || text == "Z" {
            self = .utc
            return
        }
        let bytes = Array(text.utf8)
        guard bytes.count == 6, bytes[3] == UInt8(ascii: ":"), let sign = Self.sign(bytes[0]),
            let hours = decimalNumber(bytes[1...2]), let minutes = decimalNumber(bytes[4...5]), minutes < 60,
            hours * 60 + minutes <= Self.greatestMinutes
        else { return nil }
        self.minutes = sign * (hours * 60 + minutes)
    }

    private static func sign(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "+"): 1
        case UInt8(ascii: "-"): -1
        default: nil
        }
    }
}

extension ZoneOffset: CustomStringConvertible {
    /// `+HH:MM` or `-HH:MM`, which ``init(_:)`` reads back.
    package var description: String {
        let distance = abs(minutes)
        return (minutes < 0 ? "-" : "+") + twoDigits(distance / 60) + ":" + twoDigits(distance % 60)
    }
}
