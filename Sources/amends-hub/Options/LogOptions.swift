import ArgumentParser
import CommandLineKit
import Logging

/// A command that logs.
protocol LoggingCommand: ParsableCommand {
    var log: LogOptions { get }
}

/// How much the program tells on standard error, and in which form. Never a customer's words.
struct LogOptions: ParsableArguments {
    @Option(help: "How much to log: trace, debug, info, notice, warning, error or critical.")
    var logLevel: Logger.Level = .notice

    @Flag(help: "Log as JSON, a line an event.")
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
