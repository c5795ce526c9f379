/// The values of one column, kept until the cheapest way of writing them can be told.
struct SnapshotColumnWriter {
    private var contents = ByteInterner()
    /// Of each content.
    private var values: [Value] = []
    private var uses: [Use] = []

    private struct Use {
        let content: Int32
        /// Of the write's time.
        let milliseconds: Int64
    }

    /// One way of writing a column.
    struct Encoded {
        var coding: SnapshotColumnCoding
        /// Of each value, in their order.
        var numbers: [UInt64]
    }

    /// - Parameters:
    ///   - scratch: emptied and used.
    ///   - milliseconds: of the write's time.
    mutating func append(_ value: Value, milliseconds: Int64, _ scratch: inout ByteWriter) {
        scratch.removeAll()
        value.encode(into: &scratch)
        let (content, isNew) = contents.intern(scratch.bytes)
        if isNew { values.append(value) }
        uses.append(Use(content: Int32(content), milliseconds: milliseconds))
    }

    // MARK: - Lists

    /// The contents as they are listed first, and the number of each use.
    func listed() -> (list: SnapshotContentList, numbers: [UInt64]) {
        var numbers: [UInt64] = []
        numbers.reserveCapacity(uses.count)
        var seen = 0
        for use in uses {
            // Contents are numbered in the order in which they come.
            numbers.append(Int(use.content) == seen ? 0 : UInt64(use.content) + 1)
            if Int(use.content) == seen { seen += 1 }
        }
        let isTexts = values.allSatisfy { $0.text != nil }
        return (SnapshotContentList(count: contents.count, isTexts: isTexts), numbers)
    }

    /// Writes the contents, each told from the one before.
    func writeContents(_ list: SnapshotContentList, into writer: inout ByteWriter) {
        contents.bytes.withUnsafeBytes { bytes in
            var last = 0..<0
            for content in 0..<list.count {
                let next = contents.content(content, isText: list.isTexts, in: bytes)
                FrontCoding.write(bytes, next, after: last, into: &writer)
                last = next
            }
        }
    }

    // MARK: - Choosing

    func encoded() -> Encoded {
        let (list, codes) = listed()
        var best = Encoded(coding: .listed(list), numbers: codes)
        var listing = ByteWriter()
        writeContents(list, into: &listing)
        var cost = SnapshotColumnWriter.cost(codes) + ByteCost.value(of: listing.bytes)
        for candidate in numbered() {
            let other = SnapshotColumnWriter.cost(candidate.numbers)
            if other < cost { (best, cost) = (candidate, other) }
        }
        return best
    }

    /// The cheapest way of writing numbers of one form.
    ///
    /// - Precondition: all values have it.
    func encoded(as form: NumberForm) -> Encoded {
        guard let numbers = numbers(form) else { preconditionFailure("a value is no such number") }
        let (plain, told) = (encoded(numbers, form, .nothing), encoded(numbers, form, .column))
        return SnapshotColumnWriter.cost(told.numbers) < SnapshotColumnWriter.cost(plain.numbers) ? told : plain
    }

    private func numbered() -> [Encoded] {
        guard let first = values.first else { return [] }
        if case .text(let text) = first, let counted = CountedText(text), let numbers = counts(after: counted.prefix) {
            return [Encoded(coding: .counted(prefix: counted.prefix), numbers: uses.map { numbers[Int($0.content)] })]
        }
        for form in NumberForm.candidates(for: first) {
            guard let numbers = numbers(form) else { continue }
            return SnapshotPrediction.allCases.compactMap { told in
                told == .stamp && form.unit == nil ? nil : encoded(numbers, form, told)
            }
        }
        return []
    }

    /// What is counted in each content; nil where one has another beginning.
    private func counts(after prefix: Text) -> [UInt64]? {
        var numbers: [UInt64] = []
        numbers.reserveCapacity(values.count)
        for value in values {
            guard case .text(let text) = value, let counted = CountedText(text), counted.prefix == prefix else {
                return nil
            }
            numbers.append(counted.number)
        }
        return numbers
    }

    private func numbers(_ form: NumberForm) -> [Int64]? {
        var numbers: [Int64] = []
        numbers.reserveCapacity(values.count)
        for value in values {
            guard let number = form.number(of: value) else { return nil }
            numbers.append(number)
        }
        return numbers
    }

    private func encoded(_ contents: [Int64], _ form: NumberForm, _ told: SnapshotPrediction) -> Encoded {
        var result = Encoded(coding: .numbers(form, told), numbers: [])
        result.numbers.reserveCapacity(uses.count)
        var last: Int64 = 0
        for use in uses {
            let number = contents[Int(use.content)]
            let difference =
                switch told {
                case .nothing: number
                case .column: number &- last
                case .stamp: number &- use.milliseconds / (form.unit ?? 1)
                }
            result.numbers.append(UInt64(bitPattern: difference << 1 ^ difference >> 63))
            last = number
        }
        return result
    }

    /// What numbers may cost, in 1/256 bit.
    private static func cost(_ numbers: [UInt64]) -> Int {
        var symbols = ByteCost()
        var plainBits = 0
        for number in numbers {
            let parts = NumberCoding.symbol(of: number)
            symbols.add(UInt8(parts.symbol))
            plainBits += parts.plainBits
        }
        return symbols.value + plainBits << 8
    }
}
