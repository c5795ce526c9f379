import ArgumentParser
import BranchService
import Changes
import CommandLineKit
import Foundation
import Importing
import ServiceRecovery

/// Who acts, and where their clock stands.
struct AuthorOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Who acts.", discussion: "Default: AMENDS_PERSON.", valueName: "person"))
    var by: String?

    // A zone may begin with a minus.
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Where the clock stands: UTC, +07:00.", discussion: "Default: this machine's zone.", valueName: "zone"))
    var zone: ZoneOffset?

    func validate() throws {
        if let person, Text(person).isBlank {
            throw ValidationError("\(by == nil ? "AMENDS_PERSON" : "--by") names nobody.")
        }
        guard let person else { throw ValidationError("Say who acts: --by PERSON, or set AMENDS_PERSON.") }
        guard person.utf8.count <= Limit.nameBytes.value else {
            throw ValidationError("A person's id has at most \(Limit.nameBytes.value) bytes.")
        }
    }

    private var person: String? { by ?? ProcessInfo.processInfo.environment["AMENDS_PERSON"].nonempty }

    /// Who signs a change that is made at `now`.
    func author(now: Int64) throws -> Author {
        guard let person else { preconditionFailure("a command runs after its options were validated") }
        return try Author(person: Text(person), zoneMinutes: Int16(zoneMinutes(atUTC: now)))
    }

    fileprivate func zoneMinutes(atUTC milliseconds: Int64) -> Int {
        zone?.minutes ?? AuthorOptions.machineZone(atUTC: milliseconds)
    }

    private static func machineZone(atUTC milliseconds: Int64) -> Int {
        TimeZone.current.secondsFromGMT(for: Date(timeIntervalSince1970: Double(milliseconds) / 1_000)) / 60
    }

    /// The zone in which this machine's clock showed that time. An hour that a clock change repeats is taken as its
    /// second one.
    fileprivate static func machineZone(atLocal milliseconds: Int64) -> Int {
        let guess = machineZone(atUTC: milliseconds)
        return machineZone(atUTC: milliseconds - Int64(guess) * 60_000)
    }
}

/// When what is told happened.
struct MomentOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "When it happened: 2026-07-31T14:05+07:00, or without an offset by the clock of --zone.",
            discussion: "Default: now.", valueName: "time"))
    var at: TimeInput?

    /// Now, where nothing else was said.
    ///
    /// - Parameter author: whose zone it is in.
    func moment(now: Int64, _ author: AuthorOptions) -> Moment {
        guard let at else { return Moment(milliseconds: now, zoneMinutes: Int16(author.zoneMinutes(atUTC: now))) }
        if let offset = at.zoneMinutes {
            return Moment(
                milliseconds: at.milliseconds(in: offset), zoneMinutes: Int16(author.zone?.minutes ?? offset))
        }
        let minutes = author.zone?.minutes ?? AuthorOptions.machineZone(atLocal: at.local.milliseconds)
        return Moment(milliseconds: at.milliseconds(in: minutes), zoneMinutes: Int16(minutes))
    }
}

extension TimeInput: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension ZoneOffset: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension LocalMinute: ExpressibleByArgument {
    public init?(argument: String) { self.init(iso: argument) }
}
