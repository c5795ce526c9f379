import CommandLineKit

/// Something that Amends says of itself, and how it is tried.
package struct Claim: Sendable {
    package let name: String
    /// One line, for `--list`.
    package let sentence: String
    private let attempt: @Sendable (Effort, inout Figures) throws -> Void

    /// - Parameter attempt: tries the claim, and throws `ClaimBroken` where it does not hold.
    init(_ name: String, _ sentence: String, attempt: @escaping @Sendable (Effort, inout Figures) throws -> Void) {
        self.name = name
        self.sentence = sentence
        self.attempt = attempt
    }

    package static let all: [Claim] = [
        .typeLaws, .hostileBytes, .flips, .randomHistories, .twoSchemas, .sameBytes,
    ]

    package static func named(_ name: String) -> Claim? { all.first { $0.name == name } }

    package func run(_ effort: Effort) -> ClaimOutcome {
        var figures = Figures()
        do {
            try attempt(effort, &figures)
        } catch {
            return ClaimOutcome(claim: name, effort: effort, figures: figures, reason: "\(error)")
        }
        return ClaimOutcome(
            claim: name, effort: effort, figures: figures, reason: figures.rounds == 0 ? "nothing was tried" : nil)
    }
}

/// How hard a claim is tried.
package struct Effort: Sendable {
    package let seed: UInt64
    package let isFull: Bool

    package init(seed: UInt64 = 1, isFull: Bool = false) {
        self.seed = seed
        self.isFull = isFull
    }

    func choose<Value>(_ short: Value, full: Value) -> Value { isFull ? full : short }
}

/// What was counted while a claim was tried, in the order in which it came up.
package struct Figures: Sendable {
    package var rounds = 0
    package private(set) var members: [JSONValue.Member] = []

    mutating func note(_ name: String, _ count: Int) { members.append(JSONValue.Member(name, .integer(Int64(count)))) }
    mutating func note(_ name: String, _ text: String) { members.append(JSONValue.Member(name, .string(text))) }

    package subscript(name: String) -> JSONValue? { members.first { $0.name == name }?.value }
}

/// A claim that does not hold, and why.
struct ClaimBroken: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

package struct ClaimOutcome: Sendable {
    package let claim: String
    package let effort: Effort
    package let figures: Figures
    /// Nil where the claim holds.
    package let reason: String?

    package var holds: Bool { reason == nil }

    package var json: JSONValue {
        let outcome: JSONValue = [
            "claim": .string(claim), "pass": .boolean(holds), "rounds": .integer(Int64(figures.rounds)),
            "seed": .integer(Int64(clamping: effort.seed)), "figures": .object(figures.members),
        ]
        return reason.map { outcome.adding(["reason": .string($0)]) } ?? outcome
    }

    package var text: String {
        let shown = figures.members.map { "\($0.name) \($0.value.line)" }.joined(separator: ", ")
        return "\(holds ? "holds" : "BROKEN") \(claim): \(figures.rounds) rounds, seed \(effort.seed); \(shown)"
            + (reason.map { "\n\($0)" } ?? "")
    }
}
