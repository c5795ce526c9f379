import Foundation

/// The pseudo-random generator of every test here: the same seed, the same cases, on every machine.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// How hard the tests try, and with which numbers.
enum Effort {
    /// `AMENDS_SEED`, or a fixed one. A failure prints it.
    static let seed: UInt64 = environment("AMENDS_SEED").flatMap { UInt64($0) } ?? 20_260_115

    /// Whether everything runs: `AMENDS_FULL=1`, or a release build.
    static let isFull: Bool = {
        #if DEBUG
            return environment("AMENDS_FULL") == "1"
        #else
            return true
        #endif
    }()

    /// How to see a failure again.
    static var replay: String { "run again with AMENDS_SEED=\(seed)\(isFull ? " AMENDS_FULL=1" : "")" }

    /// A generator of its own for each test, so that adding a test changes no other.
    static func generator(_ name: StaticString) -> SplitMix64 {
        name.description.utf8.reduce(into: SplitMix64(seed: seed)) { generator, byte in
            generator = SplitMix64(seed: generator.next() &+ UInt64(byte))
        }
    }

    static func environment(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }
}
