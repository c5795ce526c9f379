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

    @Option(parsing: .unconditional, help: "What went wrong, in a line.", transform: FreeText.checked)
    var title: Text

    @Option(parsing: .unconditional, help: "The kind of problem.", transform: FreeText.checked)
    var category: Text?

    @Option(help: "How bad it is: 1 minor, 2 moderate, 3 serious, 4 critical.")
    var severity: CaseSeverity?

    @Option(parsing: .unconditional, help: "Who sees to it.", transform: FreeText.checked)
    var assignee: Text?

    @Option(parsing: .unconditional, help: "Which team sees to it.", transform: FreeText.checked)
    var team: Text?

    @Option(
        parsing: .unconditionalSingleValue, help: "A word to find it by; may be given several times.",
        transform: FreeText.checked)
    var tag: [Text] = []

    @Option(parsing: .unconditional, help: "The customer's name.", transform: FreeText.checked)
    var customer: Text?

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
                    title: title, category: category, severity: severity,
                    assignee: assignee, team: team, tags: tags,
                    customer: customer.map { Customer(subject, name: $0) }, number: number.text,
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
        tag.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}

extension CaseSeverity: ExpressibleByArgument {
    public init?(argument: String) {
        do { try self.init(parsing: argument) } catch { return nil }
    }
}
