import ArgumentParser
import CommandLineKit
import Logging

/// How much the program tells on standard error, and in which form. Never a customer's words.
struct LogOptions: ParsableArguments {
    @Option(help: "How much to log on standard error.")
    var logLevel: Logger.Level = .notice

    @Flag(help: "Log as JSON, a line for each event.")
    var logJson = false

    /// Sets up logging for the process. Called once.
    func prepare(_ console: Console) {
        let format: StandardErrorLog.Format = logJson ? .json : .text
        LoggingSystem.bootstrap { [logLevel] label in
            StandardErrorLog(label: label, level: logLevel, format: format, console: console)
        }
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}

extension Logger {
    /// The program's own log.
    static var amends: Logger { Logger(label: "amends") }
}
