/// What came of verifying a file: every damage by name, how much was checked, and what the check stands on.
package struct VerifyReport: Sendable {
    package internal(set) var damage: [Damage] = []
    /// Damages beyond `Findings.damageLimit`, counted and not named.
    package internal(set) var unnamedDamage = 0
    package internal(set) var checked = Checked()
    package internal(set) var basis = Basis()

    package var isOK: Bool { damage.isEmpty }

    /// One row that is not what it must be.
    package struct Damage: Hashable, Sendable {
        package let kind: Kind
        package let table: String
        /// The values of the row's primary key, `:` between.
        package let row: String
        package let reason: String
    }

    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// SQLite itself cannot read it, or a row names one that is not there.
        case page
        /// A feed's hash chain.
        case chain
        /// A change's bytes.
        case body
        /// A personal part, or the key that its salts derive from.
        case part
        /// A scope's order and the running hash over it.
        case history
        /// A change's place in the order.
        case placement
        /// What is kept of a feed besides its changes.
        case feed
        case attestation
        /// What a change had seen.
        case past
        /// A record's state.
        case state
        case log
        /// Which changes touch which records.
        case touch
        case fingerprint
        case projection
        case setting
        case scope
        case quarantine
        /// What a scope's records stand on instead of changes.
        case snapshot
        /// Certificates and enrolments.
        case hub
    }

    /// How many of each were read and compared.
    package struct Checked: Hashable, Sendable {
        package internal(set) var changes = 0
        package internal(set) var entries = 0
        package internal(set) var records = 0
        package internal(set) var logRows = 0
        /// Rows of the projections' tables.
        package internal(set) var projections = 0
    }

    /// What was recomputed from changes, and what has to be believed.
    package struct Basis: Hashable, Sendable {
        /// Records folded again from their changes.
        package internal(set) var foldedRecords = 0
        /// Records that could not be folded again, because a change that touches them is damaged itself.
        package internal(set) var unfoldedRecords = 0
        /// Changes whose body was hashed again.
        package internal(set) var hashedChanges = 0
        /// Changes known by their header alone: that their bodies do not count is the hub's word.
        package internal(set) var stubs = 0
        /// Changes with a place: position, time of receipt and verdict are the hub's word.
        package internal(set) var placedChanges = 0
        /// Records that stand on the hub's signed snapshots, with what was folded on top of them.
        package internal(set) var baseRecords = 0
        /// Changes that those snapshots include: nothing of them is here but what the records say.
        package internal(set) var includedChanges = 0
        /// Snapshots whose signature could not be tried, since the hub's key is not known here.
        package internal(set) var unsignedBases = 0
        /// Personal parts that are not held, erased or never received; their commitments cannot be tried.
        package internal(set) var missingParts = 0
        /// Changes that the records lag behind: they are folded when the file is opened for writing.
        package internal(set) var unfoldedChanges = 0
        /// Replicas whose key this file does not hold: the beginnings of their feeds and their attestations stand
        /// unchecked. Sorted.
        package internal(set) var unknownAuthors: [String] = []

        private func count(_ number: Int, _ one: String, _ several: String) -> String {
            "\(number) \(number == 1 ? one : several)"
        }

        /// The same in words, for people.
        package var sentences: [String] {
            var result = [
                "\(count(foldedRecords, "record was", "records were")) folded again from "
                    + "\(count(hashedChanges, "change", "changes")) and compared byte for byte"
            ]
            if placedChanges > 0 {
                result.append(
                    "the place, time of receipt and verdict of \(count(placedChanges, "change stands", "changes stand")) "
                        + "on the hub's word")
            }
            if baseRecords > 0 || includedChanges > 0 {
                result.append(
                    "\(baseRecords) of these records began with a snapshot: what "
                        + "\(count(includedChanges, "earlier change", "earlier changes")) came to stands on the hub's "
                        + "signature, and every byte of it was held against that")
            }
            if unsignedBases > 0 {
                result.append(
                    "the signature of \(count(unsignedBases, "snapshot", "snapshots")) was not tried: "
                        + "the hub's key is not known")
            }
            if stubs > 0 {
                result.append(
                    "\(count(stubs, "change is", "changes are")) here by the header only: the hub set the rest aside")
            }
            if missingParts > 0 {
                result.append("\(count(missingParts, "personal part is", "personal parts are")) not held here")
            }
            if unfoldedChanges > 0 {
                result.append(
                    "\(count(unfoldedChanges, "change", "changes")) of an import or a synchronisation that was cut off "
                        + "will be in the records once the file is next opened")
            }
            if unfoldedRecords > 0 {
                result.append(
                    "\(count(unfoldedRecords, "record", "records")) could not be checked, since a change in them is damaged"
                )
            }
            if !unknownAuthors.isEmpty {
                result.append(
                    "the key of \(count(unknownAuthors.count, "author", "authors")) is not known here: "
                        + "what it would check was not tried")
            }
            return result
        }
    }
}
