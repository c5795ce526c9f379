import ArgumentParser

/// Whether the result is for a person or for a program.
package struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON.")
    package var json = false

    package init() {}

    /// Prints the result in the form that was asked for.
    ///
    /// - Parameter text: the lines for a person.
    package func print(_ value: @autoclosure () throws -> JSONValue, text: (TextStyle) throws -> [String]) throws {
        let console = Console.standard
        if json {
            try console.write(try value())
        } else {
            for line in try text(TextStyle(console)) { try console.write(line: line) }
        }
    }

    /// The same of something that is saved: where the result cannot be written, whoever reads the error knows not to do it again.
    ///
    /// - Parameter saved: what is saved; nil for nothing.
    package func print(
        saved: String?, _ value: @autoclosure () throws -> JSONValue, text: (TextStyle) throws -> [String]
    ) throws {
        do { try print(try value(), text: text) } catch let failure as CommandFailure {
            throw CommandFailure((saved.map { "\($0) is saved; " } ?? "") + "\(failure)", status: failure.status)
        }
    }
}
