import ArgumentParser
import Foundation

/// One run of a program: parse, run, and end with a status that says how it went.
///
/// `Root.main()` would end with swift-argument-parser's statuses and print errors its own way.
package struct CommandRun<Root: AsyncParsableCommand>: Sendable {
    private let console: Console
    private let describe: @Sendable (any Error) -> String?
    private let classify: @Sendable (any Error) -> ExitStatus?

    /// - Parameters:
    ///   - describe: a sentence for an error that does not describe itself for people; nil for the others.
    ///   - classify: the status of an error that is more than a failure; nil for the others.
    package init(
        _ root: Root.Type, console: Console = .standard,
        describe: @escaping @Sendable (any Error) -> String? = { _ in nil },
        classify: @escaping @Sendable (any Error) -> ExitStatus? = { _ in nil }
    ) {
        self.console = console
        self.describe = describe
        self.classify = classify
    }

    /// Runs with the process's arguments, to its end.
    package func callAsFunction() async -> Never {
        Console.prepareProcess()
        let arguments = CommandRun.processArguments()
        // As text they would be other words than were meant, and might be saved as such.
        if let place = arguments.firstIndex(of: nil) {
            say("argument \(place + 1) is not UTF-8")
            Foundation.exit(ExitStatus.usage.rawValue)
        }
        Foundation.exit(await status(of: arguments.compactMap(\.self)).rawValue)
    }

    /// Without the program's own name; nil for one that is not UTF-8.
    private static func processArguments() -> [String?] {
        // Swift looks for them beside the environment, which a library that was loaded before may have moved elsewhere: the program
        // then did nothing, and ended as if all were well.
        if let bytes = FileManager.default.contents(atPath: "/proc/self/cmdline"), bytes.last == 0 {
            return bytes.dropLast().split(separator: 0, omittingEmptySubsequences: false).dropFirst().map {
                String(validating: $0, as: UTF8.self)
            }
        }
        return (0..<Int(CommandLine.argc)).dropFirst().map { place in
            CommandLine.unsafeArgv[place].flatMap { String(validatingCString: $0) }
        }
    }

    /// The only place that turns an outcome into an exit status.
    package func status(of arguments: [String]) async -> ExitStatus {
        var command: any ParsableCommand
        do {
            command = try await Root.asyncParseAsRoot(arguments)
        } catch {
            return report(unparsed: error)
        }
        do {
            (command as? any LoggingCommand)?.log.prepare(console)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return .done
        } catch let failure as CommandFailure {
            if !failure.description.isEmpty { say(failure.description) }
            return failure.status
        } catch is CancellationError {
            return .done
        } catch  where Root.exitCode(for: error) != .failure {
            // The parser's own: `help` is a command too, and what a command finds wrong with its arguments.
            return report(unparsed: error)
        } catch {
            say(sentence(for: error))
            return classify(error) ?? .failed
        }
    }

    /// Prints help, version or a completion script as a result, and what was not understood as talk.
    private func report(unparsed error: any Error) -> ExitStatus {
        let status = ExitStatus(parserStatus: Root.exitCode(for: error).rawValue)
        let message = Root.fullMessage(for: error)
        guard status == .done else {
            for line in message.split(separator: "\n", omittingEmptySubsequences: false) {
                console.say(String(line).visible)
            }
            return status
        }
        do {
            try console.write(line: message)
            return .done
        } catch {
            say(sentence(for: error))
            return .failed
        }
    }

    private func say(_ sentence: String) { console.say("Error: \(sentence.visible)") }

    /// Our errors are sentences; Foundation's describe themselves for people only when they are asked so.
    private func sentence(for error: any Error) -> String {
        if let sentence = describe(error) { return sentence }
        if error is CocoaError || error is POSIXError { return error.localizedDescription }
        return "\(error)"
    }
}
