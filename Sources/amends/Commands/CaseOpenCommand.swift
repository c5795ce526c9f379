import ArgumentParser
import BranchService
import Causality
import Changes
import CommandLineKit
import Replication
import ServiceRecovery

/// `amends case open`: records what went wrong.
struct CaseOpenCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "open",
        abstract: "Record what went wrong; prints the number of the case.",
        discussion: """
            The customer's name is kept apart from the rest, so that it can be erased.

            Examples:
              amends case open --title "Cold soup, table 4" --category kitchen --severity 2 --by rina
              amends case open --title "Wrong size" --customer "Ana Popescu" --tag online --tag refund --by rina
            """)

    @Option(parsing: .unconditional, help: "What went wrong, in a line.")
    var title: String

    @Option(parsing: .unconditional, help: "The kind of problem.")
    var category: String?

    @Option(help: "How bad it is: 1 minor, 2 moderate, 3 serious, 4 critical.")
    var severity: CaseSeverity?

    @Option(parsing: .unconditional, help: "Who sees to it.")
    var assignee: String?

    @Option(parsing: .unconditional, help: "Which team sees to it.")
    var team: String?

    @Option(help: "A word to find it by; may be given several times.")
    var tag: [String] = []

    @Option(parsing: .unconditional, help: "The customer's name.")
    var customer: String?

    @OptionGroup var moment: MomentOptions
    @OptionGroup var author: AuthorOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let (number, change) = try common.write { replica in
            try replica.write { pen in
                let number = try pen.nextCaseNumber()
                let subject = SubjectID(replica.randomBytes(SubjectID.byteCount))
                let new = NewCase(
                    title: Text(title), category: category.map(Text.init), severity: severity,
                    assignee: assignee.map(Text.init), team: team.map(Text.init), tags: tags,
                    customer: customer.map { Customer(subject, name: Text($0)) }, number: number.text,
                    at: moment.moment(now: pen.now, author))
                let change = try pen.commit(CaseDrafts.open(new, by: try author.author(now: pen.now)))
                return (number.description, change.dot)
            }
        }
        try output.print(saved: "the case \(number)", ["case": .string(number), "change": .string(change.description)])
        { _ in [number] }
    }

    /// A tag that was typed twice is one tag.
    private var tags: [Text] {
        tag.map(Text.init).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}

extension CaseSeverity: ExpressibleByArgument {
    public init?(argument: String) {
        do { try self.init(parsing: argument) } catch { return nil }
    }
}
