import ArgumentParser
import BranchService
import Changes
import CommandLineKit
import ServiceRecovery

/// `amends case step`: records what was done.
struct CaseStepCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "step",
        abstract: "Record a step of the recovery; the status follows from the steps.",
        discussion: """
            Kinds: \(StepKind.all.map(\.name.string).joined(separator: ", ")).

            A note on a case with a customer is kept with the customer's words, so that it can be erased with them.

            Examples:
              amends case step JKT-QXB-000001-W apologised --by rina
              amends case step JKT-QXB-000001-W agreed --note "New soup, dessert on us" --by rina
              amends case step JKT-QXB-000001-W fixed --at 2026-07-31T14:05 --zone +07:00 --by rina
            """)

    @OptionGroup var target: CaseArgument

    @Argument(
        help: "What was done.", completion: .list(StepKind.all.map(\.name.string)),
        transform: { try StepKind(validating: $0) })
    var kind: StepKind

    @Option(parsing: .unconditional, help: "Words to keep with the step.", transform: FreeText.checked)
    var note: Text?

    @OptionGroup var moment: MomentOptions
    @OptionGroup var author: AuthorOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let receipt = try common.write { replica in
            try replica.write { pen in
                try CaseDesk(pen, caseNamed: target.name).append(
                    kind, note: note, at: moment, by: author)
            }
        }
        try output.print(saved: "the step", receipt.json) { _ in
            ["\(receipt.label.visible): \(kind.name) is recorded, the status is \(receipt.status.visible)"]
        }
    }
}
