import Changes

/// A case that is about to be opened.
package struct NewCase: Hashable, Sendable {
    /// Where the case comes from: an outside system, or a move. `nil` for a case that is recorded here.
    package var origin: RecordOrigin?
    package var title: Text
    /// Every other field that has a value from the start.
    package var edits: [CaseEdit]
    /// The step with which the case begins.
    package var first: NewStep

    package init(_ title: Text, origin: RecordOrigin? = nil, edits: [CaseEdit] = [], first: NewStep) {
        self.origin = origin
        self.title = title
        self.edits = edits
        self.first = first
    }

    /// A case as the person at the counter records it.
    ///
    /// - Parameters:
    ///   - at: when it was noticed; the first step, `recorded`, has this time.
    ///   - number: the `CaseNumber`.
    package init(
        title: Text, category: Text? = nil, severity: CaseSeverity? = nil, assignee: Text? = nil, team: Text? = nil,
        tags: [Text] = [], customer: Customer? = nil, number: Text? = nil, movedFrom: Text? = nil,
        origin: RecordOrigin? = nil, at: Moment, note: NewStep.Note? = nil
    ) {
        var edits: [CaseEdit] = []
        for (field, text) in [
            (CaseEdit.TextField.category, category), (.assignee, assignee), (.team, team), (.number, number),
            (.movedFrom, movedFrom),
        ] {
            if let text { edits.append(.write(field, text)) }
        }
        if let severity { edits.append(.severity(severity)) }
        if let customer { edits.append(.customer(customer)) }
        edits += tags.map { .add($0, to: .tags) }
        self.init(title, origin: origin, edits: edits, first: NewStep(.recorded, at: at, note: note))
    }
}
