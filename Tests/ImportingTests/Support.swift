import CZlib
import Importing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

// MARK: - Reading

/// One record as a test compares it.
enum ReadRecord: Equatable {
    case row(line: Int, [String])
    case rejected(line: Int, CSVFault)
}

func readRecords(
    _ bytes: some Sequence<UInt8>, chunkBytes: Int = ByteSource.defaultChunkBytes,
    limits: CSVReader.Limits = CSVReader.Limits()
) throws -> [ReadRecord] {
    var reader = try CSVReader(try ByteSource(bytes: Array(bytes), chunkBytes: chunkBytes), limits: limits)
    var row = CSVRow()
    var records: [ReadRecord] = []
    while let record = try reader.next(into: &row) {
        switch record {
        case .row: records.append(.row(line: row.line, (0..<row.count).map(row.text(at:))))
        case .rejected(let fault): records.append(.rejected(line: row.line, fault))
        }
    }
    return records
}

func readAll(_ bytes: [UInt8], chunkBytes: Int = ByteSource.defaultChunkBytes) throws -> [UInt8] {
    var source = try ByteSource(bytes: bytes, chunkBytes: chunkBytes)
    var all: [UInt8] = []
    while let chunk = try source.next() { all += chunk }
    return all
}

/// Compresses bytes into one gzip member.
func gzip(_ bytes: [UInt8]) -> [UInt8] {
    var stream = z_stream()
    let level = Z_DEFAULT_COMPRESSION
    deflateInit2_(
        &stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    defer { deflateEnd(&stream) }
    var input = bytes
    var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))))
    let capacity = output.count
    input.withUnsafeMutableBufferPointer { source in
        output.withUnsafeMutableBufferPointer { target in
            stream.next_in = source.baseAddress
            stream.avail_in = UInt32(source.count)
            stream.next_out = target.baseAddress
            stream.avail_out = UInt32(target.count)
            deflate(&stream, Z_FINISH)
        }
    }
    return Array(output[..<(capacity - Int(stream.avail_out))])
}

// MARK: - Mapping

/// What an import of one file came to, with a set in the replica's place.
struct ImportResult: Equatable {
    var events: [CaseEvent] = []
    var rejected: [RejectedRow] = []
    var counts = ImportCounts()

    /// How many cases of each location have which last status.
    var cases: [String: [String: Int]] {
        var last: [CaseReference: String] = [:]
        for event in events {
            switch event.kind {
            case .status(let word): last[event.subject] = word
            case .moved: last[event.subject] = "moved"
            }
        }
        var cases: [String: [String: Int]] = [:]
        for (reference, status) in last { cases[reference.location, default: [:]][status, default: 0] += 1 }
        return cases
    }
}

/// The facts that a replica holds.
struct RecordedFacts {
    private struct Fact: Hashable {
        let subject: CaseReference
        let key: FactKey
    }

    private var facts: Set<Fact> = []

    mutating func insert(_ event: CaseEvent) -> Bool {
        facts.insert(Fact(subject: event.subject, key: event.factKey)).inserted
    }
}

func importRows<Memory: VisitMemory>(
    _ log: consuming IncidentLog, selection: LocationSelection = .all, into facts: inout RecordedFacts,
    memory: Memory
) throws -> ImportResult {
    var result = ImportResult()
    var mapper = IncidentMapper(selection: selection, memory: memory)
    while let entry = try log.next() {
        switch entry {
        case .rejected(let rejected):
            result.rejected.append(rejected)
            result.counts.addRejected()
        case .row(let row):
            let mapped = try mapper.map(row)
            let new = mapped.events.map { facts.insert($0) }
            result.counts.add(mapped, isNew: new.last == true)
            result.events += mapped.events
        }
    }
    return result
}

func importFile(
    _ bytes: some Sequence<UInt8>, selection: LocationSelection = .all, zone: ZoneOffset = .utc, until: String? = nil
) throws -> ImportResult {
    let log = try IncidentLog(
        try ByteSource(bytes: Array(bytes)), zone: zone, until: until.flatMap(LocalMinute.init(iso:)))
    var facts = RecordedFacts()
    return try importRows(log, selection: selection, into: &facts, memory: InMemoryVisitMemory())
}

// MARK: - Files

/// How a tool spells a file that it saves again.
struct Spelling {
    var newline = "\n"
    var quotesEverything = false
    var padsDates = false
    var dateSeparator = "/"
    var booleans = ["false", "true"]
    var startsWithByteOrderMark = false
    var endsWithNewline = true

    static let plain = Spelling()
    static let office = Spelling(
        newline: "\r\n", quotesEverything: true, padsDates: true, dateSeparator: "-", booleans: ["FALSE", "TRUE"],
        startsWithByteOrderMark: true)
    static let terse = Spelling(newline: "\r", booleans: ["0", "1"], endsWithNewline: false)
    static let all = [
        plain, office, terse, Spelling(booleans: ["no", "yes"]), Spelling(newline: "\r\n"), Spelling(padsDates: true),
    ]

    func date(_ day: Int, _ hour: Int, _ minute: Int) -> String {
        func number(_ value: Int) -> String { padsDates && value < 10 ? "0\(value)" : "\(value)" }
        return number(day) + dateSeparator + number(3) + dateSeparator + "2016 " + number(hour) + ":" + number(minute)
    }

    func file(_ rows: [[String]]) -> [UInt8] {
        let lines = rows.map { $0.map(quoted).joined(separator: ",") }
        let text = (startsWithByteOrderMark ? "\u{FEFF}" : "") + lines.joined(separator: newline)
        return Array((endsWithNewline ? text + newline : text).utf8)
    }

    private func quoted(_ cell: String) -> String {
        let needsQuotes = cell.unicodeScalars.contains { ",\"\r\n".unicodeScalars.contains($0) }
        guard quotesEverything || needsQuotes else { return cell }
        return "\"" + cell.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}

/// One row of a made-up log.
struct LogRow: Hashable {
    var number = "INC1"
    var version = 0
    var minute = 0
    var person = "Updated by 1"
    var state = "New"
    var location = "A"
    var category = "Category 1"
    var priority = "3 - Moderate"
    var assignee = "?"
    var madeSLA = true
    var contactType = "Phone"

    static let header = [
        "number", "incident_state", "sys_mod_count", "made_sla", "caller_id", "opened_at", "sys_updated_by",
        "sys_updated_at", "contact_type", "location", "category", "u_symptom", "priority", "assigned_to",
        "closed_code", "resolved_by", "resolved_at", "closed_at", "vendor",
    ]

    func cells(_ spelling: Spelling) -> [String] {
        let opened = spelling.date(1, 0, 5)
        let updated = spelling.date(1 + minute / 1440, minute / 60 % 24, minute % 60)
        return [
            number, state, "\(version)", spelling.booleans[madeSLA ? 1 : 0], "Caller \"9\", 1", opened, person,
            updated, contactType, location, category, "?", priority, assignee, "code 6", "Resolver 2", opened, opened,
            "?",
        ]
    }
}

func logFile(_ rows: [LogRow], _ spelling: Spelling = .plain) -> [UInt8] {
    spelling.file([LogRow.header] + rows.map { $0.cells(spelling) })
}

// MARK: - Chance

/// SplitMix64: the same seed gives the same log on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// A log in order of time with moves, returns, missing locations and exact copies of earlier rows.
func randomLog(seed: UInt64, rows count: Int = 60) -> [LogRow] {
    var random = SeededGenerator(seed: seed)
    var rows: [LogRow] = []
    var versions: [String: Int] = [:]
    for minute in 0..<count {
        if let earlier = rows.randomElement(using: &random), Int.random(in: 0..<6, using: &random) == 0 {
            rows.append(earlier)
            continue
        }
        let number = "INC\(Int.random(in: 1...4, using: &random))"
        versions[number, default: -1] += 1
        rows.append(
            LogRow(
                number: number, version: versions[number] ?? 0, minute: minute * 7,
                person: "Updated by \(Int.random(in: 1...3, using: &random))",
                state: ["New", "Active", "Resolved", "Closed"].randomElement(using: &random) ?? "New",
                location: ["A", "B", "C", "?", "?", "?"].randomElement(using: &random) ?? "?",
                category: ["Category 1", "Category 2", "?"].randomElement(using: &random) ?? "?",
                assignee: ["Resolver 1", "?"].randomElement(using: &random) ?? "?",
                madeSLA: Bool.random(using: &random)))
    }
    return rows
}

// MARK: - The machine

func environmentValue(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
}

/// A file in the temporary directory that goes away with this value.
struct TemporaryFile: ~Copyable {
    let path: String

    init(_ bytes: [UInt8]) {
        var template = Array("/tmp/amends-importing-XXXXXX\0".utf8).map { CChar(bitPattern: $0) }
        let descriptor = mkstemp(&template)
        precondition(descriptor >= 0, "No temporary file can be made.")
        precondition(write(descriptor, bytes, bytes.count) == bytes.count, "The temporary file is not whole.")
        close(descriptor)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { unlink(path) }
}
