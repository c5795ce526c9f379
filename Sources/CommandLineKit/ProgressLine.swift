import Foundation

/// One line on standard error that tells how far long work has come; silent unless people watch.
package struct ProgressLine: ~Copyable {
    private let console: Console
    private let isShown: Bool
    private var lastDrawn: ContinuousClock.Instant?
    private var drawnWidth = 0

    /// Redrawn at most this often.
    private static var interval: Duration { .milliseconds(100) }

    package init(_ console: Console) {
        self.console = console
        isShown = console.talkIsTerminal
    }

    /// Shows `text` instead of what the line held; drops it where the line was drawn a moment ago.
    package mutating func show(_ text: @autoclosure () -> String) {
        guard isShown else { return }
        let now = ContinuousClock.now
        if let lastDrawn, now - lastDrawn < ProgressLine.interval { return }
        lastDrawn = now
        let text = text()
        let width = text.columnWidth
        console.say(raw: "\r" + text + String(repeating: " ", count: max(0, drawnWidth - width)))
        drawnWidth = width
    }

    /// Takes the line away, so that what is said next begins at the left.
    package mutating func clear() {
        guard drawnWidth > 0 else { return }
        console.say(raw: "\r" + String(repeating: " ", count: drawnWidth) + "\r")
        drawnWidth = 0
    }

    deinit {
        if drawnWidth > 0 { console.say(raw: "\r" + String(repeating: " ", count: drawnWidth) + "\r") }
    }
}
