import Changes
import ServiceRecovery

/// The workload: the events of an incident log in the order in which they happened.
struct Trace {
    struct Event {
        let line: TraceLine
        /// When it was recorded, milliseconds since 1970; later than the event before.
        let milliseconds: Int64
        /// The incident's number in the order of first events.
        let incident: Int

        /// The event as a change. One person records everything, as in the workload that the peers were measured on.
        var draft: ChangeDraft { line.draft(person: "p-bench") }
    }

    let name: String
    let events: [Event]
    /// By `Event.incident`.
    let numbers: [Text]

    /// The log gives minutes; the milliseconds within them come from `seed`, so that stamps are as hard to compress as
    /// real ones.
    init(name: String, lines: [String], seed: UInt64) throws {
        var events: [Event] = []
        events.reserveCapacity(lines.count)
        var numbers: [Text] = []
        var known: [Text: Int] = [:]
        var begun: Set<Int> = []
        var random = SeededGenerator(seed: seed)
        var time: Int64 = 0
        for (index, text) in lines.enumerated() {
            let line: TraceLine
            do { line = try TraceLine(parsing: text) } catch {
                throw BenchError("line \(index + 1) of the trace: \(error)")
            }
            let minute = line.cells.first { $0.column == Trace.timeColumn }?.value?.text.flatMap { Minute($0.string) }
            let drawn = (minute?.milliseconds ?? time) + Int64(random.next() % 60_000)
            time = minute == nil ? time + 1 + drawn % 1_000 : max(time + 1, drawn)
            let incident = known[line.number] ?? numbers.count
            if incident == numbers.count {
                known[line.number] = incident
                numbers.append(line.number)
            }
            if line.isFirst { begun.insert(incident) }
            events.append(Event(line: line, milliseconds: time, incident: incident))
        }
        guard !events.isEmpty else { throw BenchError("the trace \(name) is empty") }
        if let index = events.firstIndex(where: { !begun.contains($0.incident) }) {
            throw BenchError(
                "line \(index + 1) of the trace: no line of the incident \(events[index].line.number) has a 1 after the number"
            )
        }
        self.init(name: name, events: events, numbers: numbers)
    }

    private init(name: String, events: [Event], numbers: [Text]) {
        self.name = name
        self.events = events
        self.numbers = numbers
    }

    /// The first `count` events.
    func prefix(_ count: Int) -> Trace {
        let kept = Array(events.prefix(count))
        let incidents = (kept.map(\.incident).max() ?? -1) + 1
        return Trace(name: name, events: kept, numbers: Array(numbers.prefix(incidents)))
    }

    /// The whole trace so many times, one after the other, each time of other incidents: `INC0000045` becomes
    /// `INC0025045` where the greatest number is 24,999.
    func repeated(_ times: Int) throws -> Trace {
        let span = end - (events.first?.milliseconds ?? 0)
        let parts = try numbers.map { number -> (prefix: Substring, digits: Int, value: Int) in
            let text = number.string
            let prefix = text.prefix { !$0.isNumber }
            guard let value = Int(text.dropFirst(prefix.count)) else {
                throw BenchError("the incident \(text) does not end with a number")
            }
            return (prefix, text.count - prefix.count, value)
        }
        let step = (parts.map(\.value).max() ?? 0) + 1
        var all: [Event] = []
        all.reserveCapacity(times * events.count)
        var names: [Text] = []
        names.reserveCapacity(times * numbers.count)
        for time in 0..<times {
            for part in parts {
                let digits = String(part.value + time * step)
                let zeros = String(repeating: "0", count: max(0, part.digits - digits.count))
                names.append(Text(part.prefix + zeros + digits))
            }
            for event in events {
                let incident = event.incident + time * numbers.count
                all.append(
                    Event(
                        line: TraceLine(event.line, of: names[incident]),
                        milliseconds: event.milliseconds + Int64(time) * span, incident: incident))
            }
        }
        return Trace(name: times == 1 ? name : "\(name), \(times) times", events: all, numbers: names)
    }

    /// A moment at which all of it has happened.
    var end: Int64 { (events.last?.milliseconds ?? 0) + 1_000 }

    /// `sys_updated_at`, a minute.
    private static var timeColumn: Int { 8 }
}

/// `YYYY-MM-DDTHH:MM`
private struct Minute {
    let milliseconds: Int64

    init?(_ text: String) {
        let parts = text.split { "-T:".contains($0) }.map { Int64($0) }
        guard parts.count == 5, let year = parts[0], let month = parts[1], let day = parts[2], let hour = parts[3],
            let minute = parts[4], (1...12).contains(month)
        else { return nil }
        milliseconds = ((Minute.dayNumber(year, month, day) * 24 + hour) * 60 + minute) * 60_000
    }

    /// Days since 1970-01-01 in the proleptic Gregorian calendar.
    ///
    /// Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
    private static func dayNumber(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

/// A small generator whose whole state is its seed.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// A row is of more events than the trace has.
struct ShortTrace: Error {
    let row: Int
    let events: Int
}

/// Why a row has no figure, in a sentence.
struct BenchError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// - Throws: `BenchError` with what did not come true: no figure is printed for a wrong result.
func require(_ condition: Bool, _ claim: @autoclosure () -> String) throws {
    guard condition else { throw BenchError("the result is wrong: \(claim())") }
}
