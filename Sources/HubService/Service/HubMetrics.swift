import Synchronization

/// What a hub counts, as OpenMetrics text. Labels are of small fixed sets: routes, statuses, codes; never names or ids.
///
/// Source: OpenMetrics 1.0.
package final class HubMetrics: Sendable {
    package static let contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

    private struct RequestLabels: Hashable, Comparable {
        let route: String
        let status: Int

        static func < (left: Self, right: Self) -> Bool { (left.route, left.status) < (right.route, right.status) }
    }

    private struct Histogram {
        var counts = [Int](repeating: 0, count: HubMetrics.bucketSeconds.count + 1)
        var sum = 0.0
    }

    private struct State {
        var requests: [RequestLabels: Int] = [:]
        var durations: [String: Histogram] = [:]
        var placed = 0
        var refused: [String: Int] = [:]
        var audited: [String: Int] = [:]
    }

    private static let bucketSeconds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]

    private let state = Mutex(State())

    package init() {}

    // MARK: - Counting

    package func request(route: String, status: Int, duration: Duration) {
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
        let bucket = HubMetrics.bucketSeconds.firstIndex { seconds <= $0 } ?? HubMetrics.bucketSeconds.count
        state.withLock { state in
            state.requests[RequestLabels(route: route, status: status), default: 0] += 1
            state.durations[route, default: Histogram()].counts[bucket] += 1
            state.durations[route, default: Histogram()].sum += seconds
        }
    }

    /// An exchange: what it placed, and the codes with which it refused scopes.
    package func exchange(placed: Int, refused: [String]) {
        state.withLock { state in
            state.placed += placed
            for code in refused { state.refused[code, default: 0] += 1 }
        }
    }

    package func audited(_ code: String) { state.withLock { $0.audited[code, default: 0] += 1 } }

    package func auditedCount(_ code: String) -> Int { state.withLock { $0.audited[code] ?? 0 } }

    // MARK: - Showing

    /// - Parameters: what is read at this moment.
    package func text(sessions: Int, listeners: Int) -> String {
        let state = state.withLock(\.self)
        var text = ""
        func family(_ name: String, _ type: String, _ help: String) {
            text += "# TYPE \(name) \(type)\n# HELP \(name) \(help)\n"
        }
        family("amends_hub_requests", "counter", "Requests answered, by route and status.")
        for (labels, count) in state.requests.sorted(by: { $0.key < $1.key }) {
            text += "amends_hub_requests_total{route=\"\(labels.route)\",status=\"\(labels.status)\"} \(count)\n"
        }
        text += "# TYPE amends_hub_request_duration_seconds histogram\n"
        text += "# UNIT amends_hub_request_duration_seconds seconds\n"
        text += "# HELP amends_hub_request_duration_seconds Time until an answer began, by route.\n"
        for (route, histogram) in state.durations.sorted(by: { $0.key < $1.key }) {
            let name = "amends_hub_request_duration_seconds"
            var sum = 0
            for (bucket, count) in zip(HubMetrics.bucketSeconds.map { "\($0)" } + ["+Inf"], histogram.counts) {
                sum += count
                text += "\(name)_bucket{route=\"\(route)\",le=\"\(bucket)\"} \(sum)\n"
            }
            text += "\(name)_count{route=\"\(route)\"} \(sum)\n\(name)_sum{route=\"\(route)\"} \(histogram.sum)\n"
        }
        family("amends_hub_changes_placed", "counter", "Changes given a position.")
        text += "amends_hub_changes_placed_total \(state.placed)\n"
        family("amends_hub_scopes_refused", "counter", "Scopes of exchanges that were refused, by code.")
        for (code, count) in state.refused.sorted(by: { $0.key < $1.key }) {
            text += "amends_hub_scopes_refused_total{code=\"\(code)\"} \(count)\n"
        }
        family(
            "amends_hub_audit_refusals", "counter", "Lines of the audit: who asked for what it may not have, by code.")
        for (code, count) in state.audited.sorted(by: { $0.key < $1.key }) {
            text += "amends_hub_audit_refusals_total{code=\"\(code)\"} \(count)\n"
        }
        family("amends_hub_sessions", "gauge", "Open sessions.")
        text += "amends_hub_sessions \(sessions)\n"
        family("amends_hub_listeners", "gauge", "Open event streams.")
        text += "amends_hub_listeners \(listeners)\n"
        return text + "# EOF\n"
    }
}
