import Causality
import Changes

package enum FactKind {}

/// Which fact of another system a step tells: the same fact, imported twice, is known again by it.
package typealias FactID = Identifier128<FactKind>

extension Identifier128 where Kind == FactKind {
    /// The id of the fact that `key` identifies: the first 16 bytes of H(key).
    ///
    /// - Parameter key: bytes that are the same for the same fact, and only for it.
    package init(ofKey key: [UInt8]) {
        let hash = Hash256.of(.fact) { $0.write(key) }.short
        self.init(high: hash.high, low: hash.low)
    }
}
