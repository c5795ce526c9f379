import Causality

/// What somebody wants to save, before it has a place in a feed: one transaction in one scope.
package struct ChangeDraft: Hashable, Sendable {
    package var person: Text
    package var zoneMinutes: Int16
    package var schema: Text
    package var operations: Operations
    /// What the change says of persons; values of kind `personal` in the operations point into these.
    /// Sorted by subject, each subject once.
    package var parts: [Part]

    package struct Part: Hashable, Sendable {
        package let subject: SubjectID
        package let items: [Value]

        package init(subject: SubjectID, items: [Value]) {
            self.subject = subject
            self.items = items
        }
    }

    /// - Precondition: `parts` name each subject once.
    package init(
        person: Text, zoneMinutes: Int16, schema: Text, operations: Operations, parts: [Part] = []
    ) {
        self.person = person
        self.zoneMinutes = zoneMinutes
        self.schema = schema
        self.operations = operations
        self.parts = parts.sorted { $0.subject < $1.subject }
        for (a, b) in zip(self.parts, self.parts.dropFirst()) {
            precondition(a.subject != b.subject, "a subject has one part in a change")
        }
    }
}
