import Causality
import Changes
import CommandLineKit
import Inspection

/// Who made a change, where and when, with a name for the branch in any case.
struct ShownAuthor {
    private let author: Authorship

    init(_ author: Authorship) { self.author = author }

    /// The feed's digits where nobody has told whose machine it is.
    private var branch: String { author.branch ?? author.change.feed.description }

    /// `change`, `position`, `person`, `branch`, `recordedAt`, `effectiveAt`.
    var json: JSONValue {
        let json: JSONValue = [
            "change": .string(author.change.description), "position": JSONValue(author.position),
            "person": .string(author.person.string), "branch": .string(branch),
            "recordedAt": JSONValue(author.recordedAt), "effectiveAt": JSONValue(author.effectiveAt),
        ]
        return author.snapshot.map { json.adding(["snapshot": JSONValue($0)]) } ?? json
    }

    /// `2026-07-31 14:05 +07:00  rina, Kemang  0a1b…:14, position 12`.
    var sentence: String {
        let place =
            author.snapshot.map { "in the snapshot of position \($0)" }
            ?? author.position.map { "position \($0)" } ?? "not sent yet"
        let clock =
            author.recordedAt.milliseconds == author.effectiveAt.milliseconds
            ? "" : ", its clock at \(author.recordedAt.text)"
        return "\(author.effectiveAt.text)  \(author.person), \(branch)  \(author.change), \(place)\(clock)".visible
    }
}
