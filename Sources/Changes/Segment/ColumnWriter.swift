import Causality

/// The operations of one form within a segment, kept until the cheapest way of writing them can be told.
struct ColumnWriter {
    let form: FieldOperation.Form
    let formBytes: [UInt8]
    private var contents = ByteInterner()
    private var uses: [Use] = []

    private struct Use {
        let content: Int32
        let record: Int32
        /// The change's stamp.
        let milliseconds: Int64
    }

    /// One way of writing the column.
    struct Encoded {
        let coding: ColumnCoding
        var stream = ByteWriter()
    }

    init(form: FieldOperation.Form, formBytes: [UInt8]) {
        self.form = form
        self.formBytes = formBytes
    }

    /// - Parameter item: an operation in `source`.
    mutating func append(_ source: [UInt8], _ item: EncodedOperations.Item, record: Int, milliseconds: Int64) {
        // Most likely it is the one before: a status, a name.
        let (content, _) = contents.intern(
            source, item.element.lowerBound..<item.form.upperBound,
            expecting: uses.last.map { Int($0.content) } ?? .max)
        uses.append(Use(content: Int32(content), record: Int32(record), milliseconds: milliseconds))
    }

    // MARK: - Choosing

    /// - Parameters:
    ///   - records: in the segment.
    ///   - mayRemember: whether the column may be told from the record's number before.
    func encoded(records: Int, mayRemember: Bool) -> Encoded {
        let texts = areValues && contents.allSatisfy { contents.bytes[$0.lowerBound] == Value.textTag }
        var best = listed(texts: texts, newestFirst: false)
        var cost = ByteCost.value(of: best.stream.bytes)
        func consider(_ candidate: @autoclosure () -> Encoded) {
            guard cost > ByteCost.least else { return }
            let candidate = candidate()
            let other = ByteCost.value(of: candidate.stream.bytes)
            if other < cost { (best, cost) = (candidate, other) }
        }
        // Where each content comes once, none is named by its place.
        if contents.count > 1, contents.count < uses.count { consider(listed(texts: texts, newestFirst: true)) }
        if let (form, numbers) = numbers() {
            for prediction in Prediction.allCases {
                if prediction.isOfRecord, !mayRemember { continue }
                if prediction == .stamp, form.unit == nil { continue }
                consider(encoded(numbers, form, prediction, records: records))
            }
        }
        return best
    }

    /// Whether its contents are values and nothing else.
    private var areValues: Bool { !form.hasElement && !form.isShown }

    /// The form of numbers that all values of the column have, and the number of each content.
    private func numbers() -> (form: NumberForm, numbers: [Int64])? {
        guard areValues, contents.count > 0 else { return nil }
        for form in NumberForm.candidates(for: Value(checked: contents.bytes, contents.range(0))) {
            var numbers: [Int64] = []
            numbers.reserveCapacity(contents.count)
            let areAll = contents.allSatisfy { range in
                form.number(of: range, in: contents.bytes).map { numbers.append($0) } != nil
            }
            if areAll { return (form, numbers) }
        }
        return nil
    }

    // MARK: - Writing

    private func listed(texts: Bool, newestFirst: Bool) -> Encoded {
        var result = Encoded(coding: .listed(texts: texts, newestFirst: newestFirst))
        var count = 0
        var last: ArraySlice<UInt8> = []
        for use in uses {
            let content = Int(use.content)
            if content == count {
                // Contents are numbered in the order in which they first come.
                result.stream.write(byte: 0)
                let next =
                    texts ? contents[content].dropFirst(Value.textHeadCount(contents[content])) : contents[content]
                FrontCoding.write(next, after: last, into: &result.stream)
                last = next
                count += 1
            } else {
                result.stream.write(newestFirst ? count - content : content + 1)
            }
        }
        return result
    }

    private func encoded(
        _ numbers: [Int64], _ form: NumberForm, _ prediction: Prediction, records: Int
    ) -> Encoded {
        var result = Encoded(coding: .numbers(form, prediction))
        var last: Int64 = 0
        var remembered = [Int64](repeating: 0, count: prediction.isOfRecord ? records : 0)
        for use in uses {
            let number = numbers[Int(use.content)]
            let record = Int(use.record)
            switch prediction {
            case .column: result.stream.write(signed: number &- last)
            case .stamp: result.stream.write(signed: number &- use.milliseconds / (form.unit ?? 1))
            case .record, .recordSuccessor:
                result.stream.write(signed: number &- remembered[record])
                remembered[record] = number &+ prediction.step
            }
            last = number
        }
        return result
    }
}
