import ArgumentParser
import BranchService
import Changes
import CommandLineKit
import Inspection
import SQLiteStore
import ServiceRecovery

/// `amends explain`: why a case shows what it shows.
struct ExplainCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Explain why a field of a case, or its status, is what it is.",
        discussion: """
            Names the write that counts, those that do not, and what decided. Without a field it explains the status. A \
            field that holds several is explained element by element: its JSON is an array.

            Examples:
              amends explain JKT-QXB-000001-W
              amends explain JKT-QXB-000001-W severity
            """)

    @OptionGroup var target: CaseArgument

    @Argument(help: "The field; default: status.")
    var field: String = Explainer.statusField.string

    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let explanations = try common.read { transaction in
            let place = try CaseFinder(transaction).place(named: target.name)
            return try Explainer(transaction, schemas: Replica.schemas).explain(Text(field), of: place)
                .map(ShownExplanation.init)
        }
        guard let first = explanations.first else { throw ExplainCommand.nothing(of: field) }
        let json = first.isOfElement ? JSONValue.array(explanations.map(\.json)) : first.json
        try output.print(json) { style in
            explanations.flatMap { $0.lines(style) }
        }
    }
}

extension ExplainCommand {
    /// Why there is nothing to explain of a field of this name.
    private static func nothing(of field: String) -> CommandFailure {
        let fields = CaseSchema.schema.recordTypes.flatMap(\.fields)
        guard let definition = fields.first(where: { $0.name.string == field }) else {
            let names =
                [Explainer.statusField.string] + fields.filter { $0.kind.isReplacing }.map(\.name.string)
            return CommandFailure(
                "a case has no field “\(field)”; it has \(names.joined(separator: ", "))", status: .usage)
        }
        guard definition.kind.isReplacing else {
            return CommandFailure(
                "“\(field)” is a list that only grows: `amends log` shows who added what", status: .usage)
        }
        return CommandFailure("nobody has written “\(field)” of this case")
    }
}

/// An explanation as it is printed.
private struct ShownExplanation {
    private struct Claim {
        let value: ShownValue
        let author: ShownAuthor

        init(_ claim: Explanation.Claim) {
            value = ShownValue(claim.value)
            author = ShownAuthor(claim.author)
        }

        var json: JSONValue { JSONValue.object([.init("value", value.json)]).adding(author.json) }
        var line: String { "\(value.text)  \(author.sentence)" }
    }

    private let explanation: Explanation
    private let winner: Claim?
    private let over: [(claim: Claim, why: String)]

    /// Of a field that holds several.
    var isOfElement: Bool { explanation.element != nil }
    private var element: ShownValue? { explanation.element.map { ShownValue($0) } }

    init(_ explanation: Explanation) {
        self.explanation = explanation
        winner = explanation.winner.map { Claim($0) }
        over = explanation.over.map { (Claim($0.claim), $0.why.sentence) }
    }

    var json: JSONValue {
        var json: JSONValue = ["field": .string(explanation.field.string)]
        if let element { json = json.adding(["element": element.json]) }
        return json.adding([
            "winner": winner?.json ?? .null,
            "over": .array(over.map { $0.claim.json.adding(["why": .string($0.why)]) }),
            "reason": .string(explanation.reason),
        ])
    }

    func lines(_ style: TextStyle) -> [String] {
        let standing = winner?.value.text ?? element.map { "\($0.text) is not in it" } ?? "nothing"
        var lines = [style.heading("\(explanation.field): \(standing)".visible)]
        lines.append("  " + explanation.reason.visible)
        if let winner { lines.append("  counts  \(winner.line)") }
        for losing in over { lines += ["  over    \(losing.claim.line)", "          \(losing.why)".visible] }
        if explanation.unlisted > 0 { lines.append("  and \(explanation.unlisted) earlier writes") }
        return lines
    }
}
