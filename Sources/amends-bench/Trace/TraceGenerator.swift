/// Makes a workload of the same shape where the real one is not at hand: incidents of some six events, the first
/// filling most columns, the others changing about four.
struct TraceGenerator {
    private var random: SeededGenerator
    private var open: [Incident] = []
    private var opened = 0
    private var minute = 0

    private struct Incident {
        let number: String
        var changes = 0
        var left: Int
    }

    static var usualCount: Int { 60_000 }

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func lines(count: Int) -> [String] { (0..<count).map { _ in nextLine() } }

    private mutating func nextLine() -> String {
        minute += upTo(4)
        if open.isEmpty || upTo(5) == 0 { return firstLine() }
        let index = upTo(open.count - 1)
        open[index].changes += 1
        open[index].left -= 1
        let incident = open[index]
        var cells = ["4=i:\(incident.changes)", "8=t:\(time)"]
        if incident.left == 0 {
            open.swapAt(index, open.count - 1)
            open.removeLast()
            cells = ["0=t:Closed", "1=i:0"] + cells + ["15=t:\(time)"]
        } else {
            if upTo(2) == 0 { cells.append("0=t:\(pick(["Active", "Awaiting User Info", "Resolved"]))") }
            if upTo(1) == 0 { cells.append("12=t:Group \(upTo(79))") }
            if upTo(2) == 0 { cells.append(upTo(9) == 0 ? "13=n:" : "13=t:Resolver \(upTo(199))") }
            if upTo(7) == 0 { cells.append("11=t:\(pick(["1 - Critical", "2 - High", "3 - Moderate", "4 - Low"]))") }
        }
        return line(incident.number, isFirst: false, cells)
    }

    private mutating func firstLine() -> String {
        opened += 1
        let digits = String(opened)
        let number = "INC" + String(repeating: "0", count: max(0, 7 - digits.count)) + digits
        open.append(Incident(number: number, left: 1 + upTo(9)))
        return line(
            number, isFirst: true,
            [
                "0=t:New", "1=i:1", "2=i:0", "3=i:0", "4=i:0", "5=i:1", "6=t:Caller \(upTo(4_999))", "7=t:\(time)",
                "8=t:\(time)", "9=t:Category \(upTo(58))", "10=t:2 - Medium", "11=t:3 - Moderate",
                "12=t:Group \(upTo(79))",
            ])
    }

    private func line(_ number: String, isFirst: Bool, _ cells: [String]) -> String {
        ([number, isFirst ? "1" : "0"] + cells).joined(separator: "\t")
    }

    /// The minute as `YYYY-MM-DDTHH:MM`, in months of 28 days.
    private var time: String {
        let (days, ofDay) = (minute / 1_440, minute % 1_440)
        func padded(_ number: Int, _ width: Int = 2) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return "\(padded(2016 + days / 336, 4))-\(padded(1 + days / 28 % 12))-\(padded(1 + days % 28))"
            + "T\(padded(ofDay / 60)):\(padded(ofDay % 60))"
    }

    private mutating func upTo(_ greatest: Int) -> Int { Int(random.next() % UInt64(greatest + 1)) }
    private mutating func pick(_ choices: [String]) -> String { choices[upTo(choices.count - 1)] }
}
