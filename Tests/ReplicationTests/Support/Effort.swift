import Foundation

/// How hard the tests try, and with which numbers.
enum Effort {
    /// `AMENDS_SEED`, or a fixed one. A failure prints the seed of its own schedule.
    static let seed: UInt64 = environment("AMENDS_SEED").flatMap { UInt64($0) } ?? 20_260_115

    static let isFull = environment("AMENDS_FULL") == "1"

    static let simulationSeeds =
        environment("AMENDS_SEEDS").flatMap { Int($0) } ?? (isFull ? 5_000 : 300)

    static func environment(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }
}
