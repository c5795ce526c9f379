import ArgumentParser
import BranchService
import CommandLineKit
import Importing

/// `amends import incident-log`: an incident log becomes cases and steps.
struct ImportIncidentLogCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "incident-log",
        abstract: "Take in an incident log: a CSV file, plain or gzip, with a row for each event.",
        discussion: """
            A row that is here already is counted as unchanged: importing a file twice adds nothing, and a file may hold no more than \
            what is new. What people have changed in a case stays until a row says there something else than the row before it in \
            the same file. A row is told by its \
            incident and its time, and that by its zone: name the same zone each time. A row that cannot be understood is \
            rejected, named on standard error by its line, and the rest goes on. A row that is earlier than one that its \
            case has is late: it goes into the history, and the case stands as it stood; a log is best \
            sorted oldest first, with its pieces in that order, and has to be where incidents move, or such a row is rejected. Exit status 1 where the file cannot be \
            read to its end, as when it was cut short; the rows before that place are imported and counted.

            Examples:
              amends import incident-log incidents.csv.gz --location "Location 143" --zone +01:00
              zcat incidents.csv.gz | amends import incident-log - --until 2016-03-31T23:59 --zone +01:00
            """)

    @Argument(help: "The file; - for standard input.", completion: .file())
    var file: String

    @Option(help: "Only rows of this location; may be given several times.")
    var location: [String] = []

    @Option(
        help: ArgumentHelp(
            "Only rows up to this minute, by the log's clock: 2016-03-31T23:59.", valueName: "time"))
    var until: LocalMinute?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Where the log's clock stands: UTC, +07:00.", valueName: "zone"))
    var zone: ZoneOffset = .utc

    @Flag(help: "Count and check, and save nothing.")
    var dryRun = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let console = Console.standard
        let options = IncidentRecorder.Options(
            selection: location.isEmpty ? .all : .only(Set(location)), until: until, zone: zone, isDryRun: dryRun)
        var counts = ImportCounts()
        let report: IncidentRecorder.Report
        do {
            report = try common.write { replica in
                var progress = ProgressLine(console)
                defer { progress.clear() }
                return try IncidentRecorder(replica, options: options).run(path: file) { reached in
                    counts = reached
                    progress.show("\(reached.read) rows read, \(reached.imported) imported")
                }
            }
        } catch  where counts.read > 0 {
            // What was committed before stays, so it is told.
            try print(counts, [], isComplete: false, openEnd: nil)
            throw error
        }
        for rejection in report.rejections { console.say("line \(rejection.line): \(rejection.reason)".visible) }
        let unnamed = report.counts.rejected - report.rejections.count
        if unnamed > 0 { console.say("and \(unnamed) more rejected rows") }
        if let line = report.openEnd {
            console.say(
                "line \(line): the file ends here without a line end; where it is still being written, the row's last value may be "
                    + "incomplete, and a row that is here already stays as it is")
        }
        try print(report.counts, report.rejections, isComplete: report.interruption == nil, openEnd: report.openEnd)
        if let interruption = report.interruption { throw CommandFailure(sentence(on: interruption)) }
    }

    private func sentence(on interruption: ImportInterruption) -> String {
        let kept = dryRun ? "What came before was counted" : "What came before is imported"
        return "\(interruption) \(kept); import the whole file for the rest."
    }

    private func print(
        _ counts: ImportCounts, _ rejections: [(line: Int, reason: String)], isComplete: Bool, openEnd: Int?
    ) throws {
        let json: JSONValue = [
            "read": JSONValue(counts.read), "imported": JSONValue(counts.imported),
            "late": JSONValue(counts.late),
            "unchanged": JSONValue(counts.unchanged), "rejected": JSONValue(counts.rejected),
            "elsewhere": JSONValue(counts.elsewhere), "complete": .boolean(isComplete),
            "openEnd": openEnd.map { JSONValue($0) } ?? .null,
            "rejections": .array(rejections.map { ["line": JSONValue($0.line), "reason": .string($0.reason)] }),
        ]
        try output.print(saved: dryRun ? nil : "what was imported", json) { _ in
            let verb = dryRun ? "would be imported" : "imported"
            let lines = [
                "\(counts.read) rows read: \(counts.imported) \(verb), \(counts.unchanged) unchanged, "
                    + "\(counts.rejected) rejected; \(counts.elsewhere) elsewhere"
            ]
            if counts.late == 0 { return lines }
            return lines + [
                "\(counts.late) of those \(verb) came after later rows of their cases: they belong to the history alone"
            ]
        }
    }
}
