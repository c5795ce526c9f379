import Causality
import Changes
import CommandLineKit
import Inspection

/// Who made a change, where and when, with a name for the branch in any case.
struct ShownAuthor {
    private let author: Authorship
    private let branch: String

    init(_ author: Authorship, _ names: BranchNames) throws {
        self.author = author
        branch = try author.branch ?? names.branch(of: author.change.feed)
    }

    /// `change`, `position`, `person`, `branch`, `recordedAt`, `effectiveAt`.
    var json: JSONValue {
        [
            "change": .string(author.change.description), "position": JSONValue(author.position),
            "person": .string(author.person.string), "branch": .string(branch),
            "recordedAt": JSONValue(author.recordedAt), "effectiveAt": JSONValue(author.effectiveAt),
        ]
    }

    /// `2026-07-31 14:05 +07:00  rina, Kemang  0a1b…:14, position 12`.
    var sentence: String {
        let place = author.position.map { "position \($0)" } ?? "not sent yet"
        return "\(author.effectiveAt.text)  \(author.person), \(branch)  \(author.change), \(place)".visible
    }
}
