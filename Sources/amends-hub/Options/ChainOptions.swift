import ArgumentParser
import Causality
import Changes
import CommandLineKit
import Foundation
import HubService
import SQLiteStore
import SyncHTTP

/// Which chain a command is about: of a data folder, or of a hub that runs elsewhere.
struct ChainOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The hub's data folder; a hub may be serving it.", valueName: "folder"),
        completion: .directory)
    var data: String?

    @Option(
        help: ArgumentHelp(
            "A hub that runs elsewhere.", discussion: "Needs AMENDS_ADMIN_TOKEN.", valueName: "url"))
    var url: String?

    @Option(
        help: ArgumentHelp(
            "The chain, by id or name.", discussion: "May be left out where there is one.", valueName: "chain"))
    var chain: String?

    private static let tokenVariable = "AMENDS_ADMIN_TOKEN"

    func validate() throws {
        guard (data == nil) != (url == nil) else {
            throw ValidationError("Say which hub: --data FOLDER, or --url URL.")
        }
        if let url, HubAddress(url) == nil { throw ValidationError("“\(url)” is not the URL of a hub.") }
        if url != nil, token == nil {
            throw ValidationError("--url needs the administrator's token in \(ChainOptions.tokenVariable).")
        }
    }

    private var token: String? {
        ProcessInfo.processInfo.environment[ChainOptions.tokenVariable].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The way to administrate the chain.
    func administration() async throws -> any Administration {
        if let data { return try LocalAdministration(HubFolder(data), chain: chain) }
        guard let address = url.flatMap(HubAddress.init), let token else {
            preconditionFailure("a command runs after its options were validated")
        }
        return try await RemoteAdministration(
            HubAdministrator(token: token, over: HTTPTransport(address)), chain: chain ?? address.chain?.description)
    }
}

/// Picks the chain that somebody means.
enum ChainChoice {
    /// - Parameter wish: id or name; nil takes the only one.
    static func chain(_ wish: String?, of chains: [ChainReport], in place: String) throws -> ChainID {
        let matching = chains.filter { wish == nil || $0.chain == wish?.lowercased() || $0.name == wish }
        guard let chosen = matching.first else {
            throw CommandFailure("there is no such chain in \(place); “amends-hub init” makes one")
        }
        guard matching.count == 1, let id = ChainID(hexadecimal: chosen.chain) else {
            let names = matching.map { "\($0.chain) \($0.name)" }.joined(separator: ", ")
            throw CommandFailure("\(place) holds several chains; say which by --chain: \(names)", status: .usage)
        }
        return id
    }
}
