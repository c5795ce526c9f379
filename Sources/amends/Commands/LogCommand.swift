import ArgumentParser
import Causality
import Changes
import CommandLineKit
import Inspection
import SQLiteStore

/// `amends log`: what was done to a case, change by change.
struct LogCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Show what was done to a case, change by change.",
        discussion: """
            In the order in which this replica learned of it. A change without a position waits to be sent.

            Examples:
              amends log JKT-QXB-000001-V
              amends log INC0000045 --json
            """)

    @OptionGroup var target: CaseArgument

    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let lines = try common.read { transaction in
            let place = try CaseFinder(transaction).place(named: target.name)
            return try CaseHistory(of: place, transaction).lines.map {
                HistoryLine(line: $0, author: ShownAuthor($0.author))
            }
        }
        try output.print(.array(lines.map(\.json))) { style in lines.flatMap { $0.lines(style) } }
    }
}

/// A line of a history, with the branch's name.
private struct HistoryLine {
    let line: CaseHistory.Line
    let author: ShownAuthor

    var json: JSONValue {
        let json = author.json.adding(["operations": .array(line.operations.map(\.json))])
        return line.setAside.map { json.adding(["setAside": .string("\($0)")]) } ?? json
    }

    func lines(_ style: TextStyle) -> [String] {
        var lines = [style.heading(author.sentence)]
        if let verdict = line.setAside { lines.append(style.warning("  set aside by the hub: \(verdict)")) }
        return lines + line.operations.map { "  \($0.field) \($0.action): \(ShownValue($0.value).text)".visible }
    }
}

extension CaseHistory.Deed {
    fileprivate var json: JSONValue {
        ["field": .string(field.string), "action": .string(action.rawValue), "value": JSONValue(value)]
    }
}
