import Causality
import Changes

/// A record that the tables name and that is not there: the file is damaged.
struct DamagedRecord: Error, CustomStringConvertible {
    let id: RecordID
    let reason: String

    init(_ id: RecordID, _ reason: String) {
        self.id = id
        self.reason = reason
    }

    var description: String { "the record \(id) is damaged: \(reason); run `amends verify`" }
}

/// A change that a record names and that is not there: the file is damaged.
struct MissingChange: Error, CustomStringConvertible {
    let dot: Dot

    var description: String { "the change \(dot) is missing though a record names it; run `amends verify`" }
}
