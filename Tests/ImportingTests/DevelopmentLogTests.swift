import Importing
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What is known of the real incident log, when it is on this machine.
@Suite struct DevelopmentLogTests {
    private static let path = (environmentValue("AMENDS_DATA") ?? "../shared/data") + "/uci_incident_dev.csv.gz"

    private static func rows() throws -> [IncidentRow]? {
        guard access(path, R_OK) == 0 else {
            print("skipped: \(path) is not here; AMENDS_DATA names the folder that holds it.")
            return nil
        }
        var rows: [IncidentRow] = []
        var log = try IncidentLog(try ByteSource(path: path))
        while let entry = try log.next() {
            guard case .row(let row) = entry else {
                Issue.record("\(entry)")
                continue
            }
            rows.append(row)
        }
        return rows
    }

    private func events(of rows: [IncidentRow]) throws -> [CaseEvent] {
        var mapper = IncidentMapper(selection: .all, memory: InMemoryVisitMemory())
        return try rows.flatMap { try mapper.map($0).events }
    }

    private func cases(of events: [CaseEvent]) -> [String: [String: Int]] {
        ImportResult(events: events).cases
    }

    @Test func developmentLogIsTakenWhole() throws {
        guard let rows = try Self.rows() else { return }
        #expect(rows.count == 59_354)
        #expect(Set(rows.map(\.number)).count == 9_202)

        let events = try events(of: rows)
        let departures = events.compactMap { event in
            if case .moved = event.kind { event.subject.location } else { nil }
        }
        #expect(departures.filter { $0 == IncidentVisits.unknownLocation }.count == 45)
        #expect(departures.filter { $0 != IncidentVisits.unknownLocation }.count == 35)
        #expect(events.count == rows.count + departures.count)
        #expect(Set(events.map(\.factKey)).count == events.count)

        // In order of time incidents interleave; what each of them goes through stays the same.
        var latest: [String: Int64] = [:]
        let keyed = rows.enumerated().map { place, row in
            let time = max(latest[row.number] ?? .min, row.updatedAtMilliseconds)
            latest[row.number] = time
            return (time: time, place: place, row: row)
        }
        let interleaved = keyed.sorted { ($0.time, $0.place) < ($1.time, $1.place) }.map(\.row)
        #expect(interleaved != rows)
        #expect(cases(of: try self.events(of: interleaved)) == cases(of: events))
    }
}
