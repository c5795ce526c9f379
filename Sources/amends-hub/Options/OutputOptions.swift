import ArgumentParser
import CommandLineKit

/// Whether the result is for a person or for a program.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON.")
    var json = false

    /// Prints the result in the form that was asked for.
    ///
    /// - Parameter text: the lines for a person.
    func print(_ value: @autoclosure () -> JSONValue, text: (TextStyle) -> [String]) throws {
        let console = Console.standard
        if json {
            try console.write(value())
        } else {
            for line in text(TextStyle(console)) { try console.write(line: line) }
        }
    }
}
