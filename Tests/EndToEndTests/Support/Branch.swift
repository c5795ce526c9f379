import Foundation
import Testing

/// A branch at work: its replica, and the person at the counter.
struct Branch {
    let place: Workplace
    let replica: String
    let person: String

    /// - Parameter name: nil for a replica that is there already.
    init(_ place: Workplace, file: String = "branch.sqlite", named name: String? = "Kemang", person: String = "rina")
        throws
    {
        self.place = place
        self.person = person
        replica = place.file(file)
        if let name {
            let made = try place.amends(["init", "--name", name, "--replica", replica])
            try #require(made.status == 0, "\(made.talk)")
        }
    }

    func run(_ arguments: String..., input: String = "") throws -> Ending { try run(arguments, input: input) }

    func run(_ arguments: [String], input: String = "") throws -> Ending {
        try place.amends(arguments, input: input, environment: ["AMENDS_REPLICA": replica, "AMENDS_PERSON": person])
    }

    /// Runs a command that must succeed.
    @discardableResult
    func must(_ arguments: String..., location: SourceLocation = #_sourceLocation) throws -> Ending {
        try must(arguments, location: location)
    }

    @discardableResult
    func must(_ arguments: [String], location: SourceLocation = #_sourceLocation) throws -> Ending {
        let ending = try run(arguments)
        try #require(ending.status == 0, "\(arguments): \(ending.talk)", sourceLocation: location)
        return ending
    }

    /// Runs SQL on the replica's file with Python's SQLite, as anyone may who reads it, or somebody who damages it.
    ///
    /// - Returns: the rows, a line each.
    @discardableResult
    func sql(_ statement: String) throws -> String {
        let script = """
            import sqlite3, sys
            file = sqlite3.connect(sys.argv[1], isolation_level=None)
            for row in file.execute(sys.argv[2]): print(*row)
            """
        let ending = try place.run("/usr/bin/env", ["python3", "-c", script, replica, statement])
        try #require(ending.status == 0, "\(ending.talk)")
        return ending.output
    }

    func open(_ arguments: String...) throws -> Opened {
        let ending = try run(["case", "open", "--json"] + arguments)
        try #require(ending.status == 0, "\(ending.talk)")
        return try ending.decoded(Opened.self)
    }

    func show(_ name: String) throws -> Shown { try must("case", "show", name, "--json").decoded(Shown.self) }
}

extension Branch {
    /// A new machine of the branch that the code is for.
    static func joined(_ place: Workplace, _ hub: Hub, _ code: String, file: String = "till.sqlite") throws -> Branch {
        let till = try Branch(place, file: file, named: nil)
        try till.must("join", hub.address, "--code", code)
        return till
    }
}

// MARK: - What the commands print

struct Opened: Decodable {
    let `case`: String
    let change: String
}

struct Saved: Decodable {
    let `case`: String
    let change: String
    let status: String
}

struct Shown: Decodable {
    let `case`: String
    let id: String
    let branch: String
    let status: String
    let conflicts: [String]
    let fields: [String: [Written]]
    let steps: [Step]

    struct Step: Decodable {
        let kind: String
        let at: String
        let note: String?
        let status: String?
        let lateStatus: String?
        let change: String
        let person: String
        let branch: String
        let effectiveAt: String
    }

    func texts(_ field: String) -> [String?]? { fields[field]?.map(\.value.text) }
}

struct Written: Decodable {
    let value: Scalar
    let subject: String?
    let change: String
    let person: String
    let branch: String
    let at: String
}

/// A value that is a text, a number or nothing.
enum Scalar: Decodable, Equatable {
    case text(String)
    case number(Int)
    case null

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let number = try? container.decode(Int.self) {
            self = .number(number)
        } else {
            self = .text(try container.decode(String.self))
        }
    }

    var text: String? { if case .text(let text) = self { text } else { nil } }
}

struct Conflict: Decodable {
    let `case`: String
    let field: String
    let values: [Written]
}

struct Status: Decodable {
    let waiting: Int
    let lastSync: String?
    let conflicts: Int
    let quarantined: Int
    let scopes: [Scope]

    struct Scope: Decodable {
        let scope: String
        let name: String
        let position: Int
        let historyHash: String
        let fingerprint: String
    }
}

struct Listed: Decodable {
    let `case`: String
    let branch: String
    let status: String
    let title: String?
    let severity: Int?
    let conflicts: Int
}

struct Imported: Decodable {
    let read: Int
    let imported: Int
    let late: Int
    let unchanged: Int
    let rejected: Int
    let elsewhere: Int
    let complete: Bool
    let openEnd: Int?
    let rejections: [Rejection]

    /// In the order of the keys: read, imported, unchanged, rejected, elsewhere.
    var counts: [Int] { [read, imported, unchanged, rejected, elsewhere] }

    struct Rejection: Decodable {
        let line: Int
        let reason: String
    }
}
