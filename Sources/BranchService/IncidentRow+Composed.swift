import Foundation
import Importing

extension IncidentRow {
    /// The row with the texts by which an incident and its facts are told in the composed form of Unicode (NFC, UAX #15): programs that
    /// save a file again may spell a letter otherwise, and then its bytes are others.
    var composed: IncidentRow {
        var row = self
        row.number = IncidentRow.composed(number)
        row.updatedBy = IncidentRow.composed(updatedBy)
        row.location = location.map(IncidentRow.composed)
        row.callerID = callerID.map(IncidentRow.composed)
        return row
    }

    private static func composed(_ text: String) -> String {
        text.utf8.allSatisfy { $0 < 0x80 } ? text : text.precomposedStringWithCanonicalMapping
    }
}
