import ArgumentParser
import BranchService
import Causality
import Changes
import CommandLineKit
import ServiceRecovery

/// `amends resolve`: settles a conflict, everywhere.
struct ResolveCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve",
        abstract: "Choose the value of a field that holds several.",
        discussion: """
            The value may be one of those that `conflicts` lists or another. It takes the place of all that this replica \
            holds; a value that is on its way here stays a conflict.

            Examples:
              amends resolve JKT-QXB-000001-W category kitchen --by rina
              amends resolve JKT-QXB-000001-W severity 3 --by rina
            """)

    @OptionGroup var target: CaseArgument
    @OptionGroup var shown: ShownOptions

    @Argument(help: "The field.")
    var field: String

    @Argument(help: "The value that is to stand.")
    var value: String

    @OptionGroup var author: AuthorOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let (receipt, remaining) = try common.write { replica in
            try replica.write { pen in
                let desk = try CaseDesk(pen, caseNamed: target.name)
                let subject = SubjectID(replica.randomBytes(SubjectID.byteCount))
                let edit = try CaseEdit(field, value, customer: subject)
                let choices = try desk.choices(of: field)
                guard !choices.isEmpty else {
                    throw CommandFailure(
                        "nobody disagrees about \(field) of \(desk.label): there is nothing to choose")
                }
                let references = try shown.references(desk)
                if let references,
                    !references.contains(where: { shown in choices.contains { $0.by.change == shown.dot } })
                {
                    throw CommandFailure(
                        "no change that --shown names wrote a value of \(field) that stands; `amends conflicts --json` names them"
                    )
                }
                let receipt = try desk.write([edit], shown: references, by: author)
                return (receipt, try CaseDesk(pen, caseNamed: target.name).choices(of: field).count)
            }
        }
        try output.print(saved: "the choice", receipt.json.adding(["settled": .boolean(remaining == 0)])) { _ in
            [
                remaining == 0
                    ? "\(receipt.label.visible): \(field) is settled"
                    : "\(receipt.label.visible): saved, and \(remaining) values of \(field) are still to choose from"
            ]
        }
    }
}
