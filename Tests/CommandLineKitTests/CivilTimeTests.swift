import CommandLineKit
import Foundation
import Testing

@Suite struct CivilTimeTests {
    @Test func instantsAreWrittenWithTheirZone() {
        #expect(CivilTime.iso(milliseconds: 0) == "1970-01-01T00:00:00.000Z")
        #expect(CivilTime.iso(milliseconds: 1_456_708_980_123, zoneMinutes: 210) == "2016-02-29T04:53:00.123+03:30")
        #expect(CivilTime.iso(milliseconds: -1, zoneMinutes: -60) == "1969-12-31T22:59:59.999-01:00")
        #expect(CivilTime.text(milliseconds: 1_456_708_980_123) == "2016-02-29 01:23 +00:00")
    }

    @Test func theEndsOfTimeAreWrittenAndDoNotTrap() {
        for edge in [Int64.min, .min + 1, .max, 1 << 48] {
            #expect(!CivilTime.iso(milliseconds: edge, zoneMinutes: 1_080).isEmpty)
            #expect(!CivilTime.text(milliseconds: edge, zoneMinutes: -1_080).isEmpty)
        }
    }

    @Test func everyDayOfFourHundredYearsComesBack() throws {
        for day in stride(from: -146_097 / 2, through: 146_097 / 2, by: 1) {
            let milliseconds = Int64(day) * 86_400_000 + 45_296_789
            let text = CivilTime.iso(milliseconds: milliseconds)
            let read = try #require(TimeInput(text), "\(text)")
            #expect(read.milliseconds(in: 0) == milliseconds)
        }
    }

    @Test(
        arguments: [
            ("2026-07-31T14:05", 0, nil), ("2026-07-31 14:05:00", 0, nil), ("2026-07-31T14:05Z", 0, 0),
            ("2026-07-31T14:05:00.5+07:00", 500, 420), ("2026-07-31T14:05:00.25-0330", 250, -210),
        ] as [(String, Int64, Int?)])
    func timesAreReadInTheirUsualForms(text: String, milliseconds: Int64, zone: Int?) throws {
        let input = try #require(TimeInput(text))
        #expect(input.zoneMinutes == zone)
        #expect(input.local.milliseconds == 1_785_506_700_000 + milliseconds)
    }

    @Test(arguments: [
        "", "2026-07-31", "2026-02-29T10:00", "2026-13-01T10:00", "2026-07-31T24:00", "2026-07-31T14:05:60",
        "2026-07-31T14:05+19:00", "2026-07-31T14:05 UTC", "31/7/2026 14:05", "2026-07-31T14:05Zx",
        "2026-07-31T14:05:00.",
    ])
    func anythingElseIsRefused(text: String) { #expect(TimeInput(text) == nil) }
}
