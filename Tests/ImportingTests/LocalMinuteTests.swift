import Importing
import Testing

@Suite struct LocalMinuteTests {
    @Test(arguments: [
        ("1970-01-01T00:00", 0), ("1970-01-01 00:01", 1), ("1969-12-31T23:59", -1),
        ("2016-02-29T01:16", 24_278_476), ("2000-03-01T00:00", 15_864_480), ("2400-02-29T00:00", 226_242_720),
    ])
    func isoTimesCountMinutes(text: String, minutes: Int) {
        #expect(LocalMinute(iso: text)?.minutesSince1970 == minutes)
    }

    @Test(arguments: [
        "2015-02-29T00:00", "1900-02-29T00:00", "2016-04-31T00:00", "2016-13-01T00:00", "2016-00-01T00:00",
        "2016-01-00T00:00", "2016-01-01T24:00", "2016-01-01T00:60", "2016-1-1T0:0", "2016-01-01", "2016-01-01T00:00Z",
        "", "2016-01-01T00:0x", "٢٠١٦-01-01T00:00",
    ])
    func impossibleTimesAreNil(text: String) {
        #expect(LocalMinute(iso: text) == nil)
    }

    @Test func everyDayOfFourCenturiesFollowsTheOneBefore() {
        var previous: Int?
        for year in 1900..<2300 {
            for month in 1...12 {
                for day in 1...31 {
                    let text = "\(year)-\(padded(month))-\(padded(day))T00:00"
                    guard let minute = LocalMinute(iso: text)?.minutesSince1970 else { continue }
                    if let previous { #expect(minute == previous + 1_440, "\(text)") }
                    previous = minute
                }
            }
        }
    }

    private func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    @Test func zoneMovesTheInstantAgainstTheClock() throws {
        let minute = try #require(LocalMinute(iso: "1970-01-01T02:00"))
        #expect(minute.milliseconds(in: .utc) == 7_200_000)
        #expect(minute.milliseconds(in: ZoneOffset(minutes: 120)) == 0)
        #expect(minute.milliseconds(in: ZoneOffset(minutes: -90)) == 12_600_000)
    }

    @Test(arguments: [
        ("UTC", 0), ("Z", 0), ("+00:00", 0), ("-00:00", 0), ("+03:30", 210), ("-09:30", -570), ("+14:00", 840),
    ])
    func zonesAreReadAndWrittenBack(text: String, minutes: Int) {
        let zone = ZoneOffset(text)
        #expect(zone?.minutes == minutes)
        #expect(zone.flatMap { ZoneOffset($0.description) } == zone)
    }

    @Test(arguments: ["", "utc", "3:30", "+3:30", "+0330", "+14:01", "+99:00", "+01:60", "+a1:00", "Europe/Berlin"])
    func otherZonesAreNil(text: String) {
        #expect(ZoneOffset(text) == nil)
    }
}
