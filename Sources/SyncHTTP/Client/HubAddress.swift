import Causality
import Changes
import Foundation

/// Where a hub is: scheme, host, port, and the prefix of its paths.
package struct HubAddress: Hashable, Sendable, CustomStringConvertible {
    /// Without a slash at the end.
    package let base: String
    /// The chain, where the address named one: `https://hub.example/v1/chains/<32 hex>`.
    package let chain: ChainID?

    /// - Returns: nil unless `text` is an `http` or `https` URL with a host and without user, query or fragment.
    package init?(_ text: String) {
        guard let components = URLComponents(string: text), let scheme = components.scheme?.lowercased(),
            scheme == "http" || scheme == "https", let host = components.host, !host.isEmpty, components.user == nil,
            components.password == nil, components.query == nil, components.fragment == nil
        else { return nil }
        var path = components.percentEncodedPath.split(separator: "/").map(String.init)
        var chain: ChainID?
        if let index = path.lastIndex(of: "chains"), index > 0, path[index - 1] == "v1" {
            if path.count == index + 2, let named = ChainID(hexadecimal: path[index + 1]) {
                chain = named
            } else if path.count > index + 1 {
                return nil
            }
            path.removeSubrange((index - 1)...)
        }
        self.chain = chain
        let bracketed = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        let port = components.port.map { ":\($0)" } ?? ""
        base = "\(scheme)://\(bracketed)\(port)" + path.map { "/" + $0 }.joined()
    }

    package var description: String { base }
}
