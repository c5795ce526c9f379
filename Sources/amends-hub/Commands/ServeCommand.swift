import ArgumentParser
import CommandLineKit
import Foundation
import HubService
import Logging
import Replication
import SQLiteStore

/// `amends-hub serve`: the hub itself.
struct ServeCommand: LoggingCommand, AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve the chains of a data folder.",
        discussion: """
            Stops gracefully at SIGTERM and SIGINT. Besides the branches' paths it answers /healthz, /readyz and \
            /metrics (OpenMetrics).

            Examples:
              amends-hub serve --data ./hub --listen 127.0.0.1:8080
              amends-hub serve --data ./hub --listen 127.0.0.1:0 --ready-file ./hub.url
            """)

    @Option(help: ArgumentHelp("The hub's data folder.", valueName: "folder"), completion: .directory)
    var data: String

    @Option(help: ArgumentHelp("Where to listen; port 0 takes a free one.", valueName: "host:port"))
    var listen: ListenAddress = ListenAddress(host: "127.0.0.1", port: 8080)

    @Option(
        help: ArgumentHelp(
            "What stands before the paths: /amends.",
            discussion: "For a proxy that passes its prefix on. One that takes it away needs nothing.",
            valueName: "path"))
    var prefix: String = ""

    @Option(
        help: ArgumentHelp("A file to write the URL to, once the hub listens.", valueName: "path"),
        completion: .file())
    var readyFile: String?

    @Option(
        help: ArgumentHelp(
            "New machines begin a branch that has so many changes with a snapshot of its records.",
            valueName: "changes"))
    var snapshotEntries: UInt64 = SnapshotLimits.leastEntries

    @Option(
        help: ArgumentHelp(
            "About how large the pieces of a snapshot are, before they are compressed.", valueName: "bytes"))
    var snapshotChunkBytes: Int = SnapshotLimits.chunkBytes

    @OptionGroup var log: LogOptions

    func validate() throws {
        guard snapshotEntries > 0 else { throw ValidationError("A snapshot is of one change at least.") }
        guard (1_024...(16 << 20)).contains(snapshotChunkBytes) else {
            throw ValidationError("A piece of a snapshot has 1 KiB to 16 MiB.")
        }
        let isPath =
            prefix.hasPrefix("/") && !prefix.hasSuffix("/") && !prefix.contains("//")
            && prefix.unicodeScalars.allSatisfy { ServeCommand.prefixScalars.contains($0) }
        guard prefix.isEmpty || isPath else {
            throw ValidationError(
                "A prefix begins with a slash, does not end with one, and is of the letters, digits and signs of a URL: /amends."
            )
        }
    }

    /// Of a path that stands in a URL as it is: RFC 3986, `pchar` without percent signs.
    private static let prefixScalars = Set(
        "/-._~!$&'()*+,;=:@0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".unicodeScalars)

    func run() async throws {
        let logger = Logger(label: "amends-hub")
        let variable = ProcessInfo.processInfo.environment[Failpoint.environmentKey]
        guard let failpoint = Failpoint(variable) else {
            throw CommandFailure("“\(variable ?? "")” names no failpoint (\(Failpoint.environmentKey))", status: .usage)
        }
        var configuration = HubConfiguration()
        configuration.host = listen.host
        configuration.port = listen.port
        configuration.prefix = prefix
        configuration.snapshotEntries = snapshotEntries
        configuration.snapshotChunkBytes = snapshotChunkBytes
        let folder = HubFolder<SQLiteStore>(data)
        let chains = try folder.chains().count
        // A disk that is not mounted looks so: whoever asks whether it is ready must not hear that it is.
        guard chains > 0 else {
            throw CommandFailure("there is no chain in \(data); `amends-hub init` makes one")
        }
        let wanted = configuration.connections
        configuration.connections = try OpenFiles.connections(wanted, chains: chains)
        if configuration.connections < wanted {
            logger.notice(
                "fewer connections than \(wanted), for want of open files (ulimit -n)",
                metadata: ["connections": "\(configuration.connections)"])
        }
        let server = HubServer(
            folder, configuration: configuration, failpoint: failpoint, logger: logger)
        let count = try await server.openChains()
        let (address, readyFile, prefix) = (listen, readyFile, prefix)
        try await server.run { port in
            let url = "http://\(address.urlHost):\(port)\(prefix)"
            do {
                try Console.standard.write(line: "listening on \(url)")
                if let readyFile {
                    try Data("\(url)\n".utf8).write(to: URL(fileURLWithPath: readyFile), options: .atomic)
                }
            } catch {
                // Whoever waits for the file would wait for ever.
                Console.standard.say("Error: cannot say where the hub listens: \(error.localizedDescription)".visible)
                Foundation.exit(ExitStatus.failed.rawValue)
            }
            logger.notice("listening", metadata: ["url": "\(url)", "chains": "\(count)"])
        }
        logger.notice("stopped")
    }
}

/// A host and a port: `127.0.0.1:8080`, `[::1]:8080`.
struct ListenAddress: ExpressibleByArgument, CustomStringConvertible {
    let host: String
    let port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":"), let port = UInt16(argument[argument.index(after: colon)...])
        else { return nil }
        var host = argument[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty else { return nil }
        self.init(host: String(host), port: Int(port))
    }

    /// As it stands in a URL.
    var urlHost: String { host.contains(":") ? "[\(host)]" : host }

    var description: String { "\(urlHost):\(port)" }
}
