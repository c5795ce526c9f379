import Causality
import Changes
import ServiceRecovery

enum Sample {
    static let moment = Moment(milliseconds: 1_456_700_160_000, zoneMinutes: 420)
    static let rina = SubjectID(high: 2, low: 2)
    static let budi = SubjectID(high: 1, low: 1)

    static func author(_ person: Text = "sari") throws -> Author { try Author(person: person, zoneMinutes: 420) }

    static func step(_ kind: StepKind, at milliseconds: Int64 = 0, status: Text? = nil) -> NewStep {
        NewStep(kind, at: Moment(milliseconds: milliseconds, zoneMinutes: 0), status: status)
    }

    /// A step as it is read.
    static func read(_ kind: Text, status: Text? = nil) -> Step {
        Step(.fields([("kind", .text(kind)), ("status", status.map(Value.text))]))
    }

    static func derived(_ record: RecordView) -> [Value] { CaseSchema.schema.recordTypes[0].derive(record) }

    static func status(_ record: RecordView) -> Text? { derived(record)[0].text }
}
