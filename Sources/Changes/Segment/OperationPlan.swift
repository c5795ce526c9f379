import Causality

/// The operations of a change that a segment is about to take: checked, and taken apart where they lie. Its memory is used again.
struct OperationPlan {
    /// Of the change's records, in order: where each origin lies.
    private(set) var origins: [Range<Int>] = []
    private(set) var steps: [Step] = []

    /// An operation. Kept small: places in a change's bytes are below 4 GB.
    struct Step {
        private let recordNumber: UInt32
        private let formStart: UInt32
        private let contentStart: UInt32
        private let contentEnd: UInt32
        private let columnNumber: Int32
        /// Whether the content is the column's last one.
        let repeatsContent: Bool

        init(_ item: EncodedOperations.Item) {
            recordNumber = UInt32(item.record)
            formStart = UInt32(item.form.lowerBound)
            contentStart = UInt32(item.element.lowerBound)
            contentEnd = UInt32(item.form.upperBound)
            columnNumber = -1
            repeatsContent = false
        }

        /// - Parameters:
        ///   - form: where it begins; the content follows it.
        ///   - column: that of its form.
        /// - Precondition: the places lie in the first 4 GB of the bytes.
        @inline(__always)
        init(form: Int, content: Int, end: Int, column: Int, repeatsContent: Bool) {
            recordNumber = 0
            formStart = UInt32(truncatingIfNeeded: form)
            contentStart = UInt32(truncatingIfNeeded: content)
            contentEnd = UInt32(truncatingIfNeeded: end)
            columnNumber = Int32(truncatingIfNeeded: column)
            self.repeatsContent = repeatsContent
        }

        /// Which of the change's records.
        var record: Int { Int(recordNumber) }
        /// Of the form alone.
        var form: Range<Int> { Int(formStart)..<Int(contentStart) }
        /// What follows it: element, value, shown writes.
        var content: Range<Int> { Int(contentStart)..<Int(contentEnd) }
        /// That of its form; nil where it has to be looked for.
        var column: Int? { columnNumber < 0 ? nil : Int(columnNumber) }
    }

    mutating func begin() {
        origins.removeAll(keepingCapacity: true)
        steps.removeAll(keepingCapacity: true)
    }

    mutating func append(_ step: Step) { steps.append(step) }

    mutating func append(origin: Range<Int>) { origins.append(origin) }

    mutating func set(_ change: EncodedOperations) {
        begin()
        origins.append(contentsOf: change.origins)
        for item in change.items { steps.append(Step(item)) }
    }
}
