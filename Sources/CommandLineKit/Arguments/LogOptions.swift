import ArgumentParser
import Logging

/// A command that logs; `Program` sets up logging before it runs.
package protocol LoggingCommand: ParsableCommand {
    var log: LogOptions { get }
}

/// How much a program tells on standard error, and in which form. Never a customer's words.
package struct LogOptions: ParsableArguments {
    @Option(help: "How much to log on standard error.")
    package var logLevel = LogLevel.notice

    @Flag(help: "Log as JSON, a line for each event.")
    package var logJson = false

    package init() {}

    /// Sets up logging for the process. Called once.
    package func prepare(_ console: Console = .standard) {
        let format: StandardErrorLog.Format = logJson ? .json : .text
        LoggingSystem.bootstrap { [level = logLevel.level] label in
            StandardErrorLog(label: label, level: level, format: format, console: console)
        }
    }
}

/// The levels of swift-log by their names.
package enum LogLevel: String, CaseIterable, ExpressibleByArgument, Sendable {
    case trace, debug, info, notice, warning, error, critical

    var level: Logger.Level {
        switch self {
        case .trace: .trace
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        case .critical: .critical
        }
    }
}
