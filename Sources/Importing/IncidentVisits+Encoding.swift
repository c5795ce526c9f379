/// A compact form for a ``VisitMemory`` that lies outside the process. It lives as long as one import, so it carries
/// no version.
///
/// Locations, each where it is known; whether the current visit has its case; the persons, each once; the facts by time, version and person, each with the minutes since the one
/// before, version, place of its person in the list, and visit; the fields and, where there are some, the place of their fact. A fact takes about five bytes.
extension IncidentVisits {
    private static let minuteMilliseconds: Int64 = 60_000

    package func encoded() -> [UInt8] {
        let persons = Set(facts.keys.map(\.updatedBy)).sorted()
        let placeOfPerson = Dictionary(uniqueKeysWithValues: persons.enumerated().map { ($1, $0) })
        let ordered = facts.sorted { left, right in
            (left.key.updatedAtMilliseconds, left.key.version, left.key.updatedBy)
                < (right.key.updatedAtMilliseconds, right.key.version, right.key.updatedBy)
        }
        var writer = ByteWriter()
        writer.write(each: locations) { $0.write(optional: $1) }
        writer.write(UInt64(isOpen ? 1 : 0))
        writer.write(each: persons) { $0.write($1) }
        var minute: Int64 = 0
        writer.write(each: ordered) { writer, entry in
            let next = entry.key.updatedAtMilliseconds / Self.minuteMilliseconds
            writer.writeSigned(next - minute)
            minute = next
            writer.write(UInt64(entry.key.version))
            writer.write(UInt64(placeOfPerson[entry.key.updatedBy] ?? 0))
            writer.write(UInt64(entry.value))
        }
        fields.write(to: &writer)
        if let fieldsFact { writer.write(UInt64(ordered.firstIndex { $0.key == fieldsFact } ?? 0)) }
        return writer.bytes
    }

    /// Reads back what ``encoded()`` made.
    ///
    /// - Throws: `VisitMemoryError.damaged` for any other bytes.
    package init(number: String, encoded bytes: [UInt8]) throws(VisitMemoryError) {
        do {
            var reader = ByteReader(bytes)
            let locations = try reader.readEach { reader throws(DamagedBytes) in try reader.readOptionalText() }
            guard let last = locations.last, last != nil else { throw DamagedBytes() }
            let isOpen = try reader.readNumber(in: 0..<2) == 1
            let facts = try Self.readFacts(of: number, visits: locations.count, from: &reader)
            let fields = try CaseFields?(from: &reader)
            let place = fields == nil ? nil : try reader.readNumber(in: 0..<facts.count)
            try reader.finish()
            self.init(
                number: number, locations: locations, isOpen: isOpen,
                facts: Dictionary(facts, uniquingKeysWith: { _, last in last }),
                fields: fields, fieldsFact: place.map { facts[$0].0 })
        } catch {
            throw .damaged(incident: number)
        }
    }

    private static func readFacts(
        of number: String, visits: Int, from reader: inout ByteReader
    ) throws(DamagedBytes) -> [(IncidentFact, Int)] {
        let persons = try reader.readEach { reader throws(DamagedBytes) in try reader.readText() }
        var minute: Int64 = 0
        return try reader.readEach { reader throws(DamagedBytes) in
            let (next, overflows) = minute.addingReportingOverflow(try reader.readSigned())
            let (milliseconds, overflowsMore) = next.multipliedReportingOverflow(by: minuteMilliseconds)
            guard !overflows, !overflowsMore else { throw DamagedBytes() }
            minute = next
            let fact = IncidentFact(
                number: number,
                version: try reader.readNumber(in: 0..<Int.max),
                updatedAtMilliseconds: milliseconds,
                updatedBy: persons[try reader.readNumber(in: 0..<persons.count)]
            )
            return (fact, try reader.readNumber(in: 1..<(visits + 1)))
        }
    }
}

extension CaseFields? {
    fileprivate func write(to writer: inout ByteWriter) {
        writer.write(UInt64(self == nil ? 0 : 1))
        guard let fields = self else { return }
        writer.write(fields.title)
        writer.write(optional: fields.category)
        writer.write(UInt64(fields.severity?.rawValue ?? 0))
        writer.write(optional: fields.assignee)
        writer.write(optional: fields.team)
        writer.write(optional: fields.customer)
        writer.write(each: fields.tags) { $0.write($1) }
    }

    fileprivate init(from reader: inout ByteReader) throws(DamagedBytes) {
        guard try reader.readNumber(in: 0..<2) == 1 else {
            self = nil
            return
        }
        self = CaseFields(
            title: try reader.readText(),
            category: try reader.readOptionalText(),
            severity: Severity(rawValue: try reader.readNumber(in: 0..<(Severity.critical.rawValue + 1))),
            assignee: try reader.readOptionalText(),
            team: try reader.readOptionalText(),
            customer: try reader.readOptionalText(),
            tags: try reader.readEach { reader throws(DamagedBytes) in try reader.readText() }
        )
    }
}
