/// The letter that ends a case number and catches slips on the telephone.
///
/// With symbols a₁ … aₙ and check c, Σ aᵢ·5ⁿ⁻ⁱ⁺¹ + c ≡ 1 (mod 23). The modulus is prime and the radix 5 is neither 0
/// nor 1, so a single wrong symbol and two swapped neighbours always change the sum. That holds for symbols that
/// differ mod 23: letters among themselves and digits among themselves. A letter in the place of a digit is refused
/// by the form of a number, and no place allows both.
///
/// Source: the pure systems of ISO/IEC 7064:2003, with modulus 23 and radix 5 in place of its tabled pairs, so that
/// the check is a letter; the modulus and the idea of 23 letters are those of the Spanish identity card.
package enum CheckLetter {
    package static let modulus = 23
    static let radix = 5

    /// The sum after one more symbol.
    package static func advance(_ sum: Int, by value: Int) -> Int { (sum + value) * radix % modulus }

    /// The letter that makes the sum 1.
    ///
    /// - Precondition: `symbols` are digits and letters of the alphabet.
    static func letter(for symbols: some Sequence<UInt8>) -> UInt8 {
        let sum = symbols.reduce(0) { sum, symbol in
            guard let value = NumberAlphabet.value(of: symbol) else {
                preconditionFailure("no symbol of a case number: \(symbol)")
            }
            return advance(sum, by: value)
        }
        return NumberAlphabet.letters[(1 - sum + modulus) % modulus]
    }
}
