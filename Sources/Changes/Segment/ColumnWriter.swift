import Causality

/// The operations of one form within a segment, kept until the cheapest way of writing them can be told.
struct ColumnWriter {
    let form: FieldOperation.Form
    let formBytes: [UInt8]
    /// Which field of which kind the operations write, among those of the segment.
    let target: Int
    /// Whether its contents are values and nothing else.
    let areValues: Bool
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
        let stream: ByteWriter
    }

    init(form: FieldOperation.Form, formBytes: [UInt8], target: Int) {
        self.form = form
        self.formBytes = formBytes
        self.target = target
        areValues = !form.hasElement && !form.isShown
    }

    /// The content of the last operation, which the next most likely has as well: a status, a name.
    private var lastContent: Int { uses.last.map { Int($0.content) } ?? .max }

    /// Where the last content ends, if it is what stands at `index`; nil if not.
    @inline(__always)
    func endOfLastContent(in source: UnsafeRawBufferPointer, at index: Int) -> Int? {
        contents.end(of: lastContent, in: source, at: index)
    }

    /// Whether a value keeps the rules of the column's kind.
    func takes(_ value: Value.Sort) -> Bool {
        FieldOperation.violation(kind: form.kind, action: form.action, element: nil, value: value, isShown: false)
            == nil
    }

    /// - Parameters:
    ///   - range: the content's, in `source`.
    ///   - repeatsContent: whether it is known to be the last one once more.
    mutating func append(
        _ source: [UInt8], _ range: Range<Int>, repeatsContent: Bool, record: Int, milliseconds: Int64
    ) {
        let last = lastContent
        let content = repeatsContent ? last : contents.intern(source, range, expecting: last).number
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
        var stream = ByteWriter(reserving: uses.count)
        contents.bytes.withUnsafeBytes { bytes in
            var count = 0
            var last = 0..<0
            for use in uses {
                let content = Int(use.content)
                if content == count {
                    // Contents are numbered in the order in which they first come.
                    stream.write(byte: 0)
                    let next = contents.content(content, isText: texts, in: bytes)
                    FrontCoding.write(bytes, next, after: last, into: &stream)
                    last = next
                    count += 1
                } else {
                    stream.write(newestFirst ? count - content : content + 1)
                }
            }
        }
        return Encoded(coding: .listed(texts: texts, newestFirst: newestFirst), stream: stream)
    }

    private func encoded(
        _ numbers: [Int64], _ form: NumberForm, _ prediction: Prediction, records: Int
    ) -> Encoded {
        var stream = ByteWriter(reserving: uses.count)
        var last: Int64 = 0
        var remembered = [Int64](repeating: 0, count: prediction.isOfRecord ? records : 0)
        let (unit, step) = (form.unit ?? 1, prediction.step)
        for use in uses {
            let number = numbers[Int(use.content)]
            let record = Int(use.record)
            switch prediction {
            case .column: stream.write(signed: number &- last)
            case .stamp: stream.write(signed: number &- use.milliseconds / unit)
            case .record, .recordSuccessor:
                stream.write(signed: number &- remembered[record])
                remembered[record] = number &+ step
            }
            last = number
        }
        return Encoded(coding: .numbers(form, prediction), stream: stream)
    }
}
