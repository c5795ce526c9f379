import Causality
import Changes
import Testing

/// One value, one encoding: whatever is taken must be written back as it came, or a hash of it would not be a hash
/// of the value. Everything else is refused with a `CodecError`. A trap would end the test process.
@Suite("Hostile bytes are refused or are exactly another value")
struct HostileBytesTests {
    private static let rounds = 10_000

    @Test(arguments: Form.all)
    func mutationsOfValidBytes(form: Form) {
        var generator = Generator(Effort.generator("mutationsOfValidBytes"))
        var refused = 0
        var taken = 0
        var valid = form.random(&generator)
        var other = valid
        for round in 0..<Self.rounds {
            // Signing is slow; ten ways to damage one encoding are as good as one.
            if round % 10 == 0 { (valid, other) = (form.random(&generator), valid) }
            var bytes = valid
            for _ in 0...generator.upTo(2) {
                bytes = generator.pick(Mutation.allCases).applied(to: bytes, other: other, &generator)
            }
            switch form.outcome(bytes) {
            case .refused: refused += 1
            case .taken(let rewritten):
                taken += 1
                guard claim(rewritten == bytes, "\(hexadecimal(bytes)) is written back as \(hexadecimal(rewritten))")
                else { return }
            }
        }
        #expect(refused + taken == Self.rounds)
        #expect(refused > 0 && taken > 0)
    }

    /// No valid bytes begin other valid bytes, so that every cut is noticed.
    @Test(arguments: Form.all)
    func everyTruncation(form: Form) {
        var generator = Generator(Effort.generator("everyTruncation"))
        for _ in 0..<50 {
            let bytes = form.random(&generator)
            for length in bytes.indices {
                guard case .refused = form.outcome(Array(bytes[..<length])) else {
                    claim(false, "\(length) bytes of \(hexadecimal(bytes)) were taken")
                    return
                }
            }
        }
    }

    @Test(arguments: Form.all)
    func oneByteMore(form: Form) {
        var generator = Generator(Effort.generator("oneByteMore"))
        for _ in 0..<100 {
            let bytes = form.random(&generator)
            guard claim(form.outcome(bytes + [0]) == .refused(.trailing(at: bytes.count)), hexadecimal(bytes))
            else { return }
        }
    }

    /// A count of anything from 10,000 to all of 64 bits, written over every byte of valid bytes: no memory is taken
    /// for what cannot be there (2^40 of anything would end the process).
    @Test(arguments: Form.all)
    func hugeCountsAtEveryByte(form: Form) {
        var generator = Generator(Effort.generator("hugeCountsAtEveryByte"))
        let counts: [UInt64] = [10_000, 1 << 22, 1 << 31, 1 << 32, 1 << 40, 1 << 62, 1 << 63, .max]
        for _ in 0..<20 {
            let bytes = form.random(&generator)
            for place in bytes.indices {
                for count in counts {
                    let hostile = bytes[..<place] + Mutation.varint(count) + bytes[(place + 1)...]
                    if case .taken(let rewritten) = form.outcome(Array(hostile)) {
                        guard claim(rewritten == Array(hostile), hexadecimal(hostile)) else { return }
                    }
                }
            }
        }
    }

    @Test(arguments: [
        [0x80, 0x00], [0xff, 0x80, 0x00], [UInt8](repeating: 0xff, count: 10), [UInt8](repeating: 0x80, count: 11),
    ])
    func anIntegerHasOneSpelling(bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        #expect(throws: CodecError.integer(at: 0)) { try reader.readInteger() }
    }

    @Test func valuesNestedTooDeep() {
        func nested(_ levels: Int) -> [UInt8] { (0..<levels).flatMap { _ in [11, 1, 0] as [UInt8] } + [0] }
        #expect(Form.value.outcome(nested(4)) == .taken(rewritten: nested(4)))
        #expect(Form.value.outcome(nested(5)) == .refused(.limit(.valueDepth, at: 12)))
        #expect(Form.value.outcome(nested(100_000)) == .refused(.limit(.valueDepth, at: 12)))
    }
}
