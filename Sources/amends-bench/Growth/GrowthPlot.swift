import Foundation

/// The costs over the size, both axes logarithmic, as SVG.
struct GrowthPlot {
    private let costs: [GrowthCost]
    private let events: Int

    private static let width = 900.0
    private static let height = 560.0
    private static let left = 84.0
    private static let right = 330.0
    private static let top = 56.0
    private static let bottom = 56.0
    private static let labelHeight = 16.0
    /// Told apart also by those who see few colours: dark and light take turns.
    private static let colours = [
        "#1b6ca8", "#d1495b", "#2e933c", "#8f5db7", "#b5651d", "#00798c", "#c2185b", "#5c6b73", "#7a8b00", "#3f51b5",
        "#a63d40", "#6a994e",
    ]

    init(_ costs: [GrowthCost], events: Int) {
        // Bytes have no place on an axis of times.
        self.costs = costs.filter { $0.unit == .microseconds }
        self.events = events
    }

    var text: String {
        let scales = (costs.first?.values.map(\.scale) ?? []).map(Double.init)
        let values = costs.flatMap { $0.values.map(\.value) }.filter { $0 > 0 }
        guard let leastScale = scales.first, let greatestScale = scales.last, let least = values.min(),
            let greatest = values.max(), leastScale < greatestScale
        else { return "" }
        let (low, high) = (floor(log10(least)), ceil(log10(greatest)))
        func x(_ scale: Double) -> Double {
            let part = log(scale / leastScale) / log(greatestScale / leastScale)
            return Self.left + part * (Self.width - Self.left - Self.right)
        }
        func y(_ value: Double) -> Double {
            let part = (log10(value) - low) / max(1, high - low)
            return Self.height - Self.bottom - part * (Self.height - Self.top - Self.bottom)
        }
        var lines = [
            """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" \
            font-family="sans-serif" font-size="13">
            """,
            "<title>What each operation costs as the history grows</title>",
            "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>",
            label(Self.left, 24, "What each operation costs as the history grows", extra: "font-size=\"17\""),
            label(
                Self.left, 43, "A line that does not rise is an operation that does not grow.",
                extra: "fill=\"#555555\""),
        ]
        for power in Int(low)...Int(high) {
            let value = pow(10, Double(power))
            lines.append(line(Self.left, y(value), Self.width - Self.right, y(value), "#dddddd"))
            lines.append(
                label(
                    Self.left - 8, y(value) + 4, GrowthPlot.time(power), extra: "text-anchor=\"end\" fill=\"#555555\""))
        }
        for scale in scales {
            lines.append(line(x(scale), Self.top, x(scale), Self.height - Self.bottom, "#dddddd"))
            let count = String(format: "%.0f", Double(events) * scale)
            lines.append(
                label(
                    x(scale), Self.height - Self.bottom + 20, "\(Int(scale))x",
                    extra: "text-anchor=\"middle\" fill=\"#555555\""))
            lines.append(
                label(
                    x(scale), Self.height - Self.bottom + 37, "\(count) events",
                    extra: "text-anchor=\"middle\" fill=\"#555555\" font-size=\"11\""))
        }
        // For the eye: what grows as the history does.
        let start = pow(10, low + 0.25)
        lines.append(
            line(
                x(leastScale), y(start), x(greatestScale), y(start * greatestScale / leastScale), "#999999",
                extra: " stroke-dasharray=\"4 4\""))
        lines.append(
            label(
                x(sqrt(leastScale * greatestScale)) + 8, y(start * sqrt(greatestScale / leastScale)) + 16,
                "grows with the history", extra: "fill=\"#777777\" font-size=\"11\""))
        lines += series(x, y)
        return (lines + ["</svg>", ""]).joined(separator: "\n")
    }

    private func series(_ x: (Double) -> Double, _ y: (Double) -> Double) -> [String] {
        var lines: [String] = []
        var ends: [(index: Int, at: Double)] = []
        for (index, cost) in costs.enumerated() {
            let colour = Self.colours[index % Self.colours.count]
            let points = cost.values.filter { $0.value > 0 }.map { (x(Double($0.scale)), y($0.value)) }
            let path = points.map { String(format: "%.1f,%.1f", $0.0, $0.1) }.joined(separator: " ")
            lines.append("<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\"/>")
            for point in points {
                lines.append(
                    String(format: "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"\(colour)\"/>", point.0, point.1))
            }
            if let last = points.last { ends.append((index, last.1)) }
        }
        // Labels keep their distance, in the order of the lines' ends.
        var places = ends.sorted { $0.at < $1.at }
        for index in places.indices.dropFirst() {
            places[index].at = max(places[index].at, places[index - 1].at + Self.labelHeight)
        }
        let overflow = max(0, (places.last?.at ?? 0) - (Self.height - Self.bottom))
        for index in places.indices { places[index].at -= overflow }
        for index in places.indices.reversed().dropFirst() {
            places[index].at = min(places[index].at, places[index + 1].at - Self.labelHeight)
        }
        for place in places {
            let cost = costs[place.index]
            let colour = Self.colours[place.index % Self.colours.count]
            let end = Self.width - Self.right
            if let last = cost.values.last {
                lines.append(line(end + 4, y(last.value), end + 14, place.at, colour))
            }
            let words = "\(cost.work), \(String(format: "%.2f", cost.ratio))x"
            lines.append(label(end + 18, place.at + 4, words, extra: "fill=\"\(colour)\""))
        }
        return lines
    }

    private static func time(_ power: Int) -> String {
        switch power {
        case ..<3: String(format: "%g us", pow(10, Double(power)))
        case 3..<6: String(format: "%g ms", pow(10, Double(power - 3)))
        default: String(format: "%g s", pow(10, Double(power - 6)))
        }
    }

    private func line(
        _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ colour: String, extra: String = ""
    ) -> String {
        String(format: "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"", x1, y1, x2, y2)
            + " stroke=\"\(colour)\"\(extra)/>"
    }

    private func label(_ x: Double, _ y: Double, _ words: String, extra: String = "") -> String {
        String(format: "<text x=\"%.1f\" y=\"%.1f\" ", x, y) + "\(extra)>\(words)</text>"
    }
}
