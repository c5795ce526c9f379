package import Causality

/// Why an escrow refused a local operation; the escrow is then as it was.
///
/// Nothing is refused when fragments merge.
package enum EscrowError: Error, Hashable, Sendable {
    /// The account holds fewer rights than asked for; `available` may be below zero.
    case insufficientRights(available: Int128, asked: UInt64)
    /// The dot names no spend that is held here, so there is nothing to undo yet.
    case unknownSpend(Dot)
    /// A void of this spend is held already, counted or waiting to be placed.
    case alreadyVoided(Dot)
}
