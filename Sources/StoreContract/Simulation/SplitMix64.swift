/// A small generator whose whole state is its seed: the same seed, the same schedule, on every machine.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    package mutating func upTo(_ greatest: Int) -> Int { Int.random(in: 0...greatest, using: &self) }
    package mutating func chance(oneIn count: Int) -> Bool { upTo(count - 1) == 0 }
    package mutating func pick<Element>(_ choices: [Element]) -> Element { choices[upTo(choices.count - 1)] }
}
