import ArgumentParser
import BranchService
import Changes
import CommandLineKit
import Foundation
import Importing
import ServiceRecovery

/// Who acts, and when it happened.
struct AuthorOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Who acts.", discussion: "Default: AMENDS_PERSON.", valueName: "person"))
    var by: String?

    @Option(
        help: ArgumentHelp(
            "When it happened: 2026-07-31T14:05+07:00, or without an offset by the clock of --zone.",
            discussion: "Default: now.", valueName: "time"))
    var at: TimeInput?

    @Option(
        help: ArgumentHelp(
            "Where the clock stands: UTC, +07:00.", discussion: "Default: this machine's zone.", valueName: "zone"))
    var zone: ZoneOffset?

    func validate() throws {
        guard let person else { throw ValidationError("Say who acts: --by PERSON, or set AMENDS_PERSON.") }
        guard person.utf8.count <= Limit.nameBytes.value else {
            throw ValidationError("A person's id has at most \(Limit.nameBytes.value) bytes.")
        }
    }

    private var person: String? { by.nonempty ?? ProcessInfo.processInfo.environment["AMENDS_PERSON"].nonempty }

    /// Who signs a change that is made at `now`.
    func author(now: Int64) throws -> Author {
        guard let person else { preconditionFailure("a command runs after its options were validated") }
        return try Author(person: Text(person), zoneMinutes: Int16(zoneMinutes(atUTC: now)))
    }

    /// When it happened; now, where nothing else was said.
    func moment(now: Int64) -> Moment {
        guard let at else { return Moment(milliseconds: now, zoneMinutes: Int16(zoneMinutes(atUTC: now))) }
        if let offset = at.zoneMinutes {
            return Moment(
                milliseconds: at.milliseconds(in: offset), zoneMinutes: Int16(zone?.minutes ?? offset))
        }
        let minutes = zone?.minutes ?? AuthorOptions.machineZone(atLocal: at.local.milliseconds)
        return Moment(milliseconds: at.milliseconds(in: minutes), zoneMinutes: Int16(minutes))
    }

    private func zoneMinutes(atUTC milliseconds: Int64) -> Int {
        zone?.minutes ?? AuthorOptions.machineZone(atUTC: milliseconds)
    }

    private static func machineZone(atUTC milliseconds: Int64) -> Int {
        TimeZone.current.secondsFromGMT(for: Date(timeIntervalSince1970: Double(milliseconds) / 1_000)) / 60
    }

    /// The zone in which this machine's clock showed that time. An hour that a clock change repeats is taken as its
    /// second one.
    private static func machineZone(atLocal milliseconds: Int64) -> Int {
        let guess = machineZone(atUTC: milliseconds)
        return machineZone(atUTC: milliseconds - Int64(guess) * 60_000)
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
